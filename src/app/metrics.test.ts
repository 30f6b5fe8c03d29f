import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "./metrics.ts";

test("R-ALERT-3: what happened is counted for Prometheus, by small fixed sets of labels", async () => {
  const metrics = createMetrics();
  metrics.turn("done");
  metrics.call("exec", "deny");
  metrics.call("exec", "deny");
  metrics.callSeconds("exec", 0.2);
  metrics.login("failed");
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
  const one = createMetrics();
  one.turn("done");
  assert.ok(!(await createMetrics().text()).includes('stop="done"'));
});
