/**
 * How access is asked for in words, by the letters that programs have for it:
 * `share it with read permissions` names `r` and no more than that.
 *
 * @module
 */
import type { Mention } from "./values.ts";

const RIGHTS = "(?:access|permissions?|rights?)";
const READ = "(?:read(?:ing)?|view(?:ing)?)(?:[- ]only)?";
const WRITE = "(?:writ(?:e|ing)|edit(?:ing)?)";
const BOTH = `(?:${READ}[ /-]{1,3}(?:and[ ])?${WRITE}|${WRITE})`;

const MODES: ReadonlyMap<string, RegExp> = new Map([
  ["r", new RegExp(`(?<!\\p{L})${READ} ${RIGHTS}\\b`, "giu")],
  ["ro", new RegExp(`(?<!\\p{L})${READ} ${RIGHTS}\\b`, "giu")],
  ["w", new RegExp(`(?<!\\p{L})${WRITE} ${RIGHTS}\\b`, "giu")],
  ["rw", new RegExp(`(?<!\\p{L})${BOTH} ${RIGHTS}\\b`, "giu")],
]);

/** Where a text asks for the access that the letters stand for. */
export function* modesIn(value: string, text: string): Generator<Mention> {
  const pattern = MODES.get(value.toLowerCase());
  if (pattern === undefined) return;
  for (const match of text.matchAll(pattern)) {
    yield { start: match.index, end: match.index + match[0].length, spelling: value, quoted: false };
  }
}
