/**
 * Whether bytes are a record: the canonical JSON of an object that has this
 * index.
 *
 * Most records are plain, and are told to be canonical in one pass over their
 * bytes, without being parsed. Whatever that pass does not know (keys beyond
 * ASCII, rare escapes) is parsed and spelled again, which decides.
 *
 * INVARIANT(plain-is-canonical): what the pass takes, parsing takes too.
 *
 * @module
 */
import { isUtf8 } from "node:buffer";
import { canonicalJson, isObject, type JsonValue } from "../core/json.ts";
import type { Problem } from "./verify-snapshot.ts";

/** Bytes that hash right and are no record: a writer that was not ours. */
export function formProblem(record: Buffer, index: number): Problem | undefined {
  return isPlainRecord(record, 0, record.length, index) ? undefined : parsedProblem(record, index);
}

/** By the definition: parsed, and spelled again. */
export function parsedProblem(record: Buffer, index: number): Problem | undefined {
  try {
    const text = record.toString("utf8");
    const value: JsonValue = JSON.parse(text);
    const spelled = isUtf8(record) && isObject(value) && canonicalJson(value) === text;
    if (spelled && value["index"] === index) return undefined;
  } catch {
    return { says: `record ${index} is not JSON`, record: index };
  }
  return { says: `record ${index} is not the canonical JSON of a record with that index`, record: index };
}

/** False: not plain, whatever it is. */
export function isPlainRecord(bytes: Uint8Array, start: number, end: number, index: number): boolean {
  const pass = new Pass(bytes, start, end);
  const plain = pass.record(String(index)) && pass.at === end;
  return plain && (!pass.wide || isUtf8(bytes.subarray(start, end)));
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const MINUS = 0x2d;
const ZERO = 0x30;
const DEEPEST = 60;
/** `"\bfnrt`: what stands behind a backslash in the one spelling of these characters. */
const ESCAPED = new Set([0x22, 0x5c, 0x62, 0x66, 0x6e, 0x72, 0x74]);
const WORDS = ["true", "false", "null"].map((word) => Buffer.from(word, "latin1"));
/** Digits, sign, point, `e`. */
const NUMERIC = new Set(Buffer.from("0123456789+-.e", "latin1"));
const INDEX = "index";
/** One for each byte that stands for itself in a text: ASCII from the space on, but quote and backslash. */
const ITSELF = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH),
);

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

/** One pass. Each method begins at `at` and says whether what stands there is plain; `at` is behind it then. */
class Pass {
  at: number;
  /** A byte beyond ASCII was seen. */
  wide = false;
  readonly bytes: Uint8Array;
  readonly end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /** An object of which the member `index` is this number. */
  record(index: string): boolean {
    return this.at < this.end && this.bytes[this.at] === OPEN_OBJECT && this.object(0, index);
  }

  /** @param index where given, a member of this name has to be there and be this number. */
  object(depth: number, index?: string): boolean {
    this.at += 1;
    let found = index === undefined;
    let [lastAt, lastEnd] = [-1, -1];
    if (this.take(CLOSE_OBJECT)) return found;
    do {
      const keyAt = this.at + 1;
      if (!this.key()) return false;
      const keyEnd = this.at - 1;
      if ((lastAt >= 0 && !this.before(lastAt, lastEnd, keyAt, keyEnd)) || !this.take(COLON)) return false;
      const isIndex = index !== undefined && this.spells(keyAt, keyEnd, INDEX);
      if (!(isIndex ? this.exactly(index) : this.value(depth + 1))) return false;
      found ||= isIndex;
      [lastAt, lastEnd] = [keyAt, keyEnd];
    } while (this.take(COMMA));
    return this.take(CLOSE_OBJECT) && found;
  }

  /** This number, and nothing more of one. */
  exactly(number: string): boolean {
    const end = this.at + number.length;
    return this.spells(this.at, end, number) && this.number() && this.at === end;
  }

  list(depth: number): boolean {
    this.at += 1;
    if (this.take(CLOSE_LIST)) return true;
    do if (!this.value(depth + 1)) return false;
    while (this.take(COMMA));
    return this.take(CLOSE_LIST);
  }

  value(depth: number): boolean {
    if (depth > DEEPEST || this.at >= this.end) return false;
    const byte = this.bytes[this.at];
    if (byte === QUOTE) return this.text();
    if (byte === OPEN_OBJECT) return this.object(depth);
    if (byte === OPEN_LIST) return this.list(depth);
    return byte === MINUS || isDigit(byte ?? 0) ? this.number() : this.word();
  }

  text(): boolean {
    const { bytes, end } = this;
    for (let at = this.at + 1; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (ITSELF[byte] === 1) continue;
      if (byte === QUOTE) {
        this.at = at + 1;
        return true;
      }
      if (byte < 0x20) return false;
      if (byte >= 0x80) this.wide = true;
      else if (!ESCAPED.has(bytes[++at] ?? 0)) return false;
    }
    return false;
  }

  /** Of ASCII without escapes: those sort as their bytes do. */
  key(): boolean {
    const { bytes, end } = this;
    if (this.at >= end || bytes[this.at] !== QUOTE) return false;
    let at = this.at + 1;
    while (at < end && ITSELF[bytes[at] ?? 0] === 1) at += 1;
    this.at = at;
    return this.take(QUOTE);
  }

  /** Spelled as ECMAScript prints it: whole numbers of few digits in their own way, the rest by printing them. */
  number(): boolean {
    const { bytes } = this;
    let at = this.at;
    if (bytes[at] === MINUS) at += 1;
    const from = at;
    while (isDigit(bytes[at] ?? 0)) at += 1;
    const digits = at - from;
    const short = digits > 0 && digits < 16 && bytes[from] !== ZERO;
    if (short && at < this.end && !NUMERIC.has(bytes[at] ?? 0)) {
      this.at = at;
      return true;
    }
    return this.printed();
  }

  printed(): boolean {
    let { at } = this;
    while (at < this.end && NUMERIC.has(this.bytes[at] ?? 0)) at++;
    const text = String.fromCharCode(...this.bytes.subarray(this.at, Math.min(at, this.at + 32)));
    if (at === this.at || at - this.at > 32 || String(Number(text)) !== text) return false;
    this.at = at;
    return true;
  }

  word(): boolean {
    for (const word of WORDS) {
      if (word[0] !== this.bytes[this.at]) continue;
      const end = this.at + word.length;
      if (end > this.end || word.compare(this.bytes, this.at, end) !== 0) return false;
      this.at = end;
      return true;
    }
    return false;
  }

  take(byte: number): boolean {
    if (this.at >= this.end || this.bytes[this.at] !== byte) return false;
    this.at += 1;
    return true;
  }

  spells(at: number, end: number, word: string): boolean {
    if (end - at !== word.length || end > this.end) return false;
    for (let i = 0; i < word.length; i++) if (this.bytes[at + i] !== word.charCodeAt(i)) return false;
    return true;
  }

  /** The first key is smaller, and not the same. */
  before(at: number, end: number, otherAt: number, otherEnd: number): boolean {
    const { bytes } = this;
    for (let i = at, k = otherAt; i < end && k < otherEnd; i++, k++) {
      const difference = (bytes[i] ?? 0) - (bytes[k] ?? 0);
      if (difference !== 0) return difference < 0;
    }
    return end - at < otherEnd - otherAt;
  }
}
