import assert from "node:assert/strict";
import { test } from "node:test";
import { newToken } from "./secrets.ts";
import { ANA, ask, bench, HERE, OWNER } from "./testing.ts";
import { seededRandom } from "../../core/testing.ts";

const LIMITS = { failures: 5, windowSeconds: 60, lockSeconds: 120, slowMs: 100, slowestMs: 1000 };
const THERE = { address: "192.0.2.7", group: "192.0.2.7" };
const guess = (seed: number): string => newToken(seededRandom(1000 + seed));

test("R-GATE-5: each failed login is counted, recorded with its address, and slowed more and more", async () => {
  const on = bench({ attemptLimits: LIMITS });
  for (let i = 0; i < 4; i++) await on.access.bearer(guess(i), HERE);
  const failed = on.records.filter((entry) => entry.what === "login.failed");
  assert.equal(failed.length, 4);
  assert.deepEqual(
    failed.map((entry) => [entry.kind, entry.result, entry.target, entry.data?.["failures"]]),
    [1, 2, 3, 4].map((count) => ["login", "denied", "127.0.0.1", count]),
  );
  assert.deepEqual(on.slept, [100, 200, 400, 800]);
});

test("R-GATE-5: after so many failures the address is locked out, for the right token too, and others are not", async () => {
  const on = bench({ attemptLimits: LIMITS });
  const { token } = await on.tokens.make(ask(), "gateway");
  for (let i = 0; i < 4; i++) await on.access.bearer(guess(i), HERE);
  assert.equal((await on.access.bearer(token, HERE)).verdict, "known");
  await on.access.bearer(guess(4), HERE);
  const locked = await on.access.bearer(token, HERE);
  assert.ok(locked.verdict === "refused" && locked.why === "locked");
  assert.ok((locked.retryAfterMs ?? 0) > 60_000 && (locked.retryAfterMs ?? 0) <= 120_000);
  assert.equal((await on.access.bearer(token, THERE)).verdict, "known");
  assert.equal(on.records.filter((entry) => entry.what === "login.locked").length, 1);
});

test("R-GATE-5: a token that is guessed at from many addresses is locked too", async () => {
  const on = bench({ attemptLimits: LIMITS });
  const { token } = await on.tokens.make(ask(), "gateway");
  const other = await on.tokens.make(ask(), "gateway");
  for (let i = 0; i < 5; i++) {
    const from = { address: `192.0.2.${i}`, group: `192.0.2.${i}` };
    await on.access.bearer(`${token.slice(0, -4)}${1000 + i}`, from);
  }
  const locked = await on.access.bearer(token, HERE);
  assert.ok(locked.verdict === "refused" && locked.why === "locked");
  assert.equal((await on.access.bearer(other.token, HERE)).verdict, "known");
});

test("R-GATE-5: wrong one-time codes count, and a lock-out spends no code", async () => {
  const on = bench({ attemptLimits: LIMITS });
  const request = { person: OWNER, trust: "full", permissions: ["chat"], channel: "webchat" } as const;
  const { code } = await on.logins.issue(request);
  for (let i = 0; i < 5; i++) await on.access.login(guess(i), HERE);
  const locked = await on.access.login(code, HERE);
  assert.ok(locked.verdict === "refused" && locked.why === "locked");
  assert.equal((await on.access.login(code, THERE)).verdict, "known");
});

test("R-GATE-5: a session that is open already outlives the lock-out of its address", async () => {
  const on = bench({ attemptLimits: LIMITS });
  const { code } = await on.logins.issue({
    person: OWNER,
    trust: "full",
    permissions: ["operate"],
    channel: "webchat",
  });
  const session = await on.access.login(code, HERE);
  assert.ok(session.verdict === "known");
  for (let i = 0; i < 9; i++) await on.access.bearer(guess(i), HERE);
  assert.equal((await on.access.session(session.secret, session.proof)).verdict, "known");
});

test("R-GATE-5: the lock-out ends by itself", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const on = bench({ attemptLimits: LIMITS });
  const { token } = await on.tokens.make(ask(), "gateway");
  for (let i = 0; i < 5; i++) await on.access.bearer(guess(i), HERE);
  t.mock.timers.tick(119_000);
  assert.equal((await on.access.bearer(token, HERE)).verdict, "refused");
  t.mock.timers.tick(2_000);
  assert.equal((await on.access.bearer(token, HERE)).verdict, "known");
});

test("R-GATE-5: a flood against a locked address is counted in few records", async () => {
  const on = bench({ attemptLimits: LIMITS });
  for (let i = 0; i < 1005; i++) await on.access.bearer(guess(i), HERE);
  const told = on.records.filter((entry) => entry.what === "login.locked-out");
  assert.deepEqual(
    told.map((entry) => entry.data?.["refused"]),
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
  );
});

test("R-GATE-5: a failure that cannot be recorded still counts, and is no login", async () => {
  const on = bench({ attemptLimits: LIMITS });
  const push = on.records.push;
  on.records.push = () => {
    throw new Error("disk full");
  };
  for (let i = 0; i < 5; i++) await assert.rejects(on.access.bearer(guess(i), HERE));
  on.records.push = push;
  const locked = await on.access.bearer(guess(9), HERE);
  assert.ok(locked.verdict === "refused" && locked.why === "locked");
});

test("R-GATE-5: a person whose old token is tried from many addresses is locked out, but not where he is known", async () => {
  const on = bench({ attemptLimits: LIMITS });
  const { token } = await on.tokens.make(ask({ person: ANA, trust: "standard" }), "gateway");
  const old = await on.tokens.make(ask({ person: ANA, trust: "standard" }), "gateway");
  const other = await on.tokens.make(ask(), "gateway");
  await on.tokens.revoke(old.id, "owner");
  const at = (i: number): typeof HERE => ({ address: `198.51.100.${i}`, group: `198.51.100.${i}` });
  assert.equal((await on.access.bearer(token, THERE)).verdict, "known");
  for (let i = 0; i < 5; i++) assert.equal((await on.access.bearer(old.token, at(i))).verdict, "refused");
  const failed = on.records.filter((entry) => entry.what === "login.failed");
  assert.deepEqual(new Set(failed.map((entry) => entry.data?.["person"])), new Set(["ana"]));
  assert.equal(on.records.filter((entry) => entry.what === "login.locked").length, 1);
  const locked = await on.access.bearer(token, at(20));
  assert.ok(locked.verdict === "refused" && locked.why === "locked" && (locked.retryAfterMs ?? 0) > 0);
  assert.equal((await on.access.bearer(token, THERE)).verdict, "known", "where he came from before");
  assert.equal((await on.access.bearer(token, HERE)).verdict, "known", "on this machine");
  assert.equal((await on.access.bearer(other.token, at(21))).verdict, "known", "nobody else");
});
