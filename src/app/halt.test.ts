import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../core/json.ts";
import type { StateStore } from "../core/ports/store.ts";
import { openHalt } from "./halt.ts";

function storeOf(kept: JsonObject | undefined): StateStore {
  const values = new Map(kept === undefined ? [] : [["halted", kept]]);
  return {
    get: async (key) => values.get(key),
    set: async (key, value) => void values.set(key, value),
  };
}

test("R-IR-1: whoever comes to a stopped gateway is told at once, without asking anything that may hang; to one that runs nothing is said", async () => {
  const store = storeOf(undefined);
  const halt = await openHalt(store);
  const over = new AbortController();
  const [early, late]: [string[], string[]] = [[], []];
  halt.watch(({ type }) => early.push(type), over.signal);
  assert.deepEqual(early, []);
  await halt.stop({ by: "owner", why: "a test", atMs: 1 });
  halt.watch(({ type }) => late.push(type), over.signal);
  assert.deepEqual([early, late], [["stopped"], ["stopped"]]);
  const again: string[] = [];
  const next = await openHalt(store);
  next.watch(({ type }) => again.push(type), over.signal);
  await next.resume();
  assert.deepEqual(again, ["stopped", "resumed"]);
});

test("R-IR-1: INVARIANT(fail-closed): stopped stays stopped where nobody can read any more who said so", async () => {
  const halt = await openHalt(storeOf({ halted: true, by: 7 }));
  assert.deepEqual([halt.state(), halt.said()?.by, halt.signal().aborted], ["halted", "somebody", true]);
});
