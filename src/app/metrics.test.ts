import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "./metrics.ts";

test("R-ALERT-3: what happened is counted for Prometheus, by small fixed sets of labels", async () => {
  const metrics = createMetrics(() => 0);
  metrics.turn("done");
  metrics.call("exec", "deny");
  metrics.call("exec", "deny");
  metrics.callSeconds("exec", 0.2);
  metrics.record({ kind: "login", who: "-", what: "login.failed", target: "192.0.2.1", result: "denied" });
  metrics.tokens("in", 120);
  metrics.connection("refused");
  metrics.gauge("approvals_open", 3);
  const text = await metrics.text();
  for (const line of [
    'vambrace_turns_total{stop="done"} 1',
    'vambrace_calls_total{tool="exec",verdict="deny"} 2',
    'vambrace_call_seconds_bucket{le="0.5",tool="exec"} 1',
    'vambrace_logins_total{result="failed"} 1',
    'vambrace_model_tokens_total{direction="in"} 120',
    'vambrace_connections_total{verdict="refused"} 1',
    "vambrace_approvals_open 3",
  ]) {
    assert.ok(text.includes(line), `${line}\n${text}`);
  }
});

test("R-ALERT-3: two gateways in one process count apart", async () => {
  const one = createMetrics(() => 0);
  one.turn("done");
  assert.ok(!(await createMetrics(() => 0).text()).includes('stop="done"'));
});

test("R-ALERT-3: money, file access, refusals and answers are counted from what the ledger took", async () => {
  const metrics = createMetrics((model, input, output) => (model === "a/b" ? input + 2 * output : 0));
  const base = { who: "owner", target: "a/b", session: "ses_x" } as const;
  metrics.record({
    ...base,
    kind: "model",
    what: "model.answered",
    result: "ok",
    data: { inputTokens: 3, outputTokens: 2 },
  });
  const paths = [
    { resolved: "/w/a", access: "read" },
    { resolved: "/w/b", access: "write" },
  ];
  metrics.record({
    ...base,
    kind: "call",
    what: "call.decided",
    result: "ok",
    data: { because: [], facts: { paths } },
  });
  metrics.record({
    ...base,
    kind: "call",
    what: "call.decided",
    result: "denied",
    data: { because: ["floor.file.blocked"], facts: { paths } },
  });
  metrics.record({ ...base, kind: "approval", what: "approval.answered", result: "denied" });
  metrics.record({ ...base, kind: "message", what: "message.received", result: "ok", target: "</metric> evil" });
  const text = await metrics.text();
  for (const line of [
    "vambrace_spent_total 7",
    'vambrace_file_access_total{access="read"} 1',
    'vambrace_file_access_total{access="write"} 1',
    "vambrace_blocked_paths_total 1",
    'vambrace_approvals_total{answer="no"} 1',
    'vambrace_messages_total{channel="other"} 1',
    'vambrace_records_total{kind="call"} 2',
  ]) {
    assert.ok(text.includes(line), `${line}\n${text}`);
  }
  assert.ok(!text.includes("evil"));
});
