/** The audit after a change: what became worse, in a line each. @module */
import type { AuditCause } from "../../app/audit/audit.ts";
import type { AuditForm } from "../../ops/audit/installation.ts";
import { atLeast } from "../../core/finding.ts";
import { toFault } from "../../core/fault.ts";
import type { Io } from "../command.ts";
import { oneLine, paint } from "../style.ts";
import { auditHere, placeOf, recordAudit } from "./run.ts";

const SHOWN = 8;

/** R-AUDIT-3. The change is made: an audit that fails is told, and is no failure of the change. */
export async function auditAfter(io: Io, cause: AuditCause, form: AuditForm): Promise<void> {
  try {
    const place = placeOf(io, undefined);
    const audited = await auditHere(io, place, form);
    const unkept = recordAudit(place.home, audited, cause);
    if (unkept !== undefined) io.err(`audit: not recorded: ${unkept}`);
    const { open, difference } = audited.report;
    const fresh = open.filter(
      ({ id, severity }) => atLeast(severity, "low") && (difference === null || difference.fresh.includes(id)),
    );
    for (const { severity, title, id, places } of fresh.slice(0, SHOWN)) {
      io.err(
        `${paint(io, atLeast(severity, "high") ? "red" : "yellow", `audit: ${severity}`)}: ${title} (${id}: ${oneLine(places[0] ?? "", 120)})`,
      );
    }
    if (fresh.length > SHOWN) io.err(`audit: ${fresh.length - SHOWN} more; \`vambrace security audit\` shows them`);
    const gone = difference?.gone ?? [];
    if (gone.length > 0) io.err(`audit: no longer: ${gone.join(", ")}`);
  } catch (thrown) {
    io.err(`audit: could not be made: ${toFault(thrown).message}`);
  }
}
