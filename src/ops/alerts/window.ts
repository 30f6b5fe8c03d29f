/**
 * Sliding windows in bounded memory.
 *
 * A window is exact while no more than `POINTS` things lie in it; beyond that
 * the oldest are put together, in pairs, under the later of their times: they
 * are then counted a little longer, and never too short.
 *
 * INVARIANT(never-missed): the sum is at least what really lies in the window.
 *
 * @module
 */

/** Of one window. A rule that asks for more than this many is exact to about a sixtieth of its span. */
const POINTS = 64;
/** Groups of one rule: addresses, persons, sessions. */
const GROUPS = 256;
/** Where a flood of groups ends up: it is counted together, so that it cannot hide behind its number. */
export const OTHERS = "(others)";

type Point = { atMs: number; amount: number };

export type Windows = {
  /** Counts, and answers how much lies in the group's window now. */
  add(
    group: string,
    amount: number,
    atMs: number,
  ): { readonly group: string; readonly sum: number; readonly firstMs: number };
  /** How many points are kept; for the bound's own test. */
  size(): number;
};

export function createWindows(withinMs: number): Windows {
  const groups = new Map<string, Point[]>();

  function groupFor(name: string, nowMs: number): string {
    if (groups.has(name) || groups.size < GROUPS) return name;
    for (const [other, points] of groups) if (isOver(points, nowMs)) groups.delete(other);
    return groups.size < GROUPS ? name : OTHERS;
  }

  /** A time ahead of now, after the clock went back, counts: never missed. */
  function isOver(points: readonly Point[], nowMs: number): boolean {
    const last = points.at(-1);
    return last === undefined || last.atMs <= nowMs - withinMs;
  }

  return {
    add(name, amount, atMs) {
      const group = groupFor(name, atMs);
      const points = (groups.get(group) ?? []).filter((point) => point.atMs > atMs - withinMs);
      points.push({ atMs, amount });
      const kept = points.length > POINTS ? inPairs(points) : points;
      groups.set(group, kept);
      return {
        group,
        sum: kept.reduce((sum, point) => sum + point.amount, 0),
        firstMs: Math.min(...kept.map((point) => point.atMs)),
      };
    },
    size: () => [...groups.values()].reduce((sum, points) => sum + points.length, 0),
  };
}

/** The older half in pairs, each under its later time. */
function inPairs(points: readonly Point[]): Point[] {
  const half = Math.floor(points.length / 4) * 2;
  const merged: Point[] = [];
  for (let i = 0; i < half; i += 2) {
    const [a, b] = [points[i], points[i + 1]];
    if (a !== undefined && b !== undefined)
      merged.push({ atMs: Math.max(a.atMs, b.atMs), amount: a.amount + b.amount });
  }
  return [...merged, ...points.slice(half)];
}
