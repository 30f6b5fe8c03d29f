import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { newId, parseAgentId } from "../../core/ids.ts";
import type { ContextItem } from "../../core/item.ts";
import { agent, clock, label, memoryStore, modelItem, owner, random } from "./fixture.ts";
import { pairResults } from "./history.ts";
import { DM_SCOPES, keyOf, messageIdOf, type Place } from "./place.ts";
import { createSessions } from "./session.ts";

const sessionsOf = (dmScope: (typeof DM_SCOPES)[number], store = memoryStore()) =>
  createSessions({ store, clock, random, dmScope });

/** Names with the marks that a key might be put together from. */
const name = fc.constantFrom("a", "a/a", "a/", "/a", "/", "/any", "//any", "a%2Fa", "b");
const place: fc.Arbitrary<Place> = fc.record(
  { agent: fc.constantFrom("main", "other").map(parseAgentId), channel: name, account: name, peer: name, room: name },
  { requiredKeys: ["agent", "channel", "peer"] },
);

const text = (value: Place) =>
  JSON.stringify([value.agent, value.channel, value.account ?? null, value.peer, value.room ?? null]);

test("INVARIANT(sessions-apart): R-CHAN-6: no two different places share a session under the default scope", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(place, { minLength: 2, maxLength: 12 }), async (places) => {
      const sessions = sessionsOf("per-account-channel-peer");
      const found = new Map<string, string>();
      for (const each of places) {
        const { id } = await sessions.find(each);
        const before = found.get(id);
        assert.ok(before === undefined || before === text(each), `${before} and ${text(each)} share a session`);
        found.set(id, text(each));
        assert.equal((await sessions.find(each)).id, id);
      }
    }),
    { numRuns: 500 },
  );
});

test("INVARIANT(sessions-apart): R-CHAN-6: no scope lets a room or a spawned session be shared with a conversation of two", async () => {
  await fc.assert(
    fc.asyncProperty(place, place, fc.constantFrom(...DM_SCOPES), async (a, b, scope) => {
      const sessions = sessionsOf(scope);
      const [direct, room] = [
        await sessions.find({ ...a, room: undefined } as never),
        await sessions.find({ ...b, room: b.room ?? "r" }),
      ];
      assert.notEqual(direct.id, room.id);
      const child = await sessions.spawn(direct.id, b.agent);
      const second = await sessions.spawn(direct.id, b.agent);
      assert.equal(new Set([direct.id, room.id, child.id, second.id]).size, 4);
    }),
  );
});

test("INVARIANT(sessions-apart): R-CHAN-6: a scope that is changed finds no session of another scope", () => {
  fc.assert(
    fc.property(place, place, fc.constantFrom(...DM_SCOPES), fc.constantFrom(...DM_SCOPES), (a, b, s1, s2) => {
      if (s1 === s2 || a.room !== undefined || b.room !== undefined) return;
      assert.notDeepEqual(keyOf(a, s1), keyOf(b, s2));
    }),
  );
});

test("R-CHAN-6: each wider scope merges what its name says", async () => {
  const at = (change: Partial<Place>): Place => ({ agent, channel: "slack", account: "work", peer: "ana", ...change });
  const same = async (scope: (typeof DM_SCOPES)[number], change: Partial<Place>) => {
    const sessions = sessionsOf(scope);
    return (await sessions.find(at({}))).id === (await sessions.find(at(change))).id;
  };
  assert.equal(await same("main", { peer: "bo", channel: "sms" }), true);
  assert.equal(await same("per-peer", { channel: "sms" }), true);
  assert.equal(await same("per-peer", { peer: "bo" }), false);
  assert.equal(await same("per-channel-peer", { account: "home" }), true);
  assert.equal(await same("per-channel-peer", { channel: "sms" }), false);
  assert.equal(await same("per-account-channel-peer", { account: "home" }), false);
  for (const scope of DM_SCOPES) assert.equal(await same(scope, { agent: parseAgentId("other") }), false);
});

test("R-CHAN-6: a session id of somebody else's is as unknown as one that is not there", async () => {
  const sessions = sessionsOf("per-account-channel-peer");
  const [mine, theirs] = [
    { agent, channel: "webchat", peer: "owner" },
    { agent, channel: "webchat", peer: "ana" },
  ];
  const { id } = await sessions.find(mine);
  assert.equal((await sessions.mine(id, mine)).id, id);
  await assert.rejects(sessions.mine(id, theirs), { code: "SESSION_UNKNOWN" });
  await assert.rejects(sessions.mine(id, { ...mine, room: "hall" }), { code: "SESSION_UNKNOWN" });
  await assert.rejects(sessions.mine(newId("ses", random), mine), { code: "SESSION_UNKNOWN" });
  const child = await sessions.spawn(id, agent);
  await assert.rejects(sessions.mine(child.id, mine), { code: "SESSION_UNKNOWN" });
});

test("a place without a sender, or with text that is not well-formed, is refused", async () => {
  const sessions = sessionsOf("per-account-channel-peer");
  for (const peer of ["", "\ud800", "x".repeat(513)]) {
    await assert.rejects(sessions.find({ agent, channel: "webchat", peer }), { code: "REQUEST_MALFORMED" });
  }
  await assert.rejects(sessions.find({ agent, channel: "webchat", peer: "a", room: "" }), {
    code: "REQUEST_MALFORMED",
  });
});

test("R-LOG-2: the same outside message makes one turn; another person's same id makes another", async () => {
  const sessions = sessionsOf("per-account-channel-peer");
  const { id } = await sessions.find({ agent, channel: "webchat", peer: "owner" });
  const message = {
    session: id,
    id: messageIdOf(owner, "webchat", "42"),
    principal: { person: owner, trust: "full", roles: [] },
    text: "hi",
    label,
  } as const;
  const first = await sessions.receive(message);
  const again = await sessions.receive(message);
  assert.deepEqual([first.isNew, again.isNew], [true, false]);
  assert.equal(again.turn.id, first.turn.id);
  assert.notEqual(messageIdOf(owner, "webchat", "42"), messageIdOf(owner, "api", "42"));
  assert.equal(first.turn.receivedMs, 1_000);
});

test("R-FLOW-4: history keeps labels and order, and pairs each call with its result", async () => {
  const sessions = sessionsOf("per-account-channel-peer");
  const { id } = await sessions.find({ agent, channel: "webchat", peer: "owner" });
  const { turn } = await sessions.receive({
    session: id,
    id: messageIdOf(owner, "webchat", "1"),
    principal: { person: owner, trust: "full", roles: [] },
    text: "hi",
    label,
  });
  const asked = modelItem(["read", "exec"]);
  const [read, exec] = asked.calls;
  const result = (call: typeof read, ok: boolean): ContextItem => ({
    kind: "result",
    id: newId("itm", random),
    call: call!.id,
    tool: call!.tool,
    text: "x",
    ok,
    label,
  });
  const later = result(exec, true);
  const items = [asked, later, result(read, false)];
  await sessions.add(turn.id, items);
  const history = await sessions.history(id, 10);
  assert.deepEqual(
    history.map((item) => (item.kind === "result" ? item.tool : item.kind)),
    ["model", "read", "exec"],
  );
  assert.deepEqual(await sessions.history(id, 1), [], "a result whose call was cut off is left out");
});

test("a call without a result gets one that says so, with the label of the call, the same each time", () => {
  const asked = modelItem(["exec"]);
  const [, told] = pairResults([asked]);
  assert.ok(told?.kind === "result" && !told.ok && told.text.includes("do not repeat"));
  assert.deepEqual(told.label, label);
  assert.deepEqual(pairResults([asked]), [asked, told]);
});
