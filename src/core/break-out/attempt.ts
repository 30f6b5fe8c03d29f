/**
 * What an attempt to break out of a sandbox is: data.
 *
 * An attempt is a POSIX shell script that ends with 0 when it got out, and
 * with anything else when it did not. The same script runs twice: in the
 * sandbox, and without any wall in a throw-away, where it must get out. One
 * that fails in both shows nothing and does not count.
 *
 * Scripts reach only for decoys that exist for the test, and what they take is
 * bounded: run without walls, they endanger nothing. What they find in their
 * environment is `AttemptEnv`.
 *
 * @module
 */
import type { Job } from "../ports/executor.ts";

export type Attempt = {
  readonly id: string;
  /** What holds, for a person: "a program cannot …". */
  readonly says: string;
  readonly script: string;
  /** Programs without which it says nothing; `a|b` is one of both. */
  readonly needs?: readonly string[];
  /**
   * Decides instead of `script`, after it: `outside` looks at the machine without walls, `inside` looks again in a
   * fresh sandbox.
   */
  readonly after?: { readonly where: "outside" | "inside"; readonly script: string };
  /** Limits of the job in the sandbox that are tighter than usual. */
  readonly limits?: Partial<Pick<Job, "memoryBytes" | "processes" | "fileBytes" | "wallMs" | "outputBytes">>;
  /** It got out only where this many bytes came out, too. */
  readonly prints?: number;
  /** Why it cannot be asked of a sandbox whose memory no control group limits. */
  readonly withoutGroup?: string;
  /** Part of the short form that runs at the start of the gateway: no program is started for it, or only one. */
  readonly short?: true;
};

export type Family = { readonly name: string; readonly attempts: readonly Attempt[] };

/** Exit status of a script whose `needs` are not met. */
export const LACKS = 99;

/** What a script may use, beside `PATH`. All of it is known before anything runs. */
export type AttemptEnv = {
  /** The folder of the decoys, outside every sandbox: `secret` and more. */
  readonly STAGE: string;
  /** A folder that may be written: the sandbox's own /tmp, or one inside the stage. */
  readonly SCRATCH: string;
  /** Different for each run. */
  readonly MARK: string;
  readonly MACHINE: string;
  readonly [name: string]: string;
};

/** Ends with 0 where `x` is what only a decoy holds. */
export const isCanary = "case $x in canary*) exit 0 ;; esac; exit 1";

/** One attempt as a whole script. */
export function scriptOf({ needs = [] }: Attempt, script: string): string {
  const checks = needs.map((need) => {
    const any = need.split("|").map((name) => `command -v ${name} >/dev/null 2>&1`);
    return `{ ${any.join(" || ")}; } || { echo "lacks: ${need.replaceAll("|", " or ")}"; exit ${LACKS}; }\n`;
  });
  return `${checks.join("")}${script}\n`;
}

/** Several in one shell, each in a part of its own; prints `id status` for each. */
export function batchOf(attempts: readonly Attempt[]): string {
  return attempts
    .map((attempt) => `(\n${scriptOf(attempt, attempt.script)}) </dev/null >/dev/null 2>&1; echo "${attempt.id} $?"`)
    .join("\n");
}
