/**
 * Scanning a text by a set of rules.
 *
 * @module
 */
import { type Finding, findingOf, type Rule, type Scan } from "./rule.ts";
import { createWalk, isIndexed } from "./walk.ts";

/** Longest text that one scan takes, in UTF-16 units; what is longer is scanned in overlapping pieces. */
const PIECE = 256 * 1024;
const OVERLAP = 8 * 1024;
const BEYOND_ASCII = /[^\0-\x7F]/;
/** Letters of other scripts; not the dashes, quotes and arrows that most texts have. */
const OTHER_SCRIPT = /[\u0370-\u1FFF\u3000-\uD7FF]/;

/** @param groups of findings of one group, none lies within another; those of different groups may. */
export function createScan(...groups: readonly (readonly Rule[])[]): Scan {
  const rules = groups.flat();
  const groupOf = new Map(groups.flatMap((group, index) => group.map(({ id }): [string, number] => [id, index])));
  const walk = createWalk(rules);
  const isWalked = rules.some((rule) => rule.number !== undefined || rule.hints.some(isIndexed));
  const free = rules.flatMap((rule, index) =>
    rule.at === undefined && rule.number === undefined ? [{ ...freeOf(rule), index }] : [],
  );
  const piece = (text: string, offset: number): Finding[] => {
    const { findings, hinted } = isWalked ? walk(text) : { findings: [], hinted: undefined };
    const lower = lazily(() => (OTHER_SCRIPT.test(text) ? text.toLowerCase() : ""));
    for (const one of free) {
      if (one.always || hinted?.[one.index] === 1 || hasHint(one, text, lower)) everyMatch(one, text, findings);
    }
    return offset === 0
      ? findings
      : findings.map((one) => ({ ...one, start: one.start + offset, end: one.end + offset }));
  };
  return (text) => {
    if (text.length <= PIECE) return withoutOverlaps(piece(text, 0), groupOf);
    const findings: Finding[] = [];
    for (let at = 0; at < text.length; at += PIECE - OVERLAP) findings.push(...piece(text.slice(at, at + PIECE), at));
    return withoutOverlaps(findings, groupOf);
  };
}

type Free = {
  readonly rule: Rule;
  readonly pattern: RegExp;
  readonly always: boolean;
  /** Hints that the walk does not look for: shorter than three characters, or beyond ASCII. */
  readonly signs: readonly string[];
  readonly foreign: readonly string[];
};

function freeOf(rule: Rule): Free {
  const others = rule.hints.filter((hint) => !isIndexed(hint));
  return {
    rule,
    pattern: new RegExp(rule.pattern),
    always: rule.hints.length === 0,
    signs: others.filter((hint) => !BEYOND_ASCII.test(hint)),
    foreign: others.filter((hint) => BEYOND_ASCII.test(hint)),
  };
}

function hasHint({ signs, foreign }: Free, text: string, lower: () => string): boolean {
  return (
    signs.some((sign) => text.includes(sign)) ||
    (foreign.length > 0 && lower() !== "" && foreign.some((hint) => lower().includes(hint)))
  );
}

function everyMatch({ rule, pattern }: Free, text: string, findings: Finding[]): void {
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const finding = findingOf(rule, match);
    if (finding !== undefined) findings.push(finding);
    if (match[0] === "") pattern.lastIndex += 1;
  }
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Of findings that overlap, the surer one; of equals, the longer. One pass: a text may be nothing but findings. */
function withoutOverlaps(findings: readonly Finding[], groupOf: ReadonlyMap<string, number>): readonly Finding[] {
  if (findings.length < 2) return findings;
  const kept: Finding[] = [];
  const last = new Map<number | undefined, number>();
  for (const one of findings.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const group = groupOf.get(one.rule);
    const at = last.get(group);
    const before = at === undefined ? undefined : kept[at];
    if (at === undefined || before === undefined || before.end <= one.start) {
      last.set(group, kept.push(one) - 1);
    } else if (isSurer(one, before)) {
      // It starts no earlier than the one that it replaces, so it meets none before that.
      kept[at] = one;
    }
  }
  return kept.sort((a, b) => a.start - b.start);
}

function isSurer(a: Finding, b: Finding): boolean {
  return a.confidence > b.confidence || (a.confidence === b.confidence && a.end - a.start > b.end - b.start);
}
