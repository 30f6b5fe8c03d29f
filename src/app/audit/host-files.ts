/** Writes the hardening of the machine into a folder, for review. @module */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { Fault, toFault } from "../../core/fault.ts";
import { type HostFactsForRules, hostFiles, unsafeIn } from "../../ops/harden/host/host.ts";
import { type Environment, userHome } from "../config/environment.ts";
import { type Loaded, loadConfig } from "../config/load.ts";
import { isWithin, realPath } from "../config/places.ts";
import { agentSettings, gatewaySettings } from "../config/settings.ts";
import { type Home, INSTALLATION } from "../home.ts";

/** @returns the names of what was written. @throws Fault COMMAND_USAGE where the folder holds something already. */
export function writeHostFiles(
  folder: string,
  { home, env }: { readonly home: Home; readonly env: Environment },
): readonly string[] {
  const whole = resolve(folder);
  if (isWithin(realPath(whole), realPath(home.root)))
    throw unusable("lies in the state folder", "name a folder outside");
  if (existsSync(whole) && readdirSync(whole).length > 0)
    throw unusable("is not empty", "name one that is not there yet, so that nothing is mixed");
  const facts = hostFacts(home, env, loadConfig({ home: home.root, env }));
  const unsafe = unsafeIn(facts);
  if (unsafe.length > 0) {
    throw unusable(
      `cannot be written: \`${unsafe[0]}\` cannot stand in a rule`,
      "use names of plain letters, digits and . _ - / for user and folders",
    );
  }
  const files = hostFiles(facts);
  for (const { name, text } of files) {
    const path = join(whole, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    writeFileSync(path, text, { mode: 0o644, flag: "wx" });
  }
  return files.map(({ name }) => name);
}

/** What the rules are for. */
export function hostFacts(home: Home, env: Environment, { config, places }: Loaded): HostFactsForRules {
  const { host, port } = gatewaySettings(config);
  return {
    user: userName(),
    userHome: userHome(env),
    stateFolder: home.root,
    installation: INSTALLATION,
    workspaces: agentSettings(config, places).map(({ workspace }) => workspace),
    port,
    isWide: host !== "127.0.0.1",
    program: join(INSTALLATION, "bin", "vambrace"),
    logFile: join(home.logs, "gateway.log"),
  };
}

/** Of root the user that is still to be made: nobody should run it as root. */
function userName(): string {
  try {
    const { username, uid } = userInfo();
    return uid === 0 ? "vambrace" : username;
  } catch (thrown) {
    // A user id without a name, as in a container.
    toFault(thrown);
    return "vambrace";
  }
}

function unusable(what: string, hint: string): Fault {
  return new Fault("COMMAND_USAGE", { message: `the folder ${what}`, hint });
}
