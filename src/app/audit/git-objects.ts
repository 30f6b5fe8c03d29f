/**
 * What lies in a repository's history, read from its objects: git is not
 * started. Of a delta only what it adds is read: what it copies stands in
 * another object, which is read too.
 *
 * @see https://git-scm.com/docs/gitformat-pack
 * @module
 */
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { bytesOf, namesIn } from "./paths.ts";

export type GitText = { readonly object: string; readonly text: string };

export type HistoryBounds = { readonly objects: number; readonly objectBytes: number; readonly packBytes: number };

type Found = { readonly object: string; readonly bytes: Buffer; readonly isDelta: boolean };

/** @returns texts of commits, tags and files, and whether there was more than the bounds let be read. */
export function historyOf(
  objects: string,
  bounds: HistoryBounds,
): { readonly texts: readonly GitText[]; readonly truncated: boolean } {
  const texts: GitText[] = [];
  const left = { objects: bounds.objects, truncated: false };
  for (const { object, bytes, isDelta } of [...loose(objects, bounds, left), ...packed(objects, bounds, left)]) {
    const read = isDelta ? addedBy(bytes) : bytes;
    if (!read.subarray(0, 1_024).includes(0)) texts.push({ object, text: read.toString("utf8") });
  }
  return { texts, truncated: left.truncated };
}

type Left = { objects: number; truncated: boolean };

function take(left: Left): boolean {
  left.objects -= 1;
  if (left.objects >= 0) return true;
  left.truncated = true;
  return false;
}

function inflated(bytes: Buffer, most: number, left: Left): Buffer | undefined {
  try {
    return inflateSync(bytes, { maxOutputLength: most });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // Damaged, or larger than is read.
    left.truncated = true;
    return undefined;
  }
}

function* loose(objects: string, { objectBytes }: HistoryBounds, left: Left): Generator<Found> {
  for (const folder of namesIn(objects).filter((name) => /^[0-9a-f]{2}$/.test(name))) {
    for (const name of namesIn(join(objects, folder))) {
      if (!take(left)) return;
      const raw = bytesOf(join(objects, folder, name), objectBytes);
      const whole = raw === undefined ? undefined : inflated(raw, objectBytes, left);
      if (raw === undefined) left.truncated = true;
      if (whole === undefined || whole.toString("latin1", 0, 5) === "tree ") continue;
      yield { object: `${folder}${name}`, bytes: whole.subarray(whole.indexOf(0) + 1), isDelta: false };
    }
  }
}

const TREE = 2;
const OFFSET_DELTA = 6;
const NAMED_DELTA = 7;

function* packed(objects: string, bounds: HistoryBounds, left: Left): Generator<Found> {
  const folder = join(objects, "pack");
  for (const name of namesIn(folder).filter((one) => one.endsWith(".pack"))) {
    const pack = bytesOf(join(folder, name), bounds.packBytes);
    const index = bytesOf(join(folder, name.replace(/pack$/, "idx")), bounds.packBytes);
    const places = index === undefined ? [] : placesIn(index);
    if (pack === undefined || places.length === 0) left.truncated = true;
    else yield* objectsIn(pack, places, bounds, left);
  }
}

function* objectsIn(
  pack: Buffer,
  places: readonly { readonly object: string; readonly at: number }[],
  { objectBytes }: HistoryBounds,
  left: Left,
): Generator<Found> {
  for (const { object, at } of places) {
    if (at >= pack.length) continue;
    const type = ((pack[at] ?? 0) >> 4) & 7;
    if (type === TREE) continue;
    if (!take(left)) return;
    let from = afterNumber(pack, at);
    if (type === OFFSET_DELTA) from = afterNumber(pack, from);
    if (type === NAMED_DELTA) from += object.length / 2;
    const bytes = inflated(pack.subarray(from), objectBytes, left);
    if (bytes !== undefined) yield { object, bytes, isDelta: type >= OFFSET_DELTA };
  }
}

/** Numbers go on while the highest bit is set. */
function afterNumber(bytes: Buffer, from: number): number {
  let at = from;
  while (((bytes[at] ?? 0) & 0x80) !== 0) at += 1;
  return at + 1;
}

const FANOUT = 8;
const NAMES = FANOUT + 1_024;

/** Of an index of version 2; of any other none, so that its pack counts as not read. */
function placesIn(index: Buffer): readonly { readonly object: string; readonly at: number }[] {
  if (index.length < NAMES || index.readUInt32BE(0) !== 0xff744f63 || index.readUInt32BE(4) !== 2) return [];
  const count = index.readUInt32BE(NAMES - 4);
  // Two digests end it; between names and those are a check sum and an offset of four bytes each.
  const hash = index.length >= NAMES + count * (32 + 8) + 64 ? 32 : 20;
  const offsets = NAMES + count * (hash + 4);
  if (index.length < offsets + count * 4) return [];
  return Array.from({ length: count }, (_, i) => ({
    object: index.toString("hex", NAMES + i * hash, NAMES + (i + 1) * hash),
    at: index.readUInt32BE(offsets + i * 4),
  }));
}

/** What a delta puts in; between two pieces that it copies a line ends. */
function addedBy(delta: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = afterNumber(delta, afterNumber(delta, 0));
  while (at < delta.length) {
    const code = delta[at] ?? 0;
    at += 1;
    if (code >= 0x80) {
      for (let bits = code & 0x7f; bits > 0; bits >>= 1) at += bits & 1;
      parts.push(Buffer.from("\n"));
    } else {
      parts.push(delta.subarray(at, at + code));
      at += code;
    }
  }
  return Buffer.concat(parts);
}
