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

/** @param size of the tree that the folder's checkpoint speaks of. */
export function openInclusionProver(dir: string, size: number): InclusionProver {
  const tiles = new Map<string, Promise<Rows>>();

  const tileRows = (level: number, index: number): Promise<Rows> => {
    const hashes = Math.floor(size / TILE_WIDTH ** level);
    const tile: Tile = { level, index, width: Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH) };
    const key = `${level}/${index}`;
    const known = tiles.get(key);
    if (known !== undefined) return known;
    const [oldest] = tiles.keys();
    if (tiles.size >= TILES_KEPT && oldest !== undefined) tiles.delete(oldest);
    const rows = readWhole(dir, tile).then((bytes) => [hashesIn(bytes)]);
    tiles.set(key, rows);
    return rows;
  };

  /** The perfect subtree of `2 ** height` records at this place of its row. */
  async function perfect(height: number, place: number): Promise<Buffer> {
    const level = Math.floor(height / LEVEL_HEIGHT);
    const above = height % LEVEL_HEIGHT;
    const rows = await tileRows(level, Math.floor((place * 2 ** above) / TILE_WIDTH));
    while (rows.length <= above) rows.push(pairs(rows.at(-1) ?? []));
    return rows[above]?.[place % (TILE_WIDTH / 2 ** above)] ?? Buffer.alloc(0);
  }

  /** The root of the records from `start` up to `end`, as the tree has it there. */
  async function rootOfRange(start: number, end: number): Promise<Buffer> {
    const count = end - start;
    const height = Math.floor(Math.log2(count));
    if (2 ** height === count) return perfect(height, start / count);
    const split = start + 2 ** height;
    return nodeHash(await rootOfRange(start, split), await rootOfRange(split, end));
  }

  async function path(index: number, start: number, end: number): Promise<Buffer[]> {
    if (end - start === 1) return [];
    const split = start + largestBelow(end - start);
    if (index < split) return [...(await path(index, start, split)), await rootOfRange(split, end)];
    return [...(await path(index, split, end)), await rootOfRange(start, split)];
  }

  return {
    async inclusion(index) {
      if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw damaged(`there is no record ${index}`);
      return path(index, 0, size);
    },
  };
}

/** The largest power of two that is smaller than `count`. */
function largestBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
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
