/**
 * Known secrets, wherever and however they stand: as they are, in base 64 at
 * any alignment, in hexadecimal, percent-encoded, as JSON writes them, and with
 * line breaks, spaces, quotes or invisible characters in between.
 *
 * One pass over the text whatever the number of secrets: four characters are
 * hashed as they go by, and only where that hash is one of a secret's beginning
 * is it compared.
 *
 * @module
 */

export type Span = { readonly start: number; readonly end: number };
export type FindKnown = (text: string) => readonly Span[];

/** Values shorter than this are not looked for: they would redact ordinary words. */
const SHORTEST = 8;
/** A spelling shorter than this is found in one piece only. */
const SHORTEST_SPLIT = 12;
const KEY = 4;
const BUCKETS = 65_536;

type Needle = { readonly text: string; readonly mayBeSplit: boolean };

export function knownFinder(values: Iterable<string>): FindKnown {
  const needles = needlesOf(values);
  if (needles.size === 0) return () => [];
  const isStart = new Uint8Array(BUCKETS);
  for (const key of needles.keys()) isStart[bucket(key)] = 1;
  return (text) => {
    const found: Span[] = [];
    const at = [0, 0, 0, 0];
    let key = 0;
    let seen = 0;
    let from = 0;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (isBetween(code)) continue;
      key = (key << 8) | (code & 255);
      at[seen++ % KEY] = i;
      if (seen < KEY || isStart[bucket(key)] === 0) continue;
      const start = at[seen % KEY] ?? 0;
      const end = start < from ? undefined : longest(text, start, needles.get(key) ?? []);
      if (end === undefined) continue;
      found.push({ start, end });
      from = end;
    }
    return found;
  };
}

const bucket = (key: number): number => Math.imul(key, 0x9e3779b1) >>> 16;

/** By their first four characters; the longest first. */
function needlesOf(values: Iterable<string>): ReadonlyMap<number, readonly Needle[]> {
  const spelled = new Set([...values].filter((value) => value.length >= SHORTEST).flatMap(spellings));
  const needles = new Map<number, Needle[]>();
  for (const spelling of [...spelled].sort((a, b) => b.length - a.length)) {
    const text = Array.from({ length: spelling.length }, (_, i) => spelling.charAt(i))
      .filter((unit) => !isBetween(unit.charCodeAt(0)))
      .join("");
    if (text.length < KEY) continue;
    let key = 0;
    for (let i = 0; i < KEY; i++) key = (key << 8) | (text.charCodeAt(i) & 255);
    const own = needles.get(key) ?? [];
    own.push({ text, mayBeSplit: text.length >= SHORTEST_SPLIT || text !== spelling });
    needles.set(key, own);
  }
  return needles;
}

function longest(text: string, start: number, needles: readonly Needle[]): number | undefined {
  for (const needle of needles) {
    const end = endOf(text, start, needle);
    if (end !== undefined) return end;
  }
  return undefined;
}

function endOf(text: string, start: number, needle: Needle): number | undefined {
  let at = start;
  for (let i = 0; i < needle.text.length; at++) {
    if (at >= text.length) return undefined;
    const code = text.charCodeAt(at);
    if (code === needle.text.charCodeAt(i)) i++;
    else if (!needle.mayBeSplit || !isBetween(code)) return undefined;
  }
  return at;
}

/** White space, what is not seen, quotes, `\` and `+`: what stands between the pieces of a string that was cut up. */
function isBetween(code: number): boolean {
  if (code <= 32) return true;
  if (code < 127) return code === 34 || code === 39 || code === 43 || code === 92 || code === 96;
  return (
    code === 0xa0 ||
    code === 0xad ||
    code === 0xfeff ||
    (code >= 0x2000 && code <= 0x200f) ||
    (code & 0xfff0) === 0x2060
  );
}

function spellings(value: string): string[] {
  const bytes = Buffer.from(value, "utf8");
  const hex = bytes.toString("hex");
  const percent = hex.replaceAll(/../g, "%$&");
  return [
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    ...base64(bytes),
    ...[hex, percent].flatMap((text) => [text, text.toUpperCase()]),
  ].filter((text) => text.length >= SHORTEST);
}

/** Within longer base 64 a value starts at one of three places; what neighbours decide too is left away. */
function base64(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]);
    const from = Math.ceil((before * 8) / 6);
    const to = Math.floor((whole.length * 8) / 6);
    return [whole.toString("base64").slice(from, to), whole.toString("base64url").slice(from, to)];
  });
}
