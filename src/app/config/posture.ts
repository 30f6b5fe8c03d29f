/**
 * The judge's part of the configuration, as the values that it decides by.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import type { Posture } from "../../core/posture.ts";
import type { Effect, ToolDeclaration } from "../../core/tool.ts";
import type { Trust } from "../../core/label.ts";
import { type AgentId, parseAgentId } from "../../core/ids.ts";
import { doorsOf } from "./doors.ts";
import { backupFolder } from "./backup.ts";
import { egressBytes, egressRules } from "./egress.ts";
import { alwaysBlocked, expand, forbiddenPaths, isWithin, type Places, realPath } from "./places.ts";
import type { Config } from "./schema.ts";
import { secretFiles } from "./secret-settings.ts";
import { agentEntry, agentIds, dlpRules, peopleOf } from "./settings.ts";

/** @param agent absent: `main`. Each agent has its own workspace and may have fewer tools. */
export function toPosture(config: Config, places: Places, agent = parseAgentId("main")): Posture {
  const entry = agentEntry(config, agent);
  const { fs, exec } = config.tools;
  const { memoryMb, processes, fileMb, cpus } = config.agents.defaults.sandbox;
  return {
    ...doorsFor(config, agent),
    fs: {
      // By its real path: paths are compared after their links were followed, and a sandbox mounts no link.
      workspace: realPath(expand(entry?.workspace ?? config.agents.defaults.workspace, places)),
      workspaceOnly: fs.workspaceOnly,
      allowedPaths: fs.allowedPaths.map((path) => expand(path, places)),
      blockedPaths: inEverySpelling([
        ...alwaysBlocked(places),
        ...secretFiles(config, places).filter(
          (file) => !alwaysBlocked(places).some((folder) => isWithin(file, folder)),
        ),
        ...fs.blockedPaths.map((path) => expand(path, places)),
        ...[backupFolder(config, places)].filter((folder) => folder !== undefined),
      ]),
      forbiddenPaths: forbiddenPaths(places),
      home: places.userHome,
    },
    egress: egressRules(config),
    egressBytes: egressBytes(config),
    limits: {
      wallMs: exec.timeoutSeconds * 1_000,
      outputBytes: exec.outputKilobytes * 1_024,
      memoryBytes: memoryMb * 1_024 * 1_024,
      processes,
      fileBytes: fileMb * 1_024 * 1_024,
      ...(cpus === undefined ? {} : { cpus }),
    },
    effects: effectsOf(config),
    declarations: declarationsOf(config),
    persons: new Map([...peopleOf(config)].map(([id, { trust, roles }]) => [id, { trust, roles }])),
    roles: new Map(Object.entries(config.roles)),
    dlp: dlpRules(config),
  };
}

/** This agent's doors, and those of others that have other rules: what they refuse, they refuse for what they spawn. */
function doorsFor(config: Config, agent: AgentId): Pick<Posture, "channels" | "others"> {
  const channels = new Map(doorsOf(config, agentEntry(config, agent)?.tools));
  const own = new Map(channels);
  const others = agentIds(config).filter((id) => id !== agent);
  for (const other of others) {
    for (const [channel, rules] of doorsOf(config, agentEntry(config, other)?.tools)) {
      if (!isDeepStrictEqual(rules, own.get(channel))) channels.set(`${other}:${channel}`, rules);
    }
  }
  return { channels, others: new Set(others) };
}

/** As they are named, and where links lead. */
function inEverySpelling(paths: readonly string[]): readonly string[] {
  return [...new Set([...paths, ...paths.map(realPath)])];
}

function effectsOf(config: Config): ReadonlyMap<Effect, Trust> {
  const effects = new Map<Effect, Trust>();
  for (const [effect, trust] of typedEntries(config.effects)) if (trust !== undefined) effects.set(effect, trust);
  return effects;
}

function typedEntries(effects: Config["effects"]): readonly [Effect, Trust | undefined][] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema let only these keys through
  return Object.entries(effects) as [Effect, Trust | undefined][];
}

/** An effect that is not named is `unknown`: the most dangerous. */
function declarationsOf(config: Config): ReadonlyMap<string, ToolDeclaration> {
  return new Map(
    Object.entries(config.tools.declarations).map(([name, declared]) => [
      name,
      {
        name,
        effect: declared.effect ?? "unknown",
        roles: new Map(Object.entries(declared.arguments).map(([argument, { role }]) => [argument, role])),
        returns: declared.returns,
        directory: declared.directory,
      },
    ]),
  );
}
