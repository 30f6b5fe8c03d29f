import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sha256 } from "../../core/json.ts";
import { TRUST_LEVELS, trustRank } from "../../core/label.ts";
import { PERMISSIONS } from "../../core/person.ts";
import { ANA, ask, bench, caller, HERE } from "./testing.ts";

test("R-GATE-2: a token opens the door that it was made for", async () => {
  const { tokens } = bench();
  const made = await tokens.make(ask({ permissions: ["chat"] }), "gateway");
  const verdict = await tokens.authenticate(made.token, HERE);
  assert.equal(verdict.verdict, "known");
  if (verdict.verdict !== "known") return;
  assert.deepEqual([...verdict.caller.permissions], ["chat"]);
  assert.equal(verdict.caller.token, made.id);
  assert.equal(verdict.caller.channel, "api");
  assert.deepEqual(verdict.caller.roles, ["admin"]);
});

test("R-GATE-2: the store and the records hold the hash only, never the token", async () => {
  const { tokens, store, records } = bench();
  const { token } = await tokens.make(ask(), "gateway");
  await tokens.authenticate(`${token.slice(0, -1)}!`, HERE);
  const everything = JSON.stringify([[...store.rows.values()], records, await tokens.list()]);
  assert.equal(everything.includes(token), false);
  assert.equal(everything.includes(token.slice(0, 12)), false);
  assert.equal([...store.rows.values()][0]?.hash, sha256(token));
  assert.equal(JSON.stringify(await tokens.list()).includes(sha256(token)), false);
});

test("R-GATE-2: an unknown token is refused, however close", async () => {
  const { tokens } = bench();
  const { token } = await tokens.make(ask(), "gateway");
  for (const wrong of [token.toUpperCase(), `${token} `, token.slice(0, -1), `${token}0`, sha256(token)]) {
    assert.equal((await tokens.authenticate(wrong, { address: wrong, group: wrong })).verdict, "refused");
  }
});

test("R-GATE-9: a revoked token is refused and the others work on", async () => {
  const { tokens, records } = bench();
  const first = await tokens.make(ask(), "gateway");
  const second = await tokens.make(ask(), "gateway");
  assert.equal(await tokens.revoke(first.id, "owner"), true);
  assert.equal(await tokens.revoke(first.id, "owner"), false);
  assert.deepEqual(await tokens.authenticate(first.token, HERE), { verdict: "refused", why: "revoked" });
  assert.equal((await tokens.authenticate(second.token, HERE)).verdict, "known");
  assert.deepEqual(
    (await tokens.list()).map((token) => token.revoked),
    [true, false],
  );
  assert.ok(records.some((entry) => entry.what === "token.revoked" && entry.who === "owner"));
});

test("R-GATE-9: an expired token is refused, and a moment earlier it was not", async () => {
  const { tokens, clock } = bench();
  const { token } = await tokens.make(ask({ expiresMs: clock.wallMs() + 1000 }), "gateway");
  clock.advance(999);
  assert.equal((await tokens.authenticate(token, HERE)).verdict, "known");
  clock.advance(1);
  assert.deepEqual(await tokens.authenticate(token, HERE), { verdict: "refused", why: "expired" });
});

test("R-GATE-9: a token of a person who is no longer configured is refused", async () => {
  const { tokens, persons } = bench();
  const { token } = await tokens.make(ask({ person: ANA }), "gateway");
  assert.equal((await tokens.authenticate(token, HERE)).verdict, "known");
  persons.delete("ana");
  assert.deepEqual(await tokens.authenticate(token, HERE), { verdict: "refused", why: "person-gone" });
});

test("R-GATE-9: INVARIANT(weakest-influence): a caller's trust is the least of token and person, now", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...TRUST_LEVELS), fc.constantFrom(...TRUST_LEVELS), async (ofToken, ofPerson) => {
      const { tokens, persons } = bench();
      const { token } = await tokens.make(ask({ trust: ofToken }), "gateway");
      persons.set("owner", { trust: ofPerson, roles: [] });
      const verdict = await tokens.authenticate(token, HERE);
      assert.ok(verdict.verdict === "known");
      assert.equal(trustRank(verdict.caller.trust), Math.min(trustRank(ofToken), trustRank(ofPerson)));
    }),
    { numRuns: 40 },
  );
});

test("R-GATE-2: a token that an operator brings is taken unless it is weak", async () => {
  const { tokens } = bench();
  const brought = "8f14e45fceea167a5a36dedd4bea2543-Qx";
  const first = await tokens.adopt(brought, ask(), "gateway");
  assert.equal((await tokens.adopt(brought, ask(), "gateway")).id, first.id);
  assert.equal((await tokens.authenticate(brought, HERE)).verdict, "known");
  await assert.rejects(tokens.adopt("changeme", ask(), "gateway"), { code: "TOKEN_WEAK" });
  assert.deepEqual(await tokens.authenticate("changeme", HERE), { verdict: "refused", why: "weak" });
});

test("R-GATE-9: last use is kept, at most once a minute", async () => {
  const { tokens, store, clock } = bench();
  const { token } = await tokens.make(ask(), "gateway");
  for (let i = 0; i < 10; i++) await tokens.authenticate(token, HERE);
  assert.equal(store.touches, 1);
  clock.advance(60_000);
  await tokens.authenticate(token, HERE);
  assert.equal(store.touches, 2);
  assert.equal((await tokens.list())[0]?.lastUsedMs, clock.wallMs());
});

test("R-LOG-1: making and revoking a token is recorded before it is done", async () => {
  const { tokens, records, store } = bench();
  const made = await tokens.make(ask(), "owner");
  assert.deepEqual(
    records.map((entry) => [entry.what, entry.result, entry.who]),
    [
      ["token.make", "begun", "owner"],
      ["token.made", "ok", "owner"],
    ],
  );
  records.push = () => {
    throw new Error("disk full");
  };
  await assert.rejects(tokens.make(ask(), "owner"));
  await assert.rejects(tokens.revoke(made.id, "owner"));
  assert.equal(store.rows.size, 1);
  assert.equal([...store.rows.values()][0]?.revokedMs, null);
});

test("R-GATE-9: INVARIANT(no-escalation): no caller makes a token that does more than his own", async () => {
  const level = fc.constantFrom(...TRUST_LEVELS);
  const some = fc.subarray([...PERMISSIONS]);
  await fc.assert(
    fc.asyncProperty(level, some, fc.option(level, { nil: undefined }), some, async (trust, has, wished, wants) => {
      const { doors, tokens } = bench();
      const by = caller({ trust, permissions: has });
      const wish = { name: "x", permissions: wants, ...(wished === undefined ? {} : { trust: wished }) };
      const made = await doors.create(by, wish).catch(() => undefined);
      const allowed =
        has.includes("configure") &&
        wants.every((want) => has.includes(want)) &&
        (wished === undefined || trustRank(wished) <= trustRank(trust));
      assert.equal(made !== undefined, allowed);
      if (made === undefined) return;
      const verdict = await tokens.authenticate(made.token, HERE);
      assert.ok(verdict.verdict === "known");
      assert.ok(trustRank(verdict.caller.trust) <= trustRank(trust));
      assert.ok([...verdict.caller.permissions].every((permission) => by.permissions.has(permission)));
    }),
    { numRuns: 150 },
  );
});

test("R-GATE-9: a caller sees and revokes only tokens whose trust he reaches", async () => {
  const { doors, tokens } = bench();
  const strong = await tokens.make(ask(), "gateway");
  const weak = await tokens.make(ask({ trust: "limited" }), "gateway");
  const by = caller({ trust: "standard" });
  assert.deepEqual(
    (await doors.list(by)).map((token) => token.id),
    [weak.id],
  );
  assert.equal(await doors.revoke(by, strong.id), false);
  assert.equal(await doors.revoke(by, weak.id), true);
  await assert.rejects(doors.list(caller({ permissions: ["chat"] })), { code: "DENIED" });
  await assert.rejects(doors.create(by, { name: "x", person: "nobody", permissions: [] }), { code: "DENIED" });
});
