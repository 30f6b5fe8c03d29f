/** Every check of the audit: silent about a good installation, found in its bad twin, mended and undone. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { hardenPorts, proposeHardening } from "../src/app/audit/hardening.ts";
import { homeAt } from "../src/app/home.ts";
import { CATALOGUE } from "../src/ops/audit/catalogue.ts";
import type { Check } from "../src/ops/audit/check.ts";
import { runChecks, runOne } from "../src/ops/audit/run.ts";
import { applyHardening, undoHardening } from "../src/ops/harden/apply.ts";
import { BAD } from "./audit-bad.ts";
import { SPOILED } from "./audit-spoiled.ts";
import { configParts, good, homeWith, NOW } from "./audit-kit.ts";

const ALL = CATALOGUE.flatMap(({ name, checks }) => checks.map((check) => ({ family: name, check })));
const clock = { wallMs: () => NOW, monotonicMs: () => NOW, sleep: async () => undefined };

test("R-AUDIT-1: there are more than 120 checks, each with an id of its own, a reason, a fix and known references", () => {
  assert.ok(ALL.length > 120, `${ALL.length}`);
  assert.equal(new Set(ALL.map(({ check }) => check.id)).size, ALL.length);
  for (const { check } of ALL) {
    assert.match(check.id, /^[a-z0-9]+(?:[.-][a-z0-9]+)+$/);
    assert.ok(check.why.length > 20 && check.fix.length > 5 && check.title.length > 10, check.id);
    for (const one of check.references)
      assert.match(one, /^(?:LLM(?:0[1-9]|10)|ASI(?:0[1-9]|10)|AML\.T00\d\d(?:\.\d{3})?|CWE-\d{1,4})$/, check.id);
    if (check.severity !== "info") assert.ok(check.references.length > 0, check.id);
  }
});

test("R-AUDIT-1: nothing is found in a good installation, and every check ran", (t) => {
  const run = runChecks(good(configParts(homeWith(t, ""))), CATALOGUE);
  assert.deepEqual(
    run.findings.map(({ id, places }) => [id, ...places]),
    [],
  );
  assert.equal(run.ran.length, ALL.length);
});

test("R-AUDIT-1: each check has a bad installation in this table, and the table names no other", () => {
  assert.deepEqual(Object.keys(BAD).sort(), ALL.map(({ check }) => check.id).sort());
});

const HEAD = "# a comment that a person wrote\n";

for (const { family, check } of ALL) {
  test(`R-AUDIT-1: ${check.id} is found where it is wrong`, async (t) => {
    const bad = BAD[check.id];
    if (typeof bad !== "string") {
      found(bad?.(good(configParts(homeWith(t, "")))), family, check);
      return;
    }
    const at = homeWith(t, `${HEAD}${bad}\n`);
    const finding = found(good(configParts(at)), family, check);
    assert.equal(finding.mends.length > 0, check.mend !== undefined, "it says that it mends, and does not");
    if (finding.mends.length > 0) await mendedAndUndone(at, family, check);
  });
}

type At = ReturnType<typeof homeWith>;

function found(at: ReturnType<typeof good> | undefined, family: string, check: Check) {
  assert.ok(at !== undefined);
  const seen = runOne(at, family, check);
  assert.equal(seen.state, "ran", JSON.stringify(seen));
  assert.ok(seen.state === "ran" && seen.finding !== null, "not found");
  assert.ok(seen.finding.places.every((place) => place.length > 0));
  return seen.finding;
}

test("R-AUDIT-5: whatever says that it is mended is mended and undone here: by its configuration, or by its file", () => {
  const onFiles = ALL.filter(({ check }) => check.mend !== undefined && typeof BAD[check.id] !== "string");
  assert.deepEqual(onFiles.map(({ check }) => check.id).sort(), Object.keys(SPOILED).sort());
});

/** R-AUDIT-5: by the real code, on a real file. */
async function mendedAndUndone(at: At, family: string, check: Check): Promise<void> {
  const parts = { home: homeAt(at.home), env: at.env, clock };
  const before = readFileSync(at.path, "utf8");
  const all = runChecks(good(configParts(at)), CATALOGUE).findings;
  const proposal = proposeHardening(parts, all);
  assert.equal(proposal.configLeft, null);
  assert.ok(proposal.planned.config !== null);
  // Modes of the made up installation are of no file.
  const record = await applyHardening({ ...proposal.planned, modes: [], away: [] }, hardenPorts(parts));
  assert.ok(readFileSync(at.path, "utf8").startsWith(HEAD), "the comment is gone");
  const after = runOne(good(configParts(at)), family, check);
  assert.deepEqual(after, { state: "ran", finding: null });
  assert.deepEqual(await undoHardening(record, hardenPorts(parts)), []);
  assert.equal(readFileSync(at.path, "utf8"), before);
}
