/**
 * The first configuration: what is asked once at set-up, with answers that are
 * safe where nobody answers.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { Fault, toFault } from "../../core/fault.ts";
import { sha256 } from "../../core/json.ts";
import type { Trust } from "../../core/label.ts";
import { holdLock } from "../../edges/store/lock.ts";
import { INSTALLATION } from "../home.ts";
import { leavePending } from "../pending.ts";
import { systemClock } from "../system.ts";
import { CONFIG_NAME } from "./document.ts";
import { makeFile, makeFolder, makeFolders } from "./durable.ts";
import { userHome } from "./environment.ts";
import { loadConfig, type Loaded, parseConfig, type Where } from "./load.ts";
import { expand, overlap } from "./places.ts";
import { agentSettings } from "./settings.ts";
import { keep, noteText } from "./versions.ts";

export const DEFAULT_WORKSPACE = "~/vambrace";

/** The default, unless the program itself was put there, as `git clone` in the home folder does. */
export function proposedWorkspace(where: Where): string {
  const places = { home: where.home, userHome: userHome(where.env), installation: where.installation ?? INSTALLATION };
  return overlap(expand(DEFAULT_WORKSPACE, places), places.installation) ? "~/vambrace-workspace" : DEFAULT_WORKSPACE;
}

export type Answers = {
  /** Absolute, or from `~/`; absent: `~/vambrace`. */
  readonly workspace?: string;
  /** How far files there are trusted whose writer nobody recorded; absent: none. */
  readonly folderTrust?: Trust;
};

/**
 * Writes config.yaml where there is none, and makes the workspaces that are missing, each for the owner alone.
 * What is there stays as it is.
 *
 * @throws Fault as `loadConfig`; CONFIG_UNSAFE where a workspace cannot be made.
 */
export function writeFirstConfig(where: Where, answers: Answers = {}): Loaded & { readonly isNew: boolean } {
  makeFolder(where.home);
  const isNew = writeOnce(where, answers);
  const loaded = loadConfig(where);
  makeWorkspaces(loaded);
  return { ...loaded, isNew };
}

/**
 * Whether a folder may be the workspace; nothing is written.
 *
 * @throws Fault CONFIG_UNSAFE or CONFIG_MALFORMED that names the folder: there is no file yet whose line could be named.
 */
export function checkWorkspace(where: Where, workspace: string): void {
  try {
    parseConfig(firstText({ workspace }), where);
  } catch (thrown) {
    const fault = toFault(thrown);
    const [, says] = /^config\.yaml, line \d+: `agents\.defaults\.workspace` (.+)$/s.exec(fault.message) ?? [];
    if (says === undefined) throw fault;
    throw new Fault(fault.code, {
      message: `\`${workspace.slice(0, 200)}\` ${says}`,
      hint: fault.hint,
      cause: thrown,
    });
  }
}

function writeOnce(where: Where, answers: Answers): boolean {
  const path = join(where.home, CONFIG_NAME);
  const lock = holdLock(join(where.home, "config.lock"), 5_000);
  if (lock === "busy" || existsSync(path)) {
    if (lock !== "busy") lock.release();
    return false;
  }
  try {
    const text = firstText({ workspace: proposedWorkspace(where), ...answers });
    const planned = parseConfig(text, where);
    // First: a file that names a folder which cannot be made would stand in the way of every other answer.
    makeWorkspaces(planned);
    const { digest: after } = planned;
    const said = { who: "owner", why: "the first set-up", atMs: systemClock.wallMs(), after };
    const version = keep(where.home, "", { ...said, meaning: [] });
    leavePending(where.home, { ...said, kind: "config", before: sha256(""), paths: [""], version, meaning: [] });
    makeFile(path, text);
    noteText(where.home, text);
    return true;
  } finally {
    lock.release();
  }
}

function firstText({ workspace = DEFAULT_WORKSPACE, folderTrust = "none" }: Answers): string {
  const folder = stringify(workspace.replaceAll("${", () => "$${")).trim();
  return `# Vambrace. What is not here has its safe default; \`vambrace config schema\` lists every key.
# Secrets do not belong here: put them into the environment and write \${NAME} in their place.

agents:
  defaults:
    # The folder that the agent works in; nothing outside it is within its reach.
    workspace: ${folder}

folders:
  # How far text in these files is trusted where nobody recorded who wrote it:
  # none, limited, standard, elevated or full. What none may cause is asked first.
  - path: ${folder}
    trust: ${folderTrust}
`;
}

function makeWorkspaces({ config, places }: Loaded): void {
  for (const { workspace } of agentSettings(config, places)) makeWorkspace(workspace);
}

function makeWorkspace(path: string): void {
  try {
    makeFolders(path);
  } catch (cause) {
    throw new Fault("CONFIG_UNSAFE", {
      message: `the workspace \`${path.slice(0, 200)}\` cannot be made`,
      hint: "make the folder yourself, or choose another one: `vambrace config set agents.defaults.workspace`",
      facts: { path },
      cause,
    });
  }
}
