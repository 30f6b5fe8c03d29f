/** Which backups stay when a new one was made. @module */

export type Keep = {
  /** The newest ones. */
  readonly last: number;
  /** The newest of each of so many days, weeks and months that have one. */
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
};

export type Made = { readonly number: number; readonly time: string };

/**
 * Numbers, oldest first. Days are those of UTC.
 *
 * INVARIANT(newest-stays): the newest backup is always among them.
 */
export function keptOf(made: readonly Made[], keep: Keep): readonly number[] {
  const newest = made.toSorted((a, b) => b.number - a.number);
  const kept = new Set(newest.slice(0, Math.max(1, keep.last)).map(({ number }) => number));
  for (const [count, span] of [
    [keep.daily, dayOf],
    [keep.weekly, weekOf],
    [keep.monthly, (time: string) => time.slice(0, 7)],
  ] as const) {
    const seen = new Set<string>();
    for (const { number, time } of newest) {
      const name = span(time);
      if (seen.has(name) || seen.size >= count) continue;
      seen.add(name);
      kept.add(number);
    }
  }
  return [...kept].sort((a, b) => a - b);
}

const dayOf = (time: string): string => time.slice(0, 10);

/** Days since a Monday, in sevens. */
function weekOf(time: string): string {
  return String(Math.floor((Date.parse(time) / 86_400_000 - 4) / 7));
}
