/**
 * What a run comes to: open findings with their deadlines, accepted ones, and
 * the difference from the last run.
 *
 * @module
 */
import { type Finding, SEVERITIES, type Severity } from "../../core/finding.ts";
import { sortByRisk } from "./accept.ts";
import { RUN_WORDS } from "./checks/accepted.ts";
import type { Family } from "./check.ts";
import type { PastFinding, PastRun } from "./facts-state.ts";
import type { AuditForm, Installation } from "./installation.ts";
import { bySeverity, runChecks } from "./run.ts";
import type { AcceptedRisk, Settings } from "./settings.ts";

const DAY_MS = 86_400_000;

export type OpenFinding = Finding & {
  readonly firstMs: number;
  /** By when; null: no deadline. */
  readonly deadlineMs: number | null;
};

export type Difference = {
  readonly sinceMs: number;
  readonly fresh: readonly string[];
  readonly gone: readonly string[];
};

export type Report = {
  readonly atMs: number;
  readonly target: string;
  readonly form: AuditForm;
  readonly open: readonly OpenFinding[];
  readonly accepted: readonly { readonly finding: Finding; readonly risk: AcceptedRisk }[];
  /** How many checks gave an answer. */
  readonly ran: readonly string[];
  readonly leftOut: readonly string[];
  /** Null: there was no run before. */
  readonly difference: Difference | null;
};

export type Target = { readonly name: string; readonly families: readonly Family[] };

export function auditReport(at: Installation, target: Target): Report {
  const run = runChecks(at, target.families);
  const settings = at.effective.known ? at.effective.value.settings.audit : NOTHING;
  const sorted = sortByRisk(run.findings, settings.accepted, at.nowMs);
  const past = at.past.known ? at.past.value : null;
  const dated = sorted.open.map((finding) => dateOf(finding, { at, past, deadlines: settings.deadlineDays }));
  const extra = [...overdue(dated, at.nowMs), ...unneeded(sorted.unneeded)];
  const open = [...dated, ...extra.map((finding) => ({ ...finding, firstMs: at.nowMs, deadlineMs: null }))];
  return {
    atMs: at.nowMs,
    target: target.name,
    form: at.form,
    open: sortedOpen(open),
    accepted: sorted.accepted,
    ran: run.ran,
    leftOut: run.leftOut,
    difference: past === null ? null : differenceOf(run, past),
  };
}

type Deadlines = Settings["audit"]["deadlineDays"];

const NOTHING: Settings["audit"] = { accepted: [], deadlineDays: { critical: 1, high: 2, medium: 7, low: 30 } };

type Dating = { readonly at: Installation; readonly past: PastRun | null; readonly deadlines: Deadlines };

function dateOf(finding: Finding, { at, past, deadlines }: Dating): OpenFinding {
  const before = past?.findings.find(({ id }) => id === finding.id);
  // A clock that went back must not make a deadline later.
  const firstMs = Math.min(before?.firstMs ?? at.nowMs, at.nowMs);
  const days = finding.severity === "info" ? null : deadlines[finding.severity];
  return { ...finding, firstMs, deadlineMs: days === null ? null : firstMs + days * DAY_MS };
}

function overdue(open: readonly OpenFinding[], nowMs: number): readonly Finding[] {
  const late = open.filter(({ deadlineMs }) => deadlineMs !== null && nowMs > deadlineMs);
  if (late.length === 0) return [];
  const worst: Severity = late.some(({ severity }) => severity === "critical") ? "high" : "medium";
  const places = late.map(
    ({ id, deadlineMs }) => `${id}: since ${new Date(deadlineMs ?? 0).toISOString().slice(0, 10)}`,
  );
  return [{ ...RUN_WORDS.overdue, family: "audit", severity: worst, places, mends: [] }];
}

function unneeded(places: readonly string[]): readonly Finding[] {
  return places.length === 0 ? [] : [{ ...RUN_WORDS.unneeded, family: "audit", severity: "info", places, mends: [] }];
}

function sortedOpen(open: readonly OpenFinding[]): readonly OpenFinding[] {
  const dates = new Map(open.map((one) => [one.id, one]));
  return bySeverity(open).flatMap(({ id }) => dates.get(id) ?? []);
}

function differenceOf(run: { findings: readonly Finding[]; ran: readonly string[] }, past: PastRun): Difference {
  const before = new Set(past.findings.map(({ id }) => id));
  const now = new Set(run.findings.map(({ id }) => id));
  return {
    sinceMs: past.atMs,
    fresh: [...now].filter((id) => !before.has(id)),
    // Only what was looked at again can be gone.
    gone: [...before].filter((id) => !now.has(id) && run.ran.includes(id)),
  };
}

export type Summary = Readonly<Record<Severity | "accepted", number>>;

export function summaryOf({ open, accepted }: Pick<Report, "open" | "accepted">): Summary {
  const count = (severity: Severity): number => open.filter((one) => one.severity === severity).length;
  const [critical, high, medium, low, info] = SEVERITIES.map(count);
  return {
    critical: critical ?? 0,
    high: high ?? 0,
    medium: medium ?? 0,
    low: low ?? 0,
    info: info ?? 0,
    accepted: accepted.length,
  };
}

/** What the next run compares with: findings of checks that did not run now stay as they were. */
export function pastFindings(report: Report, past: PastRun | null): readonly PastFinding[] {
  const all = [...report.open, ...report.accepted.map(({ finding }) => ({ ...finding, firstMs: report.atMs }))];
  const now = all.map(({ id, severity, title, places, firstMs }) => {
    const before = past?.findings.find((one) => one.id === id);
    return { id, severity, title, places, firstMs: Math.min(firstMs, before?.firstMs ?? firstMs) };
  });
  const kept = (past?.findings ?? []).filter(
    ({ id }) => !report.ran.includes(id) && !now.some((one) => one.id === id) && report.leftOut.includes(id),
  );
  return [...now, ...kept];
}
