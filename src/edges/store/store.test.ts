import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { newId, parseAgentId, parsePersonId } from "../../core/ids.ts";
import type { ContextItem } from "../../core/item.ts";
import { sha256 } from "../../core/json.ts";
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
  random,
  scheduleOf,
  tokenOf,
  turnOf,
} from "./fixture.ts";
import { openStore } from "./open.ts";

type Context = { after(body: () => void | Promise<void>): void };

async function opened(t: Context) {
  const dir = folder(t);
  const store = await openStore({ dir, clock, clean });
  t.after(() => store.close());
  return store;
}

async function turnIn(t: Context) {
  const store = await opened(t);
  const session = await store.sessions.open(key, newSession(), 1);
  const { turn } = await store.sessions.receive(turnOf(session.id));
  return { store, session, turn };
}

test("R-CHAN-6: the same key is the same session, and another key another", async (t) => {
  const { sessions } = await opened(t);
  const first = await sessions.open(key, newSession(), 1);
  assert.deepEqual(await sessions.open(key, newSession(), 2), first);
  const room = await sessions.open({ ...key, room: "" }, newSession(), 3);
  assert.notEqual(room.id, first.id);
  assert.deepEqual(await sessions.list(), [first, room]);
  assert.deepEqual(await sessions.get(room.id), room);
  assert.equal(await sessions.get(newSession()), undefined);
});

test("R-CHAN-6: a child of a session that is not there is refused", async (t) => {
  const { sessions } = await opened(t);
  await assert.rejects(sessions.open({ ...key, parent: newSession() }, newSession(), 1), { code: "SESSION_UNKNOWN" });
});

test("R-LOG-2: a message is received once, whatever is sent again", async (t) => {
  const { store, session } = await turnIn(t);
  const message = turnOf(session.id, "pay the bill");
  const first = await store.sessions.receive(message);
  const again = await store.sessions.receive({ ...message, id: newId("trn", random) });
  assert.equal(first.isNew, true);
  assert.equal(again.isNew, false);
  assert.deepEqual(again.turn, first.turn);
  assert.equal((await store.sessions.unfinished()).length, 2);
});

test("R-CHAN-6: a message id that somebody else chose too does not give him the other's turn", async (t) => {
  const { store, session } = await turnIn(t);
  const mine = turnOf(session.id);
  await store.sessions.receive(mine);
  const elsewhere = await store.sessions.open({ ...key, peer: "/ana" }, newSession(), 1);
  const theirs = await store.sessions.receive({ ...turnOf(elsewhere.id), message: mine.message });
  assert.equal(theirs.isNew, true);
  const other = { ...mine, principal: { ...mine.principal, person: parsePersonId("ana") } };
  await assert.rejects(store.sessions.receive(other), { code: "MESSAGE_CONFLICT" });
  await assert.rejects(store.sessions.receive({ ...mine, text: "another" }), { code: "MESSAGE_CONFLICT" });
});

test("a turn goes from received to running to finished and never back", async (t) => {
  const { store, turn } = await turnIn(t);
  await store.sessions.begin(turn.id);
  await store.sessions.begin(turn.id);
  assert.equal((await store.sessions.turn(turn.id))?.begins, 2);
  await store.sessions.finish(turn.id, "done", "bye");
  await store.sessions.finish(turn.id, "done", "bye");
  await assert.rejects(store.sessions.finish(turn.id, "failed", "bye"), { code: "TURN_FINISHED" });
  await assert.rejects(store.sessions.begin(turn.id), { code: "TURN_FINISHED" });
  await assert.rejects(store.sessions.prepareCall(callOf(turn.id)), { code: "TURN_FINISHED" });
  await assert.rejects(store.sessions.begin(newId("trn", random)), { code: "TURN_UNKNOWN" });
  assert.deepEqual(await store.sessions.unfinished(), []);
});

test("R-FLOW-4: items come back in order, newest kept, with the labels that they had", async (t) => {
  const { store, session, turn } = await turnIn(t);
  const items = ["a", "b\0c", "d — é 🙂"].map(itemOf);
  await store.sessions.addItems(turn.id, items);
  assert.deepEqual(await store.sessions.items(session.id, 10), items);
  assert.deepEqual(await store.sessions.items(session.id, 2), items.slice(1));
  await store.sessions.addItems(turn.id, items.slice(0, 1));
  await assert.rejects(store.sessions.addItems(turn.id, [{ ...itemOf("x"), id: items[0]!.id }]), {
    code: "ITEM_REPEATED",
  });
});

test("R-FLOW-4: arguments of any JSON shape survive, `__proto__` among them", async (t) => {
  const { store, session, turn } = await turnIn(t);
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue()), async (values) => {
      const args = JSON.parse(
        JSON.stringify({ ...values })
          .replace(/^\{/, '{"__proto__":{"x":1},')
          .replace(/,\}$/, "}"),
      );
      const call = { id: newId("call", random), tool: "exec", arguments: args };
      const item: ContextItem = { kind: "model", id: newId("itm", random), text: "", calls: [call], label };
      await store.sessions.addItems(turn.id, [item]);
      const [back] = await store.sessions.items(session.id, 1);
      assert.ok(back?.kind === "model");
      assert.equal(JSON.stringify(sortKeys(back.calls[0]?.arguments)), JSON.stringify(sortKeys(args)));
    }),
    { numRuns: 50 },
  );
});

function sortKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sortKeys);
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => [name, sortKeys(member)]);
}

test("text that SQLite would change is refused instead", async (t) => {
  const { store, turn } = await turnIn(t);
  await assert.rejects(store.sessions.addItems(turn.id, [itemOf("\ud800")]), { code: "JSON_UNREPRESENTABLE" });
  await assert.rejects(store.memory.add(memoryOf("\ud800")), { code: "JSON_UNREPRESENTABLE" });
});

test("R-TOOL-2: a call is prepared once in the life of the store", async (t) => {
  const { store, turn } = await turnIn(t);
  const call = callOf(turn.id);
  await store.sessions.prepareCall(call);
  await assert.rejects(store.sessions.prepareCall(call), { code: "CALL_REPEATED" });
  assert.deepEqual(await store.sessions.openCalls(), [{ id: call.id, turn: turn.id, tool: "exec" }]);
  await store.sessions.endCall(call.id, "done", "exit 0");
  await store.sessions.endCall(call.id, "done", "exit 0");
  await assert.rejects(store.sessions.endCall(call.id, "unknown", ""), { code: "CALL_ENDED" });
  await assert.rejects(store.sessions.prepareCall(call), { code: "CALL_REPEATED" });
  await assert.rejects(store.sessions.endCall(newId("call", random), "done", ""), { code: "CALL_UNKNOWN" });
  assert.deepEqual(await store.sessions.openCalls(), []);
  const [ended] = await store.sessions.calls(turn.id);
  assert.deepEqual(ended, { id: call.id, turn: turn.id, tool: "exec", state: "done", summary: "exit 0" });
});

test("R-AGENT-6: a memory is found by its words, by its own agent only", async (t) => {
  const { memory } = await opened(t);
  const tea = memoryOf("Ana drinks green tea at four");
  const both = memoryOf("green tea, green fields, green hats: tea");
  const others = memoryOf("green tea of another agent", "research");
  const japanese = memoryOf("会議は四時に始まります");
  for (const row of [tea, both, others, japanese]) await memory.add(row);
  const found = await memory.search(parseAgentId("main"), "green TEA", 10);
  assert.deepEqual(new Set(found.map((row) => row.id)), new Set([tea.id, both.id]));
  assert.deepEqual(await memory.search(parseAgentId("main"), "四時", 10), [japanese]);
  assert.deepEqual(await memory.search(parseAgentId("main"), "  ", 10), []);
  assert.equal((await memory.search(parseAgentId("main"), "green", 1)).length, 1);
  assert.equal(await memory.remove(tea.id), true);
  assert.equal(await memory.remove(tea.id), false);
  assert.deepEqual(await memory.search(parseAgentId("main"), "Ana", 10), []);
  assert.deepEqual(await memory.list(parseAgentId("main")), [both, japanese]);
});

test("R-AGENT-7: no text is read as a query language", async (t) => {
  const { memory } = await opened(t);
  const note = memoryOf("plain words");
  await memory.add(note);
  const fragments = fc.constantFrom(
    '"',
    "'",
    "*",
    "(",
    ")",
    "NEAR(",
    "AND",
    "NOT",
    "text:",
    "^",
    "-",
    "+",
    "%",
    ";",
    "\0",
  );
  const query = fc.array(fc.oneof(fragments, fc.string({ unit: "binary" })), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(query, async (parts) => {
      const rows = await memory.search(parseAgentId("main"), parts.join(" "), 5);
      assert.ok(rows.length <= 1);
    }),
    { numRuns: 200 },
  );
  assert.deepEqual(await memory.search(parseAgentId("main"), 'text:"plain" NOT words', 5), [note]);
});

test("schedules come due in order and are moved on", async (t) => {
  const { store, session } = await turnIn(t);
  const late = scheduleOf(session.id, 20);
  const early = scheduleOf(session.id, 10);
  const never = scheduleOf(session.id, null);
  for (const row of [late, early, never]) await store.schedules.add(row);
  assert.deepEqual(await store.schedules.due(20), [early, late]);
  await store.schedules.advance(early.id, 100);
  assert.deepEqual(await store.schedules.due(20), [late]);
  assert.equal(await store.schedules.remove(late.id), true);
  assert.deepEqual(await store.schedules.due(20), []);
  await assert.rejects(store.schedules.advance(late.id, 1), { code: "SCHEDULE_UNKNOWN" });
  assert.equal((await store.schedules.list()).length, 2);
});

test("R-GATE-2: a token is found by its hash and revoked once", async (t) => {
  const { tokens } = await opened(t);
  const token = tokenOf("a secret");
  await tokens.add(token);
  await assert.rejects(tokens.add(tokenOf("a secret")), { code: "ROW_REFUSED" });
  assert.deepEqual(await tokens.byHash(sha256("a secret")), token);
  assert.equal(await tokens.byHash(sha256("another")), undefined);
  await tokens.touch(token.id, 100_000);
  await tokens.touch(token.id, 100_500);
  assert.equal((await tokens.list())[0]?.lastUsedMs, 100_000);
  assert.equal(await tokens.revoke(token.id, 9), true);
  assert.equal(await tokens.revoke(token.id, 10), false);
  assert.equal((await tokens.byHash(sha256("a secret")))?.revokedMs, 9);
});

test("R-FLOW-4: a file's label is that of its path and bytes", async (t) => {
  const { fileLabels, state } = await opened(t);
  await fileLabels.set("/w/a", sha256("1"), label);
  await fileLabels.set("/w/a", sha256("1"), { ...label, trust: "limited" });
  assert.equal((await fileLabels.get("/w/a", sha256("1")))?.trust, "limited");
  assert.equal(await fileLabels.get("/w/a", sha256("2")), undefined);
  assert.equal(await fileLabels.get("/w/b", sha256("1")), undefined);
  await state.set("halted", { halted: true });
  await state.set("halted", { halted: false });
  assert.deepEqual(await state.get("halted"), { halted: false });
  assert.equal(await state.get("other"), undefined);
});
