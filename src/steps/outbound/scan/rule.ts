/**
 * What a scanning rule is, and how text is scanned.
 *
 * Patterns run in linear time: no look-around, no back-references, no nested
 * repeats. A literal prefix decides cheaply whether a rule is tried at all.
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
  /** With the flags `g` and, where letters may vary, `i`. A group named `value` narrows what is marked. */
  readonly pattern: RegExp;
  readonly confidence: number;
  /** A checksum, an entropy, a shape: what the pattern alone cannot say. */
  readonly holds?: (value: string, whole: string) => boolean;
};

/** Longest text that one scan takes, in UTF-16 units; what is longer is scanned in overlapping pieces. */
const PIECE = 256 * 1024;
const OVERLAP = 8 * 1024;

export function scanWith(rules: readonly Rule[], text: string): Finding[] {
  if (text.length <= PIECE) return withoutOverlaps(scanPiece(rules, text, 0));
  const findings: Finding[] = [];
  for (let at = 0; at < text.length; at += PIECE - OVERLAP)
    findings.push(...scanPiece(rules, text.slice(at, at + PIECE), at));
  return withoutOverlaps(findings);
}

function scanPiece(rules: readonly Rule[], text: string, offset: number): Finding[] {
  const lower = text.toLowerCase();
  const findings: Finding[] = [];
  for (const rule of rules) {
    if (rule.hints.length > 0 && !rule.hints.some((hint) => lower.includes(hint))) continue;
    for (const match of text.matchAll(rule.pattern)) {
      const whole = match[0];
      const value = match.groups?.["value"] ?? whole;
      if (rule.holds !== undefined && !rule.holds(value, whole)) continue;
      const start = offset + match.index + whole.lastIndexOf(value);
      findings.push({ kind: rule.kind, rule: rule.id, start, end: start + value.length, confidence: rule.confidence });
    }
  }
  return findings;
}

/** Of findings that overlap, the surer one; of equals, the longer. */
function withoutOverlaps(findings: readonly Finding[]): Finding[] {
  const best = [...findings].sort(
    (a, b) => b.confidence - a.confidence || b.end - b.start - (a.end - a.start) || a.start - b.start,
  );
  const kept: Finding[] = [];
  for (const one of best) {
    if (!kept.some((other) => other.kind === one.kind && one.start < other.end && other.start < one.end))
      kept.push(one);
  }
  return kept.sort((a, b) => a.start - b.start);
}

/** Shannon entropy in bits a character. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
