/**
 * Which tools a door offers. The model is shown these only, and the policies
 * that `compile.ts` makes of the very same names judge what is called: a hidden
 * tool that is called anyway is denied.
 *
 * @module
 */
import type { Posture, ToolPosture, ToolProfile } from "../../core/posture.ts";

/** Tools that an operator declared; they exist because he wants them used. */
export const DECLARED_GROUP = "group:declared";

/** Names and groups that a profile has; `full` has everything. */
export const PROFILES: Readonly<Record<ToolProfile, readonly string[] | "everything">> = {
  minimal: ["recall"],
  messaging: ["group:messaging", "group:memory", "group:web", DECLARED_GROUP],
  coding: [
    "group:fs",
    "group:runtime",
    "group:web",
    "group:memory",
    "group:sessions",
    "group:automation",
    "group:messaging",
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

export function offers(rules: ToolPosture, tool: NamedTool): boolean {
  const labels = labelsOf(tool);
  const has = (names: readonly string[]): boolean => labels.some((label) => names.includes(label));
  if (has(rules.deny)) return false;
  if (rules.allow.length > 0 && !has(rules.allow)) return false;
  const profile = PROFILES[rules.profile];
  return profile === "everything" || has(profile);
}

/** What the model is shown; nothing where the posture has no rules for the channel and no default. */
export function offeredTools<T extends NamedTool>(
  posture: Posture,
  channel: string,
  tools: readonly T[],
): readonly T[] {
  const rules = posture.channels.get(doorOf(posture, channel));
  return rules === undefined ? [] : tools.filter((tool) => offers(rules, tool));
}
