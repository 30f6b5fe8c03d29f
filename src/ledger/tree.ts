/**
 * The right edge of the tree as tiles: all that a writer must remember of a
 * ledger of any size, at most 255 hashes a level and 255 records.
 *
 * @module
 */
import { append, type CompactRange, emptyRange } from "./merkle.ts";
import { TILE_WIDTH, type Tile, type TileLevel } from "./layout.ts";

const LEVEL_HEIGHT = 8;

export type TileTree = {
  readonly range: CompactRange;
  /** The hashes of the tile that is not full, a list a level. */
  readonly edges: Buffer[][];
  /** The framed records of the bundle that is not full. */
  bundle: Buffer[];
};

export type TileFile = { readonly tile: Tile; readonly bytes: Buffer };

export function emptyTree(): TileTree {
  return { range: emptyRange(), edges: [], bundle: [] };
}

/**
 * Appends a record.
 *
 * @returns the tiles that are full now, bundle first.
 */
export function grow(tree: TileTree, framed: Buffer, leaf: Buffer): TileFile[] {
  const full: TileFile[] = [];
  const before = tree.range.size;
  tree.bundle.push(framed);
  if (tree.bundle.length === TILE_WIDTH) {
    full.push(tileFile("entries", before, tree.bundle));
    tree.bundle = [];
  }
  full.push(...raise(tree, leaf, 0, before));
  return full;
}

/** Appends a perfect subtree of the height `from`. @param last index of its last record. */
function raise(tree: TileTree, subtree: Buffer, from: number, last: number): TileFile[] {
  const full: TileFile[] = [];
  append(tree.range, subtree, from, (hash, height) => {
    if (height % LEVEL_HEIGHT !== 0) return;
    const level = height / LEVEL_HEIGHT;
    const edge = (tree.edges[level] ??= []);
    edge.push(hash);
    if (edge.length < TILE_WIDTH) return;
    full.push(tileFile(level, last, edge));
    tree.edges[level] = [];
  });
  return full;
}

/**
 * Appends a whole tile of records, known by its root; the tree ends with a full tile before and after.
 *
 * @returns the tiles above it that are full now.
 */
export function growTile(tree: TileTree, root: Buffer): TileFile[] {
  return raise(tree, root, LEVEL_HEIGHT, tree.range.size + TILE_WIDTH - 1);
}

/** Puts the hashes of a tile that is not full back where they were; the highest level first. */
export function restoreEdge(tree: TileTree, level: number, hashes: Buffer[]): void {
  tree.edges[level] = hashes;
  for (const hash of hashes) append(tree.range, hash, level * LEVEL_HEIGHT);
}

/** What a tile that is not full holds now. */
export function edgeBytes(tree: TileTree, tile: Tile): Buffer {
  return Buffer.concat(tile.level === "entries" ? tree.bundle : (tree.edges[tile.level] ?? []));
}

function tileFile(level: TileLevel, lastRecord: number, parts: readonly Buffer[]): TileFile {
  const span = TILE_WIDTH ** (level === "entries" ? 1 : level + 1);
  const tile: Tile = { level, index: Math.floor(lastRecord / span), width: TILE_WIDTH };
  return { tile, bytes: Buffer.concat(parts) };
}
