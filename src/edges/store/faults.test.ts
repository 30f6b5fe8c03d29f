import assert from "node:assert/strict";
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { sha256 } from "../../core/json.ts";
import type { Store } from "../../core/ports/store.ts";
import type { Probe } from "./database.ts";
import {
  clean,
  callOf,
  clock,
  folder,
  itemOf,
  key,
  label,
  memoryOf,
  newSession,
  scheduleOf,
  tokenOf,
  turnOf,
} from "./fixture.ts";
import { openStore } from "./open.ts";

/** What a test needs to call each method that writes, made before anything fails. */
async function prepared(store: Store) {
  const session = await store.sessions.open(key, newSession(), 1);
  const { turn } = await store.sessions.receive(turnOf(session.id));
  const call = callOf(turn.id);
  await store.sessions.prepareCall(call);
  const [memory, schedule, token] = [memoryOf("old words"), scheduleOf(session.id, 1), tokenOf("old")];
  await store.memory.add(memory);
  await store.schedules.add(schedule);
  await store.tokens.add(token);
  return { session, turn, call, memory, schedule, token };
}

type Given = Awaited<ReturnType<typeof prepared>>;

/** Each method of the store that writes. A new one belongs here; the count below keeps it honest. */
const WRITES: readonly [string, (store: Store, given: Given) => Promise<unknown>][] = [
  ["sessions.open", (store) => store.sessions.open({ ...key, room: "r" }, newSession(), 1)],
  ["sessions.receive", (store, { session }) => store.sessions.receive(turnOf(session.id, "second"))],
  ["sessions.begin", (store, { turn }) => store.sessions.begin(turn.id)],
  ["sessions.finish", (store, { turn }) => store.sessions.finish(turn.id, "done", "bye")],
  ["sessions.addItems", (store, { turn }) => store.sessions.addItems(turn.id, ["a", "b", "c"].map(itemOf))],
  ["sessions.prepareCall", (store, { turn }) => store.sessions.prepareCall(callOf(turn.id))],
  ["sessions.endCall", (store, { call }) => store.sessions.endCall(call.id, "done", "exit 0")],
  ["memory.add", (store) => store.memory.add(memoryOf("new words"))],
  ["memory.remove", (store, { memory }) => store.memory.remove(memory.id)],
  ["schedules.add", (store, { session }) => store.schedules.add(scheduleOf(session.id, 2))],
  ["schedules.advance", (store, { schedule }) => store.schedules.advance(schedule.id, 99)],
  ["schedules.remove", (store, { schedule }) => store.schedules.remove(schedule.id)],
  ["tokens.add", (store) => store.tokens.add(tokenOf("new"))],
  ["tokens.revoke", (store, { token }) => store.tokens.revoke(token.id, 5)],
  ["tokens.touch", (store, { token }) => store.tokens.touch(token.id, 5)],
  ["fileLabels.set", (store) => store.fileLabels.set("/w/a", sha256("a"), label)],
  ["state.set", (store) => store.state.set("halted", { halted: true })],
];

const READS = [
  "turnItems",
  "get",
  "list",
  "turn",
  "unfinished",
  "items",
  "openCalls",
  "calls",
  "search",
  "due",
  "byHash",
];

/** Everything that the database of a folder holds, as another connection sees it. */
function contents(dir: string): string {
  const db = new DatabaseSync(join(dir, "vambrace.db"), { readOnly: true });
  try {
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
    return JSON.stringify(
      tables.map(({ name }) => [name, db.prepare(`SELECT * FROM "${String(name)}"`).all()]),
      (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value),
    );
  } finally {
    db.close();
  }
}

const noProbe: Probe = () => {};

/** A store whose probe can be changed while it is open. */
async function probed(t: { after(body: () => void | Promise<void>): void }) {
  const dir = folder(t);
  const box = { probe: noProbe };
  const store = await openStore({ dir, clock, clean, probe: (step, db) => box.probe(step, db) });
  t.after(() => store.close());
  return { dir, box, store, given: await prepared(store) };
}

test("the fault table names every method that writes", async (t) => {
  const { store } = await probed(t);
  const methods = Object.entries(store).flatMap(([part, value]) =>
    typeof value === "object" ? Object.keys(value).map((method) => `${part}.${method}`) : [],
  );
  const writing = methods.filter((name) => !READS.includes(name.split(".")[1] ?? "") || name === "sessions.open");
  assert.deepEqual(writing.sort(), WRITES.map(([name]) => name).sort());
  assert.equal(WRITES.length, 17);
});

for (const [name, call] of WRITES) {
  test(`R-LOG-2: ${name} that fails at any step leaves nothing behind, and then works`, async (t) => {
    const { dir, box, store, given } = await probed(t);
    const before = contents(dir);
    let failures = 0;
    for (let at = 1; ; at++) {
      let step = 0;
      box.probe = () => {
        step += 1;
        if (step === at) throw new Error("injected");
      };
      const outcome = await Promise.allSettled([call(store, given)]);
      if (step < at) break;
      assert.equal(outcome[0]?.status, "rejected", `step ${at} of ${name}`);
      assert.equal(contents(dir), before, `step ${at} of ${name} left something behind`);
      failures += 1;
    }
    assert.ok(failures >= 2, `${name} was broken at ${failures} steps only`);
    assert.notEqual(contents(dir), before, `${name} changed nothing once it worked`);
  });
}

test("a full disk is STATE_FULL, changes nothing, and the next write that fits succeeds", async (t) => {
  const { dir, box, store, given } = await probed(t);
  const before = contents(dir);
  box.probe = (_, db) => db.exec("PRAGMA max_page_count = 1");
  const long = "x".repeat(200_000);
  for (const write of [
    () => store.memory.add(memoryOf(long)),
    () => store.sessions.receive(turnOf(given.session.id, long)),
  ]) {
    await assert.rejects(write(), { code: "STATE_FULL" });
    assert.equal(contents(dir), before);
  }
  assert.equal((await store.memory.list(key.agent)).length, 1);
  box.probe = (_, db) => db.exec("PRAGMA max_page_count = 1000000");
  await store.memory.add(memoryOf(long));
  assert.equal((await store.memory.list(key.agent)).length, 2);
});

test("after a disk error everything is refused until the store is opened again", async (t) => {
  const { dir, box, store, given } = await probed(t);
  box.probe = () => {
    throw Object.assign(new Error("disk I/O error"), { code: "ERR_SQLITE_ERROR", errcode: 1034 });
  };
  await assert.rejects(store.sessions.begin(given.turn.id), { code: "STATE_UNAVAILABLE" });
  box.probe = noProbe;
  await assert.rejects(store.sessions.begin(given.turn.id), { code: "STATE_UNAVAILABLE" });
  await assert.rejects(store.sessions.turn(given.turn.id), { code: "STATE_UNAVAILABLE" });
  await store.close();
  const again = await openStore({ dir, clock, clean });
  await again.sessions.begin(given.turn.id);
  await again.close();
});

test("R-FLOW-4: a label that was damaged is a fault, never a default", async (t) => {
  const { dir, store, given } = await probed(t);
  const other = new DatabaseSync(join(dir, "vambrace.db"));
  other.exec(`UPDATE memory SET label = '{"trust":"absolute"}'`);
  other.close();
  await assert.rejects(store.memory.list(key.agent), { code: "STATE_CORRUPT" });
  await assert.rejects(store.memory.search(key.agent, "old", 1), { code: "STATE_CORRUPT" });
  assert.ok(given);
});

test("a copy of the folder's database opens elsewhere with all that was acknowledged", async (t) => {
  const { dir, store, given } = await probed(t);
  await store.close();
  const elsewhere = folder(t);
  copyFileSync(join(dir, "vambrace.db"), join(elsewhere, "vambrace.db"));
  rmSync(dir, { recursive: true });
  const again = await openStore({ dir: elsewhere, clock, clean });
  assert.deepEqual(await again.memory.list(key.agent), [given.memory]);
  await again.close();
});
