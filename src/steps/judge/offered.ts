/**
 * Which tools a door offers. The model is shown these only, and the policies
 * that `compile.ts` makes of the very same names judge what is called: a hidden
 * tool that is called anyway is denied.
 *
 * @module
 */
import { isDoor } from "../../core/doors.ts";
import type { Door, Origin } from "../../core/person.ts";
import type { Posture, ToolPosture, ToolProfile } from "../../core/posture.ts";

/** Tools that an operator declared; they exist because he wants them used. */
export const DECLARED_GROUP = "group:declared";

/** Names and groups that a profile has; `full` has everything. */
export const PROFILES: Readonly<Record<ToolProfile, readonly string[] | "everything">> = {
  minimal: ["recall"],
  messaging: ["group:messaging", "group:memory", "group:web", "group:quarantine", DECLARED_GROUP],
  coding: [
    "group:fs",
    "group:runtime",
    "group:web",
    "group:ui",
    "group:memory",
    "group:sessions",
    "group:automation",
    "group:messaging",
    "group:quarantine",
    DECLARED_GROUP,
  ],
  full: "everything",
};

/** A tool as allow and deny lists name it. */
export type NamedTool = { readonly name: string; readonly groups: readonly string[] };

export const labelsOf = (tool: NamedTool): readonly string[] => [tool.name, ...tool.groups];

/** The channel's own rules, or `default`. */
export function doorOf(posture: Posture, channel: string): string {
  return posture.channels.has(channel) ? channel : "default";
}

/**
 * The names of all rules that bind a call, as `posture.channels` has them: those of the session's own door, and those
 * of every door that its request came through, of this agent and of the one that was asked there.
 *
 * INVARIANT(child-within-parent): more doors, never more rights. The door of an agent that is gone is a name without rules, and closed.
 */
export function doorsOf(
  posture: Posture,
  { agent, channel }: Pick<Origin, "agent" | "channel">,
  within: readonly Door[] = [],
): readonly string[] {
  const own = isDoor(channel) || within.length === 0 ? [channel] : [];
  const names = new Set([...own, ...within.map((door) => door.channel)].map((one) => doorOf(posture, one)));
  for (const door of within) if (door.agent !== agent) names.add(doorOfOther(posture, door));
  return [...names];
}

function doorOfOther(posture: Posture, { agent, channel }: Door): string {
  const same = doorOf(posture, channel);
  const name = `${agent}:${same}`;
  // An agent that has no other rules there has the same as this one.
  return posture.others?.has(agent) === true && !posture.channels.has(name) ? same : name;
}

export function offers(rules: ToolPosture, tool: NamedTool): boolean {
  const labels = labelsOf(tool);
  const has = (names: readonly string[]): boolean => labels.some((label) => names.includes(label));
  if (has(rules.deny)) return false;
  if (rules.allow.length > 0 && !has(rules.allow)) return false;
  const profile = PROFILES[rules.profile];
  return profile === "everything" || has(profile);
}

/** What the model is shown: what every door offers; nothing where one of them has no rules. */
export function offeredTools<T extends NamedTool>(
  posture: Posture,
  doors: readonly string[],
  tools: readonly T[],
): readonly T[] {
  const rules = doors.map((door) => posture.channels.get(door));
  return tools.filter((tool) => rules.length > 0 && rules.every((one) => one !== undefined && offers(one, tool)));
}
