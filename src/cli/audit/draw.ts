/** A report on a terminal. @module */
import { plural } from "../../core/plural.ts";
import { type Severity, SEVERITIES } from "../../core/finding.ts";
import { type OpenFinding, type Report, summaryOf } from "../../ops/audit/report.ts";
import type { Io } from "../command.ts";
import { oneLine, paint } from "../style.ts";

const COLOURS = { critical: "redBright", high: "red", medium: "yellow", low: "cyan", info: "gray" } as const;
const PLACES = 4;

export function drawReport(io: Io, report: Report): void {
  for (const severity of SEVERITIES) {
    const those = report.open.filter((one) => one.severity === severity);
    if (those.length === 0) continue;
    io.out(paint(io, COLOURS[severity], `${severity} (${those.length})`));
    for (const finding of those) drawFinding(io, finding, report.atMs);
  }
  drawAccepted(io, report);
  drawDifference(io, report);
}

function drawFinding(
  io: Io,
  { id, title, places, why, fix, mends, deadlineMs, severity }: OpenFinding,
  nowMs: number,
): void {
  io.out(`  ${paint(io, "bold", title)}  ${paint(io, "gray", id)}${deadlineWord(deadlineMs, nowMs)}`);
  for (const place of places.slice(0, PLACES)) io.out(`      ${oneLine(place, 200)}`);
  if (places.length > PLACES) io.out(`      and ${places.length - PLACES} more`);
  if (severity !== "info") io.out(paint(io, "gray", `    why  ${oneLine(why, 300)}`));
  io.out(`    fix  ${oneLine(fix, 300)}${mends.length > 0 ? paint(io, "green", "  (vambrace harden does it)") : ""}`);
}

function deadlineWord(deadlineMs: number | null, nowMs: number): string {
  if (deadlineMs === null) return "";
  const day = new Date(deadlineMs).toISOString().slice(0, 10);
  return nowMs > deadlineMs ? `  OVERDUE since ${day}` : `  by ${day}`;
}

function drawAccepted(io: Io, { accepted }: Report): void {
  if (accepted.length === 0) return;
  io.out(paint(io, "bold", `accepted (${accepted.length})`));
  for (const { finding, risk } of accepted) {
    io.out(`  ${finding.title}  ${paint(io, "gray", finding.id)}`);
    io.out(`      ${oneLine(`${risk.owner}, until ${risk.until}: ${risk.reason}; instead: ${risk.control}`, 300)}`);
  }
}

function drawDifference(io: Io, { difference }: Report): void {
  if (difference === null) return;
  const { fresh, gone, sinceMs } = difference;
  if (fresh.length + gone.length === 0) return;
  io.out(paint(io, "bold", `since ${new Date(sinceMs).toISOString()}`));
  for (const id of fresh) io.out(`  new   ${id}`);
  for (const id of gone) io.out(`  gone  ${id}`);
}

/** One line for a person: how many of what, out of how many. */
export function summaryLine(report: Report): string {
  const summary = summaryOf(report);
  const parts = SEVERITIES.filter((one: Severity) => summary[one] > 0).map((one) => `${summary[one]} ${one}`);
  const found = parts.length === 0 ? "nothing found" : parts.join(", ");
  const accepted = summary.accepted === 0 ? "" : `, ${summary.accepted} accepted`;
  const left = report.leftOut.length === 0 ? "" : `, ${report.leftOut.length} left out`;
  return `${found}${accepted}: ${plural(report.ran.length, "check")} ran${left}`;
}
