/** What a proof of the sandbox comes to. @module */
import { plural } from "./plural.ts";
import type { Proof, ProofLine } from "./ports/executor.ts";

export type ProofVerdict =
  | { readonly holds: true; readonly says: string }
  | { readonly holds: false; readonly says: string; readonly broken: readonly ProofLine[] };

/** INVARIANT(nothing-tried-nothing-shown): too few attempts that counted are no proof. */
export function verdictOf({ attempts, skipped, floor }: Proof): ProofVerdict {
  const broken = attempts.filter((line) => !line.held);
  if (broken.length > 0)
    return { holds: false, says: `did not hold: ${broken.map(({ says }) => says).join("; ")}`, broken };
  if (attempts.length < Math.max(1, floor)) {
    const says = `only ${attempts.length} attempts counted, and ${Math.max(1, floor)} are needed (${skipped.length} show nothing here)`;
    return { holds: false, says, broken };
  }
  return { holds: true, says: `held against ${plural(attempts.length, "attempt")}` };
}
