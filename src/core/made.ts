/**
 * Files that a session made itself, where none was before, as long as nobody
 * changed them: overwriting one loses nothing that anybody else wrote.
 *
 * Noted by the gateway when a file tool is done, kept in memory only: after a
 * restart, and beyond the bound, nothing counts as made here, and is asked.
 *
 * @module
 */
import type { PathFact, Proposal } from "./call.ts";
import type { Digest } from "./json.ts";
import { type Trust, trustRank } from "./label.ts";

/** Who made it: one person in one session. */
export type Maker = Pick<Proposal, "principal" | "origin">;

/** What stands there, and the trust of the call that wrote it. */
export type Made = { readonly digest: Digest; readonly trust: Trust };

export type MadeFiles = {
  /** After a file was written: `fact` is what the judge saw there before. */
  wrote(by: Maker, fact: PathFact, made: Made): void;
  of(by: Maker): (path: string) => Made | undefined;
};

const KEPT = 10_000;

export function createMadeFiles(kept = KEPT): MadeFiles {
  const files = new Map<string, Made>();
  return {
    wrote(by, fact, made) {
      const key = keyOf(by, fact.resolved);
      files.delete(key);
      if (fact.kind !== "absent" && fact.own !== true) return;
      files.set(key, made);
      const [oldest] = files.keys();
      if (files.size > kept && oldest !== undefined) files.delete(oldest);
    },
    of: (by) => (path) => files.get(keyOf(by, path)),
  };
}

function keyOf({ principal, origin }: Maker, path: string): string {
  return JSON.stringify([origin.session, principal.person, path]);
}

/**
 * INVARIANT(own-work): a file counts as the session's own only where what lies there is byte for byte what the session
 * made, and whoever may lose it has no less trust than whoever had it made.
 */
export function withOwn(
  paths: readonly PathFact[],
  made: ((path: string) => Made | undefined) | undefined,
  trust: Trust,
): readonly PathFact[] {
  return paths.map((fact) => {
    const mine = made?.(fact.resolved);
    const isPlain = fact.access === "write" && fact.kind === "file" && fact.zone === "workspace";
    if (!isPlain || mine === undefined || fact.digest !== mine.digest) return fact;
    return trustRank(trust) >= trustRank(mine.trust) ? { ...fact, own: true } : fact;
  });
}
