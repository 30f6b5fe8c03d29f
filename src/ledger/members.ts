/**
 * The members of a record, told from its bytes without parsing it; `data`,
 * which is most of a record, is passed over.
 *
 * Canonical JSON sorts members: behind `data` stands only a short row of texts
 * in a fixed order, and the last `"index":` of the record begins it, because a
 * quote in a text has a backslash before it. What is not spelled like this is
 * not told, and has to be parsed.
 *
 * INVARIANT(told-is-parsed): of what the verifier takes for a record, what is
 * told is what parsing gives. Damage inside of `data` is not seen.
 *
 * @module
 */
import { RECORD_KINDS, type RecordKind, type StoredEntry } from "../core/ports/ledger.ts";
import type { Span } from "./layout.ts";

/** A record but for its data. */
export type RecordMembers = Pick<StoredEntry, "index" | "time" | "kind" | "who" | "what" | "target" | "result"> & {
  readonly session?: string | undefined;
  readonly turn?: string | undefined;
  readonly call?: string | undefined;
};

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const ZERO = 0x30;
/** Whole numbers of that many digits are exact. */
const MOST_DIGITS = 15;

const INDEX = bytesOf('"index":');
const CALL = bytesOf('{"call":"');
const DATA = bytesOf('"data":{');
/** Behind the index, in this order. */
const [KIND, RESULT, SESSION, TARGET, TIME, TURN, WHAT, WHO, CALL_AT] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;
const BEHIND = ["kind", "result", "session", "target", "time", "turn", "what", "who"].map((name) =>
  bytesOf(`,"${name}":"`),
);
/** How far to the left the next place is at which `INDEX` can begin, where this byte stands at the place looked at. */
const NEXT = new Uint8Array(256).fill(INDEX.length);
for (let i = INDEX.length - 1; i > 0; i--) NEXT[INDEX[i] ?? 0] = i;
/** One for each byte that stands for itself in a text: ASCII from the space on, but quote and backslash. */
const ITSELF = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH),
);
/** Bytes of an escape, by the one behind its backslash; zero: it is none. */
const ESCAPE = new Uint8Array(256);
for (const byte of bytesOf('"\\/bfnrt')) ESCAPE[byte] = 2;
for (const byte of bytesOf("u")) ESCAPE[byte] = 6;
const HEX = new Uint8Array(256);
for (const byte of bytesOf("0123456789abcdefABCDEF")) HEX[byte] = 1;
const KINDS = RECORD_KINDS.map((kind) => ({ kind, bytes: bytesOf(`${kind}"`) }));

/** Looks at one record after the other; what it says is about the one that was read last. */
export class Members implements RecordMembers {
  index = 0;
  kind: RecordKind = "fault";
  private readonly bundle: Buffer;
  private start = 0;
  private end = 0;
  /** Of each text where it begins; where it ends, or zero where it is absent; whether it has to be decoded. */
  private readonly from = new Uint32Array(9);
  private readonly to = new Uint32Array(9);
  private readonly coded = new Uint8Array(9);
  /** Of each text the one that was asked for last, which is often the same. */
  private readonly last = Array.from({ length: 9 }, () => ({ from: 0, to: 0, text: "" }));

  constructor(bundle: Buffer) {
    this.bundle = bundle;
  }

  /** False: not told. */
  read({ start, end }: Span): boolean {
    this.start = start;
    this.end = end;
    const at = lastIndex(this.bundle, start, end);
    if (at < 0 || !this.before(start, at) || !this.behind(this.number(at + INDEX.length))) return false;
    const kindAt = this.from[KIND] ?? 0;
    const known = KINDS.find(({ bytes }) => spells(this.bundle, kindAt, bytes));
    if (known === undefined) return false;
    this.kind = known.kind;
    return true;
  }

  get bytes(): Buffer {
    return this.bundle.subarray(this.start, this.end);
  }
  get time(): string {
    return this.text(TIME);
  }
  get who(): string {
    return this.text(WHO);
  }
  get what(): string {
    return this.text(WHAT);
  }
  get target(): string {
    return this.text(TARGET);
  }
  get result(): string {
    return this.text(RESULT);
  }
  get session(): string | undefined {
    return this.given(SESSION);
  }
  get turn(): string | undefined {
    return this.given(TURN);
  }
  get call(): string | undefined {
    return this.given(CALL_AT);
  }

  /** What stands before the index: nothing, call, data, or both. */
  private before(start: number, index: number): boolean {
    const bytes = this.bundle;
    let at = start;
    this.to[CALL_AT] = 0;
    if (spells(bytes, start, CALL)) {
      at = this.textAt(CALL_AT, start + CALL.length);
      if (at < 0 || bytes[at] !== COMMA) return false;
    } else if (bytes[start] !== OPEN) return false;
    const data = at + 1;
    if (data === index) return true;
    const isWhole = bytes[index - 2] === CLOSE && bytes[index - 1] === COMMA;
    return isWhole && spells(bytes, data, DATA) && index - 2 >= data + DATA.length;
  }

  /** @returns where it ends, or -1. */
  private number(from: number): number {
    let at = from;
    let value = 0;
    for (let digit = this.digit(at); digit >= 0; digit = this.digit(++at)) value = value * 10 + digit;
    this.index = value;
    const isOne = at > from && at - from <= MOST_DIGITS && (this.digit(from) !== 0 || at === from + 1);
    return isOne ? at : -1;
  }

  private digit(at: number): number {
    const digit = (this.bundle[at] ?? 0) - ZERO;
    return digit <= 9 ? digit : -1;
  }

  /** All of them to the end of the record. */
  private behind(from: number): boolean {
    const { bundle } = this;
    let at = from;
    if (at < 0) return false;
    for (let i = 0; i < BEHIND.length; i++) {
      const name = BEHIND[i] ?? INDEX;
      if (spells(bundle, at, name)) {
        at = this.textAt(i, at + name.length);
        if (at < 0) return false;
      } else if (i === SESSION || i === TURN) this.to[i] = 0;
      else return false;
    }
    return at === this.end - 1 && bundle[at] === CLOSE;
  }

  /** @returns behind its closing quote, or -1 where it is no text. */
  private textAt(i: number, from: number): number {
    const { bundle, end } = this;
    let at = from;
    while (at < end && ITSELF[bundle[at] ?? 0] === 1) at += 1;
    const isCoded = bundle[at] !== QUOTE;
    if (isCoded) at = codedEnd(bundle, at, end);
    this.from[i] = from;
    this.to[i] = at;
    this.coded[i] = Number(isCoded);
    return at < end ? at + 1 : -1;
  }

  private given(i: number): string | undefined {
    return this.to[i] === 0 ? undefined : this.text(i);
  }

  private text(i: number): string {
    const [from, to, last] = [this.from[i] ?? 0, this.to[i] ?? 0, this.last[i]];
    if (last !== undefined && isSame(this.bundle, last, from, to)) return last.text;
    const text =
      this.coded[i] === 0
        ? this.bundle.toString("latin1", from, to)
        : String(JSON.parse(this.bundle.toString("utf8", from - 1, to + 1)));
    this.last[i] = { from, to, text };
    return text;
  }
}

/** @returns where its closing quote stands, or `end` where it has none. */
function codedEnd(bytes: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) return at;
    if (byte < 0x20) return end;
    if (byte !== BACKSLASH) continue;
    const length = ESCAPE[bytes[at + 1] ?? 0] ?? 0;
    if (length === 0) return end;
    for (let i = 2; i < length; i++) if (HEX[bytes[at + i] ?? 0] !== 1) return end;
    at += length - 1;
  }
  return end;
}

/** Two texts of one bundle. */
function isSame(
  bytes: Uint8Array,
  last: { readonly from: number; readonly to: number },
  from: number,
  to: number,
): boolean {
  const length = to - from;
  if (last.to - last.from !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[last.from + i] !== bytes[from + i]) return false;
  return true;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

function spells(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false;
  return true;
}

/** Where the last `"index":` begins, or -1. */
function lastIndex(bytes: Uint8Array, start: number, end: number): number {
  for (let at = end - INDEX.length; at > start; ) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE && spells(bytes, at, INDEX)) return at;
    at -= NEXT[byte] ?? 1;
  }
  return -1;
}
