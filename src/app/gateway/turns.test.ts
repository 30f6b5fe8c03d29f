import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../core/fault.ts";
import { newId } from "../../core/ids.ts";
import { fakeClock, seededRandom } from "../../core/testing.ts";
import type { StateStore } from "../../core/ports/store.ts";
import type { JsonObject } from "../../core/json.ts";
import { createBudgets } from "./budgets.ts";
import { createTurns, WAITING_LIMIT } from "./turns.ts";

const random = seededRandom(5);
const never = new AbortController().signal;

test("R-CHAN-6: turns of one session run one after the other, of two sessions side by side", async () => {
  const turns = createTurns();
  const [a, b] = [newId("ses", random), newId("ses", random)];
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns.run(a, newId("trn", random), never, async () => {
    order.push("a1 begins");
    await gate.promise;
    order.push("a1 ends");
  });
  const second = turns.run(a, newId("trn", random), never, async () => void order.push("a2"));
  await turns.run(b, newId("trn", random), never, async () => void order.push("b1"));
  gate.resolve();
  await Promise.all([first, second]);
  assert.deepEqual(order, ["a1 begins", "b1", "a1 ends", "a2"]);
  assert.equal(turns.running, 0);
});

test("R-IR-1: stop ends every turn and waits until they are over; a failed turn does not block the next", async () => {
  const turns = createTurns();
  const session = newId("ses", random);
  const failing = turns.run(session, newId("trn", random), never, async () => Promise.reject(new Error("broken")));
  await assert.rejects(failing, /broken/);
  const running = turns.run(session, newId("trn", random), never, async (signal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    return "ended";
  });
  await Promise.resolve();
  await turns.stopAll("stop");
  assert.equal(await running, "ended");
});

test("R-AGENT-9: a flood of messages in one session is refused", async () => {
  const turns = createTurns();
  const session = newId("ses", random);
  const gate = Promise.withResolvers<void>();
  const waiting = Array.from({ length: WAITING_LIMIT }, () =>
    turns.run(session, newId("trn", random), never, () => gate.promise),
  );
  await assert.rejects(
    turns.run(session, newId("trn", random), never, async () => assert.fail("must not run")),
    (error: unknown) => error instanceof Fault && error.code === "SESSION_BUSY",
  );
  gate.resolve();
  await Promise.all(waiting);
  assert.equal(await turns.run(session, newId("trn", random), never, async () => "again"), "again");
});

test("R-AGENT-9: what was used today counts for the person and for everybody, and not tomorrow", async () => {
  const rows = new Map<string, JsonObject>();
  const state: StateStore = { get: async (key) => rows.get(key), set: async (key, value) => void rows.set(key, value) };
  const clock = fakeClock();
  const most = { tokens: 100, toolCalls: 10, wallMs: 1000 };
  const budgets = createBudgets(state, clock, { person: most, day: { ...most, tokens: 150 } });
  await budgets.add("ana", { tokens: 80, toolCalls: 2 });
  await budgets.add("ben", { tokens: 50 });
  const left = await budgets.left("ana");
  assert.deepEqual([left.person.tokens, left.person.toolCalls, left.day.tokens], [20, 8, 20]);
  clock.jumpWall(86_400_000);
  assert.equal((await budgets.left("ana")).person.tokens, 100);
  clock.jumpWall(-86_400_000);
  assert.equal((await budgets.left("ana")).person.tokens, 20, "a clock that goes back gives nothing back");
});

test("R-AGENT-9: a stored count that is no number leaves nothing", async () => {
  const state: StateStore = { get: async () => ({ tokens: "many" }), set: async () => undefined };
  const most = { tokens: 100, toolCalls: 10, wallMs: 1000 };
  const budgets = createBudgets(state, fakeClock(), { person: most, day: most });
  assert.ok(!((await budgets.left("ana")).person.tokens > 0));
});
