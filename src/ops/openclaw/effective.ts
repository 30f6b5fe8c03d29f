/**
 * What an OpenClaw configuration comes to: its settings with the defaults that
 * release 2026.9.6 really has at run time, which are not always those that its
 * own audit assumes.
 *
 * @module
 */
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import type { OpenClawHome, OpenClawListener } from "../../core/openclaw.ts";
import { offers, toolLists, type ToolLists } from "./offered.ts";
import { at, listAt, objectAt, textAt } from "./values.ts";

/** The release whose defaults these are. */
export const RELEASE = "2026.9.6";

export type ExecSecurity = "deny" | "allowlist" | "full";
export type ExecAsk = "off" | "on-miss" | "always";

export type EffectiveAgent = {
  readonly id: string;
  readonly sandboxed: "off" | "non-main" | "all";
  readonly exec: {
    readonly security: ExecSecurity;
    readonly ask: ExecAsk;
    readonly host: string;
    /** Whether anybody wrote it. */
    readonly written: boolean;
  };
  readonly profile: string | null;
  readonly tools: ToolLists;
  readonly workspaceOnly: boolean;
  readonly elevated: boolean;
};

export type EffectiveChannel = {
  /** `telegram`, or `telegram/work` for an account of it. */
  readonly name: string;
  readonly channel: string;
  readonly dmPolicy: string;
  readonly groupPolicy: string;
  readonly allowFrom: readonly string[];
  readonly groupAllowFrom: readonly string[];
  readonly groups: JsonObject;
  readonly configWrites: boolean;
  readonly settings: JsonObject;
};

export type Effective = {
  readonly home: OpenClawHome;
  /** Null: the system would not tell. */
  readonly listeners: readonly OpenClawListener[] | null;
  readonly config: JsonObject;
  readonly agents: readonly EffectiveAgent[];
  readonly channels: readonly EffectiveChannel[];
  readonly gateway: {
    readonly bind: string;
    readonly port: number;
    /** `none`: nobody is asked who he is. */
    readonly auth: string;
    readonly secret: string | null;
  };
};

export function effectiveOf(home: OpenClawHome, listeners: Effective["listeners"]): Effective {
  const { config } = home;
  return { home, listeners, config, agents: agentsOf(home), channels: channelsOf(config), gateway: gatewayOf(home) };
}

function gatewayOf({ config, variables }: OpenClawHome): Effective["gateway"] {
  const auth = objectAt(config, "gateway.auth");
  const token = present(auth["token"]) || variables.includes("OPENCLAW_GATEWAY_TOKEN");
  const password = present(auth["password"]) || variables.includes("OPENCLAW_GATEWAY_PASSWORD");
  const written = textAt(auth, "mode");
  const port = at(config, "gateway.port");
  const bind = textAt(config, "gateway.bind") ?? "loopback";
  const host = textAt(config, "gateway.customBindHost") ?? "";
  return {
    bind: bind === "custom" && /^(?:127\.|::1$|localhost$)/.test(host) ? "loopback" : bind,
    port: typeof port === "number" ? port : 18789,
    auth: written ?? (token ? "token" : password ? "password" : "none"),
    secret: textAt(auth, "token") ?? textAt(auth, "password"),
  };
}

/** A reference counts as a secret: it stands somewhere. */
function present(value: JsonValue | undefined): boolean {
  return (typeof value === "string" && value.trim() !== "") || (value !== undefined && isObject(value));
}

function agentsOf(home: OpenClawHome): readonly EffectiveAgent[] {
  const { config } = home;
  const entries = objectAt(config, "agents.entries");
  const legacy = at(config, "agents.list");
  const ids = [
    ...Object.keys(entries),
    ...(legacy !== undefined && isArray(legacy) ? legacy : []).flatMap((one) => textAt(one, "id") ?? []),
  ];
  return (ids.length === 0 ? ["main"] : ids).map((id) => agentOf(home, id));
}

function agentOf(home: OpenClawHome, id: string): EffectiveAgent {
  const { config } = home;
  const own = objectAt(config, `agents.entries`)[id] ?? legacyAgent(config, id);
  const defaults = objectAt(config, "agents.defaults");
  const first = (path: string): JsonValue | undefined => at(own, path) ?? at(defaults, path);
  const sandboxed = first("sandbox.mode");
  const tools = toolLists([config["tools"], objectAt(defaults, "tools"), objectAt(own, "tools")]);
  return {
    id,
    sandboxed: sandboxed === "all" || sandboxed === "non-main" ? sandboxed : "off",
    exec: execOf(home, id, own),
    profile: tools.profile,
    tools,
    workspaceOnly: (at(own, "tools.fs.workspaceOnly") ?? at(config, "tools.fs.workspaceOnly")) === true,
    elevated: (at(own, "tools.elevated.enabled") ?? at(config, "tools.elevated.enabled")) !== false,
  };
}

function legacyAgent(config: JsonObject, id: string): JsonValue | undefined {
  const list = at(config, "agents.list");
  return list !== undefined && isArray(list) ? list.find((one) => textAt(one, "id") === id) : undefined;
}

const ASKING: readonly ExecAsk[] = ["always", "on-miss", "off"];
const STRICTNESS: readonly ExecSecurity[] = ["deny", "allowlist", "full"];
const MODES: Readonly<Record<string, { readonly security: ExecSecurity; readonly ask: ExecAsk }>> = {
  deny: { security: "deny", ask: "off" },
  allowlist: { security: "allowlist", ask: "off" },
  ask: { security: "allowlist", ask: "on-miss" },
  auto: { security: "allowlist", ask: "off" },
  full: { security: "full", ask: "off" },
};

/** The stricter of configuration and the host's document; where neither says anything: full, and never ask. */
function execOf(home: OpenClawHome, id: string, own: JsonValue | undefined): EffectiveAgent["exec"] {
  const first = (key: string): string | null =>
    textAt(own, `tools.exec.${key}`) ?? textAt(home.config, `tools.exec.${key}`);
  const mode = MODES[first("mode") ?? ""];
  const document = home.state?.approvals ?? {};
  const onHost = (key: string): string | null =>
    textAt(document, `agents.${id}.${key}`) ?? textAt(document, `defaults.${key}`);
  const written = [mode?.security ?? first("security"), onHost("security")].flatMap((one) => securityOf(one) ?? []);
  const asks = [mode?.ask ?? askOf(first("ask")), askOf(onHost("ask"))];
  const ask = ASKING.find((one) => asks.includes(one)) ?? "off";
  const strictest = STRICTNESS.find((one) => written.includes(one));
  return {
    security: strictest ?? "full",
    ask,
    host: first("host") ?? "auto",
    written: strictest !== undefined,
  };
}

function securityOf(text: string | null): ExecSecurity | null {
  return STRICTNESS.find((one) => one === text) ?? null;
}

function askOf(text: string | null): ExecAsk | null {
  return text === "off" || text === "on-miss" || text === "always" ? text : null;
}

function channelsOf(config: JsonObject): readonly EffectiveChannel[] {
  return Object.entries(objectAt(config, "channels")).flatMap(([channel, value]) => {
    if (channel === "defaults" || value === undefined || !isObject(value) || value["enabled"] === false) return [];
    const accounts = Object.entries(objectAt(value, "accounts"));
    const whole = channelOf(config, channel, channel, value);
    return [
      whole,
      ...accounts.flatMap(([account, own]) =>
        own !== undefined && isObject(own) && own["enabled"] !== false
          ? [channelOf(config, channel, `${channel}/${account}`, { ...value, ...own })]
          : [],
      ),
    ];
  });
}

function channelOf(config: JsonObject, channel: string, name: string, settings: JsonObject): EffectiveChannel {
  return {
    name,
    channel,
    dmPolicy: textAt(settings, "dmPolicy") ?? textAt(settings, "dm.policy") ?? "pairing",
    groupPolicy: textAt(settings, "groupPolicy") ?? textAt(config, "channels.defaults.groupPolicy") ?? "allowlist",
    allowFrom: [...listAt(settings, "allowFrom"), ...listAt(settings, "dm.allowFrom")],
    groupAllowFrom: listAt(settings, "groupAllowFrom"),
    groups: objectAt(settings, "groups"),
    configWrites: settings["configWrites"] !== false,
    settings,
  };
}

/** Whether a stranger may reach the agent here. */
export function isOpen(channel: EffectiveChannel): boolean {
  return channel.dmPolicy === "open" || channel.groupPolicy === "open";
}

/** Whether commands run on the host without anybody being asked. */
export function runsUnasked(agent: EffectiveAgent): boolean {
  const { security, ask, host } = agent.exec;
  const inSandbox = agent.sandboxed === "all" && host !== "gateway" && host !== "node";
  return security === "full" && ask === "off" && !inSandbox && has(agent, "exec");
}

/** Whether it has any of these tools. */
export function has(agent: EffectiveAgent, ...names: readonly string[]): boolean {
  return offers(agent.tools, ...names);
}

export const RUNTIME = ["exec", "process", "code_execution"] as const;
export const FILES = ["read", "write", "edit", "apply_patch"] as const;
