/** A good installation for the audit, and configurations gathered as the real ones are. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gatherConfig } from "../src/app/audit/gather-config.ts";
import { environmentOf } from "../src/app/config/environment.ts";
import type { Installation } from "../src/ops/audit/installation.ts";
import { known, need } from "../src/ops/audit/known.ts";
import { parseSecretId } from "../src/core/secret-ref.ts";
import type { BackupFacts, TokenFacts } from "../src/ops/audit/facts-state.ts";
import type { WorkspaceFacts, Lying, PathFacts } from "../src/ops/audit/facts-files.ts";
import type { ListenerFacts } from "../src/ops/audit/facts-host.ts";

export const NOW = Date.UTC(2026, 10, 27, 12);
export const DAY = 86_400_000;
export const UID = 1000;

export const env = environmentOf({ HOME: "/home/ana", SET: "a-value-that-is-set" });

/** A user's home with a configuration, gone at the end. */
export function homeWith(t: { after(body: () => void): void }, text: string) {
  const userHome = mkdtempSync(join(tmpdir(), "vambrace-audit-"));
  t.after(() => rmSync(userHome, { recursive: true, force: true }));
  const home = join(userHome, ".vambrace");
  mkdirSync(home, { mode: 0o700 });
  const path = join(home, "config.yaml");
  writeFileSync(path, text, { mode: 0o600 });
  return { userHome, home, path, env: environmentOf({ HOME: userHome, SET: "a-value-that-is-set" }) };
}

export function configParts(at: { home: string; path: string; env: ReturnType<typeof environmentOf> }) {
  const { config, effective } = gatherConfig(
    { home: at.home, env: at.env, installation: "/opt/vambrace" },
    at.path,
    (name) => at.env.variable(name) !== undefined,
  );
  return { config, effective };
}

export const file = (path: string, mode = 0o600, uid = UID): PathFacts => ({ path, kind: "file", mode, uid });
export const folder = (path: string, mode = 0o700, uid = UID): PathFacts => ({ path, kind: "folder", mode, uid });

const lying: Lying = {
  path: "/home/ana/.vambrace",
  synced: null,
  fsType: "ext4",
  inGit: null,
  openAbove: [],
  freeBytes: 1e11,
  freeFiles: 1e6,
  encrypted: true,
};

export const workspace: WorkspaceFacts = {
  agent: "main",
  path: "/home/ana/vambrace",
  root: folder("/home/ana/vambrace"),
  lying: { ...lying, path: "/home/ana/vambrace" },
  linksOut: [],
  setUid: [],
  hardLinks: [],
  startup: [],
  sockets: [],
  credentialFiles: [],
  gitRemotesWithPassword: [],
  seen: 3,
  truncated: false,
};

export const token: TokenFacts = {
  id: "tok_1",
  name: "script",
  person: "owner",
  trust: "standard",
  permissions: ["chat"],
  createdMs: NOW - DAY,
  expiresMs: NOW + 30 * DAY,
  lastUsedMs: NOW - DAY,
  revoked: false,
  own: false,
};

export const listener = (more: Partial<ListenerFacts>): ListenerFacts => ({
  protocol: "tcp",
  address: "127.0.0.1",
  port: 18_888,
  owner: { pid: 10, kind: "gateway" },
  program: "node",
  ...more,
});

export const key = {
  id: parseSecretId("vault:mine").id,
  owner: "ana",
  ageDays: 3,
  dueInDays: 87,
  state: "ready",
} as const;

export const backup: BackupFacts = {
  destination: { path: "/mnt/backup", isThere: true, sameDisk: false },
  recipients: 1,
  passphrase: false,
  scheduled: true,
  createdMs: NOW - DAY,
  failedMs: NOW - 2 * DAY,
  drilledMs: NOW - 10 * DAY,
  inUse: true,
};

const own = (pid: number, kind: "gateway" | "helper") => ({
  pid,
  kind,
  uid: UID,
  strangeSecrets: [],
  loaders: [],
  secretInArguments: false,
  coreBytes: 0,
});

/** Nothing is wrong with it. */
export function good(config: Pick<Installation, "config" | "effective">): Installation {
  return {
    nowMs: NOW,
    form: "usual",
    version: "0.1.0",
    places: { home: "/home/ana/.vambrace", userHome: "/home/ana", installation: "/opt/vambrace" },
    // When a test wrote it is no matter here.
    config: known({ ...need(config.config), changedMs: NOW - 2 * DAY }),
    effective: config.effective,
    state: known({ root: folder("/home/ana/.vambrace"), wrong: [], seen: 40, truncated: false }),
    files: known({
      state: lying,
      home: folder("/home/ana", 0o755),
      installationOpen: [],
      nodeOpen: [],
      openKeys: [],
      leftovers: [],
      openStartup: [],
      programs: [],
      openProgramFolders: [],
    }),
    workspaces: known([workspace]),
    processes: known({
      gateway: {
        pid: 10,
        url: "http://127.0.0.1:18888",
        startedMs: NOW - DAY,
        version: "0.1.0",
        halted: false,
        unready: [],
        helpers: ["writer-main", "broker", "egress"],
      },
      own: [own(10, "gateway"), own(11, "helper")],
      others: [],
      here: { strangeSecrets: [], loaders: [], uid: UID, coreBytes: 0 },
    }),
    listeners: known([listener({})]),
    sandbox: known({
      backend: "bubblewrap",
      bwrap: file("/usr/bin/bwrap", 0o755, 0),
      bwrapDigest: "b".repeat(64),
      proof: known({ atMs: NOW - 3_600_000, form: "usual", attempts: 23, floor: 15, broken: [], weakLimits: [] }),
      engine: null,
    }),
    store: known({
      tokens: [token],
      sessions: 2,
      oldestSessionMs: NOW - DAY,
      memory: 0,
      schedules: [{ id: "sch_1", trust: "full" }],
      halted: false,
      integrity: "ok",
      cliTokenMs: NOW - DAY,
    }),
    secrets: known([]),
    dependencies: known({
      node: "24.21.0",
      locked: { packages: 146, withoutIntegrity: [], oddSources: [], scripts: [] },
      scriptsOff: true,
      unpinned: [],
      differing: [],
      missing: [],
      extraneous: [],
      programDigest: "p".repeat(64),
      packages: new Map([["node_modules/a", "a".repeat(64)]]),
      nodeDigest: "n".repeat(64),
    }),
    host: known({
      uid: UID,
      groups: ["ana"],
      os: { id: "debian", version: "13", name: "Debian 13" },
      engineSockets: [],
      firewall: ["nftables.service"],
      plainSwap: [],
      timeSynced: true,
      rebootRequired: false,
      automaticUpdates: true,
      updatesCheckedMs: NOW - DAY,
      updatesPending: 0,
      sysctls: new Map([["kernel.randomize_va_space", "2"]]),
      vulnerabilities: [],
      securityModules: ["apparmor"],
      auditd: true,
      fail2ban: true,
      sshd: new Map([
        ["permitrootlogin", "prohibit-password"],
        ["passwordauthentication", "no"],
      ]),
      inContainer: false,
      memoryBytes: 16 * 1024 ** 3,
    }),
    rules: known(
      (["firewall", "fail2ban", "auditd", "service"] as const).map((kind) => ({
        kind,
        state: "there",
        path: `/etc/${kind}`,
        lacks: [],
      })),
    ),
    ledger: known({
      report: { consistent: true, entries: 500, problem: null },
      continues: { intact: true, problem: "" },
      publicKey: "key+1+abc",
      checkpoint: "c",
      provedMs: NOW - DAY,
      failedLogins: 1,
      faults: 0,
      unknownOutcomes: 0,
      pending: { count: 0, oldestMs: null, unreadable: 0 },
    }),
    policies: known({ digest: "o".repeat(64), files: [{ name: "mine.cedar", permits: 0 }], refused: null }),
    keys: known([key]),
    backups: known(backup),
    past: known({
      atMs: NOW - DAY,
      version: "0.1.0",
      configDigest: "",
      downgrades: [],
      people: [],
      tokens: ["script (tok_1)"],
      policiesDigest: "o".repeat(64),
      programDigest: "p".repeat(64),
      packages: { "node_modules/a": "a".repeat(64) },
      nodeDigest: "n".repeat(64),
      bwrapDigest: "b".repeat(64),
      publicKey: "key+1+abc",
      checkpoint: "c",
      findings: [],
    }),
  };
}

type Parts = {
  [K in keyof Installation]: Installation[K] extends
    | { readonly known: true; readonly value: infer T }
    | { readonly known: false }
    ? T
    : never;
};

/** The same with a part that differs. */
export function but(at: Installation, part: keyof Parts, change: (value: never) => object): Installation {
  const now = at[part] as unknown as { known: boolean; value: never };
  const value = Array.isArray(now.value) ? change(now.value) : { ...(now.value as object), ...change(now.value) };
  return { ...at, [part]: { known: true, value } };
}
