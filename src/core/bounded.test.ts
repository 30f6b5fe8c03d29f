import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bounded, RECORD_BYTES } from "./bounded.ts";
import { canonicalJson, type JsonObject, sha256 } from "./json.ts";

test("R-LOG-2: what is small is recorded as it is", () => {
  const value = { path: "notes.md", list: [1, null, true], nested: { text: "x".repeat(2000) } };
  assert.deepEqual(bounded(value), value);
});

test("R-LOG-2: a large content never keeps a call from being recorded, and its digest stays", () => {
  const content = "y".repeat(4_000_000);
  const record = bounded({ path: "big.txt", content });
  assert.equal(record["path"], "big.txt");
  assert.deepEqual(record["content"], { cut: "4000000 characters", digest: sha256(content), head: "y".repeat(400) });
});

test("R-LOG-2: whatever the value, its record fits, is canonical JSON, and follows from the value alone", () => {
  const many: JsonObject = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [`k${i}`, Array(60).fill("z".repeat(1999))]),
  );
  assert.ok(Buffer.byteLength(canonicalJson(bounded(many))) <= RECORD_BYTES);
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ stringUnit: "binary" })), (value) => {
      const record = bounded(value);
      assert.ok(Buffer.byteLength(canonicalJson(record)) <= RECORD_BYTES + 2000);
      assert.deepEqual(bounded(value), record);
    }),
  );
});
