import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Fault } from "../../core/fault.ts";
import { parseActions, writeAction } from "./actions.ts";
import { GROUPS, parseCondition, writeCondition } from "./condition.ts";
import { MEASURE_NAMES, MEASURES } from "./measures.ts";
import { SHIPPED_NAMES, shippedRules } from "./rules.ts";

test("R-ALERT-1: the conditions of the guide are read", () => {
  assert.deepEqual(parseCondition("failed_auth > 5 in 5m"), {
    kind: "more",
    measure: "failed_auth",
    than: 5,
    withinMs: 300_000,
    by: null,
  });
  assert.deepEqual(parseCondition("api_calls > 1000 in 1h"), {
    kind: "more",
    measure: "api_calls",
    than: 1000,
    withinMs: 3_600_000,
    by: null,
  });
  assert.deepEqual(parseCondition("file_access not in /opt/openclaw/allowed"), {
    kind: "outside",
    measure: "file_access",
    folders: ["/opt/openclaw/allowed"],
  });
  assert.equal(parseCondition("failed_auth>5 in 5m by address").kind, "more");
});

test("R-ALERT-1: a condition with a word that is not known is refused, with the nearest", () => {
  for (const [text, says] of [
    ["failed_auht > 5 in 5m", /failed_auth/],
    ["failed_auth > 5 in 5m by adress", /address/],
    ["failed_auth >= 5 in 5m", /more than/],
    ["failed_auth < 5 in 5m", /more than/],
    ["failed_auth > five in 5m", /number/],
    ["failed_auth > 5 in 5 minutes", /MEASURE|5m/],
    ["failed_auth > 5 in 0m", /30s/],
    ["failed_auth > 5 in 8d", /7d/],
    ["failed_auth > 5", /MEASURE/],
    ["failed_auth > 5 in 5m or api_calls > 1 in 1m", /MEASURE/],
    ["api_calls not in /srv", /file_access/],
    ["file_access not in srv", /root|srv/],
    ["file_access not in /srv/../etc", /srv/],
    ["", /MEASURE/],
  ] as const) {
    assert.throws(
      () => parseCondition(text),
      (thrown) =>
        thrown instanceof Fault && thrown.code === "ALERT_MALFORMED" && says.test(`${thrown.message} ${thrown.hint}`),
      text,
    );
  }
});

test("R-ALERT-1: what was parsed is written as it is read", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...MEASURE_NAMES),
      fc.integer({ min: 0, max: 1_000_000 }),
      fc.integer({ min: 1, max: 604_800 }),
      fc.constantFrom(null, ...GROUPS),
      (measure, than, seconds, by) => {
        const condition = { kind: "more", measure, than, withinMs: seconds * 1_000, by } as const;
        assert.deepEqual(parseCondition(writeCondition(condition)), condition);
      },
    ),
  );
});

test("R-ALERT-1: actions are read, and `disable openclaw` says what is meant here", () => {
  assert.deepEqual(parseActions("email admin@company.com, slack #security-alerts, stop").map(writeAction), [
    "email admin@company.com",
    "slack security-alerts",
    "stop",
  ]);
  for (const [text, says] of [
    ["email admin@company.com, disable openclaw", /stop/],
    ["email a@b.example\r\nBcc: x@y.example", /e-mail address/],
    ["email a@b.example x@y.example", /e-mail address/],
    ["opertor", /operator/],
    ["stop now", /alone/],
    ["operator, operator", /twice/],
    ["webhook", /name/],
    ["", /action/],
  ] as const) {
    assert.throws(
      () => parseActions(text),
      (thrown) => thrown instanceof Fault && says.test(`${thrown.message} ${thrown.hint}`),
      text,
    );
  }
});

test("R-ALERT-2: every rule that ships can be read and explains itself", () => {
  const rules = shippedRules(() => [{ kind: "operator" }]);
  assert.ok(rules.length >= 15);
  for (const rule of rules) assert.ok(rule.explains.length > 20, rule.name);
  assert.equal(new Set(SHIPPED_NAMES).size, SHIPPED_NAMES.length);
});

test("R-ALERT-1: no measure counts what alerts and incidents record themselves", () => {
  for (const { name, kinds } of MEASURES) assert.ok(!kinds.includes("alert") && !kinds.includes("incident"), name);
});
