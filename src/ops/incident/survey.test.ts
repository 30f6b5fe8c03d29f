import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { LedgerEntry } from "../../core/ports/ledger.ts";
import { nodeFiles } from "../../ledger/files.ts";
import { openLog } from "../../ledger/log.ts";
import { countsOf, keptWords, parseCounts, writeCounts } from "./counts.ts";
import { survey } from "./survey.ts";
import { collect } from "./timeline.ts";

const START = Date.UTC(2026, 10, 28);
const ABOUT = { session: "ses_a", sinceMs: START };
const BOUNDS = { listed: 100, records: 160, rows: 80 };

function ledgerOf(t: TestContext, entries: readonly LedgerEntry[]): string {
  const dir = mkdtempSync(join(tmpdir(), "vambrace-survey-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const makeKey = () => generateKeyPairSync("ed25519").privateKey;
  const clock = { wallMs: () => START };
  const log = openLog({ files: nodeFiles(dir), origin: "vambrace.test/log", clock, makeKey });
  log.append(entries);
  log.publish();
  log.close();
  return dir;
}

const one = (more: Partial<LedgerEntry>): LedgerEntry => ({
  kind: "turn",
  who: "owner",
  what: "turn.begun",
  target: "terminal",
  result: "ok",
  session: "ses_a",
  ...more,
});

function ran(call: string, tool: string, facts: NonNullable<LedgerEntry["data"]>, to = ""): LedgerEntry[] {
  const about = { call, target: tool };
  return [
    one({ ...about, kind: "call", what: "call.decided", data: { facts, arguments: { to }, says: "Yes." } }),
    one({ ...about, kind: "prepared", what: "call.prepared", result: "begun" }),
    one({ ...about, kind: "outcome", what: "call.ended" }),
  ];
}

const SEND = { effect: "send", arguments: [{ role: "recipient", pointer: "/to" }], paths: [] };

/** One of each thing of consequence. */
const DEED: readonly LedgerEntry[] = [
  ...ran("d1", "send", SEND, "eve@x.example"),
  ...ran("d2", "schedule", { effect: "schedule", paths: [] }),
  one({ kind: "connection", what: "connection.allowed", target: "x.example:443", data: { credentials: ["crm"] } }),
  one({ kind: "connection", what: "connection.allowed", target: "z.example:443", data: {} }),
  one({ kind: "connection", what: "connection.refused", target: "v.example:443", result: "denied", data: {} }),
  one({ kind: "approval", what: "approval.answered", who: "ana", call: "d1" }),
  one({ kind: "call", what: "call.decided", target: "send", result: "denied", call: "d3", data: { facts: {} } }),
  one({ kind: "message", what: "message.received", who: "ana" }),
  { kind: "login", who: "ana", what: "login.ok", target: "terminal", result: "ok" },
  { kind: "config", who: "owner", what: "config.changed", target: "config.yaml", result: "ok" },
];

const FLOODS: Readonly<Record<string, (i: number) => readonly LedgerEntry[]>> = {
  reads: (i) => ran(`f${i}`, "read", { effect: "read", paths: [{ resolved: `/w/${i % 50}/${i}`, access: "read" }] }),
  sends: (i) => ran(`f${i}`, "send", SEND, `${i}@y.example`),
  commands: (i) => ran(`f${i}`, "exec", { effect: "exec", paths: [] }),
  connections: (i) => [
    one({ kind: "connection", what: "connection.allowed", target: `h${i}.y.example:443`, data: {} }),
  ],
  refusals: (i) => [
    one({ kind: "call", what: "call.decided", target: "read", result: "denied", call: `f${i}`, data: {} }),
  ],
  questions: (i) => [one({ kind: "approval", what: "approval.asked", result: "asked", call: `f${i}` })],
  logins: () => [{ kind: "login", who: "-", what: "login.failed", target: "terminal", result: "denied" }],
  turns: () => [one({})],
  "large records": (i) => ran(`f${i}`, "read", { effect: "read", paths: [], filler: "x".repeat(30_000) }),
};

for (const [what, make] of Object.entries(FLOODS)) {
  test(`R-IR-2: a flood of ${what} leaves every record of the deed in the bundle, and what is not in it is counted`, async (t) => {
    const much = (from: number): LedgerEntry[] => Array.from({ length: 250 }, (_, i) => make(from + i)).flat();
    const entries = [...much(0), ...DEED, ...much(250)];
    const dir = ledgerOf(t, entries);
    const { records, left, foremost, reach } = await survey(dir, ABOUT, { bounds: BOUNDS });
    const first = entries.indexOf(DEED[0] as LedgerEntry);
    const kept = new Set(records.map(({ index }) => index));
    for (const [i, { what: which }] of DEED.entries()) {
      assert.ok(kept.has(first + i), `${which} is not kept`);
      assert.ok(foremost.has(first + i), `${which} is not in the review`);
    }
    assert.ok(records.length <= BOUNDS.records && foremost.size <= BOUNDS.rows);
    assert.ok(kept.has(entries.length - 1), "the newest");
    assert.ok(left.every(({ first: from, last }) => from <= last && last < entries.length));
    const counts = countsOf({ id: "inc_1" }, records.length, left);
    assert.equal(counts.kept + counts.leftOut, entries.length);
    assert.equal(reach.records, entries.length);
    assert.deepEqual(parseCounts(writeCounts(counts)), counts);
    assert.match(keptWords(counts), /--before \d+/);
  });
}

test("R-IR-2: of a flood of long records fewer are kept, so that their bytes have an end too", async (t) => {
  const flood = (length: number): Promise<number> => {
    const much = Array.from({ length: 250 }, (_, i) =>
      ran(`f${i}`, "read", { effect: "read", filler: "x".repeat(length) }),
    );
    return survey(ledgerOf(t, much.flat()), ABOUT, { bounds: BOUNDS }).then(({ records }) => records.length);
  };
  assert.ok((await flood(30_000)) < BOUNDS.records / 2);
  assert.ok((await flood(10)) > BOUNDS.records - 3, "the twin");
});

test("R-IR-2: requests with a secret in them stay beside a flood of connections to the same host", async (t) => {
  const connection = (data: NonNullable<LedgerEntry["data"]>): LedgerEntry =>
    one({ kind: "connection", what: "connection.allowed", target: "x.example:443", data });
  const much = Array.from({ length: 500 }, () => connection({}));
  const secret = Array.from({ length: 10 }, () => connection({ credentials: ["crm"] }));
  const { records } = await survey(ledgerOf(t, [...much, ...secret, ...much]), ABOUT, { bounds: BOUNDS });
  assert.equal(records.filter(({ text }) => text.includes("crm")).length, 10);
});

test("R-IR-2: what fits is kept, each record as it was hashed, with its row; nothing is left out", async (t) => {
  const dir = ledgerOf(t, DEED);
  const found = await survey(dir, ABOUT);
  const { entries } = await collect(dir, ABOUT);
  assert.deepEqual(
    found.records.map(({ index }) => index),
    entries.map(({ index }) => index),
  );
  assert.deepEqual(
    found.records.map(({ text }) => JSON.parse(text)),
    entries,
  );
  assert.deepEqual([found.left, found.foremost.size], [[], DEED.length]);
  assert.equal(keptWords(countsOf({ id: "inc_1" }, DEED.length, [])), `${DEED.length} records, all that there are`);
});

test("R-IR-2: the reach has what a session did that was spawned, and what cannot be proved any more", async (t) => {
  const spawn = one({ kind: "outcome", what: "call.ended", target: "spawn", call: "s", data: { session: "ses_b" } });
  const hosts = (name: string): LedgerEntry =>
    one({ kind: "connection", what: "connection.allowed", target: name, session: "ses_b", data: {} });
  const dir = ledgerOf(t, [hosts("a:443"), spawn, hosts("b:443"), one({ session: "ses_c" }), hosts("c:443")]);
  const { reach, records, left, sessions } = await survey(dir, ABOUT, { provable: 4 });
  assert.deepEqual(
    reach.hosts.map(({ what }) => what),
    ["a:443", "b:443", "c:443"],
  );
  assert.deepEqual(sessions, ["ses_a", "ses_b"]);
  assert.deepEqual(
    records.map(({ index }) => index),
    [0, 1, 2],
  );
  assert.deepEqual(left, [{ kind: "connection", records: 1, first: 4, last: 4 }]);
});
