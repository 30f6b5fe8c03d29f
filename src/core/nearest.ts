/** The known word that somebody probably meant. @module */

/**
 * The nearest of the known words, by insertions, deletions, changes and swaps of neighbours.
 *
 * @returns undefined where even the nearest differs in more than a third of its letters (at least one may).
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const given = word.slice(0, 64).toLowerCase();
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(given, candidate.toLowerCase());
    const most = Math.max(1, Math.floor(Math.max(given.length, candidate.length) / 3));
    if (distance <= most && (best === undefined || distance < best.distance)) best = { word: candidate, distance };
  }
  return best?.word;
}

/** Optimal string alignment distance. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + change);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

/** A hint: the nearest of the known words, or all of them. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined ? `there are: ${known.join(", ")}` : `did you mean \`${near}\`?`;
}
