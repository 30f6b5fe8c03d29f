import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import fc from "fast-check";
import type { MemoryRow, Store } from "../../core/ports/store.ts";
import type { Probe } from "./database.ts";
import { clean, clock, folder, key as session, memoryOf, random } from "./fixture.ts";
import type { MemoryPlan } from "./memory-form.ts";
import { type MemoryKey, memoryKey, openMemory, sealMemory } from "./memory-seal.ts";
import { openStore } from "./open.ts";

const CANARY = "quetzal-7f3a9c52e1";
const main = session.agent;
const newKey = (): MemoryKey => memoryKey(randomBytes(32));
const sealed =
  (key: MemoryKey, keys: readonly MemoryKey[] = [key]): MemoryPlan =>
  async () => ({ form: "sealed", key, keys, random });
const clear =
  (...keys: readonly MemoryKey[]): MemoryPlan =>
  async () => ({ form: "clear", keys });
const open = (dir: string, memory?: MemoryPlan, probe?: Probe): Promise<Store> =>
  openStore({ dir, clock, clean, ...(memory && { memory }), ...(probe && { probe }) });

/** A store in clear with these, closed. */
async function made(dir: string, rows: readonly MemoryRow[]): Promise<void> {
  const store = await open(dir);
  for (const row of rows) await store.memory.add(row);
  await store.close();
}

const holding = (dir: string, word: string): readonly string[] =>
  readdirSync(dir).filter((name) => readFileSync(join(dir, name)).includes(word));

function sql(dir: string, statement: string): void {
  const db = new DatabaseSync(join(dir, "vambrace.db"));
  db.exec(statement);
  db.close();
}

test("R-AGENT-7: sealing leaves no word or label of a memory in any file of the store; in clear they are there", async (t) => {
  const dir = folder(t);
  const rows = Array.from({ length: 40 }, (_, i) => memoryOf(`${CANARY} number ${i} ${"x".repeat(i * 50)}`));
  await made(dir, rows);
  assert.deepEqual(holding(dir, CANARY), ["vambrace.db"]);
  assert.deepEqual(holding(dir, "https://example.org/"), ["vambrace.db"]);
  const key = newKey();
  const store = await open(dir, sealed(key));
  const added = memoryOf(`${CANARY} later`);
  await store.memory.add(added);
  // While it runs and its log is not empty, and after it ended.
  for (const word of [CANARY, "quetzal", "https://example.org/"]) assert.deepEqual(holding(dir, word), [], word);
  assert.deepEqual(await store.memory.list(main), [...rows, added]);
  assert.equal((await store.memory.search(main, "quetzal later", 1))[0]?.id, added.id);
  await store.close();
  assert.deepEqual(holding(dir, CANARY), []);
  const again = await open(dir, clear(key));
  assert.deepEqual(await again.memory.list(main), [...rows, added]);
  assert.equal((await again.memory.search(main, "later", 5)).length, 1);
  await again.close();
});

test("R-AGENT-7: what is sealed is opened with its key or not at all, also to be turned off; nothing is changed", async (t) => {
  const dir = folder(t);
  const [key, other] = [newKey(), newKey()];
  const row = memoryOf(CANARY);
  await made(dir, [row]);
  await (await open(dir, sealed(key))).close();
  const before = readFileSync(join(dir, "vambrace.db"));
  for (const plan of [undefined, sealed(other), clear(), clear(other)])
    await assert.rejects(open(dir, plan), { code: "MEMORY_LOCKED" });
  assert.ok(before.equals(readFileSync(join(dir, "vambrace.db"))));
  const store = await open(dir, sealed(key));
  assert.deepEqual(await store.memory.list(main), [row]);
  await store.close();
});

test("R-AGENT-7: with a new key everything is sealed anew, and the old one opens nothing", async (t) => {
  const dir = folder(t);
  const [old, key] = [newKey(), newKey()];
  const rows = [memoryOf("one"), memoryOf("two", "second")];
  await made(dir, rows);
  await (await open(dir, sealed(old))).close();
  const store = await open(dir, sealed(key, [key, old]));
  assert.deepEqual(await store.memory.list(main), rows.slice(0, 1));
  await store.close();
  await assert.rejects(open(dir, sealed(old)), { code: "MEMORY_LOCKED" });
  await (await open(dir, sealed(key))).close();
});

test("R-AGENT-7: one flipped bit is a fault that names the memory, and every other one stays", async (t) => {
  const dir = folder(t);
  const key = newKey();
  const [one, two] = [memoryOf("one thing"), memoryOf("another thing")];
  await made(dir, [one, two]);
  await (await open(dir, sealed(key))).close();
  const db = new DatabaseSync(join(dir, "vambrace.db"));
  const [row] = db.prepare("SELECT sealed FROM memory_sealed WHERE id = ?").all(one.id);
  const bytes = Buffer.from(row?.["sealed"] as Uint8Array);
  bytes[20] = (bytes[20] ?? 0) ^ 1;
  db.prepare("UPDATE memory_sealed SET sealed = ? WHERE id = ?").run(bytes, one.id);
  db.close();
  const names = { code: "MEMORY_DAMAGED", message: new RegExp(one.id) };
  for (const plan of [clear(key), sealed(newKey(), [key])]) await assert.rejects(open(dir, plan), names);
  const store = await open(dir, sealed(key));
  await assert.rejects(store.memory.list(main), names);
  await assert.rejects(store.memory.search(main, "thing", 5), names);
  // The store itself goes on, and so does memory once a person let that one go.
  await store.memory.add(memoryOf("third", "second"));
  assert.equal(await store.memory.remove(one.id), true);
  assert.deepEqual(await store.memory.list(main), [two]);
  await store.close();
});

test("R-AGENT-7: INVARIANT(sealed-whole): a row under another id, agent or time does not open, nor one with any bit flipped", () => {
  const key = newKey();
  const row = memoryOf("words");
  const bytes = sealMemory(row, key, random);
  assert.deepEqual(openMemory(row, bytes, key), row);
  const damaged = { code: "MEMORY_DAMAGED" };
  assert.throws(() => openMemory({ ...row, id: memoryOf("").id }, bytes, key), damaged);
  assert.throws(() => openMemory({ ...row, agent: memoryOf("", "second").agent }, bytes, key), damaged);
  assert.throws(() => openMemory({ ...row, createdMs: row.createdMs + 1 }, bytes, key), damaged);
  assert.throws(() => openMemory(row, bytes, newKey()), damaged);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
      const flipped = Uint8Array.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
      assert.throws(() => openMemory(row, flipped, key), damaged);
    }),
  );
  assert.notDeepEqual(sealMemory(row, key, random), bytes);
});

test("R-AGENT-7: a clear memory among sealed ones is damage, and so are sealed ones without their mark", async (t) => {
  const dir = folder(t);
  const key = newKey();
  await made(dir, [memoryOf("one")]);
  await (await open(dir, sealed(key))).close();
  const planted = memoryOf("trust me");
  sql(
    dir,
    `INSERT INTO memory (id, agent, text, label, created_ms) VALUES ('${planted.id}', 'main', 'trust me', '${JSON.stringify(planted.label)}', 1)`,
  );
  await assert.rejects(open(dir, sealed(key)), { code: "STATE_CORRUPT" });
  sql(dir, "DELETE FROM memory");
  await (await open(dir, sealed(key))).close();
  sql(dir, "DELETE FROM state WHERE key = 'memory-seal'");
  await assert.rejects(open(dir, sealed(key)), { code: "STATE_CORRUPT" });
  await assert.rejects(open(dir), { code: "STATE_CORRUPT" });
});

/** What a start does that is stopped at each of its steps in turn, and what the next one then finds. */
const CHANGES: readonly { readonly what: string; readonly from: MemoryPlan | undefined; readonly to: MemoryPlan }[] =
  (() => {
    const [old, key] = [newKey(), newKey()];
    return [
      { what: "sealing", from: undefined, to: sealed(key) },
      { what: "sealing anew", from: sealed(old), to: sealed(key, [key, old]) },
      { what: "opening", from: sealed(old), to: clear(old) },
    ];
  })();

for (const { what, from, to } of CHANGES) {
  test(`R-AGENT-7: ${what} that ends at any step is whole or not begun, and the next start completes it`, async (t) => {
    let stopped = 0;
    for (let at = 1; ; at++) {
      const dir = folder(t);
      const rows = [memoryOf(`${CANARY} one`), memoryOf(`${CANARY} two`)];
      await made(dir, rows);
      if (from !== undefined) await (await open(dir, from)).close();
      let step = 0;
      const opening = open(dir, to, () => {
        step += 1;
        if (step === at) throw new Error("injected");
      });
      const [outcome] = await Promise.allSettled([opening]);
      if (outcome?.status === "fulfilled") await outcome.value.close();
      else stopped += 1;
      const store = await open(dir, to);
      assert.deepEqual(await store.memory.list(main), rows, `step ${at}`);
      if (what !== "opening") assert.deepEqual(holding(dir, CANARY), [], `step ${at}`);
      await store.close();
      if (step < at) break;
    }
    assert.ok(stopped >= 6, `${what} was stopped at ${stopped} steps only`);
  });
}

test("R-AGENT-7: what is owed after a crash between sealing and sweeping is paid by the next start", async (t) => {
  const dir = folder(t);
  const key = newKey();
  await made(dir, [memoryOf(`${CANARY} ${"long ".repeat(2_000)}`)]);
  const crash: Probe = (step) => {
    if (step === "VACUUM") throw new Error("injected");
  };
  await assert.rejects(open(dir, sealed(key), crash));
  let swept = 0;
  const store = await open(dir, sealed(key), (step) => void (swept += Number(step === "VACUUM")));
  assert.equal(swept, 1);
  assert.deepEqual(holding(dir, CANARY), []);
  await store.close();
  const again = await open(dir, sealed(key), (step) => void (swept += Number(step === "VACUUM")));
  assert.equal(swept, 1);
  await again.close();
});

const WORD = fc.constantFrom(
  "tea",
  "Tea",
  "teapot",
  "TÉA",
  "dog",
  "dogs",
  "at",
  "four",
  "naïve",
  "日本語",
  "日本",
  "x9",
  "¿",
  "don't",
);
const TEXT = fc.array(WORD, { minLength: 1, maxLength: 8 }).map((words) => words.join(" "));

test("R-AGENT-7: what is sealed is found as what is clear: the same memories in the same order", async (t) => {
  const key = newKey();
  const count = { searches: 0, found: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(TEXT, { minLength: 1, maxLength: 12 }), TEXT, fc.nat(6), async (texts, query, limit) => {
      const [one, two] = [folder(t), folder(t)];
      const rows = texts.map((text) => memoryOf(text));
      await made(one, rows);
      await made(two, rows);
      const [inClear, inSeals] = [await open(one), await open(two, sealed(key))];
      const expected = await inClear.memory.search(main, query, limit);
      const found = await inSeals.memory.search(main, query, limit);
      await Promise.all([inClear.close(), inSeals.close()]);
      assert.deepEqual(
        found.map(({ text }) => text),
        expected.map(({ text }) => text),
      );
      count.searches += 1;
      count.found += found.length;
    }),
    { numRuns: 15 },
  );
  assert.ok(count.found > count.searches / 2, "next to nothing was found");
});
