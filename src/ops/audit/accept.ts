/**
 * Accepted risks: a finding that somebody answers for, for a reason, with
 * something else in its place, until a day.
 *
 * INVARIANT(exceptions-end): one that is incomplete or over accepts nothing.
 *
 * @module
 */
import type { Finding } from "../../core/finding.ts";
import type { AcceptedRisk } from "./settings.ts";

const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

export type RiskFault = { readonly kind: "incomplete" | "over"; readonly says: string };

export function riskName({ check, owner }: AcceptedRisk): string {
  return owner === undefined || owner === "" ? check : `${check} (${owner})`;
}

/** Why it does not count; null: it does. */
export function riskFault(risk: AcceptedRisk, nowMs: number): RiskFault | null {
  const missing = (["owner", "reason", "control", "until"] as const).filter((name) => (risk[name] ?? "").trim() === "");
  if (missing.length > 0) return { kind: "incomplete", says: `without ${missing.join(", ")}` };
  const until = risk.until ?? "";
  const endMs = Date.parse(`${until}T00:00:00Z`) + DAY_MS;
  if (!DAY.test(until) || Number.isNaN(endMs))
    return { kind: "incomplete", says: `\`until\` is not a day: ${until.slice(0, 20)}` };
  return nowMs >= endMs ? { kind: "over", says: `ended on ${until}` } : null;
}

/** Whether it covers everything that the finding saw. */
export function covers({ check, places }: AcceptedRisk, finding: Finding): boolean {
  return check === finding.id && (places === undefined || finding.places.every((place) => places.includes(place)));
}

export type Sorted = {
  readonly open: readonly Finding[];
  readonly accepted: readonly { readonly finding: Finding; readonly risk: AcceptedRisk }[];
  /** Names of risks that cover nothing now. */
  readonly unneeded: readonly string[];
};

export function sortByRisk(findings: readonly Finding[], risks: readonly AcceptedRisk[], nowMs: number): Sorted {
  const standing = risks.filter((risk) => riskFault(risk, nowMs) === null);
  const used = new Set<AcceptedRisk>();
  const open: Finding[] = [];
  const accepted: Sorted["accepted"][number][] = [];
  for (const finding of findings) {
    const risk = standing.find((one) => covers(one, finding));
    if (risk === undefined) open.push(finding);
    else {
      used.add(risk);
      accepted.push({ finding, risk });
    }
  }
  // One that names places and no longer covers them all is not unneeded: something was added.
  const seen = new Set(findings.map(({ id }) => id));
  const unneeded = standing.filter((risk) => !used.has(risk) && !seen.has(risk.check)).map(riskName);
  return { open, accepted, unneeded };
}
