/**
 * Words to search memories for, and the order in which what was found comes.
 *
 * Where memory is sealed no index is kept: it would hold the words in clear.
 * Rows are then ranked here, as SQLite's full-text index ranks them: words that
 * begin with one that is wanted count, by BM25, the newest first among equals;
 * then texts that hold a wanted word anywhere.
 *
 * @see S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework", 2009 (BM25); k1 and b as in SQLite.
 *
 * @module
 */

/** So many words of a query are looked at. */
const WORDS_MAX = 16;
const K1 = 1.2;
const B = 0.75;
/** For a word that half of all texts have: it counts for next to nothing, never against. */
const LEAST_WEIGHT = 1e-6;

/** Letters and digits only: what is left cannot be an operator, a column or a quote. */
export function wordsOf(text: string): readonly string[] {
  return text
    .slice(0, 1_000)
    .toWellFormed()
    .split(/[^\p{L}\p{N}\p{M}]+/u)
    .filter((word) => word !== "")
    .slice(0, WORDS_MAX);
}

/** @param rows oldest first. @returns best match first, `limit` at most. */
export function ranked<T extends { readonly text: string }>(
  rows: readonly T[],
  words: string,
  limit: number,
): readonly T[] {
  const wanted = wordsOf(words);
  if (wanted.length === 0 || limit < 1) return [];
  const found = new Set(byWords(rows, wanted).slice(0, limit));
  for (const word of wanted) {
    for (const row of rows.toReversed().filter(({ text }) => text.includes(word))) {
      if (found.size >= limit) return [...found];
      found.add(row);
    }
  }
  return [...found];
}

function byWords<T extends { readonly text: string }>(rows: readonly T[], wanted: readonly string[]): readonly T[] {
  const texts = rows.map(({ text }) => folded(text));
  const average = texts.reduce((sum, { length }) => sum + length, 0) / texts.length;
  const scores = texts.map(() => 0);
  const hits = texts.map(() => false);
  for (const word of wanted) {
    const begins = folded(word);
    const counts = texts.map((text) => occurrences(text, begins));
    const having = counts.filter((count) => count > 0).length;
    const weight = Math.max(Math.log((texts.length - having + 0.5) / (having + 0.5)), 0) || LEAST_WEIGHT;
    for (const [i, count] of counts.entries()) {
      if (count === 0) continue;
      hits[i] = true;
      const length = texts[i]?.length ?? 0;
      scores[i] = (scores[i] ?? 0) + weight * ((count * (K1 + 1)) / (count + K1 * (1 - B + (B * length) / average)));
    }
  }
  return rows
    .map((row, i) => ({ row, i, score: scores[i] ?? 0 }))
    .filter(({ i }) => hits[i] === true)
    .sort((a, b) => b.score - a.score || b.i - a.i)
    .map(({ row }) => row);
}

/** Lower case, accents off: as the index folds words (`unicode61 remove_diacritics 2`). */
function folded(text: string): readonly string[] {
  return text
    .normalize("NFD")
    .replaceAll(/\p{M}+/gu, "")
    .toLowerCase()
    .split(/[^\p{L}\p{N}\p{Co}]+/u)
    .filter((word) => word !== "");
}

/** A wanted word may fold into several: then they have to follow one another, and the last one may go on. */
function occurrences(text: readonly string[], wanted: readonly string[]): number {
  const last = wanted.length - 1;
  if (last < 0) return 0;
  return text.filter((_, at) =>
    wanted.every((word, i) => (i === last ? (text[at + i] ?? "").startsWith(word) : text[at + i] === word)),
  ).length;
}
