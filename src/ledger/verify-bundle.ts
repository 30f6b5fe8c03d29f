/**
 * A full bundle of records and its hash tile, looked at as one: what nearly
 * all of a ledger consists of.
 *
 * Only says that all is well. Anything odd is no answer, and whoever asked
 * looks at record by record to say what is wrong.
 *
 * @module
 */
import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TILE_WIDTH, tilePath } from "./layout.ts";
import { HASH_BYTES } from "./merkle.ts";
import { isPlainRecord, parsedProblem } from "./verify-form.ts";

const TILE_BYTES = TILE_WIDTH * HASH_BYTES;

/** Tiles `from` up to, and without, `to`. */
export type TileRange = { readonly from: number; readonly to: number };
/** A root for each tile, in one piece; `odd`: those that have none. */
export type TileAnswer = TileRange & { readonly roots: Uint8Array; readonly odd: readonly number[] };

export function tileRoots(dir: string, { from, to }: TileRange): TileAnswer {
  const roots = new Uint8Array((to - from) * HASH_BYTES);
  const odd: number[] = [];
  for (let index = from; index < to; index++) {
    const root = tileRoot(dir, index);
    if (root === undefined) odd.push(index);
    else roots.set(root, (index - from) * HASH_BYTES);
  }
  return { from, to, roots, odd };
}

/** The root of the 256 records of a tile, where bundle and hash tile fit each other; undefined where anything is odd. */
export function tileRoot(dir: string, index: number): Buffer | undefined {
  const bundle = readOrNothing(join(dir, tilePath({ level: "entries", index, width: TILE_WIDTH })));
  const hashes = readOrNothing(join(dir, tilePath({ level: 0, index, width: TILE_WIDTH })));
  return bundle === undefined || hashes === undefined ? undefined : bundleRoot(bundle, hashes, index * TILE_WIDTH);
}

/** @param bundle is written over. @param first index of its first record. */
export function bundleRoot(bundle: Buffer, hashes: Buffer, first: number): Buffer | undefined {
  if (hashes.length !== TILE_BYTES) return undefined;
  const leaves = Buffer.allocUnsafe(TILE_BYTES);
  let at = 0;
  for (let i = 0; i < TILE_WIDTH; i++) {
    if (at + 2 > bundle.length) return undefined;
    const start = at + 2;
    const end = start + bundle.readUInt16BE(at);
    if (end > bundle.length) return undefined;
    const index = first + i;
    if (!isPlainRecord(bundle, start, end, index) && parsedProblem(bundle.subarray(start, end), index) !== undefined)
      return undefined;
    // A leaf is hashed behind a zero: the place of its length, which was read.
    bundle[start - 1] = 0;
    put(bundle.subarray(start - 1, end), leaves, i);
    at = end;
  }
  if (at !== bundle.length || !leaves.equals(hashes)) return undefined;
  return fold(leaves);
}

/** The root over hashes that are a power of two in number; they are written over. */
function fold(hashes: Buffer): Buffer {
  const pair = Buffer.alloc(1 + 2 * HASH_BYTES, 1);
  for (let width = TILE_WIDTH / 2; width >= 1; width /= 2) {
    for (let i = 0; i < width; i++) {
      hashes.copy(pair, 1, 2 * i * HASH_BYTES, 2 * (i + 1) * HASH_BYTES);
      put(pair, hashes, i);
    }
  }
  return Buffer.from(hashes.subarray(0, HASH_BYTES));
}

/** As text of one byte a character: half the time of a buffer for each hash. */
function put(input: Uint8Array, hashes: Buffer, i: number): void {
  hashes.write(hash("sha256", input, "binary"), i * HASH_BYTES, HASH_BYTES, "latin1");
}

function readOrNothing(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined; // absent or unreadable: whoever asked meets it again, and says so
  }
}
