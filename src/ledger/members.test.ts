import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RECORD_KINDS, type StoredEntry } from "../core/ports/ledger.ts";
import { parseRecord, recordMaker } from "./entry.ts";
import { Members } from "./members.ts";
import { parsedProblem } from "./verify-form.ts";

const NAMES = ["index", "time", "kind", "who", "what", "target", "result", "session", "turn", "call"] as const;

/** What names and ends members, and what is spelled with a backslash. */
const piece = fc.constantFrom(
  ...NAMES.flatMap((name) => [`"${name}":`, `,"${name}":"`, `${name}"`]),
  '"',
  "\\",
  "}",
  "{",
  ",",
  '},"index":7,"kind":"call"',
  "\u0000",
  "\u001b",
  "\n",
  "é",
  "名",
  "😀",
  "ses_a",
);
const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.array(piece, { maxLength: 4 }).map((all) => all.join("")),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.nat(),
    fc.constant(null),
    fc.array(tie("any"), { maxLength: 3 }),
    tie("object"),
  ),
  object: fc.dictionary(fc.oneof(text, fc.constantFrom(...NAMES)), tie("any"), { maxKeys: 4 }),
}));
const record = fc
  .tuple(
    fc.record(
      {
        kind: fc.constantFrom(...RECORD_KINDS),
        who: text,
        what: text,
        target: text,
        result: text,
        session: text,
        turn: text,
        call: text,
        data: value.object,
      },
      { requiredKeys: ["kind", "who", "what", "target", "result"] },
    ),
    fc.nat({ max: 2_000_000 }),
    fc.date({ noInvalidDate: true }),
  )
  .map(([entry, index, time]) => recordMaker(JSON.parse(JSON.stringify(entry)))(index, time.toISOString()));

/** Between other bytes, as in a bundle. */
function told(bytes: Buffer): Members | undefined {
  const around = [Buffer.from('"index":9,"kind":"call","who":"'), Buffer.from(',"who":"x"}"index":8')] as const;
  const members = new Members(Buffer.concat([around[0], bytes, around[1]]));
  const start = around[0].length;
  return members.read({ start, end: start + bytes.length }) ? members : undefined;
}

function sameAs(own: Members, entry: StoredEntry): void {
  // Twice: what was asked for before is answered from memory.
  for (const name of [...NAMES, ...NAMES]) assert.equal(own[name], entry[name], name);
}

test("R-LOG-6: INVARIANT(told-is-parsed): of each record as it is written, its bytes tell what parsing gives", () => {
  fc.assert(
    fc.property(record, (bytes) => {
      const own = told(bytes);
      const entry = parseRecord(bytes);
      assert.ok(own !== undefined && entry !== undefined, bytes.toString("utf8"));
      sameAs(own, entry);
      assert.ok(own.bytes.equals(bytes));
    }),
    { numRuns: 2000 },
  );
});

test("R-LOG-6: INVARIANT(told-is-parsed): of records whose bytes were changed, those that are still records tell what parsing gives", () => {
  let [same, refused] = [0, 0];
  const change = fc.record({ at: fc.nat(), length: fc.nat({ max: 3 }), put: fc.oneof(fc.constant(""), piece, text) });
  fc.assert(
    fc.property(record, fc.array(change, { minLength: 1, maxLength: 2 }), (bytes, changes) => {
      const other = changes.reduce(changed, bytes);
      const own = told(other);
      if (own === undefined) return void (refused += 1);
      const entry = parsedProblem(other, own.index) === undefined ? parseRecord(other) : undefined;
      if (entry === undefined) return;
      same += 1;
      sameAs(own, entry);
    }),
    { numRuns: 3000 },
  );
  assert.ok(same > 100 && refused > 100, `${same} the same, ${refused} refused`);
});

function changed(
  bytes: Buffer,
  { at: anywhere, length, put }: { readonly at: number; readonly length: number; readonly put: string },
): Buffer {
  const at = anywhere % bytes.length;
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(put, "utf8"), bytes.subarray(at + length)]);
}

test("R-LOG-6: what is not spelled as a record is not told; one told after another is itself", () => {
  const tail = '"kind":"call","result":"ok","target":"t","time":"2026-11-28T00:00:00.000Z","what":"w","who":"ana"}';
  for (const text of [
    "",
    "{}",
    `{"index":1,${tail.slice(0, -1)}`,
    `{"index":1,${tail} `,
    `{"index":1, ${tail}`,
    `{"index":01,${tail}`,
    `{"index":,${tail}`,
    `{"index":1.0,${tail}`,
    `{"index":9999999999999999,${tail}`,
    `{"index":1,${tail.replace('"call"', '"other"')}`,
    `{"index":1,${tail.replace('"kind":"call",', "")}`,
    `{"index":1,${tail.replace('"ana"', '"a\\q"')}`,
    `{"index":1,${tail.replace('"ana"', '"a\\u00g0"')}`,
    `{"index":1,${tail.replace('"ana"', '"a\nb"')}`,
    `{"index":1,${tail.replace(',"who"', ',"x":"y","who"')}`,
    `{"call":"c"}"index":1,${tail}`,
    `{"data":[],"index":1,${tail}`,
    `{"data":{"a":{"index":1,${tail}}`,
    `{"date":{},"index":1,${tail}`,
    `{"data":{},"x":1,"index":1,${tail}`,
  ]) {
    assert.equal(told(Buffer.from(text)), undefined, text);
  }
  const [one, two] = [`{"call":"c","data":{},"index":1,${tail}`, `{"index":22,${tail.replace("ana", "an")}`];
  const members = new Members(Buffer.from(one + two));
  assert.ok(members.read({ start: 0, end: one.length }));
  assert.deepEqual([members.index, members.call, members.who, members.session], [1, "c", "ana", undefined]);
  assert.ok(members.read({ start: one.length, end: one.length + two.length }));
  assert.deepEqual([members.index, members.call, members.who], [22, undefined, "an"]);
});
