/** The audit and the hardening as a person runs them: real commands in a home folder of their own. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { auditOnce } from "../src/app/audit/by-clock.ts";
import { readRuns } from "../src/app/audit/past.ts";
import { environmentOf } from "../src/app/config/environment.ts";
import { homeAt } from "../src/app/home.ts";
import { readPending } from "../src/app/pending.ts";
import type { LedgerEntry } from "../src/core/ports/ledger.ts";
import { makeHome } from "./cli-kit.ts";

type Finding = {
  readonly id: string;
  readonly severity: string;
  readonly evidence: string;
  readonly fix: { readonly automatic: boolean };
};
type Json = {
  readonly findings: readonly Finding[];
  readonly summary: Readonly<Record<string, number>>;
  readonly since: { readonly new: string[]; readonly gone: string[] } | null;
};

const GUIDE = `# from a guide
gateway:
  bind: "0.0.0.0"
  auth: { mode: none }
elevated: { enabled: true }
exec: { security: allow }
fs: { workspaceOnly: false } # everything
sandbox: { enabled: false }
`;

test("R-AUDIT-2 R-AUDIT-5: each dangerous flag of the guide's table is found by the command, mended, and put back", async (t) => {
  const home = makeHome(t);
  const config = home.file(".vambrace/config.yaml", GUIDE);
  chmodSync(home.state, 0o755);
  const audited = await home.run(["security", "audit", "--json", "--home", home.root]);
  assert.equal(audited.status, 3, audited.err);
  const { findings } = JSON.parse(audited.out) as Json;
  const ids = findings.map(({ id }) => id);
  for (const id of [
    "gateway.bind.wide",
    "gateway.auth.off",
    "tools.elevated.on",
    "exec.security.full",
    "files.workspace-only.off",
    "sandbox.off",
    "config.refused",
    "files.state.readable",
  ]) {
    assert.ok(ids.includes(id), `${id} is not among ${ids.join(", ")}`);
  }
  const dry = await home.run(["harden", "--dry-run"]);
  assert.match(dry.out, /^- {3}bind: "0\.0\.0\.0"$/m);
  assert.match(dry.out, /mode 0755 -> 0700/);
  assert.equal(readFileSync(config, "utf8"), GUIDE);
  const unasked = await home.run(["harden"]);
  assert.deepEqual([unasked.status, readFileSync(config, "utf8")], [2, GUIDE]);
  const hardened = await home.run(["harden", "--yes"]);
  assert.equal(hardened.status, 0, hardened.err + hardened.out);
  assert.equal(lstatSync(home.state).mode & 0o777, 0o700);
  assert.match(readFileSync(config, "utf8"), /^# from a guide\n/);
  assert.equal((await home.run(["config", "validate"])).status, 0);
  const undone = await home.run(["harden", "--undo"]);
  assert.equal(undone.status, 0, undone.err);
  assert.deepEqual([readFileSync(config, "utf8"), lstatSync(home.state).mode & 0o777], [GUIDE, 0o755]);
  const kinds = readPending(home.state).map(({ pending }) => pending?.kind);
  assert.ok(kinds.includes("harden") && kinds.includes("audit") && kinds.includes("config"), kinds.join());
});

test("R-AUDIT-1: --fix is the same code, --min-severity decides the exit status, the page is written for the owner alone", async (t) => {
  const home = makeHome(t);
  home.file(".vambrace/config.yaml", "tools: {exec: {ask: off}}\n");
  const fixed = await home.run(["security", "audit", "--fix", "--yes", "--json", "--min-severity", "critical"]);
  assert.equal(fixed.status, 0, fixed.err);
  assert.ok(!(JSON.parse(fixed.out) as Json).findings.some(({ id }) => id === "exec.ask.off"));
  assert.match(fixed.err, /ask: off/);
  const low = await home.run(["security", "audit", "--min-severity", "low", "--html", join(home.root, "page.html")]);
  assert.equal(low.status, 3);
  assert.equal(lstatSync(join(home.root, "page.html")).mode & 0o777, 0o600);
  for (const args of [
    ["--min-severity", "grave"],
    ["--json", "--sarif"],
    ["--home", home.root + "/no"],
    ["--target", "x"],
  ]) {
    assert.equal((await home.run(["security", "audit", ...args])).status, 2, args.join(" "));
  }
});

test("R-AUDIT-3: a change that weakens says so at once, and is in the next run's difference", async (t) => {
  const home = makeHome(t);
  home.file(".vambrace/config.yaml", "");
  await home.run(["security", "audit"]);
  const set = await home.run(["config", "set", "tools.exec.ask", "off"]);
  assert.equal(set.status, 0);
  assert.match(set.err, /audit: medium: nobody is asked about a command \(exec\.ask\.off/);
  const back = await home.run(["config", "unset", "tools.exec.ask"]);
  assert.match(back.err, /audit: no longer: .*exec\.ask\.off/);
});

test("R-AUDIT-3: a gateway's own audit is recorded in the ledger, and makes nothing where there is no state folder", async (t) => {
  const home = makeHome(t);
  const entries: LedgerEntry[] = [];
  const parts = {
    home: homeAt(home.state),
    env: environmentOf({ HOME: home.root }),
    version: "0.1.0",
    clock: { wallMs: () => 1_000, monotonicMs: () => 0, sleep: async () => undefined },
    ledger: { append: async (entry: LedgerEntry) => (entries.push(entry), { index: 0, leaf: "" as never, entry }) },
    everyHours: 24,
    status: async () => ({ halted: false, readiness: [{ control: "sandbox", ready: false, says: "not proved" }] }),
    log: { warn: () => undefined, error: () => undefined },
  };
  await auditOnce(parts, "start");
  assert.deepEqual(
    entries.map(({ kind, what, who }) => [kind, what, who]),
    [["audit", "audit.done", "gateway"]],
  );
  assert.equal(existsSync(home.state), false);
  home.file(".vambrace/config.yaml", "tools: {fs: {workspaceOnly: false}}\n");
  await auditOnce(parts, "schedule");
  const open = entries[1]?.data?.["open"];
  assert.ok(Array.isArray(open) && open.includes("medium files.workspace-only.off"));
  assert.deepEqual(
    readRuns(home.state).map(({ cause, form }) => [cause, form]),
    [["schedule", "cheap"]],
  );
});
