import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { LedgerEntry, StoredEntry } from "../../core/ports/ledger.ts";
import { createHabits } from "./habits.ts";
import { parseActions } from "./actions.ts";
import { shippedRules } from "./rules.ts";
import { bench, decided, failedLogin, ruleOf } from "./testing.ts";
import { createWindows } from "./window.ts";

const RULE = ruleOf("guesses", "failed_auth > 5 in 5m");
const BY_ADDRESS = ruleOf("guesses", "failed_auth > 5 in 5m by address");

test("R-ALERT-1: a rule is true at one more than it names, and not before", async () => {
  const on = bench([RULE]);
  on.alerts.restore([]);
  for (let i = 0; i < 5; i++) on.alerts.see(failedLogin());
  await on.settle();
  assert.equal(on.told.length, 0);
  on.alerts.see(failedLogin());
  await on.settle();
  assert.equal(on.told.length, 1);
  assert.match(on.told[0]?.letter.text ?? "", /counted +6/);
  assert.equal(on.raised()[0]?.target, "guesses");
});

test("R-ALERT-1: a window slides: six failures in more than five minutes are none", async () => {
  const on = bench([RULE]);
  on.alerts.restore([]);
  for (let i = 0; i < 6; i++) {
    on.alerts.see(failedLogin());
    on.clock.advance(60_001);
  }
  await on.settle();
  assert.equal(on.told.length, 0);
  const fast = bench([RULE]);
  fast.alerts.restore([]);
  for (let i = 0; i < 6; i++) {
    fast.alerts.see(failedLogin());
    fast.clock.advance(59_000);
  }
  await fast.settle();
  assert.equal(fast.told.length, 1);
});

test("R-ALERT-1: grouped, one address's failures are not another's", async () => {
  const on = bench([BY_ADDRESS]);
  on.alerts.restore([]);
  for (let i = 0; i < 12; i++) on.alerts.see(failedLogin(`192.0.2.${i % 3}`));
  await on.settle();
  assert.equal(on.told.length, 0);
  for (let i = 0; i < 3; i++) on.alerts.see(failedLogin("192.0.2.1"));
  await on.settle();
  assert.equal(on.told.length, 1);
  assert.match(on.told[0]?.letter.text ?? "", /address 192\.0\.2\.1/);
});

test("R-ALERT-1: a flood of groups is counted together, so that none hides behind their number", async () => {
  const on = bench([BY_ADDRESS]);
  on.alerts.restore([]);
  for (let i = 0; i < 300; i++) on.alerts.see(failedLogin(`2001:db8::${i.toString(16)}`));
  await on.settle();
  assert.match(on.told[0]?.letter.text ?? "", /address \(others\)/);
});

test("R-ALERT-1: the same alert is not told again until its window has passed, and then with how often it was true", async () => {
  const on = bench([RULE]);
  on.alerts.restore([]);
  for (let i = 0; i < 40; i++) on.alerts.see(failedLogin());
  await on.settle();
  assert.equal(on.told.length, 1);
  on.clock.advance(300_001);
  for (let i = 0; i < 7; i++) on.alerts.see(failedLogin());
  await on.settle();
  assert.equal(on.told.length, 2);
  assert.match(on.told[1]?.letter.text ?? "", /again +34 times/);
});

test("R-ALERT-1: INVARIANT(never-missed): a window holds at least what really lies in it, in bounded memory", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 1, max: 9 })), { maxLength: 400 }),
      (steps) => {
        const windows = createWindows(10_000);
        const seen: { atMs: number; amount: number }[] = [];
        let atMs = 0;
        for (const [pauseMs, amount] of steps) {
          atMs += pauseMs;
          seen.push({ atMs, amount });
          const { sum } = windows.add("g", amount, atMs);
          const real = seen.filter((one) => one.atMs > atMs - 10_000).reduce((all, one) => all + one.amount, 0);
          assert.ok(sum >= real, `${sum} < ${real}`);
          assert.ok(windows.size() <= 64);
          const isFew = seen.filter((one) => one.atMs > atMs - 20_000).length <= 64;
          if (isFew) assert.equal(sum, real);
        }
      },
    ),
  );
});

const stored = (entry: LedgerEntry, atMs: number, index: number): StoredEntry => ({
  ...entry,
  index,
  time: new Date(atMs).toISOString(),
});

test("R-ALERT-1: windows survive a restart: what lay in them is read back", async () => {
  const on = bench([RULE]);
  const now = on.clock.wallMs();
  on.alerts.restore(Array.from({ length: 5 }, (_, i) => stored(failedLogin(), now - 60_000 + i, i)));
  await on.settle();
  assert.equal(on.told.length, 0);
  on.alerts.see(failedLogin());
  await on.settle();
  assert.equal(on.told.length, 1);
});

test("R-ALERT-1: what was true when the gateway ended and had raised nothing is raised late; what had, is not again", async () => {
  const late = bench([RULE]);
  const now = late.clock.wallMs();
  const six = Array.from({ length: 6 }, (_, i) => stored(failedLogin(), now - 60_000 + i, i));
  late.alerts.restore(six);
  await late.settle();
  assert.match(late.told[0]?.letter.text ?? "", /found when the gateway started/);
  const done = bench([RULE]);
  const raised: LedgerEntry = {
    kind: "alert",
    who: "gateway",
    what: "alert.raised",
    target: "guesses",
    result: "ok",
    data: {},
  };
  done.alerts.restore([...six, stored(raised, now - 50_000, 6)]);
  done.alerts.see(failedLogin());
  await done.settle();
  assert.equal(done.told.length, 0);
});

test("R-ALERT-1: live records wait for the reading back, and none is lost", async () => {
  const on = bench([RULE]);
  for (let i = 0; i < 6; i++) on.alerts.see(failedLogin());
  assert.equal(on.told.length, 0);
  on.alerts.restore([]);
  await on.settle();
  assert.equal(on.told.length, 1);
});

test("R-ALERT-1: files outside of named folders are told; a folder whose name only begins alike is outside", async () => {
  const on = bench([ruleOf("outside", "file_access not in /srv/shared")]);
  on.alerts.restore([]);
  const reads = (path: string): LedgerEntry =>
    decided({ data: { because: [], facts: { paths: [{ resolved: path, access: "read" }] } } });
  on.alerts.see(reads("/srv/shared/a"));
  await on.settle();
  assert.equal(on.told.length, 0);
  on.alerts.see(reads("/srv/shared-not/a"));
  await on.settle();
  assert.match(on.told[0]?.letter.text ?? "", /read of \/srv\/shared-not\/a/);
});

test("R-ALERT-2: a call whose record was cut because it is too large is counted all the same", async () => {
  const on = bench([ruleOf("blocked", "blocked_paths > 0 in 1m"), ruleOf("bulk", "file_access > 60 in 1m")]);
  on.alerts.restore([]);
  on.alerts.see(decided({ result: "denied", data: { cut: "90000 bytes" } }));
  on.alerts.see(decided({ data: { cut: "90000 bytes" } }));
  await on.settle();
  assert.deepEqual(new Set(on.told.map(({ letter }) => letter.alerts[0]?.rule)), new Set(["blocked", "bulk"]));
});

test("R-ALERT-1: no alert causes another", async () => {
  const on = bench([ruleOf("all", "tool_calls > 0 in 1m"), ruleOf("faults", "faults > 0 in 1m")]);
  on.alerts.restore([]);
  on.alerts.see({ kind: "alert", who: "gateway", what: "alert.raised", target: "all", result: "ok" });
  await on.settle();
  assert.equal(on.told.length, 0);
});

test("R-IR-4: under close watch a rule is true at half its number", async () => {
  const on = bench([RULE], { strictness: () => 0.5 });
  on.alerts.restore([]);
  for (let i = 0; i < 3; i++) on.alerts.see(failedLogin());
  await on.settle();
  assert.equal(on.told.length, 1);
});

const DAY_MS = 86_400_000;

test("R-ALERT-2 R-KEY-3: every shipped detector is raised by what it is about, explained, and by nothing harmless", async () => {
  const rules = shippedRules(() => parseActions("operator"));
  const causes: Record<string, readonly LedgerEntry[]> = {
    "failed-logins": Array.from({ length: 6 }, () => failedLogin()),
    "failed-logins-everywhere": Array.from({ length: 21 }, (_, i) => failedLogin(`192.0.2.${i}`)),
    "lock-out": [{ ...failedLogin(), what: "login.locked" }],
    "blocked-paths": [decided({ result: "denied", data: { because: ["floor.file.blocked"] } })],
    "floor-refusals": Array.from({ length: 3 }, () =>
      decided({ result: "denied", data: { because: ["floor.privilege"] } }),
    ),
    "bulk-file-access": Array.from({ length: 201 }, () =>
      decided({ data: { because: [], facts: { paths: [{ resolved: "/w/x", access: "read" }] } } }),
    ),
    "refused-connections": Array.from(
      { length: 6 },
      () => ({ ...decided(), kind: "connection", what: "connection.refused", result: "denied" }) as const,
    ),
    "injection-signs": [{ ...decided(), kind: "outcome", what: "call.ended", data: { found: { "fake-turn": 3 } } }],
    "question-flood": Array.from(
      { length: 21 },
      () => ({ ...decided(), kind: "approval", what: "approval.asked" }) as const,
    ),
    "new-destination": [
      { ...decided(), kind: "connection", what: "connection.allowed", result: "ok", target: "example.org:443" },
    ],
    "sandbox-unproved": [{ ...decided(), kind: "gateway", what: "sandbox.unproved" }],
    "ledger-trouble": [{ ...decided(), kind: "gateway", what: "ledger.recovered" }],
    "key-spike": [{ ...decided(), kind: "secret", what: "secret.spike", target: "vault:openai" }],
    "key-used-up": [{ ...decided(), kind: "secret", what: "secret.used-up", target: "vault:openai" }],
    "helper-lost": [{ ...decided(), kind: "gateway", what: "helper.lost", target: "broker" }],
    "stop-or-resume": [{ ...decided(), kind: "stop", what: "stop.said" }],
    "config-changed": [{ ...decided(), kind: "config", what: "config.changed" }],
    "token-made": [{ ...decided(), kind: "token", what: "token.made" }],
  };
  const harmless: readonly LedgerEntry[] = [
    failedLogin(),
    decided(),
    decided({ result: "denied", data: { because: ["config.egress"] } }),
    { ...decided(), kind: "message", what: "message.received", target: "terminal" },
    { ...decided(), kind: "token", what: "token.made", who: "gateway" },
  ];
  const quietly = bench(rules);
  quietly.alerts.restore([]);
  for (const entry of harmless) quietly.alerts.see(entry);
  await quietly.settle();
  assert.deepEqual(
    quietly.raised().map((entry) => entry.target),
    [],
  );
  for (const [name, entries] of Object.entries(causes)) {
    const on = bench(rules);
    on.alerts.restore([]);
    for (const entry of entries) on.alerts.see(entry);
    await on.settle();
    const raised = on.raised().map((entry) => entry.target);
    assert.ok(raised.includes(name), `${name}: ${raised.join(", ")}`);
    const explains = rules.find((rule) => rule.name === name)?.explains ?? "?";
    assert.ok(
      on.told.some(({ letter }) => letter.text.includes(explains)),
      name,
    );
  }
  const fed = ["unusual-hours", "spike"];
  assert.deepEqual(
    rules
      .map((rule) => rule.name)
      .filter((name) => causes[name] === undefined)
      .sort(),
    fed.sort(),
  );
});

test("R-ALERT-2: an hour at which a person never wrote is told, once his hours are known, and one beside a usual one is not", () => {
  const habits = createHabits(undefined, (atMs) => new Date(atMs).getUTCHours());
  const message: LedgerEntry = {
    kind: "message",
    who: "ana",
    what: "message.received",
    target: "terminal",
    result: "ok",
  };
  const at = (day: number, hour: number): number => Date.UTC(2026, 0, 1) + day * DAY_MS + hour * 3_600_000;
  // Nothing is known yet, so nothing is unusual.
  assert.deepEqual(habits.see(message, at(0, 3)), []);
  for (let day = 1; day <= 6; day++) for (const hour of [9, 14]) habits.see(message, at(day, hour));
  assert.deepEqual(habits.see(message, at(7, 10)), []);
  const [sign] = habits.see(message, at(7, 22));
  assert.equal(sign?.measure, "unusual_hours");
  assert.equal(habits.see(message, at(7, 22)).length, 1, "still unusual in the same night");
  const kept = createHabits(habits.changed(), (atMs) => new Date(atMs).getUTCHours());
  assert.equal(kept.see(message, at(8, 5)).length, 1, "what is usual survives a restart");
  assert.deepEqual(kept.see(message, at(8, 9)), []);
});

test("R-ALERT-2: a spike is held against the hours before, and a busy hour after quiet ones is told once", () => {
  const habits = createHabits(undefined, () => 12);
  const calls = (hour: number, count: number): number => {
    let signs = 0;
    for (let i = 0; i < count; i++) signs += habits.see(decided(), hour * 3_600_000 + i).length;
    return signs;
  };
  assert.equal(calls(1, 1_000), 0, "nothing is known yet");
  for (let hour = 2; hour < 20; hour++) assert.equal(calls(hour, 20), 0);
  assert.equal(calls(20, 90), 0, "more, but not much");
  assert.equal(calls(21, 600), 1);
});

test("R-ALERT-2: a host is new once, also across a restart", () => {
  const habits = createHabits(undefined, () => 12);
  const to = (target: string): LedgerEntry => ({
    kind: "connection",
    who: "egress",
    what: "connection.allowed",
    target,
    result: "ok",
  });
  assert.equal(habits.see(to("a.example:443"), 0).length, 1);
  assert.equal(habits.see(to("a.example:443"), 1).length, 0);
  const kept = createHabits(habits.changed(), () => 12);
  assert.equal(kept.see(to("a.example:443"), 2).length, 0);
  assert.equal(kept.see(to("b.example:443"), 3).length, 1);
  assert.equal(kept.see({ ...to("c.example:443"), result: "denied" }, 4).length, 0);
});
