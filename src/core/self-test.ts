/**
 * A self-test without walls, as the gateway asks the broker for it.
 *
 * It is no job, and no job can become one: it names attempts of the catalogue
 * by their ids and holds no program, no path and no words of anybody's. What a
 * permit's token is signed for is the digest of a job; what this one's is
 * signed for is the digest of an object that no job can be
 * (INVARIANT(walls-stay): no token fits both).
 *
 * @module
 */
import { type Digest, digestOf } from "./json.ts";

export type SelfTest =
  /** Sets up a throw-away with decoys; it stands until the test is cancelled. Prints its facts, one line of JSON. */
  | { readonly do: "stage"; readonly decoys: boolean }
  /** Runs attempts there, as they stand in the catalogue: one as it is, several in one shell. */
  | {
      readonly do: "try";
      /** The stage's own name, from its facts. */
      readonly stage: string;
      readonly attempts: readonly [string, ...string[]];
      readonly part: "script" | "after";
      /** Different for each run; the only word that a script gets from outside. */
      readonly mark: string;
    };

/** What its token is signed for. A job has an `argv` and no `selfTest`; this has it the other way round. */
export function selfTestDigest(test: SelfTest): Digest {
  return digestOf({ selfTest: { ...test } });
}
