/** The machine's rules in force: taken by the real programs, asked after by `check.sh`, and seen by the audit. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { gatherRules } from "../src/app/audit/gather-rules.ts";
import { environmentOf } from "../src/app/config/environment.ts";
import { parseConfig } from "../src/app/config/load.ts";
import { type HostFactsForRules, hostFiles } from "../src/ops/harden/host/host.ts";
import { FACTS, fileFor } from "./harden-kit.ts";

type Holds = { after(body: () => void): void };

const facts: HostFactsForRules = { ...FACTS, user: "root", program: "/bin/true" };

const fileOf = (name: string, more: Partial<HostFactsForRules> = {}): string => fileFor({ ...facts, ...more }, name);

function folderOf(t: Holds): string {
  const folder = mkdtempSync(join(tmpdir(), "vambrace-rules-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function put(root: string, name: string, text: string, mode = 0o644): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
  return path;
}

/** In a network of its own, which ends with it: no rule of it is one of this machine. */
const apart = (...args: readonly string[]) => spawnSync("unshare", ["-rn", ...args], { encoding: "utf8" });
const canBeApart = apart("true").status === 0;
const canFilter = canBeApart && apart("nft", "add", "table", "inet", "try").status === 0;

/** Programs that say what a machine says on which everything is in force. */
const MACHINE: Readonly<Record<string, string>> = {
  nft: `cat <<'X'
  tcp dport 18888 counter packets 0 bytes 0 drop
  meta skuid != 0 accept
  ip daddr { 10.0.0.0/8, 169.254.0.0/16 } counter packets 0 bytes 0 reject with icmpx 3
  counter packets 0 bytes 0 reject with icmpx 3
X`,
  "fail2ban-client": "exit 0",
  auditctl: `cat <<'X'
-w /home/ana/.vambrace/config.yaml -p wa -k vambrace-config
-w /home/ana/.vambrace/ledger -p a -k vambrace-ledger
-w /home/ana/.vambrace/cli-token -p rwa -k vambrace-token
-w /opt/vambrace -p wa -k vambrace-program
-a always,exit -F arch=b64 -S ptrace -F a0=0x10 -F key=vambrace-memory
X`,
  sysctl: "case $2 in fs.suid_dumpable) echo 0 ;; *) echo 2 ;; esac",
  ss: "echo 'LISTEN 0 511 127.0.0.1:18888 0.0.0.0:*'",
  tailscale: "echo 'No serve config'",
};
const PLAIN = ["id", "grep", "sed", "awk", "cat"];

/** Runs `check.sh` on a machine whose programs say this; undefined: it has none of the name. */
function inspected(
  t: Holds,
  change: Readonly<Record<string, string | undefined>>,
  more: Partial<HostFactsForRules> = {},
) {
  const root = folderOf(t);
  const script = put(root, "check.sh", fileOf("check.sh", more));
  for (const [name, says] of Object.entries({ ...MACHINE, ...change }))
    if (says !== undefined) put(root, `bin/${name}`, `#!/bin/sh\n${says}\n`, 0o755);
  for (const name of PLAIN) put(root, `bin/${name}`, `#!/bin/sh\nPATH=/usr/bin:/bin exec ${name} "$@"\n`, 0o755);
  const { status, stdout } = spawnSync("/bin/sh", [script], { encoding: "utf8", env: { PATH: join(root, "bin") } });
  return { status, out: stdout };
}

test("R-OPS-5: `check.sh` says that everything is in force where it is", (t) => {
  const { status, out } = inspected(t, {});
  assert.equal(status, 0, out);
  assert.doesNotMatch(out, /WRONG|not seen/);
  assert.ok(out.split("\n").length > 20, out);
});

for (const [what, change, line] of [
  [
    "the table is not loaded",
    { nft: "echo 'Error: No such file or directory' >&2; exit 1" },
    /WRONG +firewall: the table/,
  ],
  [
    "the rule is for another port",
    { nft: MACHINE["nft"]?.replace("18888", "18889") },
    /WRONG +firewall: nobody reaches/,
  ],
  ["the rule is for another user", { nft: MACHINE["nft"]?.replace("!= 0", "!= 999") }, /WRONG +firewall: it is about/],
  [
    "somebody lets everybody in before the drop",
    { nft: MACHINE["nft"]?.replace("  tcp dport", "  tcp dport 18888 accept\n  tcp dport") },
    /WRONG +firewall: a rule before/,
  ],
  [
    "metadata addresses are left out",
    { nft: MACHINE["nft"]?.replace(", 169.254.0.0/16", "") },
    /WRONG +firewall: metadata/,
  ],
  ["the jail is missing", { "fail2ban-client": '[ "$1" = ping ]' }, /WRONG +fail2ban: it runs/],
  [
    "the ledger is not watched",
    { auditctl: MACHINE["auditctl"]?.replace(/.*ledger.*\n/, "") },
    /WRONG +auditd: .*ledger/,
  ],
  [
    "links are followed",
    { sysctl: "case $2 in fs.protected_symlinks) echo 0 ;; fs.suid_dumpable) echo 0 ;; *) echo 2 ;; esac" },
    /WRONG +kernel: fs.protected_symlinks/,
  ],
  ["set-uid programs leave dumps", { sysctl: "echo 2" }, /WRONG +kernel: fs.suid_dumpable/],
  ["it listens to everybody", { ss: "echo 'LISTEN 0 511 0.0.0.0:18888 0.0.0.0:*'" }, /WRONG +listens: beyond/],
  ["a funnel is open", { tailscale: "echo 'https://a.b.ts.net (Funnel on)'" }, /WRONG +tailscale/],
] as const) {
  test(`R-OPS-5: \`check.sh\` finds that ${what}`, (t) => {
    const { status, out } = inspected(t, change);
    assert.equal(status, 1, out);
    assert.match(out, line);
    assert.equal(out.match(/WRONG/g)?.length, 1, out);
  });
}

test("R-OPS-5: what `check.sh` cannot ask it says, and that is no success", (t) => {
  for (const [name, line] of [
    ["nft", /not seen +firewall/],
    ["auditctl", /not seen +auditd/],
    ["fail2ban-client", /not seen +fail2ban/],
    ["ss", /not seen +listens/],
    ["sysctl", /not seen +kernel/],
  ] as const) {
    const { status, out } = inspected(t, { [name]: undefined });
    assert.equal(status, 2, out);
    assert.match(out, line);
  }
  const denied = inspected(t, { nft: "echo 'Operation not permitted' >&2; exit 1", auditctl: "exit 4" });
  assert.equal(denied.status, 2, denied.out);
});

const noKernel = canFilter ? false : "the kernel gives this user no firewall of its own";

test("R-OPS-5: the kernel takes the firewall's rules, also twice, and `check.sh` sees them there and that they are gone", {
  skip: noKernel,
}, (t) => {
  const root = folderOf(t);
  const rules = put(root, "rules.nft", fileOf("nftables-vambrace.nft"));
  const script = put(root, "check.sh", fileOf("check.sh"));
  const shown = apart("sh", "-c", `nft -f ${rules} && nft -f ${rules} && sh ${script} | grep firewall`);
  assert.equal(shown.stdout.match(/^ok +firewall/gm)?.length, 5, shown.stdout + shown.stderr);
  assert.doesNotMatch(shown.stdout, /WRONG|not seen/);
  assert.match(apart("sh", "-c", `sh ${script} | grep firewall`).stdout, /^WRONG +firewall: the table is not loaded/);
  const opened = `nft -f ${rules} && nft insert rule inet vambrace input tcp dport 18888 accept && sh ${script} | grep firewall`;
  assert.match(apart("sh", "-c", opened).stdout, /WRONG +firewall: a rule before the drop/);
});

test("R-OPS-5: the firewall keeps the gateway's user from metadata and private addresses, and lets what it should", {
  skip: noKernel,
}, (t) => {
  const root = folderOf(t);
  const rules = put(root, "rules.nft", fileOf("nftables-vambrace.nft"));
  // A way to everywhere that leads nowhere: what is let out is dropped there, what is refused says so at once.
  const way =
    "ip link add v0 type veth peer name v1 && ip link set lo up && ip link set v0 up && ip link set v1 up && ip addr add 203.0.113.2/24 dev v0 && ip route add default dev v0";
  const ask = (where: string): string =>
    `${process.execPath} -e 'const s=require("net").connect(${where});s.on("error",e=>{console.log(e.code);process.exit()});setTimeout(()=>{console.log("sent");process.exit()},700)'`;
  const run = (where: string) => apart("sh", "-c", `${way} && nft -f ${rules} && ${ask(where)}`);
  if (apart("sh", "-c", way).status !== 0) return t.skip("no network device can be made here");
  for (const address of ["169.254.169.254", "10.1.2.3", "192.168.1.1", "100.100.100.200"])
    assert.match(run(`443,"${address}"`).stdout, /^E(?:HOSTUNREACH|ACCES|CONNREFUSED|NETUNREACH)/, address);
  assert.match(run('22,"203.0.113.9"').stdout, /^E/, "another port");
  assert.equal(run('443,"198.51.100.7"').stdout, "sent\n", "the twin: a public address over 443");
});

test("R-OPS-5: rules of the VPN guide stand before what would make them count for nothing", { skip: noKernel }, (t) => {
  const root = folderOf(t);
  const rules = put(root, "rules.nft", fileOf("nftables-vambrace.nft"));
  const commands = fileOf("vpn.md").match(/^ {4}nft .*$/gm) ?? [];
  assert.equal(commands.length, 3);
  const shown = apart("sh", "-c", [`nft -f ${rules}`, ...commands, "nft list chain inet vambrace input"].join(" && "));
  assert.equal(shown.status, 0, shown.stderr);
  const lines = shown.stdout.split("\n").map((line) => line.trim());
  const at = (part: RegExp): number => lines.findIndex((line) => part.test(line));
  assert.ok(at(/iifname "wg0" ip saddr 10\.8\.0\.2 tcp dport 18888 accept/) < at(/^tcp dport 18888 counter .*drop/));
  assert.ok(at(/^iif "lo" accept/) < at(/iifname != "wg0" tcp dport 443 .*drop/));
  assert.ok(Math.min(at(/wg0/), at(/lo/)) > 0);
});

test("R-OPS-5: what the VPN guide writes into the configuration is a configuration", (t) => {
  const blocks = fileOf("vpn.md").match(/^ {4}gateway:\n(?: {6}.*\n)+/gm) ?? [];
  assert.equal(blocks.length, 3);
  const home = folderOf(t);
  for (const block of blocks) {
    const text = block.replaceAll(/^ {4}/gm, "");
    const { config } = parseConfig(text, { home: join(home, ".vambrace"), env: environmentOf({ HOME: home }) });
    assert.ok(config.gateway.trustedProxies.length > 0);
  }
});

const without = (program: string): string | false =>
  spawnSync("sh", ["-c", `PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v ${program}`]).status === 0
    ? false
    : `${program} is not installed`;

test("R-OPS-5: auditctl reads each of auditd's rules; a broken one it does not", {
  skip: canBeApart ? without("auditctl") : "no user of its own can be had here",
}, () => {
  const read = (rule: string): string => apart("/usr/sbin/auditctl", ...rule.split(" ")).stderr;
  const rules = fileOf("audit/rules.d/vambrace.rules", { stateFolder: "/nonexistent/vambrace" })
    .split("\n")
    .filter((line) => line.startsWith("-"));
  assert.ok(rules.length >= 8);
  const refused = /isn't supported|unknown|not found|must|invalid|too long|missing/i;
  for (const rule of rules) assert.doesNotMatch(read(rule), refused, rule);
  for (const broken of ["-w /x -p q -k y", "-a always,exit -F arch=b64 -S nosuchcall -k y"])
    assert.match(read(broken), refused, broken);
});

test("R-OPS-5: systemd takes the unit; one with a word that it does not know it complains of", {
  skip: without("systemd-analyze"),
}, (t) => {
  const verify = (text: string) =>
    spawnSync("systemd-analyze", ["verify", put(folderOf(t), "vambrace.service", text)], { encoding: "utf8" });
  const good = verify(fileOf("systemd/vambrace.service"));
  if (/Failed to (?:initialize|connect)/.test(good.stderr)) return t.skip("systemd does not look at units here");
  assert.deepEqual([good.status, good.stderr.includes("vambrace.service")], [0, false], good.stderr);
  const bad = verify(fileOf("systemd/vambrace.service").replace("NoNewPrivileges=", "NoNewPrivilege="));
  assert.match(bad.stderr, /Unknown (?:key|lvalue).*NoNewPrivilege/);
});

test("R-OPS-5: the audit sees which rules are in place, which are for another port, and which it may not read", (t) => {
  const files = hostFiles(facts);
  const states = (root: string): readonly string[] =>
    gatherRules(files, root).map(({ kind, state, lacks }) => `${kind} ${state}${lacks.length > 0 ? " stale" : ""}`);
  const root = folderOf(t);
  const all = ["firewall", "fail2ban", "fail2ban", "auditd", "service"];
  assert.deepEqual(
    states(root),
    all.map((kind) => `${kind} absent`),
  );
  const place = (more: Partial<HostFactsForRules>): void => {
    put(root, "etc/nftables.conf", `flush ruleset\ninclude "/etc/nftables.d/vambrace.nft"\n`);
    put(root, "etc/nftables.d/vambrace.nft", fileOf("nftables-vambrace.nft", more).replaceAll("    ", "\t"));
    put(root, "etc/fail2ban/jail.d/vambrace.local", fileOf("fail2ban/jail.d/vambrace.local", more));
    put(root, "etc/fail2ban/filter.d/vambrace.conf", fileOf("fail2ban/filter.d/vambrace.conf", more));
    put(root, "etc/audit/rules.d/vambrace.rules", fileOf("audit/rules.d/vambrace.rules", more));
    put(root, "etc/systemd/system/vambrace.service", fileOf("systemd/vambrace.service", more));
  };
  place({});
  assert.deepEqual(
    states(root),
    all.map((kind) => `${kind} there`),
  );
  place({ port: 19_999, stateFolder: "/srv/other" });
  assert.deepEqual(states(root), [
    "firewall there stale",
    "fail2ban there stale",
    "fail2ban there",
    "auditd there stale",
    "service there stale",
  ]);
  // ufw keeps its rules where root alone reads.
  const ufw = folderOf(t);
  put(ufw, "etc/ufw/ufw.conf", "ENABLED=yes\n");
  assert.equal(states(ufw)[0], "firewall unseen");
  place({});
  chmodSync(join(root, "etc/audit"), 0);
  chmodSync(root, 0o755);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    assert.equal(states(root)[3], "auditd unseen");
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(join(root, "etc/audit"), 0o755);
  }
});
