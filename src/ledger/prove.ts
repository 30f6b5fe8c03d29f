/**
 * Proofs that a record is in the published tree, made from the hash tiles of a
 * folder. `proof.ts` verifies them.
 *
 * Reads tiles as they are needed, a few at a time, and hashes each once while it
 * is there: whoever proves many records does it in the order of their indexes.
 * Nothing is verified here: a proof from a folder that was changed does not
 * hold, and that is what it is for.
 *
 * @see RFC 9162, section 2.1.3.1
 * @module
 */
import { Fault } from "../core/fault.ts";
import { type Tile, tilePath, TILE_WIDTH } from "./layout.ts";
import { HASH_BYTES, nodeHash } from "./merkle.ts";
import { readTile } from "./verify-tiles.ts";

const LEVEL_HEIGHT = 8;
/** Tiles in memory at once. */
const TILES_KEPT = 64;

export type InclusionProver = {
  /** @throws Fault LEDGER_DAMAGED where a tile is missing. */
  inclusion(index: number): Promise<readonly Buffer[]>;
};

/** Row by row: the hashes of a tile, those over each two of them, and so on, as far as they were asked for. */
type Rows = Buffer[][];

/** The perfect subtree of `2 ** height` records at this place of its row. */
type Perfect = { readonly height: number; readonly place: number };

/** @param size of the tree that the folder's checkpoint speaks of. */
export function openInclusionProver(dir: string, size: number): InclusionProver {
  const tiles = new Map<string, Rows>();

  async function load(key: string, { level, index }: Pick<Tile, "index"> & { readonly level: number }): Promise<Rows> {
    const hashes = Math.floor(size / TILE_WIDTH ** level);
    const width = Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH);
    const rows = [hashesIn(await readWhole(dir, { level, index, width }))];
    const [oldest] = tiles.keys();
    if (tiles.size >= TILES_KEPT && oldest !== undefined) tiles.delete(oldest);
    tiles.set(key, rows);
    return rows;
  }

  return {
    async inclusion(index) {
      if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw damaged(`there is no record ${index}`);
      const proof: Buffer[] = [];
      for (const range of siblingsOf(index, size)) {
        let root: Buffer | undefined;
        for (const { height, place } of perfectsIn(range).reverse()) {
          const [level, above] = [Math.floor(height / LEVEL_HEIGHT), height % LEVEL_HEIGHT];
          const tile = { level, index: Math.floor((place * 2 ** above) / TILE_WIDTH) };
          const key = `${tile.level}/${tile.index}`;
          // Many proofs need the same few tiles: nothing is waited for that is there.
          const hash = hashIn(tiles.get(key) ?? (await load(key, tile)), above, place);
          root = root === undefined ? hash : nodeHash(hash, root);
        }
        if (root !== undefined) proof.push(root);
      }
      return proof;
    },
  };
}

type Range = { readonly start: number; readonly end: number };

/** What stands beside the record on each height, the lowest first. */
function siblingsOf(index: number, size: number): readonly Range[] {
  const siblings: Range[] = [];
  for (let [start, end] = [0, size]; end - start > 1; ) {
    const split = start + largestBelow(end - start);
    siblings.unshift(index < split ? { start: split, end } : { start, end: split });
    if (index < split) end = split;
    else start = split;
  }
  return siblings;
}

/** The perfect subtrees that a range of the tree is made of, from left to right. */
function perfectsIn({ start, end }: Range): Perfect[] {
  const all: Perfect[] = [];
  for (let at = start; at < end; ) {
    const height = Math.floor(Math.log2(end - at));
    all.push({ height, place: at / 2 ** height });
    at += 2 ** height;
  }
  return all;
}

/** The largest power of two that is smaller than `count`. */
function largestBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

function hashIn(rows: Rows, above: number, place: number): Buffer {
  while (rows.length <= above) rows.push(pairs(rows.at(-1) ?? []));
  return rows[above]?.[place % (TILE_WIDTH / 2 ** above)] ?? Buffer.alloc(0);
}

function hashesIn(bytes: Buffer): Buffer[] {
  return Array.from({ length: Math.floor(bytes.length / HASH_BYTES) }, (_, i) =>
    bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}

function pairs(row: readonly Buffer[]): Buffer[] {
  const above: Buffer[] = [];
  for (let i = 0; i + 1 < row.length; i += 2) {
    const [left, right] = [row[i], row[i + 1]];
    if (left !== undefined && right !== undefined) above.push(nodeHash(left, right));
  }
  return above;
}

async function readWhole(dir: string, tile: Tile): Promise<Buffer> {
  const found = await readTile(dir, tile);
  if (found === undefined || found.bytes.length < tile.width * HASH_BYTES)
    throw damaged(`\`${tilePath(tile)}\` is missing or cut`);
  return found.bytes;
}

function damaged(what: string): Fault {
  return new Fault("LEDGER_DAMAGED", {
    message: `no proof can be made: ${what}`,
    hint: "run `vambrace log verify` on its folder",
  });
}
