/**
 * What a scanning rule is, and how text is scanned.
 *
 * Patterns run in linear time: no back-references, no nested repeats, every gap
 * bounded. Most rules begin with one of a few words. Those are found for all
 * rules in one pass, three letters at a time, and only there is the pattern
 * tried; so a hundred rules cost little more than one.
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
  /**
   * With the flags `g` and, where letters may vary, `i`. A group named `value` narrows what is marked; one named
   * `before`, of a look-behind, is marked too: so a pattern can begin with the rare character of what it looks for.
   */
  readonly pattern: RegExp;
  readonly confidence: number;
  /** A checksum, an entropy, a shape: what the pattern alone cannot say. */
  readonly holds?: (value: string, whole: string) => boolean;
};

export type Scan = (text: string) => readonly Finding[];

/** Longest text that one scan takes, in UTF-16 units; what is longer is scanned in overlapping pieces. */
const PIECE = 256 * 1024;
const OVERLAP = 8 * 1024;
const KEY = 3;
const KEY_BITS = 0xff_ff_ff;
const BUCKETS = 65_536;

type Anchor = { readonly rule: number; readonly hint: string; readonly at: number };

export function createScan(rules: readonly Rule[]): Scan {
  const free = rules.filter((rule) => rule.at === undefined);
  const anchored = rules.filter((rule) => rule.at !== undefined);
  const tryAnchored = anchoredScan(anchored);
  const piece = (text: string, offset: number): Finding[] =>
    [...scanFree(free, text), ...tryAnchored(text)].map((one) =>
      offset === 0 ? one : { ...one, start: one.start + offset, end: one.end + offset },
    );
  return (text) => {
    if (text.length <= PIECE) return withoutOverlaps(piece(text, 0));
    const findings: Finding[] = [];
    for (let at = 0; at < text.length; at += PIECE - OVERLAP) findings.push(...piece(text.slice(at, at + PIECE), at));
    return withoutOverlaps(findings);
  };
}

function scanFree(rules: readonly Rule[], text: string): Finding[] {
  const findings: Finding[] = [];
  const lower = rules.some((rule) => rule.hints.length > 0) ? text.toLowerCase() : "";
  for (const rule of rules) {
    if (rule.hints.length > 0 && !rule.hints.some((hint) => lower.includes(hint))) continue;
    for (const match of text.matchAll(rule.pattern)) {
      const finding = findingOf(rule, match);
      if (finding !== undefined) findings.push(finding);
    }
  }
  return findings;
}

function anchoredScan(rules: readonly Rule[]): (text: string) => Finding[] {
  const anchors = anchorsOf(rules);
  const isStart = new Uint8Array(BUCKETS);
  for (const key of anchors.keys()) isStart[bucket(key)] = 1;
  const patterns = rules.map(({ pattern }) => new RegExp(pattern.source, pattern.flags.replace("g", "y")));
  return (text) => {
    const findings: Finding[] = [];
    const from = rules.map(() => 0);
    let key = 0;
    for (let i = 0; i < text.length; i++) {
      key = ((key << 8) | lowerCode(text.charCodeAt(i))) & KEY_BITS;
      if (isStart[bucket(key)] === 0) continue;
      const here = anchors.get(key);
      if (here === undefined) continue;
      for (const { rule: index, hint, at } of here) {
        const start = i - KEY + 1 - at;
        const rule = rules[index];
        const pattern = patterns[index];
        if (rule === undefined || pattern === undefined || start < (from[index] ?? 0)) continue;
        if (!standsAt(text, i + 1, hint)) continue;
        pattern.lastIndex = start;
        const match = pattern.exec(text);
        if (match === null) continue;
        from[index] = match.index + match[0].length;
        const finding = findingOf(rule, match);
        if (finding !== undefined) findings.push(finding);
      }
    }
    return findings;
  };
}

/** By the first letters of each hint. */
function anchorsOf(rules: readonly Rule[]): ReadonlyMap<number, readonly Anchor[]> {
  const anchors = new Map<number, Anchor[]>();
  for (const [rule, { id, hints, at = 0 }] of rules.entries()) {
    for (const hint of hints) {
      if (hint.length < KEY || !/^[ -~]+$/.test(hint)) throw new Error(`the rule ${id} cannot begin with \`${hint}\``);
      let key = 0;
      for (let i = 0; i < KEY; i++) key = (key << 8) | hint.charCodeAt(i);
      const own = anchors.get(key) ?? [];
      own.push({ rule, hint, at });
      anchors.set(key, own);
    }
  }
  return anchors;
}

const bucket = (key: number): number => Math.imul(key, 0x9e3779b1) >>> 16;

const lowerCode = (code: number): number => (code >= 65 && code <= 90 ? code | 32 : code & 255);

/** The rest of a hint whose first letters ended here. */
function standsAt(text: string, from: number, hint: string): boolean {
  for (let i = KEY; i < hint.length; i++) {
    const code = text.charCodeAt(from + i - KEY);
    if (Number.isNaN(code) || lowerCode(code) !== hint.charCodeAt(i)) return false;
  }
  return true;
}

function findingOf(rule: Rule, match: RegExpExecArray): Finding | undefined {
  const before = match.groups?.["before"] ?? "";
  const whole = before + match[0];
  const value = match.groups?.["value"] ?? whole;
  if (rule.holds !== undefined && !rule.holds(value, whole)) return undefined;
  const start = match.index - before.length + whole.lastIndexOf(value);
  return { kind: rule.kind, rule: rule.id, start, end: start + value.length, confidence: rule.confidence };
}

/** Of findings that overlap, the surer one; of equals, the longer. One pass: a text may be nothing but findings. */
function withoutOverlaps(findings: readonly Finding[]): Finding[] {
  const kept: Finding[] = [];
  const last = new Map<FindingKind, number>();
  for (const one of findings.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const at = last.get(one.kind);
    const before = at === undefined ? undefined : kept[at];
    if (at === undefined || before === undefined || before.end <= one.start) {
      last.set(one.kind, kept.push(one) - 1);
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

/** Shannon entropy in bits a character. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
