import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../core/fault.ts";
import { createSilences } from "./silences.ts";
import { bench, decided, failedLogin, ruleOf } from "./testing.ts";

const LIMITS = { timeoutMs: 50, tries: 3, firstPauseMs: 1_000, longestPauseMs: 10_000, perMinute: 3 };
const first = ruleOf("one", "tool_calls > 0 in 1m by session");

test("R-ALERT-1: a receiver that stalls is left after its time, tried again, and recorded as a dead letter in the end", async () => {
  let tries = 0;
  const on = bench([first], {
    limits: LIMITS,
    tell: () => {
      tries += 1;
      return new Promise(() => undefined); // never answers, and listens to no signal
    },
  });
  on.alerts.restore([]);
  on.alerts.see(decided());
  for (let i = 0; i < 60 && on.alerts.state().undelivered.length === 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    on.clock.advance(1_000);
  }
  assert.equal(tries, 3);
  const [dead] = on.alerts.state().undelivered;
  assert.equal(dead?.why, "no answer in time");
  assert.ok(on.records.some((entry) => entry.what === "alert.undelivered" && entry.target === "operator"));
});

test("R-ALERT-1: a receiver that fails once is told the second time", async () => {
  let tries = 0;
  const on = bench([first], {
    limits: LIMITS,
    tell: async () => {
      if (++tries === 1) throw new Error("busy");
    },
  });
  on.alerts.restore([]);
  on.alerts.see(decided());
  await on.settle();
  on.clock.advance(1_000);
  await on.settle();
  assert.equal(tries, 2);
  assert.equal(on.alerts.state().delivered, 1);
  assert.deepEqual(on.alerts.state().undelivered, []);
});

test("R-ALERT-1: INVARIANT(never-waited-for): seeing a record returns at once, whatever receivers do", () => {
  const on = bench([first], { limits: LIMITS, tell: () => new Promise(() => undefined) });
  on.alerts.restore([]);
  assert.equal(on.alerts.see(decided()), undefined);
});

test("R-ALERT-1: a storm becomes a few letters and one that counts the rest; the ledger is not flooded", async () => {
  const on = bench([first], { limits: LIMITS });
  on.alerts.restore([]);
  for (let i = 0; i < 400; i++) on.alerts.see(decided({ session: `ses_${i}` }));
  await on.settle();
  on.clock.advance(60_001);
  await on.settle();
  assert.ok(on.told.length <= 4, `${on.told.length} letters`);
  assert.match(on.told.at(-1)?.letter.text ?? "", /alerts came together/);
  assert.ok(on.raised().length <= 60);
  assert.ok(on.alerts.state().swallowed > 0);
  on.alerts.see(decided({ session: "ses_later" }));
  await on.settle();
  assert.ok(on.records.some((entry) => entry.what === "alert.storm" && Number(entry.data?.["swallowed"]) > 0));
});

test("R-ALERT-1: what a rule does is done also in a storm and when the rule is silent", async () => {
  const stopping = ruleOf("stops", "failed_auth > 0 in 1m", "operator, stop");
  const clockless = bench([first, stopping], { limits: LIMITS });
  const silences = createSilences(undefined, ["one", "stops"], () => clockless.clock.wallMs());
  const on = bench([first, stopping], { limits: LIMITS, silences });
  silences.add({ rule: "stops", untilMs: on.clock.wallMs() + 60_000, by: "owner", why: "" });
  on.alerts.restore([]);
  for (let i = 0; i < 100; i++) on.alerts.see(decided({ session: `ses_${i}` }));
  on.alerts.see(failedLogin());
  await on.settle();
  assert.deepEqual(
    on.done.map(({ action }) => action.kind),
    ["stop"],
  );
  assert.ok(on.told.every(({ letter }) => letter.alerts.every((alert) => alert.rule !== "stops")));
  assert.ok(
    on.records.some((entry) => entry.what === "alert.acted" && entry.target === "stop" && entry.result === "ok"),
  );
});

test("R-ALERT-1: the record of an alert stands before what it does; a failed action is recorded itself", async () => {
  const order: string[] = [];
  const on = bench([ruleOf("freezes", "tool_calls > 0 in 1m", "freeze")], {
    record: async (entry) => void order.push(`${entry.what} ${entry.result}`),
    protect: async () => {
      order.push("freeze");
      throw new Fault("SESSION_UNKNOWN", { message: "gone", hint: "" });
    },
  });
  on.alerts.restore([]);
  on.alerts.see(decided());
  await on.settle();
  assert.deepEqual(order, ["alert.raised ok", "freeze", "alert.acted failed"]);
});

test("R-ALERT-1: where the ledger is gone, the alert that says so goes out all the same", async () => {
  const on = bench([ruleOf("ledger", "ledger_trouble > 0 in 1m", "operator, stop", "critical")], {
    record: async () => {
      throw new Fault("LEDGER_UNAVAILABLE", { message: "no disk", hint: "" });
    },
  });
  on.alerts.restore([]);
  on.alerts.notice("ledger_trouble", "no disk");
  await on.settle();
  assert.match(on.told[0]?.letter.text ?? "", /no disk/);
  assert.equal(on.done[0]?.action.kind, "stop");
  assert.ok(on.logged.length > 0);
});

test("R-ALERT-1 R-DLP-2: alerts hold no secret, and no text that steers a terminal or begins another line", async () => {
  const on = bench([ruleOf("by", "failed_auth > 0 in 1m by address")]);
  on.alerts.restore([]);
  on.alerts.see(failedLogin("sk-secret\u001b[2J\r\nBcc: x@y.example\u202eabc"));
  await on.settle();
  const { subject = "", text = "" } = on.told[0]?.letter ?? {};
  for (const part of [subject, text]) {
    assert.ok(!part.includes("sk-secret"), part);
    assert.ok(!part.includes("\u001b") && !part.includes("\r") && !part.includes("\u202e"), part);
  }
  assert.ok(!subject.includes("\n"));
  assert.ok(!text.split("\n").some((line) => line.startsWith("Bcc:")));
});

test("R-ALERT-1: a silent rule tells nobody, is recorded, and tells again after its end", async () => {
  const clock = bench([]).clock;
  const silences = createSilences(undefined, ["one"], () => clock.wallMs());
  const on = bench([first], { silences, clock });
  silences.add({ rule: "one", untilMs: clock.wallMs() + 120_000, by: "owner", why: "" });
  on.alerts.restore([]);
  on.alerts.see(decided());
  await on.settle();
  assert.equal(on.told.length, 0);
  assert.equal(on.raised()[0]?.data?.["told"], false);
  clock.advance(120_001);
  on.alerts.see(decided());
  await on.settle();
  assert.equal(on.told.length, 1);
});

test("R-ALERT-1: a silence has an end within 30 days and names a rule", () => {
  const silences = createSilences(undefined, ["one"], () => 1_000);
  const add = (rule: string, untilMs: number) => () => silences.add({ rule, untilMs, by: "owner", why: "" });
  assert.throws(add("two", 2_000), /no rule/);
  assert.throws(add("one", 1_000), /end/);
  assert.throws(add("one", Number.NaN), /end/);
  assert.throws(add("one", 1_000 + 31 * 86_400_000), /end/);
  add("one", 2_000)();
  assert.deepEqual(createSilences(silences.toJson(), ["one"], () => 1_500).now().length, 1);
  assert.deepEqual(createSilences(silences.toJson(), ["one"], () => 2_000).now(), []);
});

test("R-ALERT-1: the test button tells everybody, says who did not take it, and neither freezes nor stops", async () => {
  const on = bench([ruleOf("both", "failed_auth > 5 in 5m", "operator, email a@b.example, stop")], {
    tell: async (to) => {
      if (to.kind === "email") throw new Fault("ALERT_UNDELIVERED", { message: "no such box", hint: "" });
    },
  });
  const results = await on.alerts.test("both");
  assert.deepEqual(
    results.map(({ to, ok }) => [to, ok]),
    [
      ["operator", true],
      ["email a@b.example", false],
      ["stop", true],
    ],
  );
  assert.deepEqual(on.done, []);
  assert.equal(on.records.at(-1)?.what, "alert.tested");
  await assert.rejects(on.alerts.test("bth"), /no rule/);
});

test("R-ALERT-1: what was not brought when the gateway ends is recorded as not brought", async () => {
  const on = bench([first], { limits: LIMITS, tell: () => new Promise(() => undefined) });
  on.alerts.restore([]);
  on.alerts.see(decided());
  await on.settle();
  await on.alerts.close();
  assert.equal(on.records.at(-1)?.what, "alert.undelivered");
});
