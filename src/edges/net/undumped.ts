/**
 * Imported first by whatever holds secrets: a process that crashes leaves none
 * of its memory in a core dump, and none of its environment in a report of the
 * platform. What it starts inherits the first.
 *
 * @see core(5), "Controlling which mappings are written to the core dump"
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";

const FILTER = "/proc/self/coredump_filter";

if (process.report !== undefined) process.report.excludeEnv = true;
keepOut();

function keepOut(): boolean {
  try {
    writeFileSync(FILTER, "0x0");
    return true;
  } catch {
    // Where there is no such file; `doctor` says whether it holds.
    return false;
  }
}

/** Whether a core dump of this process would hold memory. */
export function isDumped(): boolean {
  try {
    return Number.parseInt(readFileSync(FILTER, "utf8"), 16) !== 0;
  } catch {
    return true;
  }
}
