/**
 * What a scanning rule is, and how text is scanned.
 *
 * Patterns run in linear time: no back-references, no nested repeats, every gap
 * bounded. Most rules begin with one of a few words, or with a number. Those are
 * found for all rules in one pass, and only there is the pattern tried; so a
 * hundred rules cost little more than one.
 *
 * @module
 */

export type FindingKind = "secret" | "personal" | "injection";

export type Finding = {
  readonly kind: FindingKind;
  readonly rule: string;
  /** UTF-16 offsets; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
  /** 0 to 1. */
  readonly confidence: number;
};

export type Rule = {
  readonly id: string;
  readonly kind: FindingKind;
  /** Lower-case pieces, one of which must be in the text for the rule to be tried; empty: always tried. */
  readonly hints: readonly string[];
  /** A match begins this many characters before a hint, of three ASCII letters or more; absent: anywhere. */
  readonly at?: number;
  /** A match begins with a number: instead of hints. */
  readonly number?: BeginsWithNumber;
  /**
   * With the flags `g` and, where letters may vary, `i`. A group named `value` narrows what is marked; one named
   * `before`, of a look-behind, is marked too: so a pattern can begin with the rare character of what it looks for.
   */
  readonly pattern: RegExp;
  readonly confidence: number;
  /** A checksum, an entropy, a shape: what the pattern alone cannot say. */
  readonly holds?: (value: string, whole: string) => boolean;
};

/** What stands around the first number of a match, before the pattern is tried. */
export type BeginsWithNumber = {
  /** How many characters before the number the match begins, by what stands before and after it (empty: nothing). */
  readonly at: (before: string, after: string) => number;
  readonly may: (before: string, digits: number, after: string) => boolean;
};

export type Scan = (text: string) => readonly Finding[];

export function findingOf(rule: Rule, match: RegExpExecArray): Finding | undefined {
  const before = match.groups?.["before"] ?? "";
  const whole = before + match[0];
  const value = match.groups?.["value"] ?? whole;
  if (rule.holds !== undefined && !rule.holds(value, whole)) return undefined;
  const start = match.index - before.length + whole.lastIndexOf(value);
  return { kind: rule.kind, rule: rule.id, start, end: start + value.length, confidence: rule.confidence };
}

/** Shannon entropy in bits a character. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
