import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../core/fault.ts";
import { nextTime, parseWhen } from "./when.ts";

const now = Date.UTC(2026, 0, 5, 8, 0, 0);

test("R-AGENT-2: a schedule may be relative, an instant, or cron", () => {
  assert.equal(parseWhen("in 20 minutes", now).nextMs, now + 1_200_000);
  assert.equal(parseWhen("in an hour", now).nextMs, now + 3_600_000);
  assert.equal(parseWhen("2026-01-05T09:00:00Z", now).nextMs, now + 3_600_000);
  const daily = parseWhen("0 9 * * *", now);
  assert.ok(daily.nextMs > now && daily.nextMs <= now + 86_400_000);
  assert.ok((nextTime(daily.stored, daily.nextMs) ?? 0) > daily.nextMs);
  assert.equal(nextTime(parseWhen("in 2 days", now).stored, now), null, "once is once");
});

test("R-AGENT-2: a time that cannot be read, has passed, or comes too often is refused with how to write it", () => {
  for (const bad of [
    "",
    "soon",
    "2025-01-01T00:00:00Z",
    "2026-01-05",
    "* * * * * *",
    "61 * * * *",
    "in 99999 weeks",
    "0 0 31 2 *",
  ]) {
    assert.throws(
      () => parseWhen(bad, now),
      (error: unknown) => error instanceof Fault && error.code === "SCHEDULE_MALFORMED",
      bad,
    );
  }
});
