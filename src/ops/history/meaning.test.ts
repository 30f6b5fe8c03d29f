import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Verdict } from "../../core/decision.ts";
import { TRUST_LEVELS } from "../../core/label.ts";
import { diffLines, onlyChanged } from "./lines.ts";
import { type Answered, isWidening, meaningOf, sentencesOf } from "./meaning.ts";

const answer = (tool: string, verdict: Verdict, change: Partial<Answered> = {}): Answered => ({
  agent: "main",
  channel: "terminal",
  person: "owner",
  trust: "none",
  holds: "private",
  tool,
  destination: "a stranger",
  verdict,
  ...change,
});
const side = (answers: readonly Answered[], downgrades: readonly string[] = []) => ({ answers, downgrades });

test("R-OPS-1: what is laxer after a change opens, what is stricter closes, and what stayed is not said", () => {
  const before = side([answer("send", "deny"), answer("fetch", "ask"), answer("read", "allow"), answer("exec", "ask")]);
  const after = side([answer("send", "ask"), answer("fetch", "allow"), answer("read", "deny"), answer("exec", "ask")]);
  const meaning = meaningOf(before, after);
  assert.deepEqual(
    meaning.opens.map(({ tool, from, to }) => [tool, from, to]),
    [
      ["send", "deny", "ask"],
      ["fetch", "ask", "allow"],
    ],
  );
  assert.deepEqual(
    meaning.closes.map(({ tool }) => tool),
    ["read"],
  );
  assert.ok(isWidening(meaning) && !isWidening(meaningOf(before, before)));
  assert.match(sentencesOf(meaning)[0] ?? "", /^\+ send can be asked for: a stranger/);
});

test("R-OPS-1: INVARIANT(absent-is-denied): what only one side has was, or is, refused", () => {
  const added = meaningOf(side([]), side([answer("send", "allow")]));
  assert.deepEqual(
    added.opens.map(({ from, to }) => [from, to]),
    [["deny", "allow"]],
  );
  const gone = meaningOf(side([answer("send", "allow")]), side([]));
  assert.deepEqual(
    gone.closes.map(({ from, to }) => [from, to]),
    [["allow", "deny"]],
  );
});

test("R-OPS-1: a weaker mode that judges no call is widening all the same", () => {
  const meaning = meaningOf(side([]), side([], ["gateway.bind: lan: …"]));
  assert.ok(isWidening(meaning));
  assert.deepEqual(sentencesOf(meaning), ["+ weaker: gateway.bind: lan: …"]);
  assert.deepEqual(sentencesOf(meaningOf(side([]), side([]))), ["no call is judged by what was changed"]);
});

test("R-OPS-1: INVARIANT(undone): a change and the change back open and close the same", () => {
  const verdict = fc.constantFrom<Verdict>("allow", "ask", "deny");
  const cell = fc.record({
    tool: fc.constantFrom("a", "b"),
    verdict,
    trust: fc.constantFrom(...TRUST_LEVELS),
    destination: fc.constantFrom("x", "y"),
  });
  const answers = fc.array(cell.map(({ tool, verdict: its, ...change }) => answer(tool, its, change)));
  fc.assert(
    fc.property(answers, answers, (one, two) => {
      const there = meaningOf(side(one), side(two));
      const back = meaningOf(side(two), side(one));
      const names = (shifts: typeof there.opens): readonly string[] =>
        shifts.map((each) => `${each.tool} ${each.destinations.join()} ${each.trusts.join()}`).sort();
      assert.deepEqual(names(there.opens), names(back.closes));
      assert.equal(meaningOf(side(one), side(one)).opens.length, 0);
    }),
  );
});

test("R-OPS-1: INVARIANT(lines): what stayed and what was put in is the new text, what stayed and was taken out the old one", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c", "")).map((lines) => lines.map((line) => `${line}\n`).join(""));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = diffLines(before, after);
      const of = (left: string): string =>
        lines
          .filter(({ sign }) => sign !== left)
          .map((line) => `${line.text}\n`)
          .join("");
      assert.equal(of("+"), before);
      assert.equal(of("-"), after);
      if (before === after) assert.ok(lines.every(({ sign }) => sign === " "));
    }),
  );
  assert.deepEqual(onlyChanged(diffLines("1\n2\n3\n4\n5\n6\n7\n", "1\n2\n3\nX\n5\n6\n7\n"), 1), [
    "…",
    "  3",
    "- 4",
    "+ X",
    "  5",
    "…",
  ]);
});
