/** What a run comes to: accepted risks, deadlines, differences, what could not run; and the forms it is printed in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { covers, riskFault } from "../src/ops/audit/accept.ts";
import { CATALOGUE } from "../src/ops/audit/catalogue.ts";
import type { Installation } from "../src/ops/audit/installation.ts";
import { leftOut, unknown } from "../src/ops/audit/known.ts";
import { htmlOf } from "../src/ops/audit/out/html.ts";
import { jsonOf } from "../src/ops/audit/out/json.ts";
import { sarifOf } from "../src/ops/audit/out/sarif.ts";
import { auditReport, pastFindings, summaryOf } from "../src/ops/audit/report.ts";
import { but, configParts, DAY, folder, good, homeWith, NOW } from "./audit-kit.ts";

const TARGET = { name: "vambrace", families: CATALOGUE };
const report = (at: Installation) => auditReport(at, TARGET);
const idsOf = (at: Installation) => report(at).open.map(({ id }) => id);
type T = Parameters<typeof homeWith>[0];
const withText = (t: T, text: string) => good(configParts(homeWith(t, text)));
const rooted = (at: Installation) =>
  but(at, "processes", (all: { own: { kind: string }[] }) => ({
    own: all.own.map((one) => (one.kind === "gateway" ? { ...one, uid: 0 } : one)),
  }));

test("INVARIANT(no-silent-check): whatever cannot be gathered, every check ran, was left out in this form, or is named in a finding", (t) => {
  const whole = withText(t, "");
  const parts = [
    "config",
    "effective",
    "state",
    "files",
    "workspaces",
    "processes",
    "listeners",
    "sandbox",
    "store",
    "secrets",
    "dependencies",
    "host",
    "rules",
    "ledger",
    "policies",
    "keys",
    "backups",
    "past",
  ] as const;
  const total = CATALOGUE.flatMap(({ checks }) => checks).length;
  fc.assert(
    fc.property(fc.subarray([...parts]), fc.boolean(), (missing, isLeftOut) => {
      const gone = Object.fromEntries(
        missing.map((name) => [name, isLeftOut ? leftOut("not now") : unknown(`${name} is gone`)]),
      );
      const { ran, leftOut: left, open } = report({ ...whole, ...gone });
      const named = open
        .filter(({ id }) => id === "audit.not-run")
        .flatMap(({ places }) => places.flatMap((place) => place.slice(place.indexOf(": ") + 2).split(", ")));
      assert.equal(ran.length + left.length + named.length, total);
      assert.equal(named.length > 0, missing.length > 0 && !isLeftOut);
    }),
  );
});

test("R-AUDIT-1: a check that breaks is a finding, not silence", (t) => {
  const broken = {
    id: "x.broken",
    severity: "high",
    title: "",
    why: "",
    fix: "",
    references: [],
    look: () => {
      throw new TypeError("no");
    },
  } as const;
  const { open } = auditReport(withText(t, ""), {
    name: "vambrace",
    families: [{ name: "x", says: "", checks: [broken] }],
  });
  assert.deepEqual(
    open.map(({ id, severity, places }) => [id, severity, places[0]]),
    [["audit.not-run", "medium", "the check broke: no: x.broken"]],
  );
});

const RISK = "check: host.root, owner: ana, reason: a machine for tests, control: nothing else on it";

test("R-AUDIT-2: a risk that somebody answers for until a day is not open", (t) => {
  const at = rooted(withText(t, `audit: {accepted: [{${RISK}, until: '2026-11-27'}]}`));
  const { open, accepted } = report(at);
  assert.deepEqual(
    open.map(({ id }) => id),
    [],
  );
  assert.deepEqual(
    accepted.map(({ finding, risk }) => [finding.id, risk.owner]),
    [["host.root", "ana"]],
  );
  assert.equal(summaryOf(report(at)).accepted, 1);
});

for (const [says, text, id] of [
  ["over", `${RISK}, until: '2026-11-26'`, "audit.accepted.expired"],
  ["without an owner", "check: host.root, reason: x, control: y, until: '2027-01-01'", "audit.accepted.incomplete"],
  ["without a reason", "check: host.root, owner: x, control: y, until: '2027-01-01'", "audit.accepted.incomplete"],
  [
    "without a compensating control",
    "check: host.root, owner: x, reason: y, until: '2027-01-01'",
    "audit.accepted.incomplete",
  ],
  ["without an end", RISK, "audit.accepted.incomplete"],
  ["until something that is no day", `${RISK}, until: never`, "audit.accepted.incomplete"],
] as const) {
  test(`R-AUDIT-2: an accepted risk that is ${says} counts for nothing, and is a finding`, (t) => {
    const ids = idsOf(rooted(withText(t, `audit: {accepted: [{${text}}]}`)));
    assert.ok(ids.includes("host.root") && ids.includes(id), ids.join(", "));
  });
}

test("R-AUDIT-2: a risk accepted at one place does not cover another", (t) => {
  const text = (places: string) =>
    `tools: {exec: {ask: off}}\nchannels: {terminal: {tools: {exec: {ask: off}}}}\naudit: {accepted: [{${RISK.replace("host.root", "exec.ask.off")}, until: '2027-01-01', places: [${places}]}]}`;
  assert.ok(idsOf(withText(t, text("'tools.exec.ask: off'"))).includes("exec.ask.off"));
  assert.ok(
    !idsOf(withText(t, text("'tools.exec.ask: off', 'channels.terminal.tools.exec.ask: off'"))).includes(
      "exec.ask.off",
    ),
  );
});

test("R-AUDIT-2: a risk is accepted that is not there: said, because it would hide the fault when it comes back", (t) => {
  assert.deepEqual(idsOf(withText(t, `audit: {accepted: [{${RISK}, until: '2027-01-01'}]}`)), [
    "audit.accepted.unneeded",
  ]);
});

test("R-AUDIT-2: INVARIANT(exceptions-end): a risk counts only with every field, and not a day longer", () => {
  const field = fc.option(fc.constantFrom("", " ", "ana"), { nil: undefined });
  const end = fc.option(fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }), { nil: undefined });
  fc.assert(
    fc.property(field, field, field, end, (owner, reason, control, until) => {
      const risk = { check: "host.root", owner, reason, control, until: until?.toISOString().slice(0, 10) };
      const counts = riskFault(risk, NOW) === null;
      const isWhole = [owner, reason, control].every((one) => one === "ana") && until !== undefined;
      assert.equal(
        counts,
        isWhole && risk.until !== undefined && risk.until >= new Date(NOW).toISOString().slice(0, 10),
      );
    }),
  );
  const finding = {
    id: "host.root",
    family: "host",
    severity: "high",
    title: "",
    places: ["a", "b"],
    why: "",
    fix: "",
    references: [],
    mends: [],
  } as const;
  assert.ok(covers({ check: "host.root" }, finding) && !covers({ check: "host.root", places: ["a"] }, finding));
});

const PAST = { id: "host.root", severity: "high", title: "the gateway runs as root", places: ["user 0"] } as const;
const before = (at: Installation, firstMs: number) =>
  but(at, "past", () => ({
    findings: [
      { ...PAST, firstMs },
      { ...PAST, id: "host.time", firstMs },
    ],
  }));

test("R-AUDIT-3: a deadline runs from the first sight of a finding, and one that has passed is a finding", (t) => {
  const fresh = report(rooted(withText(t, ""))).open[0];
  assert.equal(fresh?.deadlineMs, NOW + 2 * DAY);
  const late = report(before(rooted(withText(t, "")), NOW - 3 * DAY));
  assert.deepEqual(
    late.open.map(({ id }) => id),
    ["host.root", "audit.overdue"],
  );
  assert.equal(report(before(rooted(withText(t, "audit: {deadlineDays: {high: 5}}")), NOW - 3 * DAY)).open.length, 1);
});

test("R-AUDIT-3: a run says what is new and what is gone since the last; what was not looked at is not gone", (t) => {
  const at = rooted(withText(t, ""));
  assert.deepEqual(report(at).difference?.fresh, ["host.root"]);
  const second = report(before(at, NOW - DAY));
  assert.deepEqual([second.difference?.fresh, second.difference?.gone], [[], ["host.time"]]);
  const blind = { ...before(at, NOW - DAY), host: leftOut("not in this form") };
  assert.deepEqual(report(blind).difference?.gone, []);
  const past = before(at, NOW - DAY).past;
  assert.ok(past.known);
  assert.deepEqual(
    pastFindings(report(blind), past.value)
      .map(({ id }) => id)
      .sort(),
    ["host.root", "host.time"],
  );
});

test("R-AUDIT-1: the JSON has the fixed shape", (t) => {
  const json = JSON.parse(JSON.stringify(jsonOf(report(rooted(withText(t, "tools: {exec: {ask: off}}"))))));
  assert.equal(json.ts, new Date(NOW).toISOString());
  assert.equal(json.target, "vambrace");
  assert.deepEqual(Object.keys(json.summary), ["critical", "high", "medium", "low", "info", "accepted"]);
  const [root, ask] = json.findings;
  assert.deepEqual([root.id, root.severity, root.evidence, root.fix.automatic], ["host.root", "high", "user 0", false]);
  assert.equal(ask.fix.automatic, true);
  assert.ok(
    json.findings.every(
      (one: { title: unknown; fix: { says: unknown }; references: unknown }) =>
        typeof one.title === "string" && typeof one.fix.says === "string" && Array.isArray(one.references),
    ),
  );
});

test("R-AUDIT-1: SARIF names each rule that a result is of, places of files, and accepted ones as suppressed", (t) => {
  const at = but(rooted(withText(t, `audit: {accepted: [{${RISK}, until: '2027-01-01'}]}`)), "state", () => ({
    root: folder("/home/ana/a b", 0o777),
  }));
  const sarif = JSON.parse(JSON.stringify(sarifOf(report(at), CATALOGUE, "0.1.0")));
  assert.equal(sarif.version, "2.1.0");
  const [run] = sarif.runs;
  const rules = new Set(run.tool.driver.rules.map(({ id }: { id: string }) => id));
  assert.ok(run.results.length === 2 && run.results.every(({ ruleId }: { ruleId: string }) => rules.has(ruleId)));
  assert.equal(run.results[0].locations[0].physicalLocation.artifactLocation.uri, "file:///home/ana/a%20b");
  assert.equal(run.results[0].level, "error");
  assert.equal(run.results[1].suppressions[0].status, "accepted");
});

test("R-AUDIT-1: the page has no script, fetches nothing, and shows what a stranger wrote as text", (t) => {
  const at = but(withText(t, ""), "state", () => ({
    root: folder("/home/<script>alert(1)</script>\u202e\"'&", 0o777),
  }));
  const html = htmlOf(report(at));
  assert.ok(!html.includes("<script"), "a tag got through");
  assert.ok(html.includes("&lt;script&gt;") && html.includes("\\u{202e}"));
  assert.match(html, /Content-Security-Policy" content="default-src 'none'/);
  assert.doesNotMatch(html, /\b(?:src|href)=/);
});
