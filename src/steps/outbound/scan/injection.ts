/**
 * Signs of text that wants to be taken for an order, or that hides something
 * from the person who reads it. One layer: nothing is trusted because nothing
 * was found here, and nothing else is lowered because something was.
 *
 * @module
 */
import { bare, unbare } from "./bare.ts";
import { folded } from "./fold.ts";
import { ORDER_RULES, TOKEN_RULES } from "./orders.ts";
import type { Finding, Rule } from "./rule.ts";
import { createScan } from "./search.ts";
import { STANDING_RULES } from "./standing.ts";
import { CHARACTER_RULES, LOOKALIKE_RULES, MARKUP_RULES } from "./unseen.ts";

/** Each way to hide by itself: an order within a hidden element is both. */
export const INJECTION_GROUPS: readonly (readonly Rule[])[] = [
  [...ORDER_RULES, ...TOKEN_RULES],
  STANDING_RULES,
  MARKUP_RULES,
];

const WORDS = createScan(...INJECTION_GROUPS);
const CHARACTERS = createScan(CHARACTER_RULES);
const LOOKALIKES = createScan(LOOKALIKE_RULES);
const FOREIGN = /[\u0370-\u052F]/;
const BEYOND_ASCII = /[^\0-\x7F]/;

/** What has no picture of its own. */
export function scanCharacters(text: string): readonly Finding[] {
  return BEYOND_ASCII.test(text) ? CHARACTERS(text) : [];
}

/** What the letters themselves say, whatever the words. */
export function scanLetters(text: string): readonly Finding[] {
  if (!BEYOND_ASCII.test(text)) return [];
  return [...CHARACTERS(text), ...(FOREIGN.test(text) ? LOOKALIKES(text) : [])];
}

export function scanInjection(text: string): readonly Finding[] {
  if (!BEYOND_ASCII.test(text)) return WORDS(text);
  const seen = bare(text);
  // What hides in pieces, or behind look-alike letters, is looked for as it would be read.
  const found = WORDS(folded(seen?.text ?? text));
  return inOrder([
    ...scanLetters(text),
    ...(seen === undefined ? found : found.map((finding) => unbare(finding, seen))),
  ]);
}

export function inOrder(findings: readonly Finding[]): readonly Finding[] {
  return findings.length < 2 ? findings : findings.toSorted((a, b) => a.start - b.start);
}
