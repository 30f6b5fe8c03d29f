/**
 * `$'…'`: text with escapes, as bash reads them.
 *
 * @module
 */
import type { FieldBuilder } from "./fields.ts";

const LETTERS: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  e: "\u001B",
  E: "\u001B",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
const ESCAPE = /\\(?:([abeEfnrtv])|([\\'"?])|x([0-9a-fA-F]{1,2})|([0-7]{1,3})|([\s\S]))/g;

/** @param text with its `$'` and `'`. What bash ends early, or writes in bytes that are no text, is not known. */
export function addAnsi(text: string, builder: FieldBuilder): void {
  const value = decoded(text.slice(2, -1));
  if (value === undefined || !/^\$'[\s\S]*'$/.test(text))
    builder.unknown(`the escapes in \`${text.slice(0, 40)}\``, false);
  else builder.quoted(value);
}

function decoded(text: string): string | undefined {
  let known = true;
  const value = text.replaceAll(ESCAPE, (whole: string, ...groups: readonly (string | undefined)[]) => {
    const [letter, same, hex, octal] = groups;
    if (letter !== undefined) return LETTERS[letter] ?? "";
    if (same !== undefined) return same;
    const number = hex === undefined ? octal : `0x${hex}`;
    if (number !== undefined) {
      const code = hex === undefined ? Number.parseInt(number, 8) & 0xff : Number(number);
      // A NUL ends the text; a byte beyond ASCII is part of a character or of none.
      known &&= code > 0 && code < 0x80;
      return String.fromCharCode(code);
    }
    // Code points, control characters, and hexadecimal without digits are left to whoever needs them.
    known &&= !/^\\[uUcx]/.test(whole);
    return whole;
  });
  return known ? value : undefined;
}
