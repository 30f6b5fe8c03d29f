/**
 * Warnings where a model that is known to follow injected orders is given tools
 * that do more than read and write files (R-AGENT-5). The gate holds all the
 * same; whoever runs it should know.
 *
 * @module
 */
import type { AgentId } from "../core/ids.ts";
import type { Posture } from "../core/posture.ts";
import type { Effect } from "../core/tool.ts";
import { offered } from "./gateway/kits.ts";
import type { Loaded } from "./config/load.ts";
import { toPosture } from "./config/posture.ts";
import { agentSettings } from "./config/settings.ts";

/** What runs, leaves, pays, deletes, or outlives the conversation. */
const DANGEROUS: ReadonlySet<Effect> = new Set([
  "exec",
  "fetch",
  "send",
  "pay",
  "delete",
  "remember",
  "schedule",
  "spawn",
  "configure",
  "install",
  "use_mcp",
  "unknown",
]);

export const WEAK_MODEL_HINT =
  "choose a stronger model, or take commands, the web and messages away from it: `vambrace config set tools.profile minimal`";

/** Rules for every channel that has no own ones; and the door that only programs use. */
const NAMES: Readonly<Record<string, string>> = { default: "other channels", api: "the API" };

/**
 * One line for each agent that has such a model and such tools, at any door.
 *
 * @param weakOf why an agent's model should not have them; undefined where nothing is known against it.
 */
export function weakModels(loaded: Loaded, weakOf: (agent: AgentId) => string | undefined): readonly string[] {
  return agentSettings(loaded.config, loaded.places).flatMap(({ id }) => {
    const weak = weakOf(id);
    if (weak === undefined) return [];
    const given = dangerousTools(toPosture(loaded.config, loaded.places, id));
    if (given.size === 0) return [];
    const tools = [...new Set([...given.values()].flat())].sort();
    const doors = [...given.keys()].map((door) => NAMES[door] ?? door);
    return [`agent ${id}: ${weak}; it has ${tools.join(", ")} (at ${doors.join(", ")})`];
  });
}

/** By door; doors that offer none are left out. */
function dangerousTools(posture: Posture): ReadonlyMap<string, readonly string[]> {
  const doors = [...posture.channels.keys()].filter((door) => !door.includes(":"));
  return new Map(
    doors
      .map((door): [string, readonly string[]] => [
        door,
        offered(posture, [door])
          .filter((tool) => DANGEROUS.has(tool.declaration.effect))
          .map((tool) => tool.declaration.name),
      ])
      .filter(([, tools]) => tools.length > 0),
  );
}
