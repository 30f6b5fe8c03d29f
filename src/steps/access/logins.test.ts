import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ANA, ask, type Bench, bench, caller, HERE, OWNER } from "./testing.ts";
import { CODE_LASTS_MS } from "./logins.ts";

const REQUEST = { person: OWNER, trust: "full", permissions: ["chat", "approve"], channel: "webchat" } as const;

async function logIn(on: Bench): Promise<{ secret: string; proof: string }> {
  const { code } = await on.logins.issue(REQUEST);
  const verdict = await on.access.login(code, HERE);
  assert.ok(verdict.verdict === "known");
  return verdict;
}

test("R-GATE-2: a one-time code opens one session, for the door and person it was issued for", async () => {
  const on = bench();
  const { secret, proof } = await logIn(on);
  const verdict = await on.access.session(secret, proof);
  assert.ok(verdict.verdict === "known");
  assert.equal(verdict.caller.channel, "webchat");
  assert.equal(verdict.caller.person, "owner");
  assert.deepEqual([...verdict.caller.permissions], ["chat", "approve"]);
});

test("R-GATE-2: a code works once, even when it is presented twice at the same moment", async () => {
  const on = bench();
  const { code } = await on.logins.issue(REQUEST);
  const both = await Promise.all([on.access.login(code, HERE), on.access.login(code, HERE)]);
  assert.deepEqual(both.map((verdict) => verdict.verdict).sort(), ["known", "refused"]);
  assert.equal((await on.access.login(code, HERE)).verdict, "refused");
});

test("R-GATE-2: a code is over after ten minutes, whatever the wall clock says", async () => {
  const on = bench();
  const late = await on.logins.issue(REQUEST);
  on.clock.jumpWall(-86_400_000);
  on.clock.advance(CODE_LASTS_MS - 1);
  const early = await on.logins.issue(REQUEST);
  on.clock.advance(1);
  assert.deepEqual(await on.access.login(late.code, HERE), { verdict: "refused", why: "expired" });
  on.clock.jumpWall(86_400_000_000);
  assert.equal((await on.access.login(early.code, HERE)).verdict, "known");
});

test("R-GATE-2: codes have at least 128 random bits and only so many wait at once", async () => {
  const on = bench();
  const codes = await Promise.all(Array.from({ length: 40 }, async () => on.logins.issue(REQUEST)));
  assert.equal(new Set(codes.map(({ code }) => code)).size, 40);
  for (const { code } of codes) assert.ok(code.length * 5 >= 128);
  assert.equal((await on.access.login(codes[0]?.code ?? "", HERE)).verdict, "refused");
  assert.equal((await on.access.login(codes[39]?.code ?? "", HERE)).verdict, "known");
});

test("R-GATE-2: neither the cookie nor the proof alone is a session", async () => {
  const on = bench();
  const one = await logIn(on);
  const two = await logIn(on);
  assert.deepEqual(await on.access.session(one.secret, ""), { verdict: "refused", why: "proof" });
  assert.deepEqual(await on.access.session(one.secret, two.proof), { verdict: "refused", why: "proof" });
  assert.deepEqual(await on.access.session(one.proof, one.proof), { verdict: "refused", why: "unknown" });
  assert.equal((await on.access.session(one.secret, one.proof)).verdict, "known");
});

test("R-GATE-2: a session ends when idle, and when old though used", async () => {
  const on = bench({ sessionLimits: { idleMs: 100, absoluteMs: 250, most: 4 } });
  const idle = await logIn(on);
  on.clock.advance(99);
  assert.equal((await on.access.session(idle.secret, idle.proof)).verdict, "known");
  on.clock.advance(100);
  assert.deepEqual(await on.access.session(idle.secret, idle.proof), { verdict: "refused", why: "expired" });
  const used = await logIn(on);
  for (let i = 0; i < 4; i++) {
    on.clock.advance(60);
    assert.equal((await on.access.session(used.secret, used.proof)).verdict, "known");
  }
  on.clock.advance(60);
  assert.equal((await on.access.session(used.secret, used.proof)).verdict, "refused");
});

test("R-GATE-2: logging out ends that session, ending all ends all, and both are recorded", async () => {
  const on = bench();
  const [one, two, three] = [await logIn(on), await logIn(on), await logIn(on)];
  const waiting = await on.logins.issue(REQUEST);
  await on.access.logout(one.secret);
  assert.equal((await on.access.session(one.secret, one.proof)).verdict, "refused");
  assert.equal((await on.access.session(two.secret, two.proof)).verdict, "known");
  await on.logins.endAll();
  assert.equal((await on.access.session(three.secret, three.proof)).verdict, "refused");
  assert.equal((await on.access.login(waiting.code, HERE)).verdict, "refused");
  const what = on.records.map((entry) => entry.what);
  assert.ok(what.includes("login.ok") && what.includes("login.ended") && what.includes("login.all-ended"));
});

test("R-GATE-2: a session of a person who is no longer configured is refused, and trust follows the person", async () => {
  const on = bench();
  const { code } = await on.logins.issue({ ...REQUEST, person: ANA });
  const verdict = await on.access.login(code, HERE);
  assert.ok(verdict.verdict === "known");
  assert.equal(verdict.caller.trust, "standard");
  on.persons.set("ana", { trust: "limited", roles: [] });
  const lowered = await on.access.session(verdict.secret, verdict.proof);
  assert.ok(lowered.verdict === "known" && lowered.caller.trust === "limited");
  on.persons.delete("ana");
  assert.deepEqual(await on.access.session(verdict.secret, verdict.proof), { verdict: "refused", why: "person-gone" });
});

test("R-GATE-2: only so many sessions are open; the one that was idle longest goes", async () => {
  const on = bench({ sessionLimits: { idleMs: 1e6, absoluteMs: 1e7, most: 2 } });
  const one = await logIn(on);
  on.clock.advance(1);
  const two = await logIn(on);
  on.clock.advance(1);
  await on.access.session(one.secret, one.proof);
  on.clock.advance(1);
  await logIn(on);
  assert.equal((await on.access.session(two.secret, two.proof)).verdict, "refused");
  assert.equal((await on.access.session(one.secret, one.proof)).verdict, "known");
});

test("R-GATE-9: the terminal may open the page; that session has no more than its token and ends with it", async () => {
  const on = bench({ channelOf: (row) => (row.name === "terminal" ? "terminal" : "api") });
  const made = await on.tokens.make(ask({ name: "terminal", trust: "elevated", permissions: ["chat"] }), "gateway");
  const known = await on.access.bearer(made.token, HERE);
  assert.ok(known.verdict === "known");
  const { code } = await on.access.invite(known.caller);
  const login = await on.access.login(code, HERE);
  assert.ok(login.verdict === "known");
  assert.deepEqual(
    [login.caller.trust, login.caller.channel, [...login.caller.permissions]],
    ["elevated", "webchat", ["chat"]],
  );
  assert.equal((await on.access.session(login.secret, login.proof)).verdict, "known");
  await on.tokens.revoke(made.id, "owner");
  assert.deepEqual(await on.access.session(login.secret, login.proof), { verdict: "refused", why: "revoked" });
});

test("R-GATE-9: no other door opens the page, whatever it may do itself", async () => {
  const on = bench();
  for (const channel of ["api", "webchat", "schedule", ""]) {
    await assert.rejects(on.access.invite({ ...caller(), channel }), { code: "DENIED" });
  }
});

test("R-GATE-2: a login that cannot be recorded does not happen", async () => {
  const on = bench();
  const { code } = await on.logins.issue(REQUEST);
  on.records.push = () => {
    throw new Error("disk full");
  };
  await assert.rejects(on.access.login(code, HERE));
});

test("R-GATE-2: no text that was not issued opens a session", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 200 }), async (text) => {
      const on = bench();
      await on.logins.issue(REQUEST);
      assert.equal((await on.access.login(text, HERE)).verdict, "refused");
      assert.equal((await on.access.session(text, text)).verdict, "refused");
    }),
    { numRuns: 60 },
  );
});
