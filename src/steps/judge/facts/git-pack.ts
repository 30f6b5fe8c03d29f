/**
 * Packs: one object of git's packed store, put together and unpacked.
 *
 * Whatever is malformed is no object. What comes out is compared with the file
 * by whoever asked, so nothing in a pack has to be believed.
 *
 * @module
 */
import { inflateSync } from "node:zlib";
import type { FilePort } from "./types.ts";

/** Of one object, and of what is read to unpack it. */
export const LARGEST_OBJECT = 8 * 1024 * 1024;
const LONGEST_CHAIN = 64;
const MOST_PACKS = 64;
const NAME_BYTES = 20;
const FANOUT_AT = 8;
const NAMES_AT = FANOUT_AT + 256 * 4;
const KINDS: ReadonlyMap<number, string> = new Map([
  [1, "commit"],
  [2, "tree"],
  [3, "blob"],
  [4, "tag"],
]);
const OFFSET_DELTA = 6;
const NAME_DELTA = 7;

type Packed = { readonly kind: string; readonly content: Buffer };
type Pack = { readonly path: string; readonly files: FilePort };

/** @param name 40 hexadecimal digits. @returns the object as git hashes it, or null. */
export async function packedObject(objects: string, name: string, files: FilePort): Promise<Buffer | null> {
  const names = (await files.readdir(`${objects}/pack`, 1000)) ?? [];
  const packs = names.filter((file) => /^pack-[0-9a-f]{40,64}\.idx$/.test(file)).slice(0, MOST_PACKS);
  for (const file of packs) {
    const pack: Pack = { path: `${objects}/pack/${file.slice(0, -".idx".length)}`, files };
    const found = await unpack(pack, { name: Buffer.from(name, "hex") }, 0);
    if (found !== null) {
      return Buffer.concat([Buffer.from(`${found.kind} ${found.content.length}\0`), found.content]);
    }
  }
  return null;
}

type Where = { readonly name: Buffer } | { readonly offset: number };

async function unpack(pack: Pack, where: Where, depth: number): Promise<Packed | null> {
  const offset = "offset" in where ? where.offset : await offsetOf(pack, where.name);
  if (depth > LONGEST_CHAIN || offset === null || offset <= 0) return null;
  const entry = await entryAt(pack, offset);
  const content = entry === null ? null : await inflated(pack, entry.data, entry.size);
  if (entry === null || content === null) return null;
  if (entry.kind !== undefined) return { kind: entry.kind, content };
  const base = entry.base === undefined ? null : await unpack(pack, entry.base, depth + 1);
  return base === null ? null : patched(base, content);
}

function patched(base: Packed, delta: Buffer): Packed | null {
  const content = patch(base.content, delta);
  return content === null ? null : { kind: base.kind, content };
}

type Entry = { readonly kind?: string; readonly base?: Where; readonly size: number; readonly data: number };

async function entryAt(pack: Pack, offset: number): Promise<Entry | null> {
  const start = await read(`${pack.path}.pack`, { offset, length: 64 }, pack.files);
  const header = start === null ? null : headerOf(start);
  if (start === null || header === null || header.size > LARGEST_OBJECT) return null;
  const { size, length } = header;
  const kind = KINDS.get(header.type);
  if (kind !== undefined) return { kind, size, data: offset + length };
  const base = baseOf(header.type, start.subarray(length), offset);
  return base === null ? null : { base: base.where, size, data: offset + length + base.length };
}

const MAGIC = Buffer.from([0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2]);

async function offsetOf(pack: Pack, name: Buffer): Promise<number | null> {
  const index = `${pack.path}.idx`;
  const head = await read(index, { offset: 0, length: NAMES_AT }, pack.files);
  if (head?.length !== NAMES_AT || !head.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const first = name[0] ?? 0;
  const from = first === 0 ? 0 : head.readUInt32BE(FANOUT_AT + (first - 1) * 4);
  const length = (head.readUInt32BE(FANOUT_AT + first * 4) - from) * NAME_BYTES;
  if (length <= 0 || length > LARGEST_OBJECT) return null;
  const names = await read(index, { offset: NAMES_AT + from * NAME_BYTES, length }, pack.files);
  const at = names === null ? -1 : indexIn(names, name);
  if (at < 0) return null;
  const offsets = NAMES_AT + head.readUInt32BE(NAMES_AT - 4) * (NAME_BYTES + 4);
  return readOffset(await read(index, { offset: offsets + (from + at) * 4, length: 4 }, pack.files));
}

/** Packs over 2 GiB keep such an offset elsewhere; they are not looked into. */
function readOffset(bytes: Buffer | null): number | null {
  const offset = bytes?.length === 4 ? bytes.readUInt32BE(0) : 0x80000000;
  return offset < 0x80000000 ? offset : null;
}

function indexIn(names: Buffer, name: Buffer): number {
  for (let at = 0; at + NAME_BYTES <= names.length; at += NAME_BYTES) {
    if (names.subarray(at, at + NAME_BYTES).equals(name)) return at / NAME_BYTES;
  }
  return -1;
}

async function read(path: string, piece: { offset: number; length: number }, files: FilePort): Promise<Buffer | null> {
  const bytes = await files.readAt(path, piece.offset, piece.length);
  return bytes === null ? null : Buffer.from(bytes);
}

function headerOf(bytes: Buffer): { readonly type: number; readonly size: number; readonly length: number } | null {
  let byte = bytes[0] ?? 0;
  const type = (byte >> 4) & 7;
  let size = byte & 15;
  let length = 1;
  for (let scale = 16; (byte & 0x80) !== 0; scale *= 128) {
    if (length > 8) return null;
    byte = bytes[length] ?? 0;
    size += (byte & 0x7f) * scale;
    length += 1;
  }
  return { type, size, length };
}

function baseOf(
  type: number,
  bytes: Buffer,
  offset: number,
): { readonly where: Where; readonly length: number } | null {
  if (type === NAME_DELTA) return { where: { name: bytes.subarray(0, NAME_BYTES) }, length: NAME_BYTES };
  if (type !== OFFSET_DELTA) return null;
  let byte = bytes[0] ?? 0;
  let back = byte & 0x7f;
  let length = 1;
  while ((byte & 0x80) !== 0 && length < 8) {
    byte = bytes[length] ?? 0;
    back = (back + 1) * 128 + (byte & 0x7f);
    length += 1;
  }
  return { where: { offset: offset - back }, length };
}

async function inflated(pack: Pack, offset: number, size: number): Promise<Buffer | null> {
  // Deflate never makes more of its input than this.
  const bytes = await read(`${pack.path}.pack`, { offset, length: size + (size >> 8) + 256 }, pack.files);
  if (bytes === null) return null;
  try {
    const content = inflateSync(bytes, { maxOutputLength: Math.max(1, size) });
    return content.length === size ? content : null;
  } catch {
    // Not what a pack holds: no object.
    return null;
  }
}

/** Applies git's delta: pieces of the base, and new bytes. */
function patch(base: Buffer, delta: Buffer): Buffer | null {
  const sizes = { at: 0 };
  if (variable(delta, sizes) !== base.length) return null;
  const size = variable(delta, sizes);
  if (size > LARGEST_OBJECT) return null;
  const pieces: Buffer[] = [];
  for (let at = sizes.at; at < delta.length; ) {
    const code = delta[at] ?? 0;
    at += 1;
    if (code === 0) return null;
    if ((code & 0x80) === 0) {
      pieces.push(delta.subarray(at, at + code));
      at += code;
    } else {
      const copy = copyOf(code, delta, at);
      pieces.push(base.subarray(copy.from, copy.from + copy.length));
      at = copy.next;
    }
  }
  const whole = Buffer.concat(pieces);
  return whole.length === size ? whole : null;
}

function variable(bytes: Buffer, cursor: { at: number }): number {
  let value = 0;
  for (let scale = 1; cursor.at < bytes.length; scale *= 128) {
    const byte = bytes[cursor.at] ?? 0;
    cursor.at += 1;
    value += (byte & 0x7f) * scale;
    if ((byte & 0x80) === 0) break;
  }
  return value;
}

function copyOf(code: number, delta: Buffer, start: number): { from: number; length: number; next: number } {
  const numbers = [0, 0];
  let next = start;
  for (let bit = 0; bit < 7; bit += 1) {
    if ((code & (1 << bit)) === 0) continue;
    const which = bit < 4 ? 0 : 1;
    numbers[which] = (numbers[which] ?? 0) + (delta[next] ?? 0) * 256 ** (bit < 4 ? bit : bit - 4);
    next += 1;
  }
  const [from = 0, length = 0] = numbers;
  return { from, length: length === 0 ? 0x10000 : length, next };
}
