import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseSecretId } from "../../core/secret-ref.ts";
import { makeFolder } from "../config/durable.ts";
import { homes } from "../config/fixture.ts";
import { openUsage, readUsage, USAGE_NAME, type UseEvent } from "./usage.ts";

const HOUR_MS = 3_600_000;
const ID = parseSecretId("vault:github").id;
type Context = { after(body: () => void): void };

function opened(t: Context, limits: Parameters<typeof openUsage>[0]["limits"] = new Map()) {
  const { home } = homes(t);
  makeFolder(home);
  const now = { ms: Date.UTC(2026, 10, 20, 10) };
  const clock = { wallMs: () => now.ms, monotonicMs: () => now.ms, sleep: async () => undefined };
  const open = () => openUsage({ home, clock, limits, factor: 5 });
  const events: UseEvent[] = [];
  const usage = open();
  usage.watch((event) => events.push(event));
  return { home, now, open, events, usage };
}

test("R-KEY-3: a key may be used up to its limit of the day, and again the day after", (t) => {
  const { now, usage, events } = opened(t, new Map([[ID, { requests: 3 }]]));
  for (const spent of [false, false, true]) {
    usage.add(ID, { requests: 1 });
    assert.equal(usage.spent(ID) !== null, spent);
  }
  assert.match(usage.spent(ID) ?? "", /3 requests a day/);
  usage.add(ID, { requests: 1 });
  assert.deepEqual(events, [{ what: "secret.used-up", id: ID, measure: "requests", limit: 3 }], "told once");
  now.ms += 14 * HOUR_MS;
  assert.equal(usage.spent(ID), null);
});

test("R-KEY-3: bytes, tokens and money have limits of their own; without one nothing is used up", (t) => {
  for (const measure of ["bytes", "tokens", "money"] as const) {
    const { usage } = opened(t, new Map([[ID, { [measure]: 10 }]]));
    usage.add(ID, { requests: 100, [measure]: 9.5 });
    assert.equal(usage.spent(ID), null);
    usage.add(ID, { [measure]: 0.5 });
    assert.match(usage.spent(ID) ?? "", new RegExp(measure));
  }
  const { usage } = opened(t);
  usage.add(ID, { requests: 1e6, bytes: 1e12 });
  assert.equal(usage.spent(ID), null);
});

test("R-KEY-3: a restart gives nothing back, nor does a clock that goes back", (t) => {
  const { now, usage, open } = opened(t, new Map([[ID, { requests: 2 }]]));
  usage.add(ID, { requests: 2 });
  assert.notEqual(open().spent(ID), null, "what reached the limit was on the disk at once");
  now.ms -= 2 * HOUR_MS;
  usage.add(ID, { requests: 1 });
  assert.notEqual(usage.spent(ID), null);
});

test("R-KEY-3: five times the usual in an hour is told once; a steady use and a first hour are not", (t) => {
  const { now, usage, events } = opened(t);
  usage.add(ID, { requests: 500 });
  assert.equal(events.length, 0, "nothing is usual yet");
  for (let hour = 0; hour < 5; hour++) {
    now.ms += HOUR_MS;
    for (let i = 0; i < 10; i++) usage.add(ID, { requests: 10 });
  }
  assert.equal(events.length, 0, "100 an hour, and 500 in the first");
  now.ms += HOUR_MS;
  usage.add(ID, { requests: 800 });
  assert.equal(events.length, 0);
  usage.add(ID, { requests: 200 });
  usage.add(ID, { requests: 200 });
  const [event, ...more]: readonly UseEvent[] = [...events];
  assert.deepEqual(more, []);
  assert.ok(event?.what === "secret.spike");
  assert.deepEqual([event.id, event.measure, event.now], [ID, "requests", 1000]);
  assert.ok(event.usual > 160 && event.usual < 170, "(500 + 5 times 100) / 6");
});

test("R-KEY-3: little is no spike, however much more it is than nothing", (t) => {
  const { now, usage, events } = opened(t);
  for (let hour = 0; hour < 5; hour++) {
    usage.add(ID, { requests: 1, bytes: 10 });
    now.ms += HOUR_MS;
  }
  usage.add(ID, { requests: 19, bytes: 900_000 });
  assert.deepEqual(events, []);
});

test("R-KEY-3: what was used can be read without the gateway; a file that cannot be read is told", (t) => {
  const { home, usage } = opened(t);
  usage.add(ID, { requests: 1, tokens: 7 });
  usage.flush();
  assert.equal(readUsage(home).get(ID)?.today.tokens, 7);
  writeFileSync(join(home, USAGE_NAME), "{");
  assert.throws(() => readUsage(home), { code: "STATE_CORRUPT" });
  assert.ok(existsSync(join(home, USAGE_NAME)));
});
