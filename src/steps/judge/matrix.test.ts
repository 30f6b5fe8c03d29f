import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { Verdict } from "../../core/decision.ts";
import { TRUST_LEVELS, trustRank } from "../../core/label.ts";
import { EFFECTS, type Effect } from "../../core/tool.ts";
import { parseAgentId } from "../../core/ids.ts";
import { CATALOGUE } from "../../tools/catalogue.ts";
import { OWN_TRUST } from "./designation/request.ts";
import { judgeWith, postureWith } from "./fixtures.ts";
import type { Judge } from "./judge.ts";
import { type MatrixCell, whoMatrix } from "./matrix.ts";
import { doorsOf, offeredTools } from "./offered.ts";

const STRICTNESS: Record<Verdict, number> = { allow: 0, ask: 1, deny: 2 };
const ALL: readonly Effect[] = [...EFFECTS, "unknown"];

let judge: Judge;
before(async () => {
  judge = await judgeWith();
});

const verdict = (cells: readonly MatrixCell[], trust: string, effect: Effect): Verdict | undefined =>
  cells.find((cell) => cell.trust === trust && cell.effect === effect)?.verdict;

test("R-WHO-1: the matrix has every level and effect, with reasons, and more trust is never stricter", () => {
  const { cells, persons } = whoMatrix(judge);
  for (const table of [cells, persons]) {
    assert.equal(table.length, TRUST_LEVELS.length * ALL.length);
    assert.ok(table.every((cell) => cell.because.length > 0));
    for (const effect of ALL) {
      const row = TRUST_LEVELS.map((trust) => STRICTNESS[verdict(table, trust, effect) ?? "deny"]);
      assert.deepEqual(
        row,
        [...row].sort((a, b) => b - a),
        `${effect}: ${row.join(" ")}`,
      );
    }
  }
});

test("R-WHO-1: text of no trust stays inside; leaving, paying, lasting and deleting need a person", () => {
  const { cells } = whoMatrix(judge);
  for (const effect of ["read", "write", "exec"] as const)
    assert.equal(verdict(cells, "none", effect), "allow", effect);
  for (const effect of ALL.filter((one) => !["read", "write", "exec"].includes(one))) {
    assert.equal(verdict(cells, "none", effect), "ask", effect);
  }
  for (const effect of ["pay", "configure", "install", "unknown"] as const) {
    assert.equal(verdict(cells, "full", effect), "ask", effect);
  }
});

test("R-WHO-1: persons have what the governance guide's table gives them", () => {
  const { persons } = whoMatrix(judge);
  for (const effect of ALL) assert.equal(verdict(persons, "none", effect), "deny", effect);
  for (const effect of ALL)
    assert.equal(verdict(persons, "limited", effect), effect === "read" ? "allow" : "deny", effect);
  assert.equal(verdict(persons, "standard", "write"), "allow");
  assert.equal(verdict(persons, "standard", "exec"), "deny");
  assert.equal(verdict(persons, "elevated", "exec"), "allow");
  assert.equal(verdict(persons, "elevated", "configure"), "deny");
  for (const effect of ALL) assert.notEqual(verdict(persons, "full", effect), "deny", effect);
});

test("R-WHO-1: who may name something for an effect is who may cause it", () => {
  const { persons } = whoMatrix(judge);
  for (const effect of ALL) {
    for (const trust of TRUST_LEVELS) {
      const may = trustRank(trust) >= trustRank(OWN_TRUST[effect]);
      assert.equal(verdict(persons, trust, effect) !== "deny", may, `${trust} ${effect}`);
    }
  }
});

test("R-WHO-4: the matrix asks the live policies: one more policy changes it", async () => {
  const text =
    '@id("quiet") @says("x") forbid (principal, action == Action::"send", resource) when { context.influence < 4 };';
  const other = await judgeWith({ operatorPolicies: [{ name: "a.cedar", text }] });
  assert.equal(verdict(whoMatrix(judge).cells, "elevated", "send"), "allow");
  assert.equal(verdict(whoMatrix(other).cells, "elevated", "send"), "deny");
});

test("R-TOOL-1: what the model is shown is what the policies let through", async () => {
  const posture = postureWith();
  const tools = [...CATALOGUE.values()].map((tool) => ({ name: tool.declaration.name, groups: tool.groups }));
  const names = (channel: string) =>
    offeredTools(posture, doorsOf(posture, { agent: parseAgentId("main"), channel }), tools).map((tool) => tool.name);
  assert.deepEqual(
    names("terminal"),
    tools.map((tool) => tool.name),
  );
  assert.deepEqual(names("slack"), [
    "web_fetch",
    "web_search",
    "send",
    "remember",
    "recall",
    "quarantine",
    "quarantine_page",
  ]);
  assert.deepEqual(offeredTools(postureWith({ channels: new Map() }), ["terminal"], tools), []);
});
