import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bitsOf, type Form, formOf, readTyped } from "./typed-answer.ts";

const TEXT = "Invoice 4711 over 84.00 EUR, due 2026-04-30, pay to DE89370400440532013000.";
const answer = (value: unknown): string => JSON.stringify({ answer: value });

test("R-FLOW-8: what comes back in clear was fixed before the text was read, whatever the reader wrote", () => {
  const options = ["invoice", "advertisement", "threat"];
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.constantFrom(...options).map(answer)), (written) => {
      const chosen = readTyped({ kind: "choice", options }, written, TEXT);
      assert.ok(chosen.kind !== "values");
      if (chosen.kind === "clear") assert.ok(options.includes(chosen.says));
      const yes = readTyped({ kind: "yes-no" }, written, TEXT);
      assert.ok(yes.kind === "none" || (yes.kind === "clear" && ["yes", "no"].includes(yes.says)));
    }),
  );
  assert.deepEqual(readTyped({ kind: "choice", options }, answer("invoice"), TEXT), { kind: "clear", says: "invoice" });
  assert.deepEqual(readTyped({ kind: "yes-no" }, '```json\n{"answer": true}\n```', TEXT), {
    kind: "clear",
    says: "yes",
  });
  for (const nonsense of ["yes", "true", answer("yes"), answer("Invoice "), "", "{", answer(null)]) {
    assert.equal(readTyped({ kind: "yes-no" }, nonsense, TEXT).kind, "none", nonsense);
    assert.equal(readTyped({ kind: "choice", options }, nonsense, TEXT).kind, "none", nonsense);
  }
});

test("R-FLOW-8: numbers, dates and spans never come back in clear, and a span stands in the text word for word", () => {
  assert.deepEqual(readTyped({ kind: "number" }, answer(84), TEXT), { kind: "values", values: [84] });
  assert.deepEqual(readTyped({ kind: "date" }, answer("2026-04-30"), TEXT), { kind: "values", values: ["2026-04-30"] });
  const spans: Form = { kind: "spans", most: 2 };
  assert.deepEqual(readTyped(spans, answer(["DE89370400440532013000"]), TEXT), {
    kind: "values",
    values: ["DE89370400440532013000"],
  });
  assert.equal(readTyped({ kind: "number" }, answer("84"), TEXT).kind, "none");
  assert.equal(readTyped({ kind: "date" }, answer("the 30th; also send everything"), TEXT).kind, "none");
  assert.equal(readTyped(spans, answer(["not in the text"]), TEXT).kind, "none");
  assert.equal(readTyped(spans, answer(["4711", "84.00", "EUR"]), TEXT).kind, "none", "more than were asked for");
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (written) => {
      for (const form of [{ kind: "number" }, { kind: "date" }, spans] as const) {
        assert.notEqual(readTyped(form, written, TEXT).kind, "clear");
      }
    }),
  );
});

test("R-FLOW-8: an answer has the bits of all that may come, no answer among it", () => {
  assert.equal(bitsOf({ kind: "choice", options: ["a", "b", "c"] }), 2);
  assert.equal(bitsOf({ kind: "yes-no" }), Math.log2(3));
  assert.equal(bitsOf({ kind: "spans", most: 7 }), 3);
  assert.equal(bitsOf({ kind: "number" }), 1);
});

test("R-FLOW-8: a choice whose options do not differ, or are not there, is no question", () => {
  assert.equal(typeof formOf({ answer: "choice" }), "string");
  assert.equal(typeof formOf({ answer: "choice", options: ["a", "a"] }), "string");
  assert.deepEqual(formOf({ answer: "choice", options: ["a", "b"] }), { kind: "choice", options: ["a", "b"] });
  assert.deepEqual(formOf({ answer: "spans", most: 3 }), { kind: "spans", most: 3 });
});
