/**
 * One bad installation for each check: a configuration as text, or a fact that
 * differs. What is not here fails the test that goes through the catalogue.
 */
import type { Installation } from "../src/ops/audit/installation.ts";
import { known, need } from "../src/ops/audit/known.ts";
import { but, DAY, file, folder, key, listener, NOW, token, workspace } from "./audit-kit.ts";

export type Bad = string | ((at: Installation) => Installation);

const state =
  (change: object): Bad =>
  (at) =>
    but(at, "state", () => change);
const files =
  (change: object): Bad =>
  (at) =>
    but(at, "files", () => change);
const lying =
  (change: object): Bad =>
  (at) =>
    but(at, "files", (all: { state: object }) => ({ state: { ...all.state, ...change } }));
const space =
  (change: object): Bad =>
  (at) =>
    but(at, "workspaces", () => [{ ...workspace, ...change }]);
const store =
  (change: object): Bad =>
  (at) =>
    but(at, "store", () => change);
const tokens = (...list: object[]): Bad =>
  store({ tokens: list.map((one, i) => ({ ...token, id: `tok_${i}`, ...one })) });
const gateway =
  (change: object): Bad =>
  (at) =>
    but(at, "processes", (all: { gateway: object }) => ({ gateway: { ...all.gateway, ...change } }));
const process_ =
  (kind: string, change: object): Bad =>
  (at) =>
    but(at, "processes", (all: { own: { kind: string }[] }) => ({
      own: all.own.map((one) => (one.kind === kind ? { ...one, ...change } : one)),
    }));
const listening =
  (...more: Parameters<typeof listener>[0][]): Bad =>
  (at) =>
    but(at, "listeners", (all: object[]) => [...all, ...more.map(listener)]);
const sandbox =
  (change: object): Bad =>
  (at) =>
    but(at, "sandbox", () => change);
const proof = (change: object): Bad =>
  sandbox({
    proof: known({ atMs: NOW, form: "usual", attempts: 23, floor: 15, broken: [], weakLimits: [], ...change }),
  });
const secret =
  (where: string, open = false): Bad =>
  (at) =>
    but(at, "secrets", () => [{ where, path: "/home/ana/x", line: 3, what: "anthropic-key", open }]);
const deps =
  (change: object): Bad =>
  (at) =>
    but(at, "dependencies", () => change);
const locked = (change: object): Bad =>
  deps({ locked: { packages: 1, withoutIntegrity: [], oddSources: [], scripts: [], ...change } });
const host =
  (change: object): Bad =>
  (at) =>
    but(at, "host", () => change);
const rules =
  (kind: string, change: object): Bad =>
  (at) => ({
    ...at,
    rules: known(need(at.rules).map((one) => (one.kind === kind ? { ...one, ...change } : one))),
  });
const sysctl = (name: string, value: string): Bad => host({ sysctls: new Map([[name, value]]) });
const ledger =
  (change: object): Bad =>
  (at) =>
    but(at, "ledger", () => change);
const past =
  (change: object): Bad =>
  (at) =>
    but(at, "past", () => change);
const policies =
  (change: object): Bad =>
  (at) =>
    but(at, "policies", () => change);
const config =
  (change: object): Bad =>
  (at) =>
    but(at, "config", () => change);
const keys =
  (change: object): Bad =>
  (at) =>
    but(at, "keys", () => [{ ...key, ...change }]);
const backups =
  (change: object): Bad =>
  (at) =>
    but(at, "backups", () => change);
const engine = { socket: "/run/podman/podman.sock", isThere: true, asRoot: false, mode: 0o660 };
const stranger = { owner: null, address: "0.0.0.0" };

const exec = (entry: string): string => `tools: {exec: {allow: ['ls', '${entry}']}}`;
const allow = (entry: string): string => `egress:\n  allow:\n    - example.org\n    - ${entry}`;
const credential = (more: string): string =>
  `egress:\n  allow: [api.example.org, '*.example.net']\n  credentials:\n    it: {secret: '\${SET}', hosts: [api.example.org], variable: IT, methods: [GET], ${more}}`;
const declared = (more: string): string =>
  `tools: {declarations: {lookup: {effect: read, arguments: {q: {role: plain}}, ${more}}}}`;
const budget = (more: string): string => `agents: {defaults: {budgets: ${more}}}`;
const risk = (more: string): string => `audit: {accepted: [{check: host.root, ${more}}]}`;
const FULL_RISK = "owner: ana, reason: a test, control: a wall";

export const BAD: Readonly<Record<string, Bad>> = {
  "config.refused": "nonsense: 1",
  "config.foreign": "server: {port: 18888}",
  "config.secret": `people: {ana: {trust: standard, name: sk-ant-api03-${"aB3".repeat(31)}AA}}`,
  "config.past-secret": config({
    pastSecrets: [{ where: "past configuration", path: "/h/000001.yaml", line: 2, what: "openai-key", open: false }],
  }),
  "config.variables": "models: {providers: {anthropic: {apiKey: '${NOT_SET}'}}}",
  "config.policies.refused": policies({ refused: "mine.cedar does not validate" }),
  "config.policies.permit": policies({ files: [{ name: "mine.cedar", permits: 1 }] }),

  "gateway.bind.wide": "gateway: {bind: lan, mode: remote, trustedProxies: [10.0.0.2], allowedHosts: [a.example.org]}",
  "gateway.mode.remote": "gateway: {mode: remote}",
  "gateway.auth.off": "gateway: {auth: {mode: none}}",
  "gateway.auth.token-in-file": "gateway: {auth: {token: your-secure-random-token}}",
  "gateway.port.privileged": "gateway: {port: 443}",
  "gateway.proxies.wide": "gateway: {trustedProxies: [10.0.0.0/8]}",
  "gateway.proxies.public": "gateway: {trustedProxies: [8.8.8.8]}",
  "gateway.hosts.address": "gateway: {allowedHosts: [10.0.0.5]}",
  "gateway.running.version": gateway({ version: "0.0.9" }),
  "gateway.running.config": gateway({ startedMs: NOW - 3 * DAY }),
  "gateway.running.unready": gateway({ unready: ["sandbox: not proved"] }),
  "gateway.running.silent": gateway({ version: null }),
  "gateway.running.helpers": gateway({ helpers: ["broker", "egress"] }),
  "gateway.stopped": store({ halted: true }),
  "gateway.login.leftover": files({ leftovers: [{ path: "/home/ana/.vambrace/login.txt", ageMs: DAY }] }),

  "exposure.gateway.wide": listening({ address: "0.0.0.0" }),
  "exposure.gateway.elsewhere": listening({ address: "192.0.2.7" }),
  "exposure.gateway.port": listening({ port: 9_999 }),
  "exposure.helper.listens": listening({ owner: { pid: 11, kind: "helper" }, port: 4_000 }),
  "exposure.debugger": listening({ port: 9_229 }),
  "exposure.udp": listening({ protocol: "udp", port: 5_353 }),
  "exposure.port.taken": listening({ owner: null }),
  "exposure.second-gateway": (at) => but(at, "processes", () => ({ others: [99] })),
  "exposure.model-server": listening({ ...stranger, port: 11_434 }),
  "exposure.other-agent": listening({ ...stranger, port: 18_789 }),
  "exposure.container-engine": listening({ owner: null, port: 2_375 }),
  "exposure.browser-debugger": listening({ owner: null, port: 9_222 }),
  "exposure.database": listening({ ...stranger, port: 6_379 }),

  "auth.token.no-expiry": tokens({ expiresMs: null }),
  "auth.token.full-trust": tokens({ trust: "full" }),
  "auth.token.administers": tokens({ permissions: ["chat", "configure"] }),
  "auth.token.approves": tokens({ permissions: ["approve"] }),
  "auth.token.old": tokens({ createdMs: NOW - 100 * DAY }),
  "auth.token.unused": tokens({ createdMs: NOW - 60 * DAY, lastUsedMs: null }),
  "auth.token.person-gone": tokens({ person: "bob" }),
  "auth.tokens.many": tokens(...Array.from({ length: 21 }, () => ({}))),
  "auth.cli-token.old": store({ cliTokenMs: NOW - 100 * DAY }),
  "auth.failures": ledger({ failedLogins: 11 }),

  "channels.unknown": "channels: {slack: {enabled: true}}",
  "channels.page.wide": "gateway: {bind: lan, mode: remote, trustedProxies: [10.0.0.2], allowedHosts: [a.example.org]}",
  "channels.api.unused": tokens({ revoked: true }),
  "sessions.scope.shared": "session: {dmScope: main}",
  "sessions.scope.wide": "session: {dmScope: per-peer}",
  "sessions.old": store({ oldestSessionMs: NOW - 100 * DAY }),
  "sessions.schedules.untrusted": store({ schedules: [{ id: "sch_2", trust: "none" }] }),
  "sessions.store.damaged": store({ integrity: "row 3 missing from index" }),

  "people.full.several": "people: {owner: {trust: full}, bob: {trust: full}}",
  "people.elevated.many": `people: {${"abcdef"
    .split("")
    .map((id) => `${id}: {trust: elevated}`)
    .join(", ")}}`,
  "people.admins": "people: {bob: {trust: standard, roles: [admin]}}",
  "people.no-trust-with-role": "people: {bob: {trust: none, roles: [viewer]}}",
  "people.owner.weakened": "people: {owner: {trust: elevated}, bob: {trust: full}}",
  "people.roles.broad":
    "roles: {all: [execute_commands, manage_config, pay]}\npeople: {bob: {trust: limited, roles: [all]}}",
  "people.roles.unused": "roles: {reader: [read_files]}",
  "folders.downloads.trusted": "folders: [{path: ~/Downloads, trust: full}]",
  "folders.full": "folders: [{path: ~/vambrace, trust: full}]",
  "folders.public": "folders: [{path: ~/vambrace, confidentiality: public}]",

  "tools.elevated.on": "tools: {elevated: {enabled: true}}",
  "tools.profile.full": "tools: {profile: full}",
  "tools.profile.others": "channels: {api: {tools: {profile: full}}}",
  "tools.allow.risky": "channels: {api: {tools: {allow: [read, exec]}}}",
  "tools.declared.no-effect": "tools: {declarations: {lookup: {arguments: {q: {role: plain}}}}}",
  "tools.declared.trusted": declared("returns: {trust: full}"),
  "tools.declared.public": declared("returns: {confidentiality: public}"),
  "tools.declared.directory": declared("directory: true"),
  "tools.declared.no-roles": "tools: {declarations: {lookup: {effect: read}}}",
  "tools.browser.memory": "tools: {browser: {memoryMb: 16384}}",
  "tools.browser.idle": "tools: {browser: {idleSeconds: 3600}}",

  "exec.security.full": "tools: {exec: {security: full, ask: always}}",
  "exec.security.others": "channels: {api: {tools: {exec: {security: allowlist}}}}",
  "exec.ask.off": "tools: {exec: {ask: off}}",
  "exec.allow.shell": exec("bash"),
  "exec.allow.interpreter": exec("python3"),
  "exec.allow.privilege": exec("sudo"),
  "exec.allow.network": exec("curl"),
  "exec.allow.destroys": exec("rm"),
  "exec.allow.builds": exec("npm"),
  "exec.allow.runs-code": exec("git -c core.pager=x log"),
  "exec.program.missing": files({ programs: [{ entry: "nothere", file: null, inWorkspace: false, openAbove: null }] }),
  "exec.program.writable": files({
    programs: [{ entry: "mine", file: file("/usr/local/bin/mine", 0o777, 0), inWorkspace: false, openAbove: null }],
  }),
  "exec.path.writable": files({ openProgramFolders: [folder("/usr/local/bin", 0o777, 0)] }),
  "exec.timeout.long": "tools: {exec: {timeoutSeconds: 3600}}",
  "exec.output.large": "tools: {exec: {outputKilobytes: 4096}}",

  "sandbox.off": "agents: {defaults: {sandbox: {enabled: false}}}",
  "sandbox.proof.broken": proof({ broken: ["files.shadow: it read /etc/shadow"] }),
  "sandbox.proof.thin": proof({ attempts: 2 }),
  "sandbox.limits.without-groups": proof({ weakLimits: ["memory by rlimit"] }),
  "sandbox.proof.old": proof({ atMs: NOW - 2 * DAY }),
  "sandbox.bwrap.missing": sandbox({ bwrap: null }),
  "sandbox.bwrap.set-uid": sandbox({ bwrap: file("/usr/bin/bwrap", 0o4755, 0) }),
  "sandbox.bwrap.open": sandbox({ bwrap: file("/usr/local/bin/bwrap", 0o755, 1001) }),
  "sandbox.engine.missing": sandbox({ engine: { ...engine, isThere: false } }),
  "sandbox.engine.root": sandbox({ engine: { ...engine, asRoot: true } }),
  "sandbox.engine.open": sandbox({ engine: { ...engine, mode: 0o666 } }),
  "sandbox.memory.share": "agents: {defaults: {sandbox: {memoryMb: 12000}}}",
  "sandbox.memory.large": "agents: {defaults: {sandbox: {memoryMb: 32768}}}",
  "sandbox.processes.many": "agents: {defaults: {sandbox: {processes: 8192}}}",
  "sandbox.file.large": "agents: {defaults: {sandbox: {fileMb: 65536}}}",

  "files.state.writable": state({ root: folder("/home/ana/.vambrace", 0o777) }),
  "files.state.readable": state({ root: folder("/home/ana/.vambrace", 0o755) }),
  "files.state.entries": state({ wrong: [file("/home/ana/.vambrace/config.yaml", 0o644)] }),
  "files.state.foreign": state({ wrong: [file("/home/ana/.vambrace/x", 0o600, 0)] }),
  "files.state.links": state({ wrong: [{ ...file("/home/ana/.vambrace/x"), kind: "link" }] }),
  "files.state.too-many": state({ truncated: true }),
  "files.state.synced": lying({ synced: "Dropbox" }),
  "files.state.network": lying({ fsType: "nfs4" }),
  "files.state.in-git": lying({ inGit: "/home/ana" }),
  "files.state.above": lying({ openAbove: [folder("/home", 0o777, 0)] }),
  "files.state.space": lying({ freeBytes: 1e6 }),
  "files.state.not-encrypted": lying({ encrypted: false }),
  "files.program.open": files({ installationOpen: [file("/opt/vambrace/src/gate.ts", 0o666)] }),
  "files.node.open": files({ nodeOpen: [file("/usr/bin/node", 0o777)] }),
  "files.home.open": files({ home: folder("/home/ana", 0o777) }),
  "files.startup.open": files({ openStartup: [file("/home/ana/.bashrc", 0o666)] }),
  "files.drafts.leftover": files({ leftovers: [{ path: "/home/ana/.vambrace/config.yaml.draft", ageMs: DAY }] }),
  "files.workspace-only.off": "tools: {fs: {workspaceOnly: false}}",
  "files.allowed-paths.broad": "tools: {fs: {allowedPaths: [/usr, /srv/data]}}",
  "files.allowed-paths.any": "tools: {fs: {allowedPaths: [/srv/data]}}",

  "workspace.missing": space({ root: null }),
  "workspace.link": space({ root: { ...folder("/home/ana/vambrace"), kind: "link" } }),
  "workspace.writable": space({ root: folder("/home/ana/vambrace", 0o777) }),
  "workspace.foreign": space({ root: folder("/home/ana/vambrace", 0o755, 0) }),
  "workspace.links-out": space({ linksOut: ["/home/ana/vambrace/x -> /etc"] }),
  "workspace.set-uid": space({ setUid: [file("/home/ana/vambrace/x", 0o4755)] }),
  "workspace.hard-links": space({ hardLinks: ["/home/ana/vambrace/x"] }),
  "workspace.startup": space({ startup: ["/home/ana/vambrace/.git/hooks/pre-commit"] }),
  "workspace.sockets": space({ sockets: ["/home/ana/vambrace/agent.sock"] }),
  "workspace.credentials": space({ credentialFiles: [{ path: "/home/ana/vambrace/.env", tracked: false }] }),
  "workspace.credentials-in-git": space({ credentialFiles: [{ path: "/home/ana/vambrace/.env", tracked: true }] }),
  "workspace.git-remote": space({ gitRemotesWithPassword: ["/home/ana/vambrace/.git/config, line 3"] }),
  "workspace.synced": space({ lying: { ...workspace.lying, synced: "Dropbox" } }),
  "workspace.not-whole": space({ truncated: true }),

  "egress.drops": allow("webhook.site"),
  "egress.writes": allow("{host: api.example.org, methods: [GET, POST]}"),
  "egress.wildcard": allow("'*.example.net'"),
  "egress.address": allow("93.184.216.34"),
  "egress.twice": allow("{host: example.org, methods: [GET]}"),
  "egress.many": `egress: {allow: [${Array.from({ length: 51 }, (_, i) => `h${i}.example.org`).join(", ")}]}`,
  "egress.passthrough": allow("{host: api.example.org, tls: passthrough}"),
  "egress.plain-http": allow("{host: api.example.org, ports: [80, 443]}"),
  "egress.upload.large": "egress: {perCall: {uploadKilobytes: 2000000}}",
  "egress.download.large": "egress: {perCall: {downloadKilobytes: 20000000}}",
  "egress.everything": allow("'*'"),
  "egress.credential.wildcard": credential("").replace("hosts: [api.example.org]", "hosts: ['*.example.net']"),
  "egress.credential.plain": credential("ports: [80]"),
  "egress.credential.places": credential("places: [header, query]"),
  "egress.credential.any-request": credential("").replace("methods: [GET], ", ""),
  "egress.credential.unlisted": credential("").replace("allow: [api.example.org, ", "allow: ["),
  "dlp.secrets.leave": "dlp: {rules: [{find: [secret], direction: out, to: [host], action: allow}]}",
  "dlp.personal.leaves": "dlp: {rules: [{find: [personal], direction: out, action: allow}]}",
  "dlp.secrets.read": "dlp: {rules: [{find: [secret], direction: in, from: [result], action: allow}]}",
  "dlp.secrets.shown": "dlp: {rules: [{find: [secret], direction: out, to: [asker], action: allow}]}",

  "models.plain-http":
    "models: {providers: {mine: {type: openai-compatible, baseURL: 'http://models.example.net/v1'}}}",
  "models.weak": "agents: {defaults: {model: {primary: ollama/llama2}}}",
  "models.fallback.leaves":
    "agents: {defaults: {model: {primary: ollama/llama3.3, fallbacks: [anthropic/claude-sonnet-5-5]}, budgets: {turn: {money: 1}}}}\nmodels: {prices: {anthropic/claude-sonnet-5-5: {input: 3, output: 15}}}",
  "models.money.no-price":
    "agents: {defaults: {model: {primary: anthropic/claude-sonnet-5-5}, budgets: {turn: {money: 1}}}}",
  "models.money.none": "agents: {defaults: {model: {primary: anthropic/claude-sonnet-5-5}}}",
  "models.local-only.never": "models: {localOnly: never}",
  "models.quarantine.off": "agents: {defaults: {quarantine: {results: off}}}",
  "models.quarantine.bits": "agents: {defaults: {quarantine: {bits: 64}}}",
  "models.plan.off": "agents: {defaults: {plan: off}}",
  "models.key-in-file": "openai_api_key: abcdef",
  "models.budget.turn.requests": budget("{turn: {modelRequests: 900}}"),
  "models.budget.turn.calls": budget("{turn: {toolCalls: 900}}"),
  "models.budget.turn.tokens": budget("{turn: {tokens: 90000000}}"),
  "models.budget.day.tokens": budget("{day: {tokens: 900000000}}"),
  "models.budget.turn.seconds": budget("{turn: {seconds: 80000}}"),
  "models.provider.password":
    "models: {providers: {mine: {type: openai-compatible, baseURL: 'https://models.example.net/v1?key=abc'}}}",

  "secrets.shell-history": secret("shell history"),
  "secrets.startup.open": secret("start-up file", true),
  "secrets.startup": secret("start-up file"),
  "secrets.workspace": secret("workspace"),
  "secrets.git": secret("git"),
  "secrets.git.history": secret("git history"),
  "secrets.logins": secret("login of a tool"),
  "secrets.logs": secret("log"),
  "secrets.environment.strange": process_("gateway", { strangeSecrets: ["AWS_SECRET_ACCESS_KEY"] }),
  "secrets.environment.helpers": process_("helper", { strangeSecrets: ["AWS_SECRET_ACCESS_KEY"] }),
  "secrets.arguments": process_("helper", { secretInArguments: true }),
  "secrets.keys.open": files({ openKeys: [file("/home/ana/.ssh/id_ed25519", 0o644)] }),
  "secrets.core-dumps": process_("gateway", { coreBytes: Number.POSITIVE_INFINITY }),

  "deps.lock.missing": deps({ locked: null }),
  "deps.lock.no-integrity": locked({ withoutIntegrity: ["left"] }),
  "deps.lock.odd-source": locked({ oddSources: ["left"] }),
  "deps.scripts": deps({
    scriptsOff: false,
    locked: { packages: 1, withoutIntegrity: [], oddSources: [], scripts: ["left"] },
  }),
  "deps.unpinned": deps({ unpinned: ["left ^1.0.0"] }),
  "deps.installed.differs": deps({ differing: ["left 1.0.0, locked 1.0.1"] }),
  "deps.installed.missing": deps({ missing: ["left"] }),
  "deps.installed.extra": deps({ extraneous: ["left"] }),
  "deps.node.unsupported": deps({ node: "25.1.0" }),
  "deps.node.unknown": deps({ node: "30.0.0" }),
  "deps.node.options": process_("gateway", { loaders: ["NODE_OPTIONS"] }),
  "deps.tls.unchecked": process_("gateway", { loaders: ["NODE_TLS_REJECT_UNAUTHORIZED"] }),
  "deps.tls.extra": process_("gateway", { loaders: ["NODE_EXTRA_CA_CERTS"] }),
  "deps.preload": process_("gateway", { loaders: ["LD_PRELOAD"] }),

  "host.root": process_("gateway", { uid: 0 }),
  "host.groups.root": host({ groups: ["docker"] }),
  "host.groups.admin": host({ groups: ["sudo"] }),
  "host.engine-socket": host({ engineSockets: ["/run/docker.sock"] }),
  "host.os.ended": host({ os: { id: "ubuntu", version: "20.04", name: "Ubuntu 20.04" } }),
  "host.updates.pending": host({ updatesPending: 4 }),
  "host.updates.unchecked": host({ updatesCheckedMs: NOW - 40 * DAY }),
  "host.updates.manual": host({ automaticUpdates: false }),
  "host.reboot": host({ rebootRequired: true }),
  "host.time": host({ timeSynced: false }),
  "host.swap": host({ plainSwap: ["/dev/sda2"] }),
  "host.firewall": host({ firewall: [] }),
  "host.fail2ban": (at) =>
    but(
      but(at, "host", () => ({ fail2ban: false })),
      "listeners",
      () => [listener({ address: "0.0.0.0" })],
    ),
  "host.auditd": host({ auditd: false }),
  "host.ssh.root": host({ sshd: new Map([["permitrootlogin", "yes"]]) }),
  "host.ssh.password": host({ sshd: new Map([["passwordauthentication", "yes"]]) }),
  "host.ssh.empty": host({ sshd: new Map([["permitemptypasswords", "yes"]]) }),
  "host.rules.firewall": rules("firewall", { state: "absent" }),
  "host.rules.auditd": rules("auditd", { state: "absent" }),
  "host.rules.fail2ban": rules("fail2ban", { state: "absent" }),
  "host.rules.firewall.stale": rules("firewall", { lacks: ["tcp dport 18888 counter drop"] }),
  "host.rules.auditd.stale": rules("auditd", { lacks: ["-w /opt/vambrace -p wa -k vambrace-program"] }),
  "host.rules.fail2ban.stale": rules("fail2ban", { lacks: ["port = 18888"] }),
  "host.rules.service.stale": rules("service", { lacks: ["NoNewPrivileges=yes"] }),
  "host.kernel.aslr": sysctl("kernel.randomize_va_space", "0"),
  "host.kernel.ptrace": sysctl("kernel.yama.ptrace_scope", "0"),
  "host.kernel.set-uid-dumps": sysctl("fs.suid_dumpable", "1"),
  "host.kernel.links.symbolic": sysctl("fs.protected_symlinks", "0"),
  "host.kernel.links.hard": sysctl("fs.protected_hardlinks", "0"),
  "host.kernel.fifos": sysctl("fs.protected_fifos", "0"),
  "host.kernel.regular": sysctl("fs.protected_regular", "0"),
  "host.kernel.bpf": sysctl("kernel.unprivileged_bpf_disabled", "0"),
  "host.kernel.pointers": sysctl("kernel.kptr_restrict", "0"),
  "host.kernel.messages": sysctl("kernel.dmesg_restrict", "0"),
  "host.kernel.perf": sysctl("kernel.perf_event_paranoid", "-1"),
  "host.kernel.vulnerable": host({ vulnerabilities: ["mds: Vulnerable"] }),
  "host.kernel.modules": host({ securityModules: [] }),

  "ledger.inconsistent": ledger({ report: { consistent: false, entries: 9, problem: "record 4 was changed" } }),
  "ledger.rolled-back": ledger({ continues: { intact: false, problem: "it was cut" } }),
  "ledger.key.changed": ledger({ publicKey: "key+2+def" }),
  "ledger.vanished": ledger({ report: null }),
  "ledger.not-verified": ledger({ report: { consistent: null, entries: 1e6, problem: null } }),
  "ledger.checkpoint.elsewhere": ledger({ provedMs: null }),
  "ledger.pending.old": ledger({ pending: { count: 1, oldestMs: NOW - 2 * DAY, unreadable: 0 } }),
  "ledger.pending.unreadable": ledger({ pending: { count: 0, oldestMs: null, unreadable: 1 } }),
  "ledger.outcomes.unknown": ledger({ unknownOutcomes: 1 }),
  "ledger.faults": ledger({ faults: 21 }),

  "keys.overdue": keys({ ageDays: 91, dueInDays: -1 }),
  "keys.old-kept": keys({ ageDays: 8, state: "old value kept" }),
  "keys.no-owner": keys({ owner: null }),

  "backups.none": backups({ destination: null, createdMs: null }),
  "backups.old": backups({ createdMs: NOW - 9 * DAY }),
  "backups.failed": backups({ failedMs: NOW }),
  "backups.unscheduled": backups({ scheduled: false }),
  "backups.not-drilled": backups({ drilledMs: null }),
  "backups.destination.missing": backups({ destination: { path: "/mnt/backup", isThere: false, sameDisk: false } }),
  "backups.same-disk": backups({ destination: { path: "/mnt/backup", isThere: true, sameDisk: true } }),
  "backups.key-here": backups({ passphrase: true, recipients: 0 }),

  "drift.config.weaker": "tools: {fs: {workspaceOnly: false}}",
  "drift.people": "people: {bob: {trust: standard}}",
  "drift.tokens": past({ tokens: [] }),
  "drift.policies": policies({ digest: "q".repeat(64) }),
  "drift.program": deps({ programDigest: "q".repeat(64) }),
  "drift.packages": deps({ packages: new Map([["node_modules/a", "q".repeat(64)]]) }),
  "drift.node": deps({ nodeDigest: "q".repeat(64) }),
  "drift.bwrap": sandbox({ bwrapDigest: "q".repeat(64) }),
  "drift.audit.old": past({ atMs: NOW - 40 * DAY }),
  "drift.clock": past({ atMs: NOW + DAY }),

  "audit.accepted.expired": risk(`${FULL_RISK}, until: '2026-01-01'`),
  "audit.accepted.incomplete": risk("owner: ana"),
  "audit.accepted.long": risk(`${FULL_RISK}, until: '2030-01-01'`),
  "audit.accepted.unknown": `audit: {accepted: [{check: host.rooot, ${FULL_RISK}, until: '2027-01-01'}]}`,
};
