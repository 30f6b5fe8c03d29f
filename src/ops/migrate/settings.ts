/**
 * OpenClaw's settings in our words. Only what is as strict as our defaults, or
 * stricter, comes along; everything wider is told, with what to write if it is
 * wanted.
 *
 * @module
 */
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import type { Left, MigratedSetting } from "../../core/migration.ts";

export type MovedSettings = { readonly settings: readonly MigratedSetting[]; readonly left: readonly Left[] };

/** Names of tools and groups there, and what they are here. */
const TOOLS: Readonly<Record<string, readonly string[]>> = {
  exec: ["exec"],
  bash: ["exec"],
  process: ["exec"],
  code_execution: ["exec"],
  read: ["read"],
  write: ["write"],
  edit: ["edit"],
  apply_patch: ["write", "edit"],
  web_fetch: ["web_fetch"],
  web_search: ["web_search"],
  browser: ["group:ui"],
  message: ["send"],
  sessions_send: ["message"],
  sessions_spawn: ["spawn"],
  memory_search: ["recall"],
  memory_get: ["recall"],
  automations: ["schedule"],
  cron: ["schedule"],
  "group:fs": ["group:fs"],
  "group:runtime": ["group:runtime"],
  "group:web": ["group:web"],
  "group:ui": ["group:ui"],
  "group:messaging": ["group:messaging"],
  "group:memory": ["group:memory"],
  "group:automation": ["group:automation"],
  "group:sessions": ["group:sessions"],
};

const PROFILES = ["minimal", "messaging"];
export const PROVIDERS: readonly string[] = ["anthropic", "openai", "google", "deepseek", "ollama"];
const SCOPES = ["per-account-channel-peer"];
const AGENT_ID = /^[a-z0-9][a-z0-9._@+-]{0,63}$/;

export function moveSettings(config: JsonObject): MovedSettings {
  const moved = [session(config), tools(config), model(config), agents(config), channels(config), gateway(config)];
  const known = new Set(["meta", "wizard", "$schema", "session", "tools", "agents", "channels", "gateway"]);
  const rest = Object.keys(config)
    .filter((key) => !known.has(key))
    .map((key): Left => ({ what: key, why: WHY[key] ?? "has no counterpart here" }));
  return {
    settings: moved.flatMap((one) => one.settings),
    left: [...moved.flatMap((one) => one.left), ...rest],
  };
}

const WHY: Readonly<Record<string, string>> = {
  plugins: "plugins run inside their gateway; here nothing foreign does",
  skills: "skills are copied into quarantine; their settings are not",
  hooks: "turns from outside need a token of their own here (`vambrace token create`)",
  mcp: "servers of tools are not connected in this version",
  cron: "schedules are brought over one by one",
  browser: "the browser runs in the sandbox here and has nothing to set",
  auth: "keys go into the vault",
  secrets: "secrets go into the vault",
  env: "variables are named one by one, as `${NAME}`",
  bindings: "which agent a channel speaks to cannot be set in this version",
  logging: "everything is recorded in the ledger here",
  security: "findings are accepted one by one here, with an owner and an end",
  commands: "chat commands do not exist here",
  memory: "memory is brought over as text",
  update: "nothing updates itself here",
};

function at(tree: JsonValue | undefined, path: string): JsonValue | undefined {
  let value = tree;
  for (const key of path.split(".")) {
    if (value === undefined || !isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

function textAt(tree: JsonValue | undefined, path: string): string | null {
  const value = at(tree, path);
  return typeof value === "string" ? value : null;
}

function texts(value: JsonValue | undefined): readonly string[] {
  return value !== undefined && isArray(value) ? value.flatMap((one) => (typeof one === "string" ? [one] : [])) : [];
}

function session(config: JsonObject): MovedSettings {
  const scope = textAt(config, "session.dmScope");
  if (scope === null || SCOPES.includes(scope)) return { settings: [], left: [] };
  const why = `wider than ours; if it is wanted: \`vambrace config set session.dmScope ${scope}\``;
  return { settings: [], left: [{ what: `session.dmScope: ${scope}`, why }] };
}

function gateway(config: JsonObject): MovedSettings {
  const bind = textAt(config, "gateway.bind");
  const port = at(config, "gateway.port");
  return {
    settings: [],
    left: [
      ...(bind === null || bind === "loopback"
        ? []
        : [{ what: `gateway.bind: ${bind}`, why: "ours answers this machine only until you say more" }]),
      ...(port === undefined ? [] : [{ what: "gateway.port", why: "both can run side by side; ours is 18888" }]),
      ...(at(config, "gateway.auth") === undefined
        ? []
        : [{ what: "gateway.auth", why: "tokens are made anew: theirs was full authority" }]),
    ],
  };
}

function tools(config: JsonObject): MovedSettings {
  const profile = textAt(config, "tools.profile");
  const settings: MigratedSetting[] = [];
  const left: Left[] = [];
  if (profile !== null && PROFILES.includes(profile))
    settings.push({ path: "tools.profile", value: profile, from: "tools.profile" });
  else if (profile !== null)
    left.push({ what: `tools.profile: ${profile}`, why: "each channel has a profile of its own here; none is `full`" });
  const { known, unknown } = denied(texts(at(config, "tools.deny")));
  if (known.length > 0) settings.push({ path: "tools.deny", value: known, from: "tools.deny" });
  if (unknown.length > 0) left.push({ what: `tools.deny: ${unknown.join(", ")}`, why: "there is no such tool here" });
  for (const key of ["allow", "alsoAllow", "byProvider", "toolsBySender", "elevated"])
    if (at(config, `tools.${key}`) !== undefined)
      left.push({ what: `tools.${key}`, why: "what was allowed there is decided anew here" });
  const exec = at(config, "tools.exec");
  if (textAt(exec, "security") === "deny" || textAt(exec, "mode") === "deny")
    settings.push({ path: "tools.exec.security", value: "deny", from: "tools.exec" });
  else if (exec !== undefined)
    left.push({ what: "tools.exec", why: "approvals and full rights are never carried over; the defaults ask" });
  return { settings, left };
}

function denied(names: readonly string[]): { readonly known: readonly string[]; readonly unknown: readonly string[] } {
  const known = names.flatMap((name) => (Object.hasOwn(TOOLS, name) ? (TOOLS[name] ?? []) : []));
  return { known: [...new Set(known)], unknown: names.filter((name) => !Object.hasOwn(TOOLS, name)) };
}

function model(config: JsonObject): MovedSettings {
  const primary = textAt(config, "agents.defaults.model.primary") ?? textAt(config, "agents.defaults.model");
  if (primary === null) return { settings: [], left: [] };
  if (!isOurs(primary))
    return {
      settings: [],
      left: [{ what: `model ${primary}`, why: "this provider needs an entry under models.providers" }],
    };
  const fallbacks = texts(at(config, "agents.defaults.model.fallbacks")).filter(isOurs).slice(0, 8);
  const from = "agents.defaults.model";
  return {
    settings: [
      { path: "agents.defaults.model.primary", value: primary, from },
      ...(fallbacks.length === 0 ? [] : [{ path: "agents.defaults.model.fallbacks", value: fallbacks, from }]),
    ],
    left: [],
  };
}

function isOurs(name: string): boolean {
  const [provider = "", ...rest] = name.split("/");
  return PROVIDERS.includes(provider) && rest.join("/") !== "";
}

function agents(config: JsonObject): MovedSettings {
  const left: Left[] = [];
  const entries = at(config, "agents.entries");
  const ids = entries !== undefined && isObject(entries) ? Object.keys(entries) : [];
  for (const id of ids) {
    if (id === "main") continue;
    const why = AGENT_ID.test(id)
      ? `make it with a workspace of its own: \`vambrace config set agents.entries.${id}.workspace ~/…\``
      : "its name is not one that we take";
    left.push({ what: `agent ${id.slice(0, 80)}`, why });
  }
  if (at(config, "agents.defaults.workspace") !== undefined)
    left.push({ what: "agents.defaults.workspace", why: "ours is a folder of its own; copy what you need" });
  if (at(config, "agents.defaults.sandbox") !== undefined)
    left.push({ what: "agents.defaults.sandbox", why: "ours is on, and stricter" });
  return { settings: [], left };
}

function channels(config: JsonObject): MovedSettings {
  const tree = at(config, "channels");
  const left: Left[] = [];
  for (const [id, value] of Object.entries(tree !== undefined && isObject(tree) ? tree : {})) {
    if (id === "defaults") continue;
    const people = [...texts(at(value, "allowFrom")), ...texts(at(value, "groupAllowFrom"))].filter(
      (one) => one !== "*",
    );
    const who = people.length === 0 ? "" : `; allowed there: ${people.slice(0, 20).join(", ")}`;
    left.push({ what: `channels.${id}`, why: `this version has no such channel; its token goes into the vault${who}` });
  }
  return { settings: [], left };
}
