import assert from "node:assert/strict";
import { test } from "node:test";
import { plural } from "./plural.ts";

test("R-OPS-1: one thing is counted in the singular, and every other number in the plural", () => {
  const said = [0, 1, 2].map((count) => [plural(count, "turn"), plural(count, "entry", "entries")]);
  assert.deepEqual(said, [
    ["0 turns", "0 entries"],
    ["1 turn", "1 entry"],
    ["2 turns", "2 entries"],
  ]);
});
