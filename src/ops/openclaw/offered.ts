/**
 * Which tools an OpenClaw agent has: profile, lists and refusals of both
 * scopes, as its own pipeline reads them. Where a list for some provider or
 * sender gives a tool back, the agent has it.
 *
 * @module
 */
import type { JsonObject, JsonValue } from "../../core/json.ts";
import { listAt, objectAt, textAt } from "./values.ts";

type Tools = readonly string[];

const words = (text: string): Tools => text.split(" ");

/** What the checks ask about; a group has more. */
const GROUPS: Readonly<Record<string, Tools>> = {
  "group:runtime": words("exec process code_execution"),
  "group:fs": words("read write edit apply_patch"),
  "group:web": words("web_search x_search web_fetch"),
  "group:automation": words("heartbeat_respond automations gateway plugins openclaw"),
  "group:openclaw": words("web_search x_search web_fetch automations gateway plugins openclaw"),
};

const PROFILES: Readonly<Record<string, Tools>> = {
  minimal: [],
  messaging: [],
  coding: ["group:fs", "group:runtime", "group:web", "automations"],
};

const ALIASES: Readonly<Record<string, string>> = { bash: "exec", cron: "automations", "apply-patch": "apply_patch" };

export type ToolLists = {
  readonly profile: string | null;
  /** Of everybody's scope and of the agent's: each non-empty one narrows. */
  readonly allow: readonly Tools[];
  readonly alsoAllow: Tools;
  readonly deny: Tools;
  /** Of providers and senders. */
  readonly lifts: readonly { readonly profile: string | null; readonly names: Tools }[];
};

/** @param scopes `tools` of everybody and of the agent. */
export function toolLists(scopes: readonly (JsonValue | undefined)[]): ToolLists {
  return {
    profile: scopes.map((one) => textAt(one, "profile")).reduce((all, own) => own ?? all, null),
    allow: scopes.map((one) => listAt(one, "allow")).filter((list) => list.length > 0),
    alsoAllow: scopes.flatMap((one) => listAt(one, "alsoAllow")),
    deny: scopes.flatMap((one) => listAt(one, "deny")),
    lifts: scopes.flatMap((one) => ["byProvider", "toolsBySender"].flatMap((key) => liftsIn(objectAt(one, key)))),
  };
}

function liftsIn(all: JsonObject): ToolLists["lifts"] {
  return Object.values(all).map((one) => ({
    profile: textAt(one, "profile"),
    names: [...listAt(one, "allow"), ...listAt(one, "alsoAllow")],
  }));
}

export function offers({ profile, allow, alsoAllow, deny, lifts }: ToolLists, ...tools: Tools): boolean {
  return tools.some((tool) => {
    if (names(deny, tool)) return false;
    const isOn = (inProfile(profile, tool) || names(alsoAllow, tool)) && allow.every((list) => names(list, tool));
    return (
      isOn || lifts.some((one) => (one.profile !== null && inProfile(one.profile, tool)) || names(one.names, tool))
    );
  });
}

/** One that is not known, or not written, has every tool. */
function inProfile(profile: string | null, tool: string): boolean {
  const list = profile !== null && Object.hasOwn(PROFILES, profile) ? PROFILES[profile] : undefined;
  return list === undefined || names(list, tool);
}

function names(list: Tools, tool: string): boolean {
  return list.some((written) => {
    const entry = written.trim().toLowerCase();
    const group = Object.hasOwn(GROUPS, entry) ? GROUPS[entry] : undefined;
    if (group !== undefined) return group.includes(tool);
    const name = Object.hasOwn(ALIASES, entry) ? ALIASES[entry] : entry;
    return name === tool || (entry.includes("*") && matches(entry, tool));
  });
}

const matches = (pattern: string, tool: string): boolean =>
  new RegExp(
    `^${pattern
      .split("*")
      .map((part) => RegExp.escape(part))
      .join(".*")}$`,
  ).test(tool);
