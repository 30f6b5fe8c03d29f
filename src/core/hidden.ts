/**
 * Hidden characters: what ends a line, turns the direction of writing, or is
 * drawn as nothing. In a name they make one text look, or read, like another.
 *
 * Joiners (U+200C, U+200D) are left alone: Persian words and emoji need them.
 *
 * @module
 */
const HIDDEN =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

export function hasHidden(text: string): boolean {
  return text.search(HIDDEN) >= 0;
}

/** On one line, each hidden character spelled out: `\u{202e}`. */
export function spelledOut(text: string): string {
  return text.replaceAll(HIDDEN, (letter) => `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`);
}
