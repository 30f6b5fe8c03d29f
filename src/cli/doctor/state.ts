/** The state folder: modes, configuration, policies, model, workspace, ledger. @module */
import { plural } from "../../core/plural.ts";
import { existsSync, statSync } from "node:fs";
import { type Environment, stateFolder } from "../../app/config/environment.ts";
import { loadConfig, type Loaded } from "../../app/config/load.ts";
import { checkStateModes, mendStateModes, type ModeFinding } from "../../app/config/modes.ts";
import { toPosture } from "../../app/config/posture.ts";
import { agentSettings } from "../../app/config/settings.ts";
import { homeAt } from "../../app/home.ts";
import { chooseModels } from "../../app/models.ts";
import { WEAK_MODEL_HINT, weakModels } from "../../app/weak-models.ts";
import { systemClock, systemRandom } from "../../app/system.ts";
import { readPolicies } from "../../app/policies.ts";
import { openSecrets } from "../../app/secrets/open.ts";
import { verifyLedger } from "../../ledger/verify.ts";
import type { Io } from "../command.ts";
import { judgeOn } from "../judging.ts";
import { fail, failed, type Line, ok, warn } from "./line.ts";

export async function* stateLines(io: Io, fix: boolean): AsyncGenerator<Line> {
  const home = homeAt(stateFolder(io.env));
  yield* modeLines(home.root, fix);
  const loaded = load(home.root, io.env);
  if ("status" in loaded) yield loaded;
  else {
    yield ok("configuration", existsSync(home.config) ? home.config : "none yet: the defaults that ship");
    for (const line of loaded.downgrades)
      yield warn("configuration", `weaker than the default: ${line}`, "take the key out if that is not meant");
    yield await policiesLine(loaded, home.policies);
    for (const { id, workspace } of agentSettings(loaded.config, loaded.places)) yield workspaceLine(id, workspace);
    yield* await modelLines(loaded, io.env);
  }
  yield await ledgerLine(home.ledger);
}

const SHOWN = 5;

function* modeLines(root: string, fix: boolean): Generator<Line> {
  const id = "state folder";
  if (!existsSync(root)) return yield ok(id, `${root} is not there yet: the first start makes it`);
  const mended = fix ? mendStateModes(root) : [];
  if (mended.length > 0)
    yield ok(id, `mended: ${plural(mended.length, "file or folder is", "files or folders are")} the owner's alone now`);
  const wrong = checkStateModes(root);
  if (wrong.length === 0) return yield ok(id, `${root} is the owner's alone`);
  for (const finding of wrong.slice(0, SHOWN)) yield modeLine(finding);
  if (wrong.length > SHOWN) yield fail(id, `${wrong.length - SHOWN} more`, MEND);
  return undefined;
}

const MEND = "`vambrace doctor --fix` takes other people's rights away";

function modeLine({ path, says, mode, mendable }: ModeFinding): Line {
  const what = mode === "-" ? says : `${says} (mode ${mode})`;
  return fail(
    "state folder",
    `${path} ${what}`,
    mendable ? MEND : "put a file or folder of your own in its place, or remove it",
  );
}

function load(root: string, env: Environment): Loaded | Line {
  try {
    return loadConfig({ home: root, env });
  } catch (thrown) {
    return failed("configuration", thrown);
  }
}

async function policiesLine({ config, places }: Loaded, folder: string): Promise<Line> {
  try {
    const { policies } = await judgeOn({ posture: toPosture(config, places), policies: readPolicies(folder) });
    return ok("policies", `${policies.policies.size} policies, set ${policies.digest.slice(0, 12)}`);
  } catch (thrown) {
    return failed("policies", thrown);
  }
}

function workspaceLine(agent: string, path: string): Line {
  const id = agent === "main" ? "workspace" : `workspace ${agent}`;
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined)
    return warn(id, `${path} is not there`, "`vambrace setup` makes it, and so does the first start");
  if (!found.isDirectory())
    return fail(
      id,
      `${path} is not a folder`,
      "remove it, or choose another: `vambrace config set agents.defaults.workspace`",
    );
  if (found.uid !== process.getuid?.())
    return fail(id, `${path} belongs to another user`, "make it yours (`chown`), or choose another folder");
  if ((found.mode & 0o022) !== 0)
    return warn(
      id,
      `${path} can be written by other users`,
      `\`chmod go-w '${path}'\`: what they write there, the agent reads`,
    );
  return ok(id, path);
}

async function modelLines(loaded: Loaded, env: Environment): Promise<readonly Line[]> {
  try {
    const deps = { clock: systemClock, random: systemRandom };
    const secrets = await openSecrets(loaded, { env, ...deps, isLooking: true });
    const chosen = await chooseModels(loaded, env, { ...deps, secrets: secrets.book, keys: secrets.keys });
    await secrets.close();
    const models = [...chosen].map(([agent, { why, model }]) => {
      const id = agent === "main" ? "model" : `model ${agent}`;
      return model.identity.provider === "offline" ? warn(id, why, OFFLINE) : ok(id, why);
    });
    const weak = weakModels(loaded, (agent) => chosen.get(agent)?.weak);
    return [...models, ...weak.map((line) => warn("weak model", line, WEAK_MODEL_HINT))];
  } catch (thrown) {
    return [failed("model", thrown)];
  }
}

const OFFLINE =
  "set a provider's key (ANTHROPIC_API_KEY, OPENAI_API_KEY, …), run Ollama, or `vambrace config set agents.defaults.model.primary`";

async function ledgerLine(folder: string): Promise<Line> {
  const id = "ledger";
  if (!existsSync(folder)) return ok(id, "none yet: the first start makes it");
  try {
    const { consistent, entries, problem } = await verifyLedger(folder);
    if (consistent) return ok(id, `consistent: ${plural(entries, "entry", "entries")}`);
    if (entries === 0 && !existsSync(`${folder}/checkpoint`)) return ok(id, "empty");
    return fail(
      id,
      `not consistent: ${problem ?? "it does not fit together"}`,
      "keep the folder as it is for evidence; `vambrace log verify` names the entry",
    );
  } catch (thrown) {
    return failed(id, thrown);
  }
}
