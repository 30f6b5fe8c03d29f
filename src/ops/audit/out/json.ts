/** A report as JSON; the shape is fixed, and may grow. @module */
import type { JsonObject } from "../../../core/json.ts";
import type { Finding } from "../../../core/finding.ts";
import { type OpenFinding, type Report, summaryOf } from "../report.ts";
import type { AcceptedRisk } from "../settings.ts";

export function jsonOf(report: Report): JsonObject {
  const { difference } = report;
  return {
    ts: time(report.atMs),
    target: report.target,
    form: report.form,
    summary: { ...summaryOf(report) },
    findings: report.open.map(openJson),
    accepted: report.accepted.map(({ finding, risk }) => ({ ...findingJson(finding), risk: riskJson(risk) })),
    checks: { ran: report.ran.length, leftOut: [...report.leftOut] },
    since:
      difference === null
        ? null
        : { ts: time(difference.sinceMs), new: [...difference.fresh], gone: [...difference.gone] },
  };
}

function openJson(finding: OpenFinding): JsonObject {
  return {
    ...findingJson(finding),
    firstSeen: time(finding.firstMs),
    deadline: finding.deadlineMs === null ? null : time(finding.deadlineMs),
  };
}

function findingJson({ id, family, severity, title, places, why, fix, mends, references }: Finding): JsonObject {
  return {
    id,
    severity,
    title,
    evidence: places.join("; "),
    fix: { says: fix, automatic: mends.length > 0 },
    references: [...references],
    family,
    why,
    places: [...places],
  };
}

function riskJson({ owner, reason, control, until }: AcceptedRisk): JsonObject {
  return { owner: owner ?? "", reason: reason ?? "", control: control ?? "", until: until ?? "" };
}

const time = (ms: number): string => new Date(ms).toISOString();
