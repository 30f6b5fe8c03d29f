import assert from "node:assert/strict";
import { test } from "node:test";
import { htmlOf } from "../src/ops/audit/out/html.ts";
import { jsonOf } from "../src/ops/audit/out/json.ts";
import { sarifOf } from "../src/ops/audit/out/sarif.ts";
import type { Report } from "../src/ops/audit/report.ts";
import { auditOpenClaw, OPENCLAW_FAMILIES } from "../src/ops/openclaw/catalogue.ts";
import { withCommands } from "../src/ops/openclaw/check.ts";
import { homeWith } from "../src/ops/openclaw/fixture.ts";

const HOSTILE = "\u001b[31m<img src=x onerror=alert(1)>[click](https://evil.example)";

function reportOf(channel: string): Report {
  const home = homeWith({ channels: { [channel]: { dmPolicy: "open", allowFrom: ["*"] } } });
  const open = auditOpenClaw(home, []).map((finding) => ({ ...finding, firstMs: 0, deadlineMs: null }));
  const ran = OPENCLAW_FAMILIES.flatMap(({ checks }) => checks.map(({ id }) => id));
  return { atMs: 0, target: "openclaw", form: "usual", open, accepted: [], ran, leftOut: [], difference: null };
}

test("R-AUDIT-4 R-AUDIT-1: a name that a stranger wrote into a configuration is in no id, makes no tag, no link and no colour", () => {
  const report = reportOf(HOSTILE);
  for (const { id } of report.open) assert.match(id, /^[\w.%-]+$/);
  assert.ok(
    report.open.some(({ id }) => id === "channels.unknown.dm.open"),
    "it is found all the same",
  );
  const html = htmlOf(report);
  assert.ok(!html.includes("<img") && !html.includes("\u001b"));
  const { runs } = JSON.parse(JSON.stringify(sarifOf(report, OPENCLAW_FAMILIES, "0.1.0")));
  const said: readonly string[] = runs[0].results.map(({ message }: { message: { text: string } }) => message.text);
  assert.ok(said.some((text) => text.includes("\\[click\\](")) && !said.some((text) => text.includes("[click](")));
  assert.ok(reportOf("telegram").open.some(({ id }) => id === "channels.telegram.dm.open"));
});

test("R-AUDIT-1: each result of SARIF has its rule there, also where an id names a channel; the same home gives the same JSON", () => {
  const report = reportOf("telegram");
  const sarif = JSON.parse(JSON.stringify(sarifOf(report, OPENCLAW_FAMILIES, "0.1.0")));
  const [run] = sarif.runs as [
    { tool: { driver: { rules: { id: string; properties: { tags: string[] } }[] } }; results: { ruleId: string }[] },
  ];
  const ids = run.tool.driver.rules.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const { ruleId } of run.results) assert.ok(ids.includes(ruleId), ruleId);
  for (const { properties } of run.tool.driver.rules)
    assert.equal(new Set(properties.tags).size, properties.tags.length, "tags stand once");
  assert.equal(JSON.stringify(jsonOf(report)), JSON.stringify(jsonOf(reportOf("telegram"))));
});

test("R-AUDIT-1: what is to be set stands as the command that sets it, and only where the path is whole", () => {
  assert.equal(withCommands("set gateway.bind to loopback"), "`openclaw config set gateway.bind loopback`");
  assert.equal(withCommands("unset browser.noSandbox"), "`openclaw config unset browser.noSandbox`");
  assert.equal(
    withCommands("set tools.exec.security to allowlist, tools.exec.ask to on-miss"),
    "`openclaw config set tools.exec.security allowlist`, tools.exec.ask to on-miss",
  );
  for (const whole of ["set sandbox.mode to all", "set docker.network to none", "chmod 700"])
    assert.equal(withCommands(whole), whole);
});
