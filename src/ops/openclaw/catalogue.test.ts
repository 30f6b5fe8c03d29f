import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import type { OpenClawHome, OpenClawState } from "../../core/openclaw.ts";
import { auditOpenClaw, OPENCLAW_FAMILIES } from "./catalogue.ts";
import { homeWith, ROOT, TIGHT } from "./fixture.ts";

const STATE: OpenClawState = {
  schema: 18,
  version: "2026.9.6",
  jobs: [],
  paired: [],
  stored: [],
  approvals: null,
  devices: 0,
  oauthStores: 0,
  backupRuns: 1,
  installed: null,
};

/** The tight configuration with one path set; `undefined` takes it away. */
function tightBut(path: string, value: JsonValue | undefined): JsonObject {
  return put(TIGHT, path.split("."), value);
}

function put(tree: JsonObject, [key = "", ...rest]: readonly string[], value: JsonValue | undefined): JsonObject {
  const inner = tree[key];
  const object: JsonObject =
    typeof inner === "object" && inner !== null && !Array.isArray(inner) ? (inner as JsonObject) : {};
  return { ...tree, [key]: rest.length === 0 ? value : put(object, rest, value) };
}

const withState = (state: Partial<OpenClawState>): OpenClawHome => homeWith(TIGHT, { state: { ...STATE, ...state } });
const withFile = (path: string, mode: number, kind: "file" | "folder" | "link" = "file"): OpenClawHome =>
  homeWith(TIGHT, { files: [...homeWith(TIGHT).files, { path, kind, mode, uid: 1000 }] });
const withMode = (path: string, mode: number): OpenClawHome =>
  homeWith(TIGHT, { files: homeWith(TIGHT).files.map((one) => (one.path === path ? { ...one, mode } : one)) });
const skill = {
  name: "s",
  folder: `${ROOT}/skills/s`,
  digest: "d",
  changedMs: 0,
  origin: {},
  originMs: 0,
  escapes: false,
};
const withSkill = (part: Partial<typeof skill> | { origin: null; originMs: null }): OpenClawHome =>
  homeWith(TIGHT, {
    workspaces: [
      {
        agent: "main",
        path: `${ROOT}/workspace`,
        present: true,
        notes: [],
        skills: [{ ...skill, ...part }],
        dotEnv: false,
        open: [],
      },
    ],
  });
const set = (path: string, value: JsonValue | undefined): OpenClawHome => homeWith(tightBut(path, value));
const telegram = (settings: JsonObject): OpenClawHome =>
  set("channels", { telegram: { configWrites: false, contextVisibility: "allowlist", ...settings } });
const exposed = (path: string, value: JsonValue | undefined): OpenClawHome =>
  homeWith(put(tightBut("gateway.bind", "lan"), path.split("."), value));
const proxied = (part: JsonObject): OpenClawHome =>
  set("gateway.auth", { mode: "trusted-proxy", trustedProxy: { userHeader: "x-user", allowUsers: ["a"], ...part } });
const opened = (path: string, value: JsonValue | undefined): OpenClawHome =>
  homeWith(
    put(
      tightBut("channels", { telegram: { dmPolicy: "open", groupPolicy: "open", allowFrom: ["*"] } }),
      path.split("."),
      value,
    ),
  );

/** For each id of a finding a home that has it; the tight home is the twin that has none. */
const BAD: Readonly<Record<string, OpenClawHome>> = {
  "security.exposure.open_channels_with_exec": opened("tools", { exec: { security: "allowlist" } }),
  "vambrace.exposure.open_channels_unasked": homeWith({
    channels: { telegram: { dmPolicy: "open", allowFrom: ["*"] } },
  }),
  "security.exposure.open_groups_with_elevated": opened("tools.elevated", undefined),
  "security.exposure.open_groups_with_runtime_or_fs": opened("tools", { profile: "coding" }),
  "security.exposure.open_groups_with_control_plane_tools": opened("tools", { profile: "coding", deny: ["group:fs"] }),
  "security.trust_model.multi_user_heuristic": telegram({ dmPolicy: "allowlist", allowFrom: [1, 2] }),
  "security.trust_model.group_scope_main": set("session.groupScope", "main"),
  "vambrace.session.one_for_all": homeWith(put(tightBut("session", {}), ["channels"], { telegram: {} })),
  "vambrace.exposure.owner_by_first_approval": telegram({}),
  "vambrace.exposure.chat_commands": set("commands.bash", true),
  "vambrace.exposure.paired_everybody": withState({ paired: [{ channel: "telegram", account: "a", entry: "*" }] }),
  "gateway.bind_no_auth": exposed("gateway.auth", {}),
  "gateway.loopback_no_auth": set("gateway.auth", {}),
  "gateway.http.no_auth": set("gateway.auth", { mode: "none" }),
  "gateway.trusted_proxies_missing": set("gateway.trustedProxies", undefined),
  "gateway.tools_invoke_http.dangerous_allow": set("gateway.tools.allow", ["exec"]),
  "gateway.http.session_key_override_enabled": set("gateway.http.allowSessionKeyOverride", true),
  "gateway.tailscale_funnel": set("gateway.tailscale.mode", "funnel"),
  "gateway.tailscale_serve": set("gateway.tailscale.mode", "serve"),
  "gateway.control_ui.allowed_origins_required": exposed("gateway.controlUi", {}),
  "gateway.control_ui.allowed_origins_wildcard": set("gateway.controlUi.allowedOrigins", ["*"]),
  "gateway.control_ui.host_header_origin_fallback": set(
    "gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback",
    true,
  ),
  "gateway.real_ip_fallback_enabled": set("gateway.allowRealIpFallback", true),
  "gateway.token_too_short": set("gateway.auth.token", "abcdefgh1234"),
  "gateway.token_placeholder_value": set("gateway.auth.token", "changeme"),
  "gateway.password_too_short": set("gateway.auth", { mode: "password", password: "abcdefgh1234" }),
  "gateway.password_placeholder_value": set("gateway.auth", { mode: "password", password: "undefined" }),
  "gateway.auth_no_rate_limit": exposed("gateway.auth.rateLimit", undefined),
  "discovery.mdns_full_mode": set("discovery.mdns.mode", "full"),
  "vambrace.gateway.bind_auto": set("gateway.bind", undefined),
  "vambrace.gateway.terminal_on": set("gateway.terminal", undefined),
  "vambrace.gateway.no_tls": exposed("gateway.tls", undefined),
  "gateway.trusted_proxy_auth": proxied({}),
  "gateway.trusted_proxy_no_proxies": homeWith(
    put(tightBut("gateway.auth", { mode: "trusted-proxy" }), ["gateway", "trustedProxies"], []),
  ),
  "gateway.trusted_proxy_no_user_header": set("gateway.auth", { mode: "trusted-proxy" }),
  "gateway.trusted_proxy_no_allowlist": proxied({ allowUsers: [] }),
  "gateway.trusted_proxy_allow_loopback": proxied({ allowLoopback: true }),
  "gateway.trusted_proxy_device_auto_approve": proxied({ deviceAutoApprove: { enabled: true } }),
  "gateway.trusted_proxy_device_auto_approve_admin": proxied({ deviceAutoApprove: { scopes: ["operator.admin"] } }),
  "gateway.nodes.allow_commands_dangerous": set("gateway.nodes.commands.allow", ["camera.snap"]),
  "gateway.nodes.deny_commands_ineffective": set("gateway.nodes.commands.deny", ["camera.*"]),
  "vambrace.gateway.nodes_ssh_verify": set("gateway.nodes", {}),
  "vambrace.gateway.nodes_auto_approve_networks": set("gateway.nodes.pairing.autoApproveCidrs", ["10.0.0.0/8"]),
  "vambrace.gateway.update_of_nodes": set("nodeHost.skills.enabled", true),
  "channels.telegram.dm.open": telegram({ dmPolicy: "open", allowFrom: ["*"] }),
  "channels.telegram.dm.open_invalid": telegram({ dmPolicy: "open" }),
  "channels.telegram.groups.open": telegram({ groupPolicy: "open" }),
  "vambrace.channels.everybody_allowed": telegram({ allowFrom: ["*"] }),
  "vambrace.channels.no_mention_needed": telegram({ groups: { "*": { requireMention: false } } }),
  "vambrace.channels.config_writes": telegram({ configWrites: true }),
  "channels.telegram.allowFrom.dangerous_name_matching_enabled": telegram({ dangerouslyAllowNameMatching: true }),
  "vambrace.channels.context_of_strangers": telegram({ contextVisibility: "all" }),
  "vambrace.channels.token_in_config": telegram({ botToken: "123:abc" }),
  "vambrace.exec.effective_full": homeWith({}),
  "tools.exec.security_full_configured": set("tools.exec.security", "full"),
  "tools.exec.host_sandbox_no_sandbox": homeWith({ tools: { exec: { host: "sandbox" } } }),
  "tools.exec.fs_tools_disabled_but_exec_enabled": homeWith({
    tools: { deny: ["group:fs"], exec: { security: "allowlist" } },
  }),
  "tools.exec.auto_allow_skills_enabled": withState({ approvals: { defaults: { autoAllowSkills: true } } }),
  "vambrace.exec.approvals_fallback": withState({ approvals: { defaults: { askFallback: "full" } } }),
  "tools.exec.allowlist_interpreter_without_strict_inline_eval": withState({
    approvals: { agents: { main: { allowlist: [{ pattern: "/usr/bin/python3" }] } } },
  }),
  "tools.exec.safe_bins_interpreter_unprofiled": set("tools.exec.safeBins", ["python3"]),
  "tools.exec.safe_bins_broad_behavior": set("tools.exec.safeBins", ["find"]),
  "tools.exec.safe_bin_trusted_dirs_risky": set("tools.exec.safeBinTrustedDirs", ["/tmp/bin"]),
  "tools.elevated.allowFrom.telegram.wildcard": set("tools.elevated.allowFrom", { telegram: ["*"] }),
  "tools.elevated.allowFrom.telegram.large": set("tools.elevated.allowFrom", {
    telegram: Array.from({ length: 30 }, (_, i) => String(i)),
  }),
  "tools.profile_minimal_overridden": homeWith({
    tools: { profile: "minimal" },
    agents: { entries: { main: { tools: { profile: "full" } } } },
  }),
  "vambrace.tools.profile_full": set("tools.profile", "full"),
  "vambrace.tools.files_anywhere": homeWith({ tools: {} }),
  "vambrace.tools.fetch_anywhere": set("tools", { profile: "coding" }),
  "vambrace.tools.fetch_private": set("browser.ssrfPolicy.dangerouslyAllowPrivateNetwork", true),
  "vambrace.tools.loops": set("tools.loopDetection", {}),
  "vambrace.tools.code_in_process": set("tools.codeMode.enabled", "auto"),
  "security.trust_model.cross_agent_session_access_default": set("tools.sessions", {}),
  "vambrace.sandbox.off": homeWith({}),
  "vambrace.sandbox.main_outside": set("agents.defaults.sandbox.mode", "non-main"),
  "sandbox.docker_config_mode_off": set("agents.defaults.sandbox", { docker: { image: "x" } }),
  "sandbox.bind_mount_non_absolute": set("agents.defaults.sandbox.docker.binds", ["data:/data"]),
  "sandbox.dangerous_bind_mount": set("agents.defaults.sandbox.docker.binds", ["/var/run/docker.sock:/s"]),
  "sandbox.dangerous_network_mode": set("agents.defaults.sandbox.docker.network", "host"),
  "sandbox.dangerous_seccomp_profile": set("agents.defaults.sandbox.docker.seccompProfile", "unconfined"),
  "sandbox.dangerous_apparmor_profile": set("agents.defaults.sandbox.docker.apparmorProfile", "unconfined"),
  "vambrace.sandbox.network_open": set("agents.defaults.sandbox.docker.network", "bridge"),
  "vambrace.sandbox.shared": set("agents.defaults.sandbox.scope", "shared"),
  "hooks.token_reuse_gateway_token": set("hooks.token", "${GATEWAY_TOKEN}"),
  "hooks.token_too_short": set("hooks.token", "abcd1234"),
  "config.secrets.hooks_token_in_config": set("hooks.token", "abcd1234abcd1234abcd1234abcd1234"),
  "hooks.default_session_key_unset": set("hooks.enabled", true),
  "hooks.allowed_agent_ids_unrestricted": set("hooks", { enabled: true, defaultSessionKey: "k" }),
  "hooks.request_session_key_enabled": set("hooks.allowRequestSessionKey", true),
  "hooks.request_session_key_prefixes_missing": set("hooks.allowRequestSessionKey", true),
  "hooks.path_root": set("hooks.path", "/"),
  "vambrace.hooks.unsafe_external_content": set("hooks.mappings", [{ allowUnsafeExternalContent: true }]),
  "browser.control_no_auth": homeWith(put(tightBut("gateway.auth", {}), ["browser"], {})),
  "browser.remote_cdp_http": set("browser.cdpUrl", "http://198.51.100.7:9222"),
  "browser.remote_cdp_private_host": set("browser.profiles", { far: { cdpUrl: "https://10.0.0.7:9222" } }),
  "browser.extension_relay_legacy_auth": set("browser.extensionRelay", {}),
  "vambrace.browser.no_sandbox": set("browser.noSandbox", true),
  "vambrace.browser.evaluates": set("browser.enabled", true),
  "vambrace.browser.system_profile": set("browser.profiles", { mine: { driver: "existing-session" } }),
  "mcp.apps.enabled": set("mcp.apps.enabled", true),
  "vambrace.mcp.no_tls_check": set("mcp.servers", { a: { sslVerify: false } }),
  "vambrace.mcp.clear": set("mcp.servers", { a: { url: "http://tools.example.org/mcp" } }),
  "vambrace.mcp.unpinned": set("mcp.servers", { a: { command: "npx", args: ["-y", "some-server"] } }),
  "vambrace.mcp.secrets_in_config": set("mcp.servers", { a: { env: { API_KEY: "abc" } } }),
  "vambrace.mcp.unfiltered": set("mcp.servers", { a: {} }),
  "plugins.extensions_no_allowlist": set("plugins.entries.other", { enabled: true }),
  "plugins.allow_phantom_entries": set("plugins.allow", ["ghost"]),
  "vambrace.plugins.from_path": set("plugins.load.paths", ["/home/anna/plugin"]),
  "vambrace.plugins.changed_after_install": homeWith(TIGHT, {
    plugins: [{ name: "p", folder: `${ROOT}/extensions/p`, installedMs: 0, changed: ["index.mjs"] }],
  }),
  "vambrace.plugins.may_write_prompts": set("plugins.entries.other", { hooks: { allowPromptInjection: true } }),
  "skills.workspace.symlink_escape": withSkill({ escapes: true }),
  "vambrace.skills.changed_after_install": withSkill({ changedMs: 3_600_000 }),
  "vambrace.skills.unknown_origin": withSkill({ origin: null, originMs: null }),
  "vambrace.skills.uploads": set("skills.install.allowUploadedArchives", true),
  "vambrace.skills.no_install_policy": set("security", {}),
  "vambrace.workspace.writable": homeWith(TIGHT, {
    workspaces: [
      {
        agent: "main",
        path: `${ROOT}/workspace`,
        present: true,
        notes: [],
        skills: [],
        dotEnv: false,
        open: [{ path: `${ROOT}/workspace/SOUL.md`, kind: "file", mode: 0o666, uid: 1000 }],
      },
    ],
  }),
  "vambrace.skills.secrets_in_config": set("skills.entries", { s: { apiKey: "abc" } }),
  "vambrace.workspace.dot_env": homeWith(TIGHT, {
    workspaces: [
      { agent: "main", path: `${ROOT}/workspace`, present: true, notes: [], skills: [], dotEnv: true, open: [] },
    ],
  }),
  "vambrace.hooks.internal_code": set("hooks.internal.enabled", true),
  "vambrace.config.missing": homeWith({}),
  "config.insecure_or_dangerous_flags": set("tools.exec.applyPatch.workspaceOnly", false),
  "config.secrets.gateway_password_in_config": set("gateway.auth", {
    mode: "password",
    password: "abcd1234abcd1234abcd1234",
  }),
  "vambrace.secrets.gateway_token_in_config": set("gateway.auth.token", "abcd1234abcd1234abcd1234abcd1234"),
  "vambrace.secrets.inline_environment": set("env.vars", { API_KEY: "abc" }),
  "vambrace.secrets.in_config": set("models.providers", { mine: { apiKey: "abcd1234abcd1234" } }),
  "vambrace.secrets.dot_env": homeWith(TIGHT, { variables: ["ANTHROPIC_API_KEY"] }),
  "vambrace.config.decided_elsewhere": homeWith(TIGHT, { undecided: ["tools.exec.security: ${EXEC}"] }),
  "vambrace.homes.others": homeWith(TIGHT, { others: ["/home/anna/.openclaw-dev"] }),
  "vambrace.secrets.stored_in_clear": withState({ stored: [{ name: "A", kind: "secret", hosts: ["a.example"] }] }),
  "vambrace.secrets.bound_to_no_host": withState({ stored: [{ name: "A", kind: "secret", hosts: [] }] }),
  "security.audit.suppressions.active": set("security", {
    installPolicy: { enabled: true },
    audit: { suppressions: [{ checkId: "x" }] },
  }),
  "vambrace.records.off": set("logging.audit.enabled", false),
  "vambrace.records.no_proof": withState({}),
  "vambrace.records.messages_off": set("logging.audit", { enabled: true }),
  "vambrace.backup.none": withState({ backupRuns: 0 }),
  "vambrace.rest.unencrypted": withFile(`${ROOT}/state/openclaw.sqlite`, 0o600),
  "vambrace.version.old": set("meta.lastTouchedVersion", "2026.3.11"),
  "vambrace.version.unknown": set("meta", {}),
  "vambrace.self.heartbeat": set("agents.defaults.heartbeat", {}),
  "vambrace.self.dreaming": set("plugins", {}),
  "vambrace.self.skills_written": set("skills", {}),
  "vambrace.cron.orders": withState({
    jobs: [
      {
        id: "j",
        name: "n",
        enabled: true,
        agent: null,
        schedule: {},
        payload: "agentTurn",
        message: "m",
        declaredBy: null,
      },
    ],
  }),
  "fs.state_dir.perms_world_writable": withMode(ROOT, 0o702),
  "fs.state_dir.perms_group_writable": withMode(ROOT, 0o720),
  "fs.state_dir.perms_readable": withMode(ROOT, 0o750),
  "fs.state_dir.symlink": homeWith(TIGHT, { files: [{ path: ROOT, kind: "link", mode: 0o777, uid: 1000 }] }),
  "fs.config.perms_writable": withMode(`${ROOT}/openclaw.json`, 0o620),
  "fs.config.perms_world_readable": withMode(`${ROOT}/openclaw.json`, 0o604),
  "fs.config.perms_group_readable": withMode(`${ROOT}/openclaw.json`, 0o640),
  "fs.config.symlink": homeWith(TIGHT, {
    files: [
      { path: ROOT, kind: "folder", mode: 0o700, uid: 1000 },
      { path: `${ROOT}/openclaw.json`, kind: "link", mode: 0o777, uid: 1000 },
    ],
  }),
  "fs.config_include.perms_writable": homeWith(TIGHT, {
    includes: [`${ROOT}/a.json`],
    files: withFile(`${ROOT}/a.json`, 0o620).files,
  }),
  "fs.config_include.perms_world_readable": homeWith(TIGHT, {
    includes: [`${ROOT}/a.json`],
    files: withFile(`${ROOT}/a.json`, 0o604).files,
  }),
  "fs.config_include.perms_group_readable": homeWith(TIGHT, {
    includes: [`${ROOT}/a.json`],
    files: withFile(`${ROOT}/a.json`, 0o640).files,
  }),
  "fs.auth_profiles.perms_writable": withFile(`${ROOT}/state/openclaw.sqlite`, 0o620),
  "fs.auth_profiles.perms_readable": withFile(`${ROOT}/state/openclaw.sqlite`, 0o640),
  "fs.credentials_dir.perms_writable": withFile(`${ROOT}/credentials/whatsapp/creds.json`, 0o620),
  "fs.credentials_dir.perms_readable": withFile(`${ROOT}/credentials/whatsapp/creds.json`, 0o640),
  "vambrace.fs.keys.perms_writable": withFile(`${ROOT}/devices/paired.json`, 0o620),
  "vambrace.fs.keys.perms_readable": withFile(`${ROOT}/.env`, 0o644),
  "vambrace.fs.others_writable": withFile(`${ROOT}/extensions/one/index.js`, 0o666),
  "vambrace.fs.above": homeWith(TIGHT, {
    openAbove: [{ path: "/home/anna", kind: "folder", mode: 0o777, uid: 1000 }],
  }),
  "fs.sessions_store.perms_readable": withFile(`${ROOT}/agents/main/sessions`, 0o755, "folder"),
  "fs.log_file.perms_readable": withFile(`${ROOT}/logs/gateway.log`, 0o644),
  "fs.synced_dir": { ...homeWith(TIGHT), root: "/home/anna/Dropbox/.openclaw" },
  "vambrace.fs.foreign_owner": homeWith(TIGHT, {
    files: [...homeWith(TIGHT).files, { path: `${ROOT}/x`, kind: "file", mode: 0o600, uid: 0 }],
  }),
  "vambrace.unread": homeWith(TIGHT, { unread: [{ path: `${ROOT}/openclaw.json`, why: "nested deeper than 100" }] }),
};

const idsOf = (home: OpenClawHome): readonly string[] => auditOpenClaw(home, []).map((one) => one.id);

test("R-AUDIT-4: in a home that is tight everywhere nothing is found", () => {
  assert.deepEqual(
    auditOpenClaw(homeWith(TIGHT), []).map(({ id, places }) => [id, ...places]),
    [],
  );
});

for (const [id, home] of Object.entries(BAD))
  test(`R-AUDIT-4: ${id} is found where it is so`, () => {
    assert.ok(idsOf(home).includes(id), `found only: ${idsOf(home).join(" ")}`);
  });

test("R-AUDIT-4: vambrace.gateway.listens_wide is found where the port is open to others, and not on loopback; what cannot be told is found too", () => {
  const ids = (listeners: Parameters<typeof auditOpenClaw>[1]): readonly string[] =>
    auditOpenClaw(homeWith(TIGHT), listeners).map((one) => one.id);
  for (const address of ["0.0.0.0", "192.168.1.5", "::", "fe80::1"])
    assert.deepEqual(ids([{ address, port: 18789 }]), ["vambrace.gateway.listens_wide"], address);
  for (const address of ["127.0.0.1", "127.8.8.8", "::1"])
    assert.deepEqual(ids([{ address, port: 18789 }]), [], address);
  assert.deepEqual(ids([{ address: "0.0.0.0", port: 22 }]), []);
  assert.deepEqual(ids(null), ["vambrace.unread"]);
});

test("R-AUDIT-4: every check of the catalogue has a home that shows it, and no id stands twice", () => {
  const ids = OPENCLAW_FAMILIES.flatMap((family) => family.checks.map((check) => check.id));
  assert.equal(new Set(ids).size, ids.length);
  const shown = ids.filter((id) =>
    [...Object.keys(BAD), "vambrace.gateway.listens_wide"].some((bad) =>
      new RegExp(`^${id.replaceAll(".", "\\.").replace("%", "[a-z]+")}$`).test(bad),
    ),
  );
  assert.deepEqual(
    ids.filter((id) => !shown.includes(id)),
    [],
  );
});

test("R-AUDIT-4: what is unset is judged by what OpenClaw really does then: full exec, no sandbox, nobody asked", () => {
  const found = auditOpenClaw(homeWith({ meta: { lastTouchedVersion: "2026.9.6" } }), []);
  const critical = found.filter((one) => one.severity === "critical").map((one) => one.id);
  assert.deepEqual(
    critical.toSorted(),
    [
      "gateway.http.no_auth",
      "gateway.loopback_no_auth",
      "vambrace.exec.effective_full",
      "vambrace.sandbox.off",
      "browser.control_no_auth",
    ].toSorted(),
  );
});

test("R-AUDIT-4: the same setting, unset and written, is found alike", () => {
  const open = { channels: { telegram: { dmPolicy: "open", allowFrom: ["*"] } } };
  const unset = idsOf(homeWith(open));
  const written = idsOf(homeWith({ ...open, tools: { exec: { security: "full", ask: "off" } } }));
  for (const id of unset) assert.ok(written.includes(id), id);
});

test("R-AUDIT-4: the stricter of configuration and the host's approvals holds", () => {
  const strict = homeWith({}, { state: { ...STATE, approvals: { defaults: { security: "deny" } } } });
  assert.ok(!idsOf(strict).includes("vambrace.exec.effective_full"));
});
