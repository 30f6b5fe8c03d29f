/** `vambrace setup`: the two questions of the first start, again or beforehand. @module */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Change } from "../app/config/change.ts";
import { editConfig } from "../app/config/edit.ts";
import { stateFolder } from "../app/config/environment.ts";
import { DEFAULT_WORKSPACE, writeFirstConfig } from "../app/config/first.ts";
import { loadConfig, type Loaded, type Where } from "../app/config/load.ts";
import { expand } from "../app/config/places.ts";
import { systemClock } from "../app/system.ts";
import { homeAt } from "../app/home.ts";
import { Fault } from "../core/fault.ts";
import { TRUST_LEVELS, type Trust } from "../core/label.ts";
import { auditAfter } from "./audit/after.ts";
import { type Command, type Flags, flagText } from "./command.ts";
import { askSetUp, type SetUp } from "./set-up.ts";

export const setupCommand: Command = {
  name: "setup",
  words: 0,
  summary: "say where the agent works and how far the files there are trusted",
  usage: "vambrace setup [--workspace DIR] [--trust LEVEL]",
  example: "vambrace setup --workspace ~/work --trust none",
  options: { workspace: { type: "string" }, trust: { type: "string" } },
  help: {
    workspace: "the folder that the agent works in; ~/vambrace unless said",
    trust: "how far files there are trusted whose writer nobody recorded: none, limited, standard, elevated or full",
  },
  async run(_args, flags, io) {
    const home = homeAt(stateFolder(io.env));
    const where = { home: home.root, env: io.env };
    const standing = standingIn(loadConfig(where));
    const answers = given(flags, standing);
    if (answers !== undefined) await settle(where, answers);
    else if (io.isTerminal) await askSetUp(io, where, standing, (said) => settle(where, said));
    else if (existsSync(home.config))
      throw usage("there is a configuration already, and no terminal to ask in: say --workspace or --trust");
    else await settle(where, standing);
    const { workspace, folderTrust } = standingIn(loadConfig(where));
    io.err(`workspace ${workspace}, files there have trust ${folderTrust}; ${home.config} says so`);
    await auditAfter(io, "set-up", "cheap");
    return 0;
  },
};

function given(flags: Flags, standing: SetUp): SetUp | undefined {
  const workspace = flagText(flags, "workspace");
  const trust = flagText(flags, "trust");
  if (workspace === undefined && trust === undefined) return undefined;
  return {
    workspace: workspace === undefined ? standing.workspace : typedFolder(workspace),
    folderTrust: trust === undefined ? standing.folderTrust : levelOf(trust),
  };
}

/** As everywhere in a shell: what begins with neither `/` nor `~` is from here. Nothing stays nothing. */
function typedFolder(text: string): string {
  return text === "" || text.startsWith("~") ? text : resolve(text);
}

function levelOf(text: string): Trust {
  const level = TRUST_LEVELS.find((one) => one === text);
  if (level !== undefined) return level;
  throw usage(`not a trust level: \`${text.slice(0, 40)}\`; one of: ${TRUST_LEVELS.join(", ")}`);
}

function standingIn({ config, places }: Loaded): SetUp {
  const workspace = config.agents.defaults.workspace;
  const folder = config.folders.find(({ path }) => expand(path, places) === expand(workspace, places));
  return { workspace, folderTrust: folder?.trust ?? "none" };
}

async function settle(where: Where, { workspace, folderTrust }: SetUp): Promise<void> {
  const { isNew, config, places } = writeFirstConfig(where, { workspace, folderTrust });
  if (isNew) return;
  const at = config.folders.findIndex(({ path }) => expand(path, places) === expand(workspace, places));
  const folder: Change =
    at >= 0
      ? { op: "set", path: `folders[${at}].trust`, value: folderTrust }
      : { op: "set", path: `folders[${config.folders.length}]`, value: { path: workspace, trust: folderTrust } };
  const written = workspace === DEFAULT_WORKSPACE && config.agents.defaults.workspace === DEFAULT_WORKSPACE;
  const changes: readonly Change[] = written
    ? [folder]
    : [{ op: "set", path: "agents.defaults.workspace", value: workspace }, folder];
  await editConfig(where.home, changes, { env: where.env, clock: systemClock, who: "owner", why: "vambrace setup" });
  // Makes the new workspace; the text stays as it is.
  writeFirstConfig(where);
}

function usage(message: string): Fault {
  return new Fault("COMMAND_USAGE", { message, hint: `usage: ${setupCommand.usage}` });
}
