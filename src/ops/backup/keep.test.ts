import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { keptOf } from "./keep.ts";

const day = (number: number, at: string) => ({ number, time: `${at}T03:00:00.000Z` });

test("R-OPS-2: the newest of each day, week and month stay, as many as are asked for", () => {
  const made = [
    day(1, "2026-01-31"),
    day(2, "2026-02-01"),
    day(3, "2026-02-02"),
    { number: 4, time: "2026-02-02T09:00:00.000Z" },
    day(5, "2026-02-09"),
    day(6, "2026-02-10"),
  ];
  assert.deepEqual(keptOf(made, { last: 2, daily: 0, weekly: 0, monthly: 0 }), [5, 6]);
  assert.deepEqual(keptOf(made, { last: 1, daily: 3, weekly: 0, monthly: 0 }), [4, 5, 6]);
  // 2026-02-02 and 2026-02-09 are Mondays.
  assert.deepEqual(keptOf(made, { last: 1, daily: 0, weekly: 3, monthly: 0 }), [2, 4, 6]);
  assert.deepEqual(keptOf(made, { last: 1, daily: 0, weekly: 0, monthly: 5 }), [1, 6]);
});

test("R-OPS-2: INVARIANT(newest-stays): whatever is asked for, the newest backup is kept, and nothing that was not made", () => {
  const made = fc
    .uniqueArray(fc.nat(1_000), { minLength: 1 })
    .map((days) =>
      days.sort((a, b) => a - b).map((each, i) => ({ number: i + 1, time: new Date(each * 86_400_000).toISOString() })),
    );
  const few = fc.nat(5);
  fc.assert(
    fc.property(made, fc.record({ last: few, daily: few, weekly: few, monthly: few }), (all, keep) => {
      const kept = keptOf(all, keep);
      assert.ok(kept.includes(all.length));
      assert.ok(kept.every((number) => number >= 1 && number <= all.length));
      assert.ok(kept.length <= Math.max(1, keep.last) + keep.daily + keep.weekly + keep.monthly);
    }),
  );
});
