/** One line of the doctor's report. @module */
import { operatorFault } from "../../core/disk-fault.ts";

export type Line = {
  readonly id: string;
  readonly status: "ok" | "warn" | "fail";
  readonly says: string;
  /** What to do; always there where something is not right. */
  readonly hint?: string;
};

export const ok = (id: string, says: string): Line => ({ id, status: "ok", says });
export const warn = (id: string, says: string, hint: string): Line => ({ id, status: "warn", says, hint });
export const fail = (id: string, says: string, hint: string): Line => ({ id, status: "fail", says, hint });

export function failed(id: string, thrown: unknown): Line {
  const { message, hint, code, facts } = operatorFault(thrown);
  const more = code === "INTERNAL" ? `: ${JSON.stringify(facts["error"] ?? "").slice(0, 200)}` : "";
  return fail(id, `${message}${more}`, hint);
}
