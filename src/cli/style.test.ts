import assert from "node:assert/strict";
import { test } from "node:test";
import { beside } from "./style.ts";

test("R-OPS-1: what is said beside a name is broken between words and goes on under its beginning", () => {
  assert.equal(beside("  --why", "kept with the old text", 26), "  --why kept with the old\n        text");
  assert.equal(beside("  --why", "kept with the old text"), "  --why kept with the old text", "no edge, no break");
  assert.equal(
    beside("  --why", `see ${"x".repeat(40)} there`, 30),
    `  --why see\n        ${"x".repeat(40)}\n        there`,
  );
  for (const width of [10, 24, 40, 80])
    assert.equal(beside("n", "a b  c dd eee ffff", width).replaceAll(/\n +/g, " "), "n a b  c dd eee ffff");
});
