/** What the audit sees of a real machine: sockets, repositories, files, a ledger that was put back. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gatherHost } from "../src/app/audit/gather-host.ts";
import { gatherLedger } from "../src/app/audit/gather-ledger.ts";
import { gatherDependencies } from "../src/app/audit/gather-dependencies.ts";
import { gatherWorkspace, USUAL } from "../src/app/audit/gather-workspace.ts";
import { remotesWithPassword, trackedFiles } from "../src/app/audit/git.ts";
import { gatherListeners, parseTable } from "../src/app/audit/listeners.ts";
import { encryptedBlock, lyingOf } from "../src/app/audit/lying.ts";
import { readPast, writePast } from "../src/app/audit/past.ts";
import { surveyEnvironment } from "../src/app/config/environment.ts";
import { homeAt } from "../src/app/home.ts";
import { parseAgentId } from "../src/core/ids.ts";
import { nodeFiles } from "../src/ledger/files.ts";
import { openLog } from "../src/ledger/log.ts";
import type { PastRun } from "../src/ops/audit/facts-state.ts";
import { need } from "../src/ops/audit/known.ts";
import { configParts, good, homeWith } from "./audit-kit.ts";
import { entry, ORIGIN } from "./ledger-kit.ts";

function folderOf(t: { after(body: () => void): void }): string {
  const path = mkdtempSync(join(tmpdir(), "vambrace-gather-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const me = process.getuid?.() ?? -1;
const OWN = [
  {
    pid: process.pid,
    kind: "gateway",
    uid: me,
    strangeSecrets: [],
    loaders: [],
    secretInArguments: false,
    coreBytes: 0,
  },
] as const;

test("R-AUDIT-1: what really listens is seen, with whose it is, whatever the configuration says", async (t) => {
  const server = createServer();
  t.after(() => server.close());
  await new Promise<void>((resolve) => void server.listen(0, "0.0.0.0", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const found = gatherListeners(OWN).find(({ port }) => port === address.port);
  assert.deepEqual([found?.address, found?.owner?.kind], ["0.0.0.0", "gateway"]);
});

test("R-AUDIT-1: the kernel's tables are read in both families, and only what is open", () => {
  const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
  const row = (local: string, state: string) =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0 100 0 0 10 0\n`;
  const addresses = (table: string) => parseTable(head + table, "tcp").map(({ address, port }) => `${address} ${port}`);
  assert.deepEqual(addresses(row("0100007F:49C8", "0A")), ["127.0.0.1 18888"]);
  assert.deepEqual(addresses(row("00000000:49C8", "01")), []);
  assert.deepEqual(addresses(row("00000000000000000000000001000000:0050", "0A")), ["::1 80"]);
  assert.deepEqual(addresses(row("00000000000000000000000000000000:0050", "0A")), [":: 80"]);
  assert.deepEqual(addresses(row("0000000000000000FFFF00000100007F:0050", "0A")), ["127.0.0.1 80"]);
  assert.deepEqual(addresses(row("B80D0120000000000000000001000000:0050", "0A")), ["2001:db8:0:0:0:0:0:1 80"]);
  assert.equal(parseTable(head + row("00000000:14E9", "07"), "udp").length, 1);
});

for (const version of [2, 3, 4]) {
  test(`R-AUDIT-1: what git tracks is read from an index of version ${version} without starting git`, (t) => {
    const path = folderOf(t);
    const git = (...args: string[]) =>
      assert.equal(
        spawnSync("git", args, { cwd: path, env: { PATH: "/usr/bin:/bin", HOME: path } }).status,
        0,
        args.join(" "),
      );
    const names = [
      "a.txt",
      "a/b.txt",
      "a/bc.txt",
      ".env",
      "a-much-longer-name-than-the-others/with/folders/file.txt",
      "ä.txt",
    ];
    git("init", "-q");
    for (const name of names) {
      mkdirSync(join(path, name, ".."), { recursive: true });
      writeFileSync(join(path, name), name);
    }
    git("add", "-A");
    if (version === 3) {
      writeFileSync(join(path, "later.txt"), "");
      git("add", "-N", "later.txt");
      names.push("later.txt");
    }
    git("update-index", "--index-version", String(version));
    assert.deepEqual([...(trackedFiles(path) ?? [])].sort(), [...names].sort());
    git("remote", "add", "origin", "https://ana:geheim@git.example.org/x.git");
    assert.equal(remotesWithPassword(path).length, 1);
    git("remote", "set-url", "origin", "https://git.example.org/x.git");
    assert.equal(remotesWithPassword(path).length, 0);
  });
}

test("R-AUDIT-1: a damaged index is one of which nothing is known", (t) => {
  const path = folderOf(t);
  mkdirSync(join(path, ".git"));
  for (const bytes of ["", "DIRC", "DIRC\0\0\0\u0002\0\0\0\u0009", "nonsense that is long enough"]) {
    writeFileSync(join(path, ".git", "index"), bytes);
    assert.equal(trackedFiles(path), undefined);
  }
});

test("R-AUDIT-1: a workspace is looked through: links out, set-uid, second names, hooks, sockets, credentials, secrets", async (t) => {
  const path = folderOf(t);
  const at = (name: string) => join(path, "w", name);
  mkdirSync(at(".git/hooks"), { recursive: true });
  writeFileSync(join(path, "outside"), "x");
  symlinkSync(join(path, "outside"), at("out"));
  symlinkSync(at("in.txt"), at("inner"));
  writeFileSync(at("in.txt"), "x");
  writeFileSync(at("root"), "x");
  chmodSync(at("root"), 0o4755);
  linkSync(join(path, "outside"), at("second"));
  writeFileSync(at(".git/hooks/pre-commit"), "");
  writeFileSync(at(".git/hooks/pre-push.sample"), "");
  writeFileSync(at(".env"), `KEY=sk-ant-api03-${"aB3".repeat(31)}AA\n`);
  writeFileSync(at(".env.example"), "KEY=\n");
  const socket = createServer();
  t.after(() => socket.close());
  await new Promise<void>((resolve) => void socket.listen(at("agent.sock"), resolve));
  const { facts, secrets } = gatherWorkspace({ id: parseAgentId("main"), workspace: join(path, "w") }, USUAL);
  const names = (paths: readonly string[]) => paths.map((one) => one.slice(join(path, "w").length + 1).split(" ")[0]);
  assert.deepEqual(names(facts.linksOut), ["out"]);
  assert.deepEqual(names(facts.setUid.map((one) => one.path)), ["root"]);
  assert.deepEqual(names(facts.hardLinks), ["second"]);
  assert.deepEqual(names(facts.startup), [".git/hooks/pre-commit"]);
  assert.deepEqual(names(facts.sockets), ["agent.sock"]);
  assert.deepEqual(names(facts.credentialFiles.map((one) => one.path)), [".env"]);
  assert.deepEqual(
    secrets.map(({ line, where }) => [line, where]),
    [[1, "workspace"]],
  );
  assert.ok(!JSON.stringify(secrets).includes("aB3aB3"), "the secret itself is in what was gathered");
  const few = gatherWorkspace({ id: parseAgentId("main"), workspace: join(path, "w") }, { ...USUAL, entries: 2 });
  assert.equal(few.facts.truncated, true);
});

test("R-AUDIT-1: where a folder lies is seen: a cloud, a repository, a shared folder above", (t) => {
  const path = folderOf(t);
  mkdirSync(join(path, "Dropbox", "x"), { recursive: true });
  mkdirSync(join(path, "repo", ".git"), { recursive: true });
  mkdirSync(join(path, "repo", "x"));
  mkdirSync(join(path, "open", "x"), { recursive: true });
  chmodSync(join(path, "open"), 0o777);
  assert.equal(lyingOf(join(path, "Dropbox", "x"), me).synced, "Dropbox");
  assert.equal(lyingOf(join(path, "repo", "x"), me).inGit, join(path, "repo"));
  assert.deepEqual(
    lyingOf(join(path, "open", "x"), me).openAbove.map((one) => one.path),
    [join(path, "open")],
  );
  const fine = lyingOf(join(path, "repo"), me);
  assert.deepEqual([fine.synced, fine.inGit, fine.openAbove], [null, null, []]);
});

test("R-AUDIT-1: a disk is encrypted where it, or one below it, is a mapping of dm-crypt", (t) => {
  const sys = folderOf(t);
  const block = (name: string, uuid: string, ...below: string[]) => {
    mkdirSync(join(sys, name, "dm"), { recursive: true });
    writeFileSync(join(sys, name, "dm", "uuid"), uuid);
    for (const one of below) mkdirSync(join(sys, name, "slaves", one), { recursive: true });
  };
  block("sda", "");
  block("dm-0", "CRYPT-LUKS2-x", "sda");
  block("dm-1", "LVM-x", "dm-0");
  block("dm-2", "LVM-y", "sda");
  block("vda", "");
  assert.deepEqual(
    ["dm-0", "dm-1", "dm-2", "sda", "vda", "gone"].map((name) => encryptedBlock(name, 0, sys)),
    [true, true, false, false, null, null],
  );
});

test("R-AUDIT-1: the machine is read from what it writes down", (t) => {
  const root = folderOf(t);
  const write = (name: string, text: string) => {
    mkdirSync(join(root, name, ".."), { recursive: true });
    writeFileSync(join(root, name), text);
  };
  write("etc/os-release", 'ID=ubuntu\nVERSION_ID="20.04"\nPRETTY_NAME="Ubuntu 20.04.6 LTS"\n');
  write("etc/ufw/ufw.conf", "ENABLED=yes\n");
  write("proc/sys/kernel/yama/ptrace_scope", "0\n");
  write("proc/7/comm", "sshd\n");
  write("proc/8/comm", "auditd\n");
  write(
    "etc/ssh/sshd_config",
    "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin prohibit-password\nMatch User x\n  PasswordAuthentication yes\n",
  );
  write("etc/ssh/sshd_config.d/50.conf", "PermitRootLogin yes\nPasswordAuthentication no\n");
  write("sys/devices/system/cpu/vulnerabilities/mds", "Vulnerable: no microcode\n");
  write("sys/kernel/security/lsm", "lockdown,capability,apparmor");
  write(
    "var/lib/update-notifier/updates-available",
    "12 updates can be applied immediately.\n3 of these updates are standard security updates.\n",
  );
  const host = gatherHost(root);
  assert.deepEqual(host.os, { id: "ubuntu", version: "20.04", name: "Ubuntu 20.04.6 LTS" });
  assert.deepEqual(
    [host.firewall, host.securityModules, host.auditd, host.updatesPending],
    [["ufw"], ["apparmor"], true, 3],
  );
  assert.equal(host.sysctls.get("kernel.yama.ptrace_scope"), "0");
  assert.deepEqual([host.sshd?.get("permitrootlogin"), host.sshd?.get("passwordauthentication")], ["yes", "no"]);
  assert.deepEqual(host.vulnerabilities, ["mds: Vulnerable: no microcode"]);
});

test("R-AUDIT-1: sshd that is started only when somebody comes is read too, in each spelling of its file", (t) => {
  const root = folderOf(t);
  const write = (name: string, text: string) => {
    mkdirSync(join(root, name, ".."), { recursive: true });
    writeFileSync(join(root, name), text);
  };
  write("etc/ssh/sshd_config", 'PermitRootLogin=yes\nPasswordAuthentication "no"\n');
  assert.equal(gatherHost(root).sshd, null, "the twin: nothing starts it");
  write("etc/systemd/system/sockets.target.wants/ssh.socket", "");
  const { sshd } = gatherHost(root);
  assert.deepEqual([sshd?.get("permitrootlogin"), sshd?.get("passwordauthentication")], ["yes", "no"]);
});

test("R-AUDIT-1: what is installed is compared with what is locked", (t) => {
  const root = folderOf(t);
  const lock = (packages: object) => JSON.stringify({ packages: { "": {}, ...packages } });
  writeFileSync(join(root, "package.json"), JSON.stringify({ dependencies: { a: "1.0.0", b: "^2.0.0" } }));
  writeFileSync(
    join(root, "package-lock.json"),
    lock({
      "node_modules/a": { version: "1.0.0", integrity: "sha512-x" },
      "node_modules/b": { version: "2.0.1", resolved: "git+ssh://x/b.git", hasInstallScript: true },
    }),
  );
  mkdirSync(join(root, "node_modules"));
  writeFileSync(
    join(root, "node_modules", ".package-lock.json"),
    lock({ "node_modules/b": { version: "2.0.0" }, "node_modules/c": { version: "1.0.0" } }),
  );
  const facts = gatherDependencies(root);
  assert.deepEqual(
    [facts.unpinned, facts.differing, facts.missing, facts.extraneous, facts.scriptsOff],
    [["b ^2.0.0"], ["b 2.0.0, locked 2.0.1"], ["a"], ["c"], false],
  );
  assert.deepEqual(
    [facts.locked?.withoutIntegrity, facts.locked?.oddSources, facts.locked?.scripts],
    [["b"], ["b"], ["b"]],
  );
  const before = facts.programDigest;
  mkdirSync(join(root, "src"));
  writeFileSync(join(root, "src", "x.ts"), "1");
  assert.notEqual(gatherDependencies(root).programDigest, before);
  assert.equal(facts.packages, null, "packages are read whole in the deep form only");
});

test("R-OPS-5 R-AUDIT-3: a file of a package that was changed, added or taken away is seen, and in which; what cannot be read is not taken for unchanged", (t) => {
  const root = folderOf(t);
  const lock = {
    packages: { "node_modules/a": {}, "node_modules/a/node_modules/b": {}, "node_modules/c": { dev: true } },
  };
  writeFileSync(join(root, "package.json"), "{}");
  writeFileSync(join(root, "package-lock.json"), JSON.stringify(lock));
  const inner = join(root, "node_modules", "a", "node_modules", "b");
  for (const folder of [inner, join(root, "node_modules", "c")]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(inner, "x.js"), "1");
  const seen = () => gatherDependencies(root, true).packages ?? new Map<string, string>();
  const before = seen();
  assert.deepEqual([...before.keys()], ["node_modules/a", "node_modules/a/node_modules/b"]);
  const changed = (): readonly string[] =>
    [...seen()].filter(([name, digest]) => before.get(name) !== digest).map(([name]) => name);
  assert.deepEqual(changed(), [], "the twin");
  for (const spoil of [
    () => writeFileSync(join(inner, "x.js"), "2"),
    () => writeFileSync(join(inner, "y.js"), ""),
    () => symlinkSync("/etc/passwd", join(inner, "z.js")),
  ]) {
    spoil();
    assert.deepEqual(changed(), ["node_modules/a/node_modules/b"]);
  }
  rmSync(inner, { recursive: true });
  assert.deepEqual([...seen().keys()], ["node_modules/a"]);
  const huge = join(root, "node_modules", "a", "huge");
  writeFileSync(huge, "");
  truncateSync(huge, 300 * 1_048_576);
  assert.throws(seen, /huge cannot be read/);
});

test("R-AUDIT-1: a secret in an environment is known by other names, by its shape, and by an address that carries it", () => {
  const names = ["PGPASSWORD", "MYSQL_PWD", "GITHUB_PAT", "anthropic_api_key", "MYAPIKEY", "SENTRY_DSN"];
  const honest = {
    PWD: "/x",
    OLDPWD: "/x",
    SSH_AUTH_SOCK: "/x",
    LESSKEY: "/x",
    HTTPS_PROXY: "http://h:3128",
    PATH: "/bin",
  };
  const found = surveyEnvironment(
    [],
    {
      ...honest,
      ...Object.fromEntries(names.map((name) => [name, "x"])),
      DATABASE_URL: "postgres://ana:geheim@h/db",
      MINE: "shaped",
    },
    (value) => value === "shaped",
  );
  assert.deepEqual(found.secrets, [...names, "DATABASE_URL", "MINE"].toSorted());
  assert.deepEqual(surveyEnvironment([], honest).secrets, [], "the twin");
});

test("R-AUDIT-1: secrets and loaders of an environment are named, and no value is kept", () => {
  const survey = surveyEnvironment(["MINE_TOKEN"], {
    ANTHROPIC_API_KEY: "a",
    MINE_TOKEN: "b",
    AWS_SECRET_ACCESS_KEY: "value-of-it",
    PATH: "/bin",
    NODE_OPTIONS: "--require x",
    NODE_TLS_REJECT_UNAUTHORIZED: "1",
    EMPTY_TOKEN: "",
  });
  assert.deepEqual(survey, { secrets: ["AWS_SECRET_ACCESS_KEY"], loaders: ["NODE_OPTIONS"] });
});

const marked = (past: PastRun, publicKey: string | null, checkpoint: string | null): PastRun => ({
  ...past,
  publicKey,
  checkpoint,
});

test("R-LOG-3: a ledger that was put back, cut or rebuilt is not the one that the last audit saw", async (t) => {
  const { home: root } = homeWith(t, "");
  const home = homeAt(root);
  const none = need(good(configParts(homeWith(t, ""))).past);
  assert.ok(none !== null);
  const parts = { home, nowMs: Date.now(), past: null } as const;
  const write = (count: number): void => {
    const makeKey = () => generateKeyPairSync("ed25519").privateKey;
    const log = openLog({
      files: nodeFiles(home.ledger),
      origin: ORIGIN,
      clock: { wallMs: Date.now },
      makeKey,
      journalBytes: 32_768,
    });
    log.append(Array.from({ length: count }, (_, i) => entry(i)));
    log.publish();
    log.close();
  };
  write(5);
  cpSync(home.ledger, `${home.ledger}.old`, { recursive: true });
  write(5);
  const seen = await gatherLedger({ ...parts, form: "usual" });
  assert.deepEqual([seen.report?.consistent, seen.continues], [true, null]);
  const past = marked(none, seen.publicKey, seen.checkpoint);
  for (const form of ["usual", "deep", "cheap"] as const) {
    assert.equal((await gatherLedger({ ...parts, form, past })).continues?.intact, true, form);
  }
  write(3);
  assert.equal((await gatherLedger({ ...parts, form: "usual", past })).continues?.intact, true, "it went on");
  rmSync(home.ledger, { recursive: true });
  cpSync(`${home.ledger}.old`, home.ledger, { recursive: true });
  for (const form of ["usual", "deep", "cheap"] as const) {
    assert.equal((await gatherLedger({ ...parts, form, past })).continues?.intact, false, form);
  }
  rmSync(home.ledger, { recursive: true });
  write(20);
  const rebuilt = await gatherLedger({ ...parts, form: "usual", past });
  assert.equal(rebuilt.continues?.intact, false);
  assert.notEqual(rebuilt.publicKey, past.publicKey);
});

test("R-AUDIT-3: what the last run left is read back as it was; what cannot be read is not taken for nothing", (t) => {
  const { home } = homeWith(t, "");
  const past = need(good(configParts(homeWith(t, ""))).past);
  assert.ok(past !== null);
  assert.equal(readPast(home), null);
  writePast(home, past, { atMs: 1, form: "usual", cause: "asked", summary: { high: 1 }, fresh: [], gone: [] });
  assert.deepEqual(readPast(home), past);
  writeFileSync(join(home, "audit", "last.json"), "{");
  assert.throws(() => readPast(home));
});
