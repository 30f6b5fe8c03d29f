import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Fault } from "./fault.ts";
import { canonicalJson, digestOf, type JsonValue, leaves, parseDigest } from "./json.ts";

test("R-LOG-3: canonical JSON sorts keys by UTF-16 and prints numbers as ECMAScript does (RFC 8785, 3.2.2 and 3.2.3)", () => {
  assert.equal(
    canonicalJson({ "\u20ac": 1, "\r": 2, "\ufb33": 3, 1: 4, "\ud83d\ude00": 5, "\u0080": 6, "\u00f6": 7 }),
    '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}',
  );
  assert.equal(
    canonicalJson([Number("333333333.33333329"), 1e30, 4.5, 2e-3, 1e-27, -0]),
    "[333333333.3333333,1e+30,4.5,0.002,1e-27,0]",
  );
});

test("R-LOG-3: the same value has one spelling, whatever order its keys came in", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
      const turned = Object.fromEntries(Object.entries(object).reverse());
      let first: string;
      try {
        first = canonicalJson(object);
      } catch (error) {
        assert.ok(error instanceof Fault && error.code === "JSON_UNREPRESENTABLE");
        return;
      }
      assert.equal(canonicalJson(turned as JsonValue), first);
      assert.equal(canonicalJson(JSON.parse(first) as JsonValue), first);
      assert.equal(digestOf(turned as JsonValue), digestOf(object as JsonValue));
    }),
  );
});

test("R-LOG-3: what JSON cannot say is refused, not altered", () => {
  let deep: JsonValue = 1;
  for (let i = 0; i < 300; i++) deep = [deep];
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, "\ud800", { "\udfff": 1 }, deep]) {
    assert.throws(() => canonicalJson(bad), Fault);
  }
  assert.throws(() => parseDigest("abc"), Fault);
});

test("R-FLOW-3: every string and number of nested arguments is walked, with its pointer", () => {
  assert.deepEqual(
    [...leaves({ a: ["x", { "b/c": 2, "d~": "y" }], e: true, f: null })],
    [
      { pointer: "/a/0", value: "x" },
      { pointer: "/a/1/b~1c", value: "2" },
      { pointer: "/a/1/d~0", value: "y" },
    ],
  );
});
