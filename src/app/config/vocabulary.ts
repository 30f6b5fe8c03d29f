/**
 * Other spellings: keys and values of the guides, of OpenClaw and of habit,
 * with the canonical key. They are refused, not translated: two spellings of
 * one control are how a control is overlooked.
 *
 * @module
 */
import type { Path } from "./document.ts";

type Foreign = {
  /** `*` stands for one key. The key and everything under it. */
  readonly key: string;
  /** The canonical key; null: there is none. */
  readonly use: string | null;
  readonly hint: string;
};

const CHANNELS_LATER =
  "this version has the channels terminal, webchat and api, which only persons with a token use; take it out";

const KEYS: readonly Foreign[] = [
  { key: "messaging.allowed_contacts", use: "channels.<name>.allowFrom", hint: CHANNELS_LATER },
  { key: "messaging.block_unknown", use: "channels.<name>.dmPolicy", hint: CHANNELS_LATER },
  { key: "messaging.group_mention_required", use: "channels.<name>.groups.*.requireMention", hint: CHANNELS_LATER },
  { key: "messaging", use: "channels", hint: CHANNELS_LATER },
  { key: "security.file_access.allowed_paths", use: "tools.fs.allowedPaths", hint: "write the paths there" },
  {
    key: "security.file_access.blocked_paths",
    use: "tools.fs.blockedPaths",
    hint: "hidden entries of the home folder are blocked anyway",
  },
  { key: "security.file_access", use: "tools.fs", hint: "write allowedPaths and blockedPaths there" },
  { key: "security.exec", use: "tools.exec", hint: "write `security: deny`, `allowlist` or `full` there" },
  { key: "security", use: "tools", hint: "what tools may do stands under `tools`" },
  { key: "server.port", use: "gateway.port", hint: "write the port there" },
  { key: "server.host", use: "gateway.bind", hint: "write `loopback`, `lan` or `custom` there" },
  { key: "server.ssl", use: "gateway.trustedProxies", hint: "end TLS in a proxy and name it there" },
  { key: "server", use: "gateway", hint: "write port and bind there" },
  { key: "exec", use: "tools.exec", hint: "write security, ask, allow and block there" },
  { key: "fs", use: "tools.fs", hint: "write workspaceOnly there" },
  { key: "elevated", use: "tools.elevated", hint: "it can only be off" },
  { key: "tools.exec.allowlist", use: "tools.exec.allow", hint: "with `security: allowlist`" },
  { key: "tools.exec.blocklist", use: "tools.exec.block", hint: "write the programs there" },
  { key: "tools.exec.denylist", use: "tools.exec.block", hint: "write the programs there" },
  { key: "tools.exec.deny", use: "tools.exec.block", hint: "write the programs there" },
  { key: "tools.exec.enabled", use: "tools.exec.security", hint: "write `security: deny` to turn commands off" },
  { key: "tools.exec.timeout", use: "tools.exec.timeoutSeconds", hint: "in seconds" },
  { key: "tools.exec.host", use: "agents.defaults.sandbox", hint: "commands run in the sandbox only" },
  { key: "tools.alsoAllow", use: "tools.allow", hint: "deny always wins" },
  { key: "tools.fs.allowed_paths", use: "tools.fs.allowedPaths", hint: "write the paths there" },
  { key: "tools.fs.blocked_paths", use: "tools.fs.blockedPaths", hint: "write the paths there" },
  {
    key: "tools.web.fetch.ssrfPolicy",
    use: "egress.allow",
    hint: "name the hosts there; private addresses are never reached",
  },
  { key: "browser", use: "tools.browser", hint: "write enabled, memoryMb, processes and idleSeconds there" },
  { key: "sandbox", use: "agents.defaults.sandbox", hint: "write enabled, backend and limits there" },
  {
    key: "agents.defaults.sandbox.mode",
    use: "agents.defaults.sandbox.enabled",
    hint: "it is on; there is no mode without it",
  },
  {
    key: "agents.defaults.sandbox.docker",
    use: "agents.defaults.sandbox.container",
    hint: "write socket and image there; users, capabilities, networks and binds of containers cannot be configured",
  },
  { key: "agents.list", use: "agents.entries", hint: "a map from id to agent" },
  { key: "workspace", use: "agents.defaults.workspace", hint: "write the folder there" },
  { key: "model", use: "agents.defaults.model.primary", hint: "as `provider/model`" },
  { key: "llm", use: "agents.defaults.model.primary", hint: "as `provider/model`" },
  { key: "session.scope", use: "session.dmScope", hint: "the default keeps everybody apart" },
  { key: "gateway.host", use: "gateway.bind", hint: "write `loopback`, `lan` or `custom` there" },
  {
    key: "gateway.auth.token",
    use: null,
    hint: "`vambrace token create` makes tokens; only their hashes are kept, in the store",
  },
  { key: "gateway.auth.password", use: null, hint: "`vambrace token create` makes tokens; passwords are not used" },
  { key: "gateway.tls", use: "gateway.trustedProxies", hint: "this version leaves TLS to a proxy: name it there" },
  { key: "gateway.ssl", use: "gateway.trustedProxies", hint: "this version leaves TLS to a proxy: name it there" },
  {
    key: "logging",
    use: null,
    hint: "the ledger always records every message, file access and command; nothing turns it off",
  },
  {
    key: "audit.enabled",
    use: null,
    hint: "the ledger always records, and the audit always runs; nothing turns them off",
  },
  { key: "security.audit.suppressions", use: "audit.accepted", hint: "with `owner`, `reason`, `control` and `until`" },
  { key: "audit.suppressions", use: "audit.accepted", hint: "with `owner`, `reason`, `control` and `until`" },
  { key: "policies", use: null, hint: "put Cedar files into the folder `policies` of the state folder" },
  { key: "network", use: "egress.allow", hint: "name the hosts there" },
  { key: "proxy", use: "egress.allow", hint: "name the hosts there" },
  {
    key: "env",
    use: null,
    hint: "set variables for the user that runs the gateway, and write `${NAME}` where one is used",
  },
  {
    key: "anthropic_api_key",
    use: "models.providers.anthropic.apiKey",
    hint: "set ANTHROPIC_API_KEY in the environment; nothing is needed in the file",
  },
  {
    key: "openai_api_key",
    use: "models.providers.openai.apiKey",
    hint: "set OPENAI_API_KEY in the environment; nothing is needed in the file",
  },
  ...["dmPolicy", "allowFrom", "groupPolicy", "groups", "botToken", "accounts"].map((name) => ({
    key: `channels.*.${name}`,
    use: null,
    hint: CHANNELS_LATER,
  })),
  ...["skills", "mcp", "cron", "hooks", "plugins", "nodes", "logs"].map((name) => ({
    key: name,
    use: null,
    hint: "nothing in this version reads it; take it out",
  })),
];

type ForeignValue = { readonly key: string; readonly value: unknown; readonly says: string; readonly hint: string };

const VALUES: readonly ForeignValue[] = [
  ...["none", "off", "password", "trusted-proxy"].map((value) => ({
    key: "gateway.auth.mode",
    value,
    says: `there is no \`mode: ${value}\``,
    hint: "write `mode: token`; a gateway without tokens does not start",
  })),
  ...["0.0.0.0", "::", "auto", "tailnet", "public", "all"].map((value) => ({
    key: "gateway.bind",
    value,
    says: `there is no \`bind: ${value}\``,
    hint: "write `bind: lan` for all interfaces, or `bind: custom` with `customBindHost`; both need a named proxy",
  })),
  ...["127.0.0.1", "localhost", "::1", "local"].map((value) => ({
    key: "gateway.bind",
    value,
    says: `there is no \`bind: ${value}\``,
    hint: "write `bind: loopback`",
  })),
  ...["tools.exec.security", "channels.*.tools.exec.security", "agents.entries.*.tools.exec.security"].map((key) => ({
    key,
    value: "allow",
    says: "there is no `security: allow`",
    hint: "the canonical word is `full`; `allowlist` with `ask: on-miss` is safer",
  })),
  ...["docker", "podman", "gvisor", "runsc"].map((value) => ({
    key: "agents.defaults.sandbox.backend",
    value,
    says: `there is no sandbox backend \`${value}\``,
    hint: "write `backend: container` and name the engine's socket under `container.socket` (and gVisor as `container.runtime: runsc`), or `backend: bubblewrap`",
  })),
  ...["kubernetes", "ssh", "openshell", "crabbox"].map((value) => ({
    key: "agents.defaults.sandbox.backend",
    value,
    says: `this version has no sandbox backend \`${value}\``,
    hint: "write `backend: bubblewrap` or `backend: container`",
  })),
  ...["agent", "shared"].map((value) => ({
    key: "agents.defaults.sandbox.scope",
    value,
    says: `this version has no \`scope: ${value}\``,
    hint: "write `scope: call` (nothing but the workspace lasts) or `scope: session` (`/tmp` lasts as well, for one conversation)",
  })),
  {
    key: "agents.defaults.sandbox.enabled",
    value: false,
    says: "the sandbox cannot be turned off",
    hint: "to run no commands at all, write `tools.exec.security: deny`",
  },
  {
    key: "tools.elevated.enabled",
    value: true,
    says: "elevated mode is refused",
    hint: "nothing runs outside the sandbox; add what is needed to `tools.exec.allow` or `egress.allow`",
  },
];

export type Correction = { readonly path: Path; readonly says: string; readonly hint: string };

/** What is written in another spelling at this place; undefined: nothing. */
export function foreign(path: Path, value: unknown): Correction | undefined {
  const key = KEYS.find((each) => matches(each.key, path));
  if (key !== undefined) {
    const written = `\`${path.join(".")}\``;
    const says =
      key.use === null
        ? `there is no key ${written}`
        : `there is no key ${written}: the canonical key is \`${key.use}\``;
    return { path, says, hint: key.hint };
  }
  const word = VALUES.find((each) => each.value === value && matches(each.key, path));
  return word === undefined ? undefined : { path, says: `\`${path.join(".")}\`: ${word.says}`, hint: word.hint };
}

function matches(pattern: string, path: Path): boolean {
  const parts = pattern.split(".");
  return parts.length === path.length && parts.every((part, i) => part === "*" || part === path[i]);
}

/** Names of tools in other spellings, for allow and deny lists. */
export const FOREIGN_TOOLS: ReadonlyMap<string, string> = new Map([
  ["bash", "exec"],
  ["shell", "exec"],
  ["process", "exec"],
  ["system.run", "exec"],
  ["sessions_spawn", "spawn"],
  ["sessions_send", "message"],
  ["apply_patch", "edit"],
  ["browser", "group:ui"],
  ["memory_search", "recall"],
  ["memory_get", "recall"],
  ["cron", "schedule"],
  ["automations", "schedule"],
]);
