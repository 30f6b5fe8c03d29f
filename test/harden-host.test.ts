/** Hardening of the machine: written for review, and taken by the programs that it is for. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeHostFiles } from "../src/app/audit/host-files.ts";
import { openLog } from "../src/app/log.ts";
import { homeAt } from "../src/app/home.ts";
import { type HostFactsForRules, hostFiles, unsafeIn } from "../src/ops/harden/host/host.ts";
import { homeWith } from "./audit-kit.ts";
import { FACTS, fileFor } from "./harden-kit.ts";

const fileOf = (name: string, more: Partial<HostFactsForRules> = {}): string => fileFor({ ...FACTS, ...more }, name);

function program(name: string): string | undefined {
  for (const folder of ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
  }
  return undefined;
}

const without = (name: string): string | false => (program(name) === undefined ? `${name} is not installed` : false);

function temporary(t: { after(body: () => void): void }, name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "vambrace-host-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

for (const isWide of [false, true]) {
  test(`R-OPS-5: nft takes the firewall's rules, ${isWide ? "with a proxy" : "on loopback"}; a broken one it does not take`, {
    skip: without("nft"),
  }, (t) => {
    const check = (text: string) =>
      spawnSync(program("nft") ?? "", ["-c", "-f", temporary(t, "rules.nft", text)], { encoding: "utf8" });
    const good = check(fileOf("nftables-vambrace.nft", { isWide }));
    // Without the right to ask the kernel nft cannot even check.
    if (/Operation not permitted|cache initialization failed/.test(good.stderr))
      return t.skip("nft may not ask the kernel here");
    assert.equal(good.status, 0, good.stderr);
    assert.notEqual(
      check(fileOf("nftables-vambrace.nft", { isWide }).replace("policy accept", "policy perhaps")).status,
      0,
    );
  });
}

test("R-OPS-5: fail2ban finds refused logins in the gateway's own log, and nothing that a client wrote instead", {
  skip: without("fail2ban-regex"),
}, (t) => {
  const log = temporary(t, "gateway.log", "");
  const real = openLog(log, (line) => line);
  const line = (path: string, from: string, status: number, code: string) =>
    real.info("http refused", { request: "req_1", method: "GET", path, from, status, code, message: "no", facts: {} });
  line("/api/status", "203.0.113.7", 401, "AUTH_REFUSED");
  line("/api/status", "2001:db8::7", 429, "AUTH_LOCKED");
  line('/x","from":"198.51.100.9","status":401,"code":"AUTH_REFUSED', "203.0.113.8", 404, "ROUTE_UNKNOWN");
  line("/api/status", "203.0.113.9", 403, "DENIED");
  real.flush();
  const filter = temporary(t, "vambrace.conf", fileOf("fail2ban/filter.d/vambrace.conf"));
  const run = spawnSync(program("fail2ban-regex") ?? "", ["--print-all-matched", log, filter], { encoding: "utf8" });
  assert.match(run.stdout, /Lines: 4 lines, 0 ignored, 2 matched, 2 missed/, run.stdout + run.stderr);
  assert.ok(!/Matched line[^]*198\.51\.100\.9/.test(run.stdout.split("Missed")[0] ?? ""));
});

// What auditctl itself says of them is in harden-rules.test.ts.
test("R-OPS-5: each of auditd's rules is a watch or a system call, with a key to search by", () => {
  const rules = fileOf("audit/rules.d/vambrace.rules")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  assert.ok(rules.length >= 8);
  for (const rule of rules) {
    assert.match(
      rule,
      /^(?:-w \/\S+ -p [rwxa]{1,4}|-a always,exit -F arch=b64 -S [a-z_,]+(?: -F a0=0x[0-9a-f]+)?) -k [a-z-]{1,31}$/,
    );
  }
});

test("R-OPS-5: every rule names the gateway's own port, user and folders", () => {
  const all = hostFiles({ ...FACTS, user: "agent", port: 19_001 });
  const text = (name: string) => all.find((one) => one.name === name)?.text ?? "";
  assert.match(text("nftables-vambrace.nft"), /skuid != "agent" accept/);
  for (const name of ["nftables-vambrace.nft", "ufw-vambrace.sh", "fail2ban/jail.d/vambrace.local", "vpn.md"])
    assert.match(text(name), /19001/, name);
  assert.match(text("systemd/vambrace.service"), /^User=agent$/m);
  assert.match(text("systemd/vambrace.service"), /^ReadWritePaths=\/home\/ana\/\.vambrace \/home\/ana\/vambrace$/m);
  for (const { name } of all)
    if (name !== "README.md")
      assert.ok(text("README.md").includes(`\`${name}\`: `) && !text("README.md").includes(`\`${name}\`: \n`), name);
});

test("R-OPS-5: a name that would change a rule's meaning is refused", () => {
  assert.deepEqual(unsafeIn(FACTS), []);
  for (const user of ['a" accept', "a b", "a;b", "a\nb", ""]) assert.deepEqual(unsafeIn({ ...FACTS, user }), [user]);
});

test("R-OPS-5: files are written into a new folder only, and never into the state folder", (t) => {
  const at = homeWith(t, "");
  const parts = { home: homeAt(at.home), env: at.env };
  const folder = join(at.userHome, "review");
  const names = writeHostFiles(folder, parts);
  for (const name of names) assert.ok(readFileSync(join(folder, name), "utf8").length > 50, name);
  assert.throws(() => writeHostFiles(folder, parts), { code: "COMMAND_USAGE" });
  assert.throws(() => writeHostFiles(join(at.home, "x"), parts), { code: "COMMAND_USAGE" });
});
