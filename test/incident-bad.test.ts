/**
 * Bad input of an incident, of the audit and of alerts: ledgers that were cut,
 * spliced or put back, configurations that nobody can read, disks that are
 * full, gateways that stall, case files that are half written or another's.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { allCases, caseFolder, loadCase, standNow } from "../src/app/incidents/cases.ts";
import { openIncident } from "../src/app/incidents/open.ts";
import { takeStep } from "../src/app/incidents/steps.ts";
import { holdLock } from "../src/edges/store/lock.ts";
import { withCause } from "../src/ops/incident/case.ts";
import { CLI } from "./campaign.ts";
import { writePast } from "../src/app/audit/past.ts";
import { readPending } from "../src/app/pending.ts";
import { alertsRulesCheck } from "../src/cli/alerts.ts";
import { incidentBundle, incidentOpen } from "../src/cli/incident.ts";
import { securityAudit } from "../src/cli/security-audit.ts";
import { NOT_KEPT } from "../src/ops/incident/manifest.ts";
import { verifyBundle } from "../src/ops/incident/verify.ts";
import { runAt } from "./commands-kit.ts";
import { entry, openTestLog, temporaryFolder } from "./ledger-kit.ts";
import { nodeFiles } from "../src/ledger/files.ts";
import { installations, type Installation, REQUEST, SESSION } from "./incident-disk.ts";
import { fill, smallDisk } from "./small-disk.ts";

const said = (failed: readonly string[], what: RegExp): boolean => failed.some((line) => what.test(line));
const bundleAt = (at: Installation, id: string, number = 1): string =>
  join(caseFolder(at.home.root, id), `bundle-${number}`);
const records = (ledger: string): string => join(ledger, "tile", "entries", "000.p", "4");

const SPOILT: readonly (readonly [string, (ledger: string) => void])[] = [
  [
    "a record was changed",
    (ledger) => {
      const text = readFileSync(records(ledger), "latin1");
      assert.ok(text.includes("x.example"));
      writeFileSync(records(ledger), text.replace("x.example", "y.example"), "latin1");
    },
  ],
  ["it was cut", (ledger) => truncateSync(records(ledger), 100)],
  ["its hashes are gone", (ledger) => rmSync(join(ledger, "tile", "0"), { recursive: true })],
  ["its records are gone", (ledger) => rmSync(records(ledger))],
  ["its checkpoint is gone", (ledger) => rmSync(join(ledger, "checkpoint"))],
  ["its checkpoint is none", (ledger) => writeFileSync(join(ledger, "checkpoint"), "x\n".repeat(9))],
  ["it is gone", (ledger) => rmSync(ledger, { recursive: true })],
];

for (const [what, spoil] of SPOILT) {
  test(`R-IR-2 R-LOG-3: an incident is opened although ${what}: contained, said, and the ledger kept as it lies`, async (t) => {
    const at = installations(t)();
    spoil(at.home.ledger);
    const { one, rotate, failed } = await openIncident(at.parts(), REQUEST);
    assert.ok(said(failed, /ledger/), failed.join("; "));
    assert.deepEqual([at.world.stopped, at.world.ended], [true, ["tok_1"]]);
    assert.deepEqual(loadCase(at.home.root, one.id), one);
    const bundle = bundleAt(at, one.id);
    const lines = readFileSync(join(bundle, NOT_KEPT), "utf8");
    for (const line of failed) assert.ok(lines.includes(JSON.stringify(line)), line);
    const list = readFileSync(join(bundle, "ledger.jsonl"), "utf8");
    if (existsSync(at.home.ledger)) assert.match(list, /"ledger\/key\.pub".*"kind":"file"/);
    assert.ok(!list.includes('"ledger/key"'), "the private key is no evidence");
    // Whether the key was used is not known any more, so it is not said that it was not.
    const key = rotate.find(({ name }) => name === "env:CRM_KEY");
    assert.match(key?.why ?? "", /put into requests|may have been used/);
    const report = await verifyBundle(bundle, at.publicKey);
    assert.ok(report.notKept >= 1 || report.problem !== undefined);
  });
}

test("R-IR-2 R-LOG-3: a ledger that was put back since the last audit is said at the opening; one that went on is not", async (t) => {
  const make = installations(t);
  const past = (checkpoint: string, publicKey: string): Parameters<typeof writePast>[1] => ({
    atMs: 1,
    version: "1",
    configDigest: "",
    downgrades: [],
    people: [],
    tokens: [],
    policiesDigest: "",
    programDigest: "",
    nodeDigest: "",
    bwrapDigest: "",
    packages: {},
    publicKey,
    checkpoint,
    findings: [],
  });
  const run = { atMs: 1, form: "usual", cause: "asked", summary: {}, fresh: [], gone: [] };
  for (const isPutBack of [true, false]) {
    const at = make();
    const before = readFileSync(join(at.home.ledger, "checkpoint"), "utf8");
    cpSync(at.home.ledger, `${at.home.ledger}.old`, { recursive: true });
    const log = openTestLog(nodeFiles(at.home.ledger));
    log.append([entry(1), entry(2)]);
    log.publish();
    log.close();
    const after = readFileSync(join(at.home.ledger, "checkpoint"), "utf8");
    if (isPutBack) {
      rmSync(at.home.ledger, { recursive: true });
      cpSync(`${at.home.ledger}.old`, at.home.ledger, { recursive: true });
    }
    writePast(at.home.root, past(isPutBack ? after : before, at.publicKey.trim()), run);
    const { failed } = await openIncident(at.parts(), REQUEST);
    assert.equal(said(failed, /the ledger does not verify/), isPutBack, failed.join("; "));
  }
});

const CONFIGS: readonly (readonly [string, (path: string) => void])[] = [
  ["no YAML", (path) => writeFileSync(path, "{{{ [")],
  ["larger than any", (path) => writeFileSync(path, `# ${"x".repeat(3_000_000)}\n`)],
  [
    "one whose aliases multiply",
    (path) => {
      const more = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}1]`);
      writeFileSync(path, `a0: &a0 [1]\n${more.join("\n")}\n`);
    },
  ],
  ["deeper than any", (path) => writeFileSync(path, `a: ${"[".repeat(50_000)}`)],
  [
    "one with keys that nobody knows",
    (path) => writeFileSync(path, "__proto__: { isAdmin: true }\ngateway: { bind: 7 }\n"),
  ],
  ["a folder", (path) => (rmSync(path), mkdirSync(path))],
  ["a link to nowhere", (path) => (rmSync(path), symlinkSync("/nowhere/at/all", path))],
];

for (const [what, write] of CONFIGS) {
  test(`R-IR-2 R-AUDIT-1 R-ALERT-1: where the configuration is ${what}, an incident is opened, the audit finds it, alerts say it`, async (t) => {
    const at = installations(t)();
    const path = join(at.home.root, "config.yaml");
    write(path);
    const env = { HOME: temporaryFolder(t), VAMBRACE_HOME: at.home.root, PATH: process.env["PATH"] };
    const opened = await runAt(env, incidentOpen, [], { reason: "it is not mine", json: true });
    assert.equal(opened.status, 1);
    const { case: one, bundle, failed } = JSON.parse(opened.out);
    assert.deepEqual(
      failed.map((line: string) => line.split(":", 1)[0]),
      ["keep the workspaces"],
    );
    assert.equal((await verifyBundle(bundle, at.publicKey)).notKept, 1);
    assert.ok(
      readPending(at.home.root).some(({ pending }) => pending?.kind === "stop"),
      "the next start is stopped",
    );
    assert.ok(standNow(at.home.root, Date.now()).withoutCause.includes(one.id));
    const checked = await runAt(env, alertsRulesCheck, []);
    assert.notEqual(checked.status, 0);
    assert.match(checked.err, /config/i);
    assert.doesNotMatch(checked.err, /inside vambrace/);
    const audited = await runAt(env, securityAudit, [], { json: true });
    assert.equal(audited.status, 3);
    const ids = JSON.parse(audited.out).findings.map(({ id }: { id: string }) => id);
    assert.ok(ids.includes("config.refused") || ids.includes("audit.not-run"), ids.join(" "));
  });
}

test("R-IR-2: INVARIANT(fail-closed): what lies under the name of an incident and cannot be read is an open one; what a crash only began is none", async (t) => {
  const make = installations(t);
  const id = "inc_20260101000000abcd";
  const whole = make();
  const { one } = await openIncident(whole.parts(), REQUEST);
  const bad: readonly (readonly [string, (folder: string) => void])[] = [
    ["a link", (folder) => symlinkSync("/nowhere", folder)],
    ["a file", (folder) => writeFileSync(folder, "x")],
    [
      "one without its case file",
      (folder) => (
        mkdirSync(join(folder, "bundle-1"), { recursive: true }),
        writeFileSync(join(folder, "bundle-1", "manifest"), "")
      ),
    ],
    ["half of a case file", (folder) => put(folder, '{"version":1,"state":"closed"')],
    ["the closed case of another", (folder) => put(folder, JSON.stringify({ ...one, state: "closed" }))],
    ["a folder in its place", (folder) => mkdirSync(join(folder, "case.json"), { recursive: true })],
    ["a link in its place", (folder) => (mkdirSync(folder), symlinkSync("/nowhere", join(folder, "case.json")))],
    ["one of which nobody here may know", (folder) => (put(folder, "{}"), chmodSync(folder, 0))],
  ];
  for (const [what, spoil] of bad) {
    const { home } = make();
    mkdirSync(join(home.root, "incidents"));
    spoil(join(home.root, "incidents", id));
    const stand = asNobody(home.root, () => standNow(home.root, Date.now()));
    assert.deepEqual([stand.unreadable, stand.withoutCause, stand.wholeOpen], [[id], [id], true], what);
    assert.deepEqual([...stand.servicesOff], ["terminal", "webchat", "api", "schedules"], what);
    assert.throws(() => loadCase(home.root, id), { code: "INCIDENT_UNREADABLE" }, what);
    chmodIfThere(join(home.root, "incidents", id));
  }
  const { home } = make();
  writeFileSync(join(home.root, "incidents"), "x");
  assert.throws(() => standNow(home.root, Date.now()), { code: "INCIDENT_UNREADABLE" });
  // The twins.
  rmSync(join(home.root, "incidents"));
  mkdirSync(join(home.root, "incidents", id), { recursive: true });
  mkdirSync(join(home.root, "incidents", `${id}2`, "bundle-1"), { recursive: true });
  writeFileSync(join(home.root, "incidents", `${id}2`, "case.json.draft"), "{");
  assert.deepEqual(allCases(home.root), { cases: [], unreadable: [] });
});

function put(folder: string, text: string): void {
  mkdirSync(folder);
  writeFileSync(join(folder, "case.json"), text);
}

function chmodIfThere(path: string): void {
  if (lstatSync(path).isDirectory()) chmodSync(path, 0o700);
}

/** As somebody whom modes stop; root they do not. */
function asNobody<T>(home: string, look: () => T): T {
  if (process.geteuid?.() !== 0) return look();
  for (let at = home; at !== "/"; at = dirname(at))
    if (lstatSync(at).uid === 0) chmodSync(at, lstatSync(at).mode | 0o055);
  process.seteuid?.(65_534);
  try {
    return look();
  } finally {
    process.seteuid?.(0);
  }
}

test("R-IR-2: a step is recorded and taken under the lock of whoever takes records, and two at once lose nothing", async (t) => {
  const at = installations(t)();
  const { one } = await openIncident(at.parts(), REQUEST);
  const parts = at.parts();
  const seen: string[] = [];
  const lock = join(at.home.root, "config.lock");
  const isHeld = (what: string): void => void seen.push(`${what}: ${holdLock(lock, 0) === "busy"}`);
  const files: typeof parts.files = {
    ...parts.files,
    makeFile: (path, text) => (isHeld("record"), parts.files.makeFile(path, text)),
    replaceFile: (path, text) => (isHeld("step"), parts.files.replaceFile(path, text)),
  };
  takeStep({ ...parts, files }, one.id, "incident.cause", (before, word) => ({
    one: withCause(before, word("a page ordered it")),
    why: "",
  }));
  assert.deepEqual(seen, ["record: true", "step: true"]);
  const env = { HOME: temporaryFolder(t), VAMBRACE_HOME: at.home.root, PATH: process.env["PATH"] };
  const items = ["evidence", "reach", "rotate", "memory"];
  const done = await Promise.all(
    items.map(async (item) => {
      const child = spawn(process.execPath, [CLI, "incident", "check", one.id, item, "--note", "done"], { env });
      return (await once(child, "close"))[0];
    }),
  );
  assert.deepEqual(done, [0, 0, 0, 0]);
  const ticked = loadCase(at.home.root, one.id).checklist.filter((item) => item.done !== null);
  assert.deepEqual(
    ticked.map((item) => item.id),
    items,
  );
});

test("R-IR-2: a gateway that runs and does not answer: contained as far as can be, and what could not be is said; it ends, and the rest is done", async (t) => {
  const at = installations(t)();
  const stalling = createServer(() => undefined).listen(0, "127.0.0.1");
  t.after(() => stalling.closeAllConnections());
  t.after(() => stalling.close());
  await once(stalling, "listening");
  const address = stalling.address();
  assert.ok(typeof address === "object" && address !== null);
  const running = { url: `http://127.0.0.1:${address.port}`, pid: process.pid };
  writeFileSync(at.home.running, JSON.stringify(running));
  writeFileSync(at.home.cliToken, "vbr_x", { mode: 0o600 });
  const lock = holdLock(join(at.home.root, "gateway.lock"), 0);
  assert.ok(lock !== "busy");
  const env = { HOME: temporaryFolder(t), VAMBRACE_HOME: at.home.root, PATH: process.env["PATH"] };
  const opened = await runAt(env, incidentOpen, [], { reason: "it hangs", session: SESSION, json: true });
  assert.equal(opened.status, 1);
  const { case: one, failed } = JSON.parse(opened.out);
  assert.deepEqual(
    failed.map((line: string) => line.split(":", 1)[0]),
    ["contain", "seal the bundle"],
  );
  assert.ok(said(failed, /`vambrace stop`/));
  assert.deepEqual(standNow(at.home.root, Date.now()).frozenSessions, [SESSION]);
  lock.release();
  rmSync(at.home.running);
  assert.equal((await runAt(env, incidentBundle, [one.id])).status, 0);
  assert.equal((await verifyBundle(bundleAt(at, one.id, 2), at.publicKey)).holds, true);
});

test("R-IR-2: on a disk that is full the records are sealed although the workspace does not fit; with no room at all it is contained, said, and gone on with", async (t) => {
  const disk = smallDisk(t, 4_000_000);
  if (disk === undefined) return t.skip("no small disk can be mounted here");
  const make = installations(t, { homes: disk, text: "x".repeat(8_000_000) });
  const at = make();
  const { one, failed } = await openIncident(at.parts(), REQUEST);
  assert.deepEqual(failed, ["keep workspace-main: the disk that holds the state folder is full; nothing was changed"]);
  const report = await verifyBundle(bundleAt(at, one.id), at.publicKey);
  assert.deepEqual([report.holds, report.notKept], [true, 1], report.problem);
  const next = make();
  fill(disk);
  const full = await openIncident(next.parts(), REQUEST);
  assert.deepEqual([next.world.stopped, next.world.ended], [true, ["tok_1"]]);
  for (const what of [
    /^write the case file: .*full/,
    /^revoke env:CRM_KEY: .*full/,
    /^keep records\.jsonl: .*full/,
    /^seal the bundle: .*full/,
  ])
    assert.ok(said(full.failed, what), full.failed.join("; "));
  assert.ok(full.rotate.some(({ name, state }) => name === "env:CRM_KEY" && state === "by hand"));
  const env = { HOME: temporaryFolder(t), VAMBRACE_HOME: next.home.root, PATH: process.env["PATH"] };
  const audited = await runAt(env, securityAudit, [], { json: true });
  assert.ok(JSON.parse(audited.out).findings.length > 0, "what was found is shown all the same");
  assert.match(audited.err, /not recorded.*full/);
  rmSync(join(disk, "filler"));
  const again = await openIncident(next.parts(), { ...REQUEST, withoutWorkspace: true });
  assert.deepEqual(again.failed, []);
  assert.deepEqual(
    allCases(next.home.root).cases.map(({ id }) => id),
    [again.one.id],
  );
});
