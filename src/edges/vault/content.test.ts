import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Fault } from "../../core/fault.ts";
import {
  type Change,
  checkValue,
  confirm,
  contentText,
  EMPTY,
  everyValue,
  parseContent,
  remove,
  rotate,
  set,
  undo,
} from "./content.ts";

const apply = (...changes: readonly Change[]) => changes.reduce((content, change, i) => change(content, i + 1), EMPTY);

test("R-KEY-2: a rotation that keeps the old value can be confirmed, or undone", () => {
  const kept = apply(set("a", "value-one-1"), rotate("a", "value-two-2", true));
  assert.equal(kept.secrets["a"]?.value, "value-two-2");
  assert.equal(undo("a")(kept, 9).secrets["a"]?.value, "value-one-1");
  assert.equal(undo("a")(kept, 9).secrets["a"]?.setMs, 1, "it is as old as it was");
  const confirmed = confirm("a")(kept, 9);
  assert.deepEqual(confirmed.secrets["a"], { value: "value-two-2", setMs: 2 });
  assert.throws(() => undo("a")(confirmed, 10), { code: "SECRET_UNKNOWN" });
  const straight = apply(set("a", "value-one-1"), rotate("a", "value-two-2", false));
  assert.equal(straight.secrets["a"]?.previous, undefined);
  assert.throws(() => confirm("a")(straight, 9), { code: "SECRET_UNKNOWN" });
});

test("R-KEY-2: rotated twice before it is confirmed, the value that worked is the one that is kept", () => {
  const twice = apply(set("a", "value-one-1"), rotate("a", "value-two-2", true), rotate("a", "value-three", true));
  assert.equal(undo("a")(twice, 9).secrets["a"]?.value, "value-one-1");
  assert.ok(everyValue(twice).includes("value-two-2"));
});

test("R-KEY-2: the same value again is no rotation, and one that is not there cannot be rotated", () => {
  assert.throws(() => apply(set("a", "value-one-1"), rotate("a", "value-one-1", false)), { code: "SECRET_WEAK" });
  assert.throws(() => apply(rotate("a", "value-one-1", false)), { code: "SECRET_UNKNOWN" });
  assert.throws(() => apply(rotate("constructor", "value-one-1", false)), { code: "SECRET_UNKNOWN" });
});

test("R-KEY-1: what is no value is refused without being repeated", () => {
  for (const bad of ["", "seven77", "x".repeat(65_537), "with\0zero-byte", "\ud800 alone here"]) {
    assert.throws(
      () => checkValue(bad),
      (thrown) =>
        thrown instanceof Fault && thrown.code === "SECRET_WEAK" && (bad === "" || !thrown.message.includes(bad)),
    );
  }
  assert.equal(checkValue("eight888"), "eight888");
});

const NAME = fc.constantFrom("a", "b", "constructor");
const VALUE = fc.string({ minLength: 8, maxLength: 20 }).filter((text) => text.isWellFormed() && !text.includes("\0"));
const CHANGE: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(NAME, VALUE).map(([name, value]) => set(name, value)),
  fc.tuple(NAME, VALUE, fc.boolean()).map(([name, value, kept]) => rotate(name, value, kept)),
  NAME.map((name) => confirm(name)),
  NAME.map((name) => undo(name)),
  NAME.map((name) => remove([name])),
);

test("R-KEY-2: INVARIANT(never-forgotten): whatever is changed, every value that was ever kept is still known to the filter", () => {
  fc.assert(
    fc.property(fc.array(CHANGE, { maxLength: 30 }), (changes) => {
      const ever = new Set<string>();
      let content = EMPTY;
      for (const [i, change] of changes.entries()) {
        try {
          content = change(content, i);
        } catch (thrown) {
          assert.ok(thrown instanceof Fault);
        }
        for (const { value } of Object.values(content.secrets)) ever.add(value);
        assert.deepEqual(
          [...ever].filter((value) => !everyValue(content).includes(value)),
          [],
        );
        assert.deepEqual(parseContent(contentText(content)), content);
      }
    }),
  );
});
