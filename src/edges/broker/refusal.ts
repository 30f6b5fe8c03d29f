/**
 * Why a job did not start. A refusal is a value: it ends the job, never the
 * broker, and always says how to mend it.
 *
 * @module
 */
import type { JobEnd } from "../../core/ports/executor.ts";

export type RefusalCode =
  | "JOB_MALFORMED"
  | "SANDBOX_BROKEN"
  | "SANDBOX_BUSY"
  | "SANDBOX_LIMIT"
  | "SANDBOX_MISSING"
  | "SANDBOX_MOUNT"
  | "TOKEN_REFUSED";

export type Refusal = { readonly code: RefusalCode; readonly message: string; readonly hint: string };

/** What the broker's own steps throw to end a job before its program starts. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(code: RefusalCode, message: string, hint: string) {
    super(message);
    this.name = "Refused";
    this.refusal = { code, message, hint };
  }
}

/** Any thrown value as the end of a job that did not start. */
export function refusedEnd(thrown: unknown): JobEnd {
  if (thrown instanceof Refused) return { how: "refused", ...thrown.refusal };
  return {
    how: "refused",
    code: "SANDBOX_BROKEN",
    message: `the sandbox could not be made: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    hint: "run `vambrace doctor`; it tries the sandbox and says what is wrong",
  };
}
