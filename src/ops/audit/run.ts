/**
 * One run: every check of a catalogue over one installation.
 *
 * INVARIANT(no-silent-check): each check is seen in the result: as run, as one
 * that was left out in this form, or in a finding that says why it could not.
 *
 * @module
 */
import { type Finding, SEVERITIES, type Severity } from "../../core/finding.ts";
import type { Check, Family } from "./check.ts";
import { RUN_WORDS } from "./checks/accepted.ts";
import type { Installation } from "./installation.ts";
import { Unknown } from "./known.ts";

export type Run = {
  readonly findings: readonly Finding[];
  /** Ids of checks that gave an answer. */
  readonly ran: readonly string[];
  readonly leftOut: readonly string[];
};

type Seen =
  | { readonly state: "ran"; readonly finding: Finding | null }
  | { readonly state: "left out" }
  | { readonly state: "failed"; readonly why: string };

export function runChecks(at: Installation, families: readonly Family[]): Run {
  const findings: Finding[] = [];
  const ran: string[] = [];
  const leftOut: string[] = [];
  const failed = new Map<string, Check[]>();
  for (const family of families) {
    for (const check of family.checks) {
      const seen = runOne(at, family.name, check);
      if (seen.state === "left out") leftOut.push(check.id);
      else if (seen.state === "failed") failed.set(seen.why, [...(failed.get(seen.why) ?? []), check]);
      else {
        ran.push(check.id);
        if (seen.finding !== null) findings.push(seen.finding);
      }
    }
  }
  return { findings: bySeverity([...findings, ...notRun(failed)]), ran, leftOut };
}

export function runOne(at: Installation, family: string, check: Check): Seen {
  try {
    const places = check.look(at);
    if (places.length === 0) return { state: "ran", finding: null };
    const { id, severity, title, why, fix, references } = check;
    const mends = check.mend?.(at) ?? [];
    return { state: "ran", finding: { id, family, severity, title, places, why, fix, references, mends } };
  } catch (thrown) {
    if (thrown instanceof Unknown) {
      return thrown.leftOut ? { state: "left out" } : { state: "failed", why: thrown.message };
    }
    // A check that breaks has not looked.
    return { state: "failed", why: `the check broke: ${thrown instanceof Error ? thrown.message : "unknown"}` };
  }
}

function notRun(failed: ReadonlyMap<string, readonly Check[]>): readonly Finding[] {
  if (failed.size === 0) return [];
  const checks = [...failed.values()].flat();
  const severity: Severity = checks.some((one) => one.severity === "critical" || one.severity === "high")
    ? "medium"
    : "low";
  const places = [...failed].map(([why, those]) => `${why}: ${those.map(({ id }) => id).join(", ")}`);
  return [{ ...RUN_WORDS.notRun, family: "audit", severity, places, mends: [] }];
}

export function bySeverity(findings: readonly Finding[]): readonly Finding[] {
  const rank = ({ severity }: Finding): number => SEVERITIES.indexOf(severity);
  return [...findings].sort((a, b) => rank(a) - rank(b));
}
