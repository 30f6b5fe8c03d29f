import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { newId } from "../../core/ids.ts";
import type { ContextItem } from "../../core/item.ts";
import { SYSTEM_LABEL } from "../../core/label.ts";
import { person, random, trusted } from "./agent.fixtures.test.ts";
import { completePairs, estimateTokens, windowOf } from "./window.ts";

const SYSTEM: ContextItem = { kind: "system", id: newId("itm", random), text: "be good", label: SYSTEM_LABEL };

/** A model item with so many calls, and their results. */
function pair(results: readonly string[]): readonly ContextItem[] {
  const made = results.map(() => ({ id: newId("call", random), tool: "read", arguments: { path: "x" } }));
  return [
    { kind: "model", id: newId("itm", random), text: "", calls: made, label: trusted("full") },
    ...made.map(
      (call, at): ContextItem => ({
        kind: "result",
        id: newId("itm", random),
        call: call.id,
        tool: "read",
        text: results[at] ?? "",
        ok: true,
        label: trusted("none"),
      }),
    ),
  ];
}

const text = fc.oneof(
  fc.string(),
  fc.integer({ min: 0, max: 9000 }).map((length) => "w".repeat(length)),
  fc.string({ unit: "grapheme" }),
);
const history = fc.array(
  fc.oneof(
    text.map((words) => [person(words)]),
    fc.array(text, { minLength: 1, maxLength: 3 }).map(pair),
  ),
  { maxLength: 10 },
);

test("R-AGENT-1: the window keeps pairs whole, the order, the turn's message, and its limit", () => {
  fc.assert(
    fc.property(history, history, fc.integer({ min: 0, max: 8000 }), (before, after, limit) => {
      const pinned = person("the request");
      const items = [...before.flat(), pinned, ...after.flat().filter((item) => item.kind !== "person")];
      const window = windowOf({ front: [SYSTEM], items, pinned }, limit, random);
      if (window === undefined) return;
      const ids = new Set(
        window.items.flatMap((item) => (item.kind === "model" ? item.calls.map((call) => call.id) : [])),
      );
      const results = window.items.filter((item) => item.kind === "result");
      assert.deepEqual(new Set(results.map((item) => item.call)), ids, "half a pair");
      assert.ok(window.items.includes(pinned));
      assert.ok(window.items.includes(SYSTEM));
      assert.ok(window.estimatedTokens <= limit);
      const weight = window.items.reduce((sum, item) => sum + estimateTokens(item.text), 0);
      assert.ok(weight <= limit, `${weight} > ${limit}`);
      const order = window.items
        .map((item) => items.findIndex((other) => other.id === item.id))
        .filter((at) => at >= 0);
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
      );
      const left = items.length - order.length;
      assert.equal(
        window.items.some((item) => /earlier messages/.test(item.text)),
        left > 0,
        "what is left out is said",
      );
    }),
    { numRuns: 200 },
  );
});

test("R-AGENT-1: everything is sent where it fits, and nothing is said to be left out", () => {
  const items = [...pair(["one", "two"]), person("go")];
  const window = windowOf({ front: [SYSTEM], items, pinned: items.at(-1) }, 10_000, random);
  assert.deepEqual(window?.items, [SYSTEM, ...items]);
});

test("R-AGENT-1: the newest result is cut rather than dropped, keeping its beginning, its end and its label", () => {
  const asked = person("go");
  const items = [asked, ...pair([`BEGIN${"é".repeat(50_000)}END`])];
  const window = windowOf({ front: [SYSTEM], items, pinned: asked }, 1000, random);
  const result = window?.items.at(-1);
  assert.match(result?.text ?? "", /^BEGIN[\s\S]+characters are left out here[\s\S]+END$/);
  assert.deepEqual(result?.label, trusted("none"));
});

test("R-AGENT-1: a message that does not fit is not sent in part", () => {
  const asked = person("w".repeat(10_000));
  assert.equal(windowOf({ front: [SYSTEM], items: [asked], pinned: asked }, 1000, random), undefined);
  assert.equal(windowOf({ front: [SYSTEM], items: [asked], pinned: asked }, Number.NaN, random), undefined);
});

test("R-AGENT-1: a call without a result gets one that says that nobody knows; others stay as they are", () => {
  const whole = pair(["one"]);
  const [half] = pair(["lost"]);
  assert.ok(half !== undefined);
  const completed = completePairs([...whole, half], random);
  assert.deepEqual(completed.slice(0, 3), [...whole, half]);
  assert.ok(completed[3]?.kind === "result" && !completed[3].ok);
});
