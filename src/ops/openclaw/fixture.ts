/** An OpenClaw installation for tests, as tight as it can be made. For tests alone. @module */
import type { JsonObject } from "../../core/json.ts";
import type { OpenClawHome } from "../../core/openclaw.ts";

export const ROOT = "/home/anna/.openclaw";

/** A configuration in which nothing is found. */
export const TIGHT: JsonObject = {
  meta: { lastTouchedVersion: "2026.9.6" },
  gateway: {
    mode: "local",
    bind: "loopback",
    auth: { mode: "token", token: "${GATEWAY_TOKEN}" },
    trustedProxies: ["127.0.0.1"],
    terminal: { enabled: false },
    nodes: { pairing: { sshVerify: false } },
  },
  session: { dmScope: "per-account-channel-peer" },
  logging: { audit: { enabled: true, messages: "all" } },
  tools: {
    profile: "messaging",
    fs: { workspaceOnly: true },
    exec: { security: "deny", ask: "always" },
    elevated: { enabled: false },
    deny: ["group:automation", "group:runtime", "group:fs"],
    web: { fetch: { enabled: false } },
    loopDetection: { enabled: true },
    sessions: { visibility: "self" },
    agentToAgent: { enabled: false },
  },
  agents: { defaults: { heartbeat: { every: "0m" }, sandbox: { mode: "all" } } },
  browser: { enabled: false },
  plugins: { entries: { "memory-core": { config: { dreaming: { enabled: false } } } } },
  skills: { workshop: { autonomous: { mode: "off" }, approvalPolicy: "pending" } },
  security: { installPolicy: { enabled: true } },
};

export function homeWith(config: JsonObject, parts: Partial<OpenClawHome> = {}): OpenClawHome {
  return {
    root: ROOT,
    real: ROOT,
    openAbove: [],
    others: [],
    variables: [],
    undecided: [],
    present: true,
    configPath: `${ROOT}/openclaw.json`,
    config,
    includes: [],
    files: [
      { path: ROOT, kind: "folder", mode: 0o700, uid: 1000 },
      { path: `${ROOT}/openclaw.json`, kind: "file", mode: 0o600, uid: 1000 },
    ],
    state: null,
    workspaces: [],
    plugins: [],
    unread: [],
    ...parts,
  };
}
