/** `vambrace security audit`: everything that can be wrong with an installation, with what to do. @module */
import { writeFileSync } from "node:fs";
import { packageVersion } from "../app/version.ts";
import { Fault } from "../core/fault.ts";
import { atLeast, parseSeverity, SEVERITIES, type Severity } from "../core/finding.ts";
import { CATALOGUE } from "../ops/audit/catalogue.ts";
import { htmlOf } from "../ops/audit/out/html.ts";
import { jsonOf } from "../ops/audit/out/json.ts";
import { type Rules, sarifOf } from "../ops/audit/out/sarif.ts";
import type { Report } from "../ops/audit/report.ts";
import { OPENCLAW_FAMILIES } from "../ops/openclaw/catalogue.ts";
import { drawReport, summaryLine } from "./audit/draw.ts";
import { mendFindings } from "./audit/mend.ts";
import { auditOpenClawAt } from "./audit/openclaw.ts";
import { auditHere, placeOf, recordAudit } from "./audit/run.ts";
import { type Command, flagOn, type Flags, flagText, type Io } from "./command.ts";

export const securityAudit: Command = {
  name: "security audit",
  words: 0,
  summary: "look for everything that is set up unsafely; exit 3 where something grave is open",
  usage:
    "vambrace security audit [--deep] [--fix [--yes]] [--json|--sarif] [--html FILE] [--min-severity S] [--target vambrace|openclaw] [--home DIR]",
  example: "vambrace security audit --min-severity medium",
  options: {
    deep: { type: "boolean", default: false },
    fix: { type: "boolean", default: false },
    yes: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    sarif: { type: "boolean", default: false },
    html: { type: "string" },
    "min-severity": { type: "string" },
    target: { type: "string" },
    home: { type: "string" },
  },
  help: {
    deep: "whole workspaces and ledgers, every attempt on the sandbox, the policies; takes as long as it takes",
    fix: "mend what can be mended, as `vambrace harden` does, and look again",
    yes: "with --fix: do not ask",
    json: "print the report as JSON",
    sarif: "print the report as SARIF 2.1.0",
    html: "write the report as one page into a file",
    "min-severity": "exit 3 from this severity on: critical, high (the default), medium, low or info",
    target: "what is looked at: vambrace (the default) or openclaw",
    home: "the folder that contains `.vambrace` or `.openclaw`; your own unless said",
  },
  async run(_args, flags, io) {
    const least = severityOf(flags);
    if (flagOn(flags, "json") && flagOn(flags, "sarif")) throw usage("--json or --sarif, not both");
    const target = targetOf(flags);
    const { report, unkept } =
      target === "openclaw"
        ? { report: auditOpenClawAt(io, flagText(flags, "home")), unkept: undefined }
        : await reportFor(io, flags);
    print(io, flags, report);
    io.err(summaryLine(report));
    const mendable = report.open.filter(({ severity, mends }) => severity !== "info" && mends.length > 0).length;
    if (mendable > 0) io.err(`${mendable} of them a program can mend: \`vambrace harden --dry-run\` shows how`);
    if (unkept !== undefined)
      io.err(`this run was not recorded, so the next one cannot say what changed since: ${unkept}`);
    if (report.open.some(({ severity }) => atLeast(severity, least))) return 3;
    return unkept === undefined ? 0 : 1;
  },
};

function targetOf(flags: Flags): "vambrace" | "openclaw" {
  const target = flagText(flags, "target") ?? "vambrace";
  if (target !== "vambrace" && target !== "openclaw") throw usage("the target is `vambrace` or `openclaw`");
  if (target === "openclaw" && flagOn(flags, "fix"))
    throw usage("an OpenClaw is read and never written; `vambrace migrate openclaw` leaves it");
  return target;
}

/** `unkept`: why it could not be recorded. */
type Run = { readonly report: Report; readonly unkept: string | undefined };

async function reportFor(io: Io, flags: Flags): Promise<Run> {
  const place = placeOf(io, flagText(flags, "home"));
  const form = flagOn(flags, "deep") ? "deep" : "usual";
  const audited = await auditHere(io, place, form);
  const first = { report: audited.report, unkept: recordAudit(place.home, audited, "asked") };
  if (!flagOn(flags, "fix")) return first;
  // What is shown on the way is no part of the report that a program reads.
  const aside = flagOn(flags, "json") || flagOn(flags, "sarif") ? { ...io, out: (line: string) => io.err(line) } : io;
  const done = await mendFindings(aside, place, first.report, { yes: flagOn(flags, "yes"), dry: false });
  if (done === null) return first;
  const again = await auditHere(io, place, form);
  return { report: again.report, unkept: recordAudit(place.home, again, "harden") };
}

function print(io: Io, flags: Flags, report: Report): void {
  const file = flagText(flags, "html");
  if (file !== undefined) {
    writeFileSync(file, htmlOf(report), { mode: 0o600 });
    io.err(`written to ${file}`);
  }
  if (flagOn(flags, "json")) io.out(JSON.stringify(jsonOf(report)));
  else if (flagOn(flags, "sarif")) io.out(JSON.stringify(sarifOf(report, rulesFor(report), packageVersion())));
  else if (file === undefined) drawReport(io, report);
}

function rulesFor({ target }: Report): Rules {
  return target === "openclaw" ? OPENCLAW_FAMILIES : CATALOGUE;
}

function severityOf(flags: Flags): Severity {
  const text = flagText(flags, "min-severity") ?? "high";
  const severity = parseSeverity(text);
  if (severity === undefined) throw usage(`not a severity: \`${text.slice(0, 40)}\`; one of: ${SEVERITIES.join(", ")}`);
  return severity;
}

function usage(message: string): Fault {
  return new Fault("COMMAND_USAGE", { message, hint: `usage: ${securityAudit.usage}` });
}
