/**
 * Scrubbing: known values taken out of what a server answers, in the spellings
 * that servers use, also where one is cut over two pieces.
 *
 * A layer, not a wall: a server that wants to tell the value can spell it in a
 * way that nobody looks for. It is bound to hosts that were given the value.
 *
 * @module
 */
import { Transform, type TransformCallback } from "node:stream";

export type Scrubbed = { readonly value: string; readonly handle: string };

type Pattern = { readonly bytes: Buffer; readonly instead: Buffer };

export type Scrubber = {
  text(text: string): string;
  /** For one body. */
  stream(): Transform;
};

export function scrubberFor(secrets: readonly Scrubbed[]): Scrubber {
  const patterns = secrets
    .flatMap(({ value, handle }) =>
      spellings(value).map((spelling) => ({ bytes: Buffer.from(spelling), instead: Buffer.from(handle) })),
    )
    // The longest first: a spelling within another must not leave a part of it.
    .sort((a, b) => b.bytes.length - a.bytes.length);
  return {
    // Header text is bytes to the platform: a value beyond ASCII stands there as its UTF-8.
    text(text) {
      const { done, held } = cut(patterns, Buffer.from(text, "latin1"), true);
      return Buffer.concat([done, held]).toString("latin1");
    },
    stream: () => new ScrubStream(patterns),
  };
}

/** How a value may stand in an answer: itself, percent-encoded, in JSON, hexadecimal, base 64 at each of three offsets. */
function spellings(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const base64 = [0, 1, 2].flatMap((offset) => {
    const all = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const whole = Math.floor(((offset + bytes.length) * 8) / 6);
    const core = all.slice(Math.ceil((offset * 8) / 6), whole);
    return [core, core.replaceAll("+", "-").replaceAll("/", "_")];
  });
  const hex = bytes.toString("hex");
  const encoded = encodeURIComponent(value);
  const all = [
    value,
    encoded,
    encoded.replaceAll(/%../g, (code) => code.toLowerCase()),
    JSON.stringify(value).slice(1, -1),
    hex,
    hex.toUpperCase(),
    ...base64,
  ];
  return [...new Set(all)];
}

class ScrubStream extends Transform {
  readonly #patterns: readonly Pattern[];
  #held: Buffer = Buffer.alloc(0);

  constructor(patterns: readonly Pattern[]) {
    super();
    this.#patterns = patterns;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const { done: clean, held } = cut(this.#patterns, Buffer.concat([this.#held, chunk]), false);
    this.#held = held;
    done(null, clean);
  }

  override _flush(done: TransformCallback): void {
    done(null, this.#held);
  }
}

/** What can go on, with every known spelling exchanged, and what may be the beginning of one. */
function cut(
  patterns: readonly Pattern[],
  bytes: Buffer,
  isWhole: boolean,
): { readonly done: Buffer; readonly held: Buffer } {
  const out: Buffer[] = [];
  let rest = bytes;
  for (;;) {
    const found = firstOf(patterns, rest);
    if (found === null) break;
    out.push(rest.subarray(0, found.at), found.pattern.instead);
    rest = rest.subarray(found.at + found.pattern.bytes.length);
  }
  const keep = isWhole ? 0 : beginning(patterns, rest);
  out.push(rest.subarray(0, rest.length - keep));
  return { done: Buffer.concat(out), held: rest.subarray(rest.length - keep) };
}

function firstOf(
  patterns: readonly Pattern[],
  bytes: Buffer,
): { readonly at: number; readonly pattern: Pattern } | null {
  let first: { at: number; pattern: Pattern } | null = null;
  for (const pattern of patterns) {
    const at = bytes.indexOf(pattern.bytes);
    if (at >= 0 && (first === null || at < first.at)) first = { at, pattern };
  }
  return first;
}

/** How many bytes at the end may be the beginning of a spelling. */
function beginning(patterns: readonly Pattern[], bytes: Buffer): number {
  const longest = Math.min(bytes.length, (patterns[0]?.bytes.length ?? 1) - 1);
  for (let length = longest; length > 0; length--) {
    const end = bytes.subarray(bytes.length - length);
    const fits = patterns.some((one) => one.bytes.length > length && one.bytes.subarray(0, length).equals(end));
    if (fits) return length;
  }
  return 0;
}
