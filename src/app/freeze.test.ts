import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../core/fault.ts";
import { newId } from "../core/ids.ts";
import type { JsonObject } from "../core/json.ts";
import type { StateStore } from "../core/ports/store.ts";
import { seededRandom } from "../core/testing.ts";
import { openFreeze } from "./freeze.ts";
import { freezeSession } from "./gateway/watching.ts";

const random = seededRandom(3);
const said = { by: "owner", why: "a drill", atMs: 1 };
const nobody = (): boolean => false;
const sessions = (count: number) => Array.from({ length: count }, () => newId("ses", random));

function memory(kept?: JsonObject): StateStore {
  const rows = new Map<string, JsonObject>(kept === undefined ? [] : [["frozen", kept]]);
  return { get: async (key) => rows.get(key), set: async (key, value) => void rows.set(key, value) };
}

test("R-IR-2: a frozen session is frozen after a restart, until somebody lets it go; another one never was", async () => {
  const store = memory();
  const [one, other] = [newId("ses", random), newId("ses", random)];
  await (await openFreeze(store, nobody)).freeze([one], said);
  const again = await openFreeze(store, nobody);
  assert.deepEqual([again.isFrozen(one), again.isFrozen(other)], [true, false]);
  assert.equal(await again.thaw(one), true);
  assert.equal((await openFreeze(store, nobody)).isFrozen(one), false);
});

test("R-IR-2: INVARIANT(fail-closed): what is frozen and cannot be read stops the start; nobody is let go by it", async () => {
  for (const bad of [
    { sessions: "all" },
    { sessions: [{ session: "ses_1", by: "owner", why: "x" }] },
    { sessions: [7] },
  ])
    await assert.rejects(openFreeze(memory(bad), nobody), /cannot be read/);
  assert.deepEqual((await openFreeze(memory(), nobody)).list(), [], "the twin: nothing was ever frozen");
});

test("R-IR-2: more than can be kept are frozen all or not at all, and who asked is told", async () => {
  const freeze = await openFreeze(memory(), nobody);
  await freeze.freeze(sessions(9_999), said);
  const two = sessions(2);
  await assert.rejects(freeze.freeze(two, said), /would be frozen/);
  assert.ok(!two.some((one) => freeze.isFrozen(one)));
  assert.equal((await freeze.freeze(two.slice(0, 1), said)).length, 1);
});

test("R-IR-2: a freeze that could not be kept holds now, is said, and is kept by the next one", async () => {
  const store = memory();
  let isFull = true;
  const failing: StateStore = {
    ...store,
    set: async (key, value) => {
      if (isFull) throw new Fault("STATE_FULL", { message: "the disk is full", hint: "make room" });
      await store.set(key, value);
    },
  };
  const freeze = await openFreeze(failing, nobody);
  const [one = newId("ses", random)] = sessions(1);
  await assert.rejects(freeze.freeze([one], said), { code: "STATE_FULL" });
  assert.equal(freeze.isFrozen(one), true);
  isFull = false;
  assert.deepEqual(await freeze.freeze([one], said), [], "it was frozen already, and is kept now");
  assert.equal((await openFreeze(store, nobody)).isFrozen(one), true);
});

test("R-IR-2: what runs in a session that is frozen ends, also where neither disk nor ledger takes it; and that is said", async () => {
  const [one = newId("ses", random)] = sessions(1);
  const broken = (): Promise<never> => Promise.reject(new Fault("STATE_UNAVAILABLE", { message: "no", hint: "" }));
  const works = (): Promise<never[]> => Promise.resolve([]);
  for (const [set, list, isKept] of [
    [broken, works, false],
    [async () => undefined, broken, false],
    [broken, broken, false],
    [async () => undefined, works, true],
  ] as const) {
    const freeze = await openFreeze({ get: async () => undefined, set }, nobody);
    const ended: string[] = [];
    const parts = {
      freeze,
      store: { sessions: { list } },
      turns: { stopSessions: async (all: readonly string[]) => void ended.push(...all) },
      outbound: { text: (text: string) => text },
      clock: { wallMs: () => 1 },
      helpers: { ledger: { append: async () => undefined } },
    };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a freeze needs of a gateway, and no more
    const done = freezeSession(parts as unknown as Parameters<typeof freezeSession>[0], one, {
      by: "owner",
      why: "odd",
    });
    if (isKept) assert.deepEqual(await done, [one]);
    else await assert.rejects(done, { code: "STATE_UNAVAILABLE" });
    assert.deepEqual(ended, [one]);
    assert.equal(freeze.isFrozen(one), true);
  }
});
