import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalJson, type JsonValue } from "../core/json.ts";
import { recordMaker } from "./entry.ts";
import { formProblem, isPlainRecord, parsedProblem } from "./verify-form.ts";

const INDEX = 41;

function plain(bytes: Buffer, index = INDEX): boolean {
  // Between other bytes, as in a bundle.
  const around = Buffer.concat([Buffer.from('{"'), bytes, Buffer.from('"}')]);
  return isPlainRecord(around, 2, 2 + bytes.length, index);
}

const record = fc
  .dictionary(
    fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom("call", "kind", "data", "index", "indez")),
    fc.jsonValue({ maxDepth: 4, noUnicodeString: false }),
    { maxKeys: 6 },
  )
  .map((members): Buffer => Buffer.from(canonicalJson(Object.assign(members, { index: INDEX }) as JsonValue), "utf8"));

test("R-LOG-3: INVARIANT(plain-is-canonical): what one pass takes for a record, parsing takes too, whatever was changed", () => {
  let [taken, refused] = [0, 0];
  const change = fc.record({
    at: fc.nat(),
    by: fc.integer({ min: 0, max: 255 }),
    how: fc.constantFrom("set", "put", "cut", "twice", "none"),
  });
  fc.assert(
    fc.property(record, fc.array(change, { maxLength: 2 }), (bytes, changes) => {
      const other = changes.reduce(changed, bytes);
      if (!plain(other)) return void (refused += 1);
      taken += 1;
      assert.equal(parsedProblem(other, INDEX), undefined, other.toString("utf8"));
    }),
    { numRuns: 3000 },
  );
  assert.ok(taken > 300 && refused > 300, `${taken} taken, ${refused} refused`);
});

type Change = { readonly at: number; readonly by: number; readonly how: string };

function changed(bytes: Buffer, { at: anywhere, by, how }: Change): Buffer {
  const at = anywhere % Math.max(1, bytes.length);
  if (how === "none") return bytes;
  if (how === "cut") return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + (by % 5))]);
  if (how === "twice") return Buffer.concat([bytes.subarray(0, at + (by % 20)), bytes.subarray(at)]);
  // Half of them are bytes that mean something in JSON.
  const put = by % 2 === 0 ? Buffer.from('",\\0.- {}[]:e1tn'.charAt(by % 16)) : Buffer.from([by]);
  return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(how === "set" ? at + 1 : at)]);
}

test("R-LOG-3: what is not canonical, or has another index, is refused by the pass and by parsing", () => {
  for (const text of [
    '{"index":42}',
    '{"a":{"index":41}}',
    '{"index":"41"}',
    '{"index":41.0}',
    '{"index":041}',
    '{"index":41,"index":41}',
    '{"index":41,"a":1}',
    '{"a":1,"a":2,"index":41}',
    '{ "index":41}',
    '{"index":41} ',
    '{"index":41',
    '{"index":41}}',
    '{"a":-0,"index":41}',
    '{"a":1e3,"index":41}',
    '{"a":1E+30,"index":41}',
    '{"a":0.10,"index":41}',
    '{"a":0x10,"index":41}',
    '{"a":.5,"index":41}',
    '{"a":1.,"index":41}',
    '{"a":Infinity,"index":41}',
    '{"a":[1,],"index":41}',
    '{"a":[,1],"index":41}',
    '{"a":truee,"index":41}',
    '{"a":tru,"index":41}',
    '{"a":"\\u0041","index":41}',
    '{"a":"\\/","index":41}',
    '{"a":"\t","index":41}',
    '{"a":"\\ud800","index":41}',
    '[{"index":41}]',
    '{"a" :1,"index":41}',
    '"index"',
    "",
    "{}",
  ]) {
    assert.equal(plain(Buffer.from(text)), false, text);
    assert.notEqual(formProblem(Buffer.from(text), INDEX), undefined, text);
  }
  const notText = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('","index":41}')]);
  assert.equal(plain(notText), false);
  assert.notEqual(formProblem(notText, INDEX), undefined);
});

test("R-LOG-3: records as the writer spells them are taken by the pass alone", () => {
  const entry = { kind: "call", who: "ana", what: "call.decided", target: "exec", result: "ok" } as const;
  for (const data of [
    {},
    { none: null, yes: true, no: false, list: [], object: {}, more: [[1], { a: "b" }] },
    { text: 'said "no" \\ on\ntwo lines\t', umlaut: "Grüße, 世界 🙂", ms: 12.25, tiny: 1e-7, huge: 1e21, below: -3 },
  ])
    assert.ok(plain(recordMaker({ ...entry, data })(INDEX, "2026-11-27T10:00:00.000Z")), JSON.stringify(data));
});

test("R-LOG-3: what the pass does not know is decided by parsing", () => {
  for (const text of [
    '{"index":41,"käse":1}',
    '{"a":"\\u0001","index":41}',
    `{"a":${"[".repeat(90)}${"]".repeat(90)},"index":41}`,
  ]) {
    assert.equal(plain(Buffer.from(text)), false, text);
    assert.equal(formProblem(Buffer.from(text), INDEX), undefined, text);
  }
});
