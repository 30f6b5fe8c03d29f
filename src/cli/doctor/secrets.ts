/** The secrets: whether they can be had, how old they are, and whether a crash would spill them. @module */
import { join } from "node:path";
import { stateFolder } from "../../app/config/environment.ts";
import { loadConfig, type Loaded } from "../../app/config/load.ts";
import { namedSecrets } from "../../app/config/secret-settings.ts";
import { reminders } from "../../app/secrets/ages.ts";
import { hasVault } from "../../app/secrets/changes.ts";
import { readRegistry } from "../../app/secrets/registry.ts";
import { VAULT_NAME } from "../../app/secrets/sources.ts";
import { systemClock, systemRandom } from "../../app/system.ts";
import { Fault } from "../../core/fault.ts";
import { isDumped } from "../../edges/net/undumped.ts";
import type { Io } from "../command.ts";
import { failed, type Line, ok, warn } from "./line.ts";

export function* secretLines(io: Io): Generator<Line> {
  const id = "secrets";
  yield isDumped()
    ? warn(id, "a core dump of the gateway would hold secrets", "forbid core dumps: `ulimit -c 0` before it is started")
    : ok(id, "a core dump would hold no memory");
  const home = stateFolder(io.env);
  const loaded = load(home, io);
  // The line about the configuration has said what is wrong with it.
  if (loaded === undefined) return;
  try {
    const count = namedSecrets(loaded.config).length;
    const where = hasVault(home) ? `, a vault in ${join(home, VAULT_NAME)}` : "";
    yield ok(id, `${count} named in the configuration${where}`);
    const due = reminders(readRegistry(home, systemRandom), loaded.config.secrets.rotateDays, systemClock.wallMs());
    for (const line of due) yield warn(id, line, "make a new key at the service, give it, end the old one");
  } catch (thrown) {
    yield failed(id, thrown);
  }
}

function load(home: string, io: Io): Loaded | undefined {
  try {
    return loadConfig({ home, env: io.env });
  } catch (thrown) {
    if (thrown instanceof Fault) return undefined;
    throw thrown;
  }
}
