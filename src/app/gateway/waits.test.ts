import assert from "node:assert/strict";
import { test } from "node:test";
import { newId } from "../../core/ids.ts";
import { seededRandom } from "../../core/testing.ts";
import { createWaits } from "./waits.ts";

test("R-AGENT-9: what a turn waited for people is counted while it is metered, and nothing is kept after it or of others", () => {
  const random = seededRandom(9);
  const waits = createWaits();
  const turn = newId("trn", random);
  const metered = waits.meter(turn);
  waits.add(turn, 20);
  waits.add(turn, 5);
  assert.equal(metered.waitedMs(), 25);
  for (let i = 0; i < 100; i++) waits.add(newId("trn", random), 7);
  assert.equal(waits.size, 1);
  metered.end();
  waits.add(turn, 3);
  assert.equal(waits.size, 0);
});
