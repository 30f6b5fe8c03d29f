import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Fault } from "../core/fault.ts";
import { canonicalJson } from "../core/json.ts";
import type { LedgerEntry } from "../core/ports/ledger.ts";
import { parseEntry, parseRecord, recordMaker } from "./entry.ts";
import { RECORD_BYTES } from "./layout.ts";

const PLAIN: LedgerEntry = { kind: "call", who: "owner", what: "call.decided", target: "exec", result: "ok" };
const TIME = "2026-11-20T08:00:00.000Z";

const text = fc.string({ unit: "grapheme", maxLength: 20 });
const entries = fc.record(
  {
    kind: fc.constant("call" as const),
    who: text,
    what: text,
    target: text,
    result: text,
    session: text,
    turn: text,
    call: text,
    data: fc.dictionary(text, fc.oneof(text, fc.integer(), fc.boolean())),
  },
  { requiredKeys: ["kind", "who", "what", "target", "result"] },
);

test("R-LOG-1: a record is the canonical JSON of entry, index and time, and reads back as them", () => {
  fc.assert(
    fc.property(entries, fc.nat(), (entry, index) => {
      const record = recordMaker(entry)(index, TIME);
      assert.equal(record.toString("utf8"), canonicalJson({ ...entry, index, time: TIME }));
      // A dictionary of the generator has no prototype; what is read back has.
      assert.deepEqual(parseRecord(record), JSON.parse(JSON.stringify({ ...entry, index, time: TIME })));
    }),
  );
});

test("R-LOG-1: the largest entry fits wherever it lands, one byte more fits nowhere", () => {
  const empty = recordMaker({ ...PLAIN, data: { x: "" } })(
    Number.MAX_SAFE_INTEGER,
    "+275760-09-13T00:00:00.000Z",
  ).length;
  const most = { ...PLAIN, data: { x: "a".repeat(RECORD_BYTES - empty) } };
  assert.equal(recordMaker(most)(Number.MAX_SAFE_INTEGER, "+275760-09-13T00:00:00.000Z").length, RECORD_BYTES);
  refused(() => recordMaker({ ...PLAIN, data: { x: `${most.data.x}a` } }), "LEDGER_ENTRY_TOO_LARGE");
  refused(() => recordMaker({ ...PLAIN, target: "é".repeat(40_000) }), "LEDGER_ENTRY_TOO_LARGE");
});

test("R-LOG-1: what canonical JSON cannot say is refused before anything is written", () => {
  refused(() => recordMaker({ ...PLAIN, target: "\ud800" }), "JSON_UNREPRESENTABLE");
  refused(() => recordMaker({ ...PLAIN, data: { x: Number.NaN } }), "JSON_UNREPRESENTABLE");
});

test("R-LOG-1: an entry with an unknown, missing or misshapen member is refused; index and time cannot be brought along", () => {
  assert.deepEqual(parseEntry({ ...PLAIN }), PLAIN);
  const { who: _, ...anonymous } = PLAIN;
  for (const value of [
    null,
    [],
    "x",
    anonymous,
    { ...PLAIN, index: 7 },
    { ...PLAIN, time: TIME },
    { ...PLAIN, kind: "other" },
    { ...PLAIN, who: 1 },
    { ...PLAIN, session: 1 },
    { ...PLAIN, data: [] },
    { ...PLAIN, data: null },
  ]) {
    refused(() => parseEntry(value), "LEDGER_ENTRY_MALFORMED");
  }
});

test("R-LOG-6: bytes that are no record are not shown as one", () => {
  for (const bytes of ["", "{", "[]", '{"index":1}', canonicalJson({ ...PLAIN, index: 1 })]) {
    assert.equal(parseRecord(Buffer.from(bytes)), undefined);
  }
});

function refused(act: () => unknown, code: string): void {
  assert.throws(act, (error) => error instanceof Fault && error.code === code && error.hint !== "");
}
