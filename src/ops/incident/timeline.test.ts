import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import type { LedgerEntry, StoredEntry } from "../../core/ports/ledger.ts";
import { parseEntry } from "../../ledger/entry.ts";
import { nodeFiles } from "../../ledger/files.ts";
import { openLog } from "../../ledger/log.ts";
import { eachEntry } from "../../ledger/search.ts";
import type { About } from "./scope.ts";
import { collect, type Page } from "./timeline.ts";

/** Entries that were appended together. */
type Batch = { readonly entries: readonly LedgerEntry[]; readonly wallMs: number };

/** The first `published` batches as tiles, the rest in a journal. */
function ledgerOf(dir: string, all: readonly Batch[], published = all.length): void {
  let wallMs = 0;
  const makeKey = () => generateKeyPairSync("ed25519").privateKey;
  const log = openLog({ files: nodeFiles(dir), origin: "vambrace.test/log", clock: { wallMs: () => wallMs }, makeKey });
  for (const [i, one] of all.entries()) {
    wallMs = one.wallMs;
    log.append(one.entries);
    if (i + 1 === published) log.publish();
  }
  log.close();
}

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "vambrace-timeline-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const START = Date.UTC(2026, 10, 28);
const SESSIONS = ["ses_a", "ses_b", "ses_c", "ses_d"];

const entry = fc
  .record(
    {
      kind: fc.constantFrom("call", "outcome", "login", "alert", "connection"),
      target: fc.constantFrom("spawn", "spawn", "read", '"session":"ses_a"', '"index":1,"kind":"outcome"'),
      who: fc.constantFrom("ana", "\u001b[2J", "Zoë"),
      what: fc.constant("x"),
      result: fc.constant("ok"),
      session: fc.constantFrom(...SESSIONS),
      data: fc.record(
        {
          session: fc.constantFrom(...SESSIONS),
          kind: fc.constant("login"),
          index: fc.nat(),
          time: fc.constant("2030-01-01T00:00:00.000Z"),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: ["kind", "target", "who", "what", "result"] },
  )
  .map((members) => parseEntry(JSON.parse(JSON.stringify(members))));
const batch = fc.record({
  entries: fc.array(entry, { minLength: 1, maxLength: 15, size: "max" }),
  wallMs: fc.nat({ max: 100 }).map((at) => START + at * 1000),
});

const batches = fc.array(batch, { maxLength: 3, size: "max" });
const MUCH: LedgerEntry = { kind: "connection", who: "ana", what: "x", target: "host", result: "ok" };

/** The plain way: every record is parsed and asked. */
async function plainly(
  dir: string,
  about: About & Page,
): Promise<{ readonly indexes: readonly number[]; readonly sessions: readonly string[] }> {
  const all: StoredEntry[] = [];
  for await (const entry of eachEntry(dir, {})) all.unshift(entry);
  const sessions = new Set(about.session === null ? [] : [about.session]);
  for (let before = -1; before < sessions.size; ) {
    before = sessions.size;
    for (const { kind, target, session, data } of all) {
      const child = data?.["session"];
      if (kind === "outcome" && target === "spawn" && sessions.has(session ?? "") && typeof child === "string")
        sessions.add(child);
    }
  }
  const around = ["login", "token", "config", "policy", "stop", "alert", "incident", "gateway"];
  const isAbout = ({ kind, session, time }: StoredEntry): boolean => {
    if (session !== undefined && sessions.has(session)) return true;
    const isLate = Date.parse(time) >= about.sinceMs;
    return isLate && (about.session === null || (session === undefined && around.includes(kind)));
  };
  const wanted = all.filter((entry) => isAbout(entry) && entry.index < (about.before ?? all.length));
  return { indexes: wanted.map(({ index }) => index), sessions: [...sessions].sort() };
}

test("R-IR-2: INVARIANT(timeline-is-plain): a timeline has what parsing every record would find, and counts the rest", async (t) => {
  const about = fc.record(
    {
      session: fc.constantFrom(null, ...SESSIONS),
      sinceMs: fc.nat({ max: 110 }).map((at) => START + at * 1000),
      most: fc.nat({ max: 12 }),
      before: fc.nat({ max: 800 }),
    },
    { requiredKeys: ["session", "sinceMs"] },
  );
  const root = folder(t);
  let kept = 0;
  await fc.assert(
    fc.asyncProperty(batches, batches, fc.nat({ max: 10 }), about, async (old, all, published, wanted) => {
      const dir = mkdtempSync(join(root, "l-"));
      // So many that what is before them is older for certain.
      const much = { wallMs: START, entries: Array.from({ length: 700 }, () => MUCH) };
      ledgerOf(dir, [...old.map((one) => ({ ...one, wallMs: START })), much, ...all], published);
      const { entries, left, sessions } = await collect(dir, wanted);
      const plain = await plainly(dir, wanted);
      const most = wanted.most ?? plain.indexes.length;
      assert.deepEqual(
        { indexes: entries.map(({ index }) => index), left, sessions: [...sessions].sort() },
        {
          indexes: most === 0 ? [] : plain.indexes.slice(-most),
          left: Math.max(0, plain.indexes.length - most),
          sessions: plain.sessions,
        },
      );
      kept += entries.length;
    }),
    { numRuns: 60 },
  );
  assert.ok(kept > 30, `${kept} records`);
});

const called = (session: string, more: Partial<LedgerEntry> = {}): LedgerEntry => ({
  kind: "call",
  who: "ana",
  what: "x",
  target: "read",
  result: "ok",
  session,
  ...more,
});

test("R-IR-2: a session that was spawned is found however much came after that", async (t) => {
  const dir = folder(t);
  const spawn = called("ses_a", { kind: "outcome", target: "spawn", data: { session: "ses_b" } });
  const much = Array.from({ length: 50 }, () => called("ses_a"));
  ledgerOf(dir, [{ wallMs: START, entries: [called("ses_b"), spawn, ...much, called("ses_b"), called("ses_c")] }]);
  const found = await collect(dir, { session: "ses_a", sinceMs: START, most: 10 });
  assert.deepEqual([found.sessions, found.entries.length, found.left], [["ses_a", "ses_b"], 10, 43]);
});

test("R-IR-2: what does not fit into a timeline is seen page by page, each record once", async (t) => {
  const dir = folder(t);
  const entries = Array.from({ length: 600 }, (_, i) => called(i % 3 === 0 ? "ses_b" : "ses_a"));
  ledgerOf(dir, [{ wallMs: START, entries }]);
  const seen: number[] = [];
  for (let [before, left, pages] = [600, 1, 0]; left > 0 && pages < 10; pages++) {
    const page = await collect(dir, { session: "ses_a", sinceMs: 0, before, most: 70 });
    seen.unshift(...page.entries.map(({ index }) => index));
    [before, left] = [seen[0] ?? 0, page.left];
  }
  assert.deepEqual(
    seen,
    entries
      .keys()
      .filter((i) => i % 3 !== 0)
      .toArray(),
  );
});
