/** `vambrace security audit --target openclaw`: somebody else's installation, read and never written. @module */
import { resolve } from "node:path";
import { gatherListeners } from "../../app/audit/listeners.ts";
import { userHome } from "../../app/config/environment.ts";
import { systemClock } from "../../app/system.ts";
import { Fault } from "../../core/fault.ts";
import { readOpenClaw } from "../../edges/openclaw/read.ts";
import { bySeverity } from "../../ops/audit/run.ts";
import type { Report } from "../../ops/audit/report.ts";
import { auditOpenClaw, OPENCLAW_FAMILIES } from "../../ops/openclaw/catalogue.ts";
import type { Io } from "../command.ts";

const DAY_MS = 86_400_000;
const DEADLINE_DAYS = { critical: 1, high: 2, medium: 7, low: 30, info: null } as const;

/** @param folder the one that contains `.openclaw`; the user's own unless said. */
export function auditOpenClawAt(io: Io, folder: string | undefined): Report {
  const home = readOpenClaw(resolve(folder ?? userHome(io.env)));
  if (!home.present) {
    throw new Fault("MIGRATION_NOTHING", {
      message: `there is no OpenClaw in \`${home.root}\``,
      hint: "say where it is with --home: the folder that contains `.openclaw`",
    });
  }
  const nowMs = systemClock.wallMs();
  const open = bySeverity(auditOpenClaw(home, listening())).map((finding) => {
    const days = DEADLINE_DAYS[finding.severity];
    return { ...finding, firstMs: nowMs, deadlineMs: days === null ? null : nowMs + days * DAY_MS };
  });
  return {
    atMs: nowMs,
    target: "openclaw",
    form: "usual",
    open,
    accepted: [],
    ran: OPENCLAW_FAMILIES.flatMap((family) => family.checks.map(({ id }) => id)),
    leftOut: [],
    difference: null,
  };
}

/** Null where the kernel shows no table. */
function listening(): Parameters<typeof auditOpenClaw>[1] {
  try {
    return gatherListeners([]).filter(({ protocol }) => protocol === "tcp");
  } catch {
    return null; // the report says so
  }
}
