import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { crew, inOrder, letGo, WAIT } from "./ahead.ts";

test("R-OPS-2: what is read ahead comes in its order, never more at once than was said, and all of it", async () => {
  let [under, most] = [0, 0];
  const work = async (item: number): Promise<number> => {
    most = Math.max(most, ++under);
    // The later ones are done first.
    for (let i = 0; i < 10 - (item % 10); i++) await turn();
    under -= 1;
    return item * 2;
  };
  const items = Array.from({ length: 30 }, (_, i) => i);
  const results: number[] = [];
  for await (const result of inOrder(items, 4, work)) results.push(result);
  assert.deepEqual(
    results,
    items.map((item) => item * 2),
  );
  assert.equal(most, 4);
});

test("R-OPS-2, R-FLOW-4: nothing behind a wait is asked for before what is in front of it was dealt with", async () => {
  const said: string[] = [];
  async function* items(): AsyncGenerator<string | typeof WAIT> {
    yield* ["a", "b", "c"];
    yield WAIT;
    said.push("asked for what is behind");
    yield "d";
  }
  const work = async (item: string): Promise<string> => {
    await turn();
    return item;
  };
  for await (const item of inOrder(items(), 8, work)) said.push(item);
  assert.deepEqual(said, ["a", "b", "c", "asked for what is behind", "d"]);
});

test("R-OPS-2: what fails ahead is heard of in its turn, and nothing goes on behind the end", async () => {
  let under = 0;
  const work = async (item: number): Promise<number> => {
    under += 1;
    await turn();
    await turn();
    under -= 1;
    if (item === 2) throw new Error("two");
    return item;
  };
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const item of inOrder([0, 1, 2, 3, 4, 5], 4, work)) seen.push(item);
  }, /two/);
  assert.deepEqual([seen, under], [[0, 1], 0]);
  for await (const item of inOrder([0, 1, 3, 4], 4, work)) if (item === 1) break;
  assert.equal(under, 0, "nor where it is ended by who takes");
});

test("R-OPS-2: of work behind, the first failure is thrown, nothing is begun after it, and it ends when all has", async () => {
  const done: number[] = [];
  const some = crew(2);
  const one = (name: number, fails = false) =>
    some.begin(async () => {
      for (let i = 0; i < 5; i++) await turn();
      if (fails) throw new Error(`failed ${name}`);
      done.push(name);
    });
  await one(1);
  await one(2, true);
  await one(3);
  await assert.rejects(one(4), /failed 2/);
  await assert.rejects(some.end(), /failed 2/);
  assert.deepEqual(done, [1, 3]);
  await some.settle();
  const honest = crew(2);
  for (const name of [5, 6, 7]) await honest.begin(async () => void done.push(name));
  await honest.end();
  assert.deepEqual(done, [1, 3, 5, 6, 7]);
});

test("R-OPS-2: memory that is shared is not given back under somebody else", () => {
  const whole = Buffer.allocUnsafeSlow(100_000);
  const part = whole.subarray(10, 20);
  letGo(part);
  assert.equal(whole.length, 100_000);
  letGo(whole);
  assert.deepEqual([whole.length, part.length], [0, 0]);
});
