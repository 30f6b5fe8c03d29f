/**
 * Who is quiet: a rule that raised an alert about a group says nothing more of
 * it for a while, and counts how often it was true meanwhile.
 *
 * @module
 */

/** Groups of which it is remembered that they are quiet. */
const QUIETS = 5_000;

export type Quiets = {
  /** Counts where it is quiet. */
  isQuiet(key: string, nowMs: number): boolean;
  /** @returns how often it was true since it was hushed before. */
  hush(key: string, untilMs: number, nowMs: number): number;
};

export function createQuiets(): Quiets {
  const quiet = new Map<string, { readonly untilMs: number; again: number }>();
  return {
    isQuiet(key, nowMs) {
      const known = quiet.get(key);
      if (known === undefined || known.untilMs <= nowMs) return false;
      known.again += 1;
      return true;
    },
    hush(key, untilMs, nowMs) {
      const again = quiet.get(key)?.again ?? 0;
      if (quiet.size >= QUIETS) for (const [other, one] of quiet) if (one.untilMs <= nowMs) quiet.delete(other);
      const [oldest] = quiet.keys();
      if (quiet.size >= QUIETS && oldest !== undefined) quiet.delete(oldest);
      quiet.set(key, { untilMs, again: 0 });
      return again;
    },
  };
}
