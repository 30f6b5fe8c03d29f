/**
 * One pass over a text for all rules: where a rule may begin, and which rules
 * have to be tried at all.
 *
 * Each character is one of 32 classes: a letter in either case, a digit, a few
 * signs, and the rest. The classes of three characters in a row are an index
 * into one table. Where it holds something, the hints that begin so are
 * compared, or a number begins.
 *
 * @module
 */
import { type BeginsWithNumber, type Finding, findingOf, type Rule } from "./rule.ts";

const KEY = 3;
const BITS = 5;
const KEY_MASK = (1 << (BITS * KEY)) - 1;
const DIGIT = 27;
/** In the table: a number begins here, whatever hints do. */
const NUMBER = 0x80_00;
const LIST = 0x7f_ff;
/** Of a number, so many digits are counted. */
const DIGITS_MAX = 40;

/** 0 for all that is none of these, so also for what is beyond ASCII. */
const CLASS = classes();

function classes(): Uint8Array {
  const all = new Uint8Array(256);
  for (let letter = 1; letter <= 26; letter++) all[64 + letter] = all[96 + letter] = letter;
  for (let digit = 48; digit <= 57; digit++) all[digit] = DIGIT;
  for (const [at, signs] of ["-_", " ", "<[/", ":.|~"].entries()) {
    for (const sign of signs) all[sign.charCodeAt(0)] = DIGIT + 1 + at;
  }
  return all;
}

/** A hint of a rule that begins with it; of one that may match anywhere, `at` is undefined. */
type Anchor = { readonly rule: number; readonly hint: string; readonly at: number | undefined };

export type Walked = {
  readonly findings: Finding[];
  /** 1 for each rule of which a hint stands in the text. */
  readonly hinted: Uint8Array;
};

export const isIndexed = (hint: string): boolean => hint.length >= KEY && /^[ -~]+$/.test(hint);

export function createWalk(rules: readonly Rule[]): (text: string) => Walked {
  const { table, lists } = anchorsOf(rules);
  const numbers = rules.flatMap((rule, index) => (rule.number === undefined ? [] : [{ ...rule.number, index }]));
  const sticky = rules.map(({ pattern }) => new RegExp(pattern.source, pattern.flags.replace("g", "y")));
  return (text) => {
    const walk = new Walk(text, rules, sticky);
    for (let at = nextStop(text, 0, table); at < text.length; at = nextStop(text, at + 1, table)) {
      const stop = table[keyAt(text, at)] ?? 0;
      const list = lists[stop & LIST];
      if (list !== undefined) walk.tryHints(list, at - KEY + 1);
      if ((stop & NUMBER) !== 0) walk.tryNumber(numbers, at);
    }
    return walk;
  };
}

/** The hot loop: alone, so that nothing else slows it. @returns the length of the text where there is none. */
function nextStop(text: string, from: number, table: Uint16Array): number {
  let key = keyAt(text, from - 1);
  const end = text.length;
  for (let i = from; i < end; i++) {
    const code = text.charCodeAt(i);
    key = ((key << BITS) | (code < 128 ? (CLASS[code] ?? 0) : 0)) & KEY_MASK;
    if (table[key] !== 0) return i;
  }
  return end;
}

/** The classes of the three characters that end here. */
function keyAt(text: string, last: number): number {
  let key = 0;
  for (let i = Math.max(0, last - KEY + 1); i <= last; i++) {
    const code = text.charCodeAt(i);
    key = (key << BITS) | (code < 128 ? (CLASS[code] ?? 0) : 0);
  }
  return key;
}

class Walk implements Walked {
  readonly findings: Finding[] = [];
  readonly hinted: Uint8Array;
  readonly #text: string;
  readonly #rules: readonly Rule[];
  readonly #sticky: readonly RegExp[];
  /** By rule: where it may match next. */
  readonly #from: Int32Array;

  constructor(text: string, rules: readonly Rule[], sticky: readonly RegExp[]) {
    this.#text = text;
    this.#rules = rules;
    this.#sticky = sticky;
    this.hinted = new Uint8Array(rules.length);
    this.#from = new Int32Array(rules.length);
  }

  tryHints(here: readonly Anchor[], first: number): void {
    for (const { rule, hint, at } of here) {
      if (at === undefined && this.hinted[rule] === 1) continue;
      if (!standsAt(this.#text, first, hint)) continue;
      if (at === undefined) this.hinted[rule] = 1;
      else this.#tryAt(rule, first - at);
    }
  }

  /** Each rule that a number of this length between these characters can be of. */
  tryNumber(numbers: readonly (BeginsWithNumber & { readonly index: number })[], first: number): void {
    let length = 1;
    while (length < DIGITS_MAX && CLASS[this.#text.charCodeAt(first + length)] === DIGIT) length += 1;
    const before = this.#text.charAt(first - 1);
    const after = this.#text.charAt(first + length);
    for (const { index, at, may } of numbers) {
      if (may(before, length, after)) this.#tryAt(index, first - at(before, after));
    }
  }

  #tryAt(index: number, start: number): void {
    const rule = this.#rules[index];
    const pattern = this.#sticky[index];
    if (rule === undefined || pattern === undefined || start < (this.#from[index] ?? 0)) return;
    pattern.lastIndex = start;
    const match = pattern.exec(this.#text);
    if (match === null) return;
    const finding = findingOf(rule, match);
    // Of a number that is none of the rule, a later part may be one; all else is not looked at twice.
    if (finding !== undefined || rule.number === undefined) this.#from[index] = match.index + match[0].length;
    if (finding !== undefined) this.findings.push(finding);
  }
}

function anchorsOf(rules: readonly Rule[]): {
  readonly table: Uint16Array;
  readonly lists: readonly (readonly Anchor[] | undefined)[];
} {
  const table = new Uint16Array(KEY_MASK + 1);
  const lists: (Anchor[] | undefined)[] = [undefined];
  for (const [rule, { id, hints, at }] of rules.entries()) {
    for (const hint of hints) {
      if (!isIndexed(hint)) {
        if (at === undefined) continue;
        throw new Error(`the rule ${id} cannot begin with \`${hint}\``);
      }
      const key = keyAt(hint, KEY - 1);
      if (table[key] === 0) table[key] = lists.push([]) - 1;
      lists[table[key] ?? 0]?.push({ rule, hint, at });
    }
  }
  if (rules.some(({ number }) => number !== undefined)) markNumbers(table);
  return { table, lists };
}

/** A digit after anything else. */
function markNumbers(table: Uint16Array): void {
  for (let key = 0; key <= KEY_MASK; key++) {
    const isStart = (key & 31) === DIGIT && ((key >> BITS) & 31) !== DIGIT;
    if (isStart) table[key] = (table[key] ?? 0) | NUMBER;
  }
}

const lowerCode = (code: number): number => (code >= 65 && code <= 90 ? code | 32 : code);

function standsAt(text: string, from: number, hint: string): boolean {
  for (let i = 0; i < hint.length; i++) {
    if (lowerCode(text.charCodeAt(from + i)) !== hint.charCodeAt(i)) return false;
  }
  return true;
}
