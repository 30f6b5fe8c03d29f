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
import { createScan, type Finding } from "./rule.ts";
import { CHARACTER_RULES, LOOKALIKE_RULES, MARKUP_RULES } from "./unseen.ts";

const WORDS = createScan([...ORDER_RULES, ...TOKEN_RULES]);
const MARKUP = createScan(MARKUP_RULES);
const CHARACTERS = createScan(CHARACTER_RULES);
const LOOKALIKES = createScan(LOOKALIKE_RULES);
const FOREIGN = /[\u0370-\u052F]/;
const BEYOND_ASCII = /[^\0-\x7F]/;

/** What has no picture of its own. */
export function scanCharacters(text: string): readonly Finding[] {
  return BEYOND_ASCII.test(text) ? CHARACTERS(text) : [];
}

/** Each way to hide by itself: an order within a hidden element is both. */
export function scanInjection(text: string): readonly Finding[] {
  if (!BEYOND_ASCII.test(text)) return inOrder(words(text));
  const seen = bare(text);
  // What hides in pieces, or behind look-alike letters, is looked for as it would be read.
  const read = folded(seen?.text ?? text);
  const found = words(read);
  return inOrder([
    ...CHARACTERS(text),
    ...(seen === undefined ? found : found.map((finding) => unbare(finding, seen))),
    ...(FOREIGN.test(text) ? LOOKALIKES(text) : []),
  ]);
}

function words(text: string): readonly Finding[] {
  return [...WORDS(text), ...MARKUP(text)];
}

function inOrder(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => a.start - b.start);
}
