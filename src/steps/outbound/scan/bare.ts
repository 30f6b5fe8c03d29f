/**
 * Text without the characters that nobody sees, with the way back to where each
 * character stood. What hides in pieces is found in it.
 *
 * @module
 */
import type { Finding } from "./rule.ts";

export type Bare = {
  readonly text: string;
  /** For each UTF-16 unit of `text`, and for its end: where it stands in the original. */
  readonly at: readonly number[];
};

const UNSEEN =
  // oxlint-disable-next-line no-misleading-character-class -- each of them alone is what is looked for
  /[\u00AD\u034F\u061C\u180B-\u180E\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFE00-\uFE0F\uFEFF\u{E0000}-\u{E0FFF}]+/gu;
/** Cheap, and true of nearly all text: nothing to do. The last two are the first halves of what is beyond 16 bits. */
const MAY_BE_UNSEEN =
  // oxlint-disable-next-line no-misleading-character-class -- each of them alone is what is looked for
  /[\u00AD\u034F\u061C\u180B-\u180E\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFE00-\uFE0F\uFEFF\uDB40-\uDB43]/;

/** @returns undefined where nothing unseen is in it. */
export function bare(text: string): Bare | undefined {
  if (!MAY_BE_UNSEEN.test(text) || text.search(UNSEEN) < 0) return undefined;
  const at: number[] = [];
  let seen = "";
  let from = 0;
  for (const match of text.matchAll(UNSEEN)) {
    seen += take(text, from, match.index, at);
    from = match.index + match[0].length;
  }
  seen += take(text, from, text.length, at);
  at.push(text.length);
  return { text: seen, at };
}

function take(text: string, from: number, to: number, at: number[]): string {
  for (let i = from; i < to; i++) at.push(i);
  return text.slice(from, to);
}

/** A finding in the bare text, as a finding in the original: from its first seen character to its last. */
export function unbare(finding: Finding, { at }: Bare): Finding {
  return { ...finding, start: at[finding.start] ?? 0, end: (at[finding.end - 1] ?? 0) + 1 };
}
