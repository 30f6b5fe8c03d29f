/**
 * What each door offers: the built-in posture of a channel, `tools`, and the
 * channel's own `tools`, put together.
 *
 * The more exact place speaks last: a channel's own word, else that of `tools`,
 * else the default of the channel. So the guides' hardened baseline under
 * `tools` binds the terminal too. Deny and block lists add up, whoever wrote
 * them. What an agent says only narrows.
 *
 * @module
 */
import type { ExecAsk, ExecSecurity, ToolPosture, ToolProfile } from "../../core/posture.ts";
import { DEFAULT_ALLOW } from "../../steps/judge/facts/default-allow.ts";
import { CATALOGUE } from "../../tools/catalogue.ts";
import type { Config, ToolLayer } from "./schema.ts";

type Shipped = { readonly profile: ToolProfile; readonly security: ExecSecurity; readonly ask: ExecAsk };

/** The doors where the owner himself stands. */
const OWNERS_DOORS: readonly string[] = ["terminal", "webchat"];
const OWNERS: Shipped = { profile: "coding", security: "allowlist", ask: "on-miss" };
/** Programs with a token: what the token's trust and the judge allow of the owner's tools, and no commands. */
const API: Shipped = { profile: "coding", security: "deny", ask: "always" };
const OTHERS: Shipped = { profile: "messaging", security: "deny", ask: "always" };

export type AgentTools = NonNullable<Config["agents"]["entries"][string]["tools"]>;

/** By channel; `default` is for every channel that is not named. */
export function doorsOf(config: Config, agent?: AgentTools): ReadonlyMap<string, ToolPosture> {
  const names = new Set(["default", "api", ...OWNERS_DOORS, ...Object.keys(config.channels)]);
  const off = turnedOff(config);
  return new Map(
    [...names].map((name) => {
      const channel = config.channels[name];
      const door = doorOf(name, config.tools, channel?.tools ?? {});
      const closed = channel?.enabled === false ? [...CATALOGUE.keys(), "group:declared"] : [];
      return [name, narrowed({ ...door, deny: unique([...door.deny, ...off, ...closed]) }, agent ?? {})];
    }),
  );
}

function doorOf(name: string, base: ToolLayer, own: ToolLayer): ToolPosture {
  const shipped = OWNERS_DOORS.includes(name) ? OWNERS : name === "api" ? API : OTHERS;
  return {
    profile: own.profile ?? base.profile ?? shipped.profile,
    allow: own.allow ?? base.allow ?? [],
    deny: sum(base.deny, own.deny),
    exec: execOf(shipped, base.exec ?? {}, own.exec ?? {}),
  };
}

type ExecLayer = NonNullable<ToolLayer["exec"]>;

function execOf(shipped: Shipped, base: ExecLayer, own: ExecLayer): ToolPosture["exec"] {
  return {
    security: own.security ?? base.security ?? shipped.security,
    ask: own.ask ?? base.ask ?? shipped.ask,
    allow: own.allow ?? base.allow ?? DEFAULT_ALLOW,
    block: sum(base.block, own.block),
  };
}

function sum(a: readonly string[] = [], b: readonly string[] = []): readonly string[] {
  return unique([...a, ...b]);
}

const PROFILES: readonly ToolProfile[] = ["minimal", "messaging", "coding", "full"];
const SECURITIES: readonly ExecSecurity[] = ["deny", "allowlist", "full"];
const ASKS: readonly ExecAsk[] = ["always", "on-miss", "off"];

function narrowed(door: ToolPosture, agent: AgentTools): ToolPosture {
  return {
    ...door,
    profile: stricter(PROFILES, door.profile, agent.profile),
    deny: unique([...door.deny, ...(agent.deny ?? [])]),
    exec: {
      ...door.exec,
      security: stricter(SECURITIES, door.exec.security, agent.exec?.security),
      ask: stricter(ASKS, door.exec.ask, agent.exec?.ask),
    },
  };
}

/** @param order from strictest to laxest. */
function stricter<T>(order: readonly T[], a: T, b: T | undefined): T {
  return b !== undefined && order.indexOf(b) < order.indexOf(a) ? b : a;
}

/** A tool whose integration is turned off is denied at the gate, whatever the tool itself would do. */
function turnedOff(config: Config): readonly string[] {
  const { search, fetch } = config.tools.web;
  return [
    ...(search.enabled ? [] : ["web_search"]),
    ...(fetch.enabled ? [] : ["web_fetch", "quarantine_page"]),
    ...(config.tools.browser.enabled ? [] : ["group:ui"]),
  ];
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
