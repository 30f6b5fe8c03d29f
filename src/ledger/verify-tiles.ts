/**
 * The tree of a folder, built again from its records and held against
 * everything that lies there: hash tiles, signed roots, journal.
 *
 * One bundle and the right edge of the tree are in memory at a time.
 *
 * @module
 */
import { join } from "node:path";
import { partialTiles, splitRecords, TILE_WIDTH, type Tile, tilePath } from "./layout.ts";
import { HASH_BYTES, leafHash, rootOf } from "./merkle.ts";
import { edgeBytes, emptyTree, grow, growTile, type TileFile, type TileTree } from "./tree.ts";
import { formProblem } from "./verify-form.ts";
import { type Problem, readIfThere, type SignedRoot, type Snapshot } from "./verify-snapshot.ts";
import { openTileRoots } from "./verify-threads.ts";

const NOTHING = Buffer.alloc(0);

/** A root that somebody outside claims, and what the folder says to it. */
export type Claim = { readonly size: number; readonly root: Buffer; held?: boolean };

/** Owned by `rebuild`. The first of each kind is kept: which one is to blame is known only at the end. */
type Rebuild = {
  readonly dir: string;
  readonly snapshot: Snapshot;
  readonly claim: Claim | undefined;
  readonly tree: TileTree;
  readonly roots: ReadonlyMap<number, readonly SignedRoot[]>;
  form?: Problem | undefined;
  journal?: Problem;
  root?: Problem;
  /** A hash tile that is not what the records give, and the first hash in it that is not. */
  tile?: { readonly tile: Tile; readonly at: number };
};

export type Rebuilt = { readonly entries: number; readonly root: Buffer; readonly problem: Problem | undefined };

/** @param claim is told whether it holds; it stays untold where the folder ends before it. */
export async function rebuild(dir: string, snapshot: Snapshot, claim: Claim | undefined): Promise<Rebuilt> {
  const roots = Map.groupBy(snapshot.journal.roots, ({ size }) => size);
  const state: Rebuild = { dir, snapshot, claim, tree: emptyTree(), roots };
  checkRoots(state);
  const problem = (await publishedProblem(state)) ?? journalProblem(state);
  const { range } = state.tree;
  return { entries: range.size, root: rootOf(range), problem };
}

/** A tile as it lies there: the partial one, or the full one that replaced it. */
export async function readTile(dir: string, tile: Tile): Promise<{ bytes: Buffer; full: boolean } | undefined> {
  const bytes = await readIfThere(join(dir, tilePath(tile)));
  if (bytes !== undefined) return { bytes, full: tile.width === TILE_WIDTH };
  if (tile.width === TILE_WIDTH) return undefined;
  return readTile(dir, { ...tile, width: TILE_WIDTH });
}

/** Everything that the checkpoint speaks of. */
async function publishedProblem(state: Rebuild): Promise<Problem | undefined> {
  const { size } = state.snapshot.checkpoint;
  const problem = await fullTilesProblem(state, Math.floor(size / TILE_WIDTH));
  if (problem !== undefined) return problem;
  const last: Tile = { level: "entries", index: Math.floor(size / TILE_WIDTH), width: size % TILE_WIDTH };
  const lastProblem = last.width === 0 ? undefined : await takeBundle(state, last);
  if (lastProblem !== undefined) return lastProblem;
  for (const tile of partialTiles(size)) {
    const tileProblem = await compareTile(state, { tile, bytes: edgeBytes(state.tree, tile) });
    if (tileProblem !== undefined) return tileProblem;
  }
  return blame(state);
}

/** A tile that threads found whole grows the tree as one; where one is odd, or somebody signed a root inside it, each record does. */
async function fullTilesProblem(state: Rebuild, tiles: number): Promise<Problem | undefined> {
  const roots = openTileRoots(state.dir, tiles);
  try {
    for (let index = 0; index < tiles; index++) {
      const root = await roots.next();
      const problem =
        root === undefined || isAwaited(state, index)
          ? await takeBundle(state, { level: "entries", index, width: TILE_WIDTH })
          : await takeTile(state, root);
      if (problem !== undefined) return problem;
    }
  } finally {
    await roots.close();
  }
  return undefined;
}

/** Something is known of the inside of this tile: a claim, or the journal, in which all signed roots lie. */
function isAwaited({ snapshot: { journal }, claim }: Rebuild, index: number): boolean {
  const first = index * TILE_WIDTH;
  const end = first + TILE_WIDTH;
  if (claim !== undefined && claim.size > first && claim.size < end) return true;
  return journal.first < end && journal.first + journal.records.length > first;
}

async function takeTile(state: Rebuild, root: Buffer): Promise<Problem | undefined> {
  for (const full of growTile(state.tree, root)) {
    const problem = await compareTile(state, full);
    if (problem !== undefined) return problem;
  }
  checkRoots(state);
  return undefined;
}

/** Reads a bundle and lets its records grow the tree. */
async function takeBundle(state: Rebuild, tile: Tile): Promise<Problem | undefined> {
  const bundle = await readTile(state.dir, tile);
  const start = tile.index * TILE_WIDTH;
  if (bundle === undefined) return { says: `the records in \`${tilePath(tile)}\` are missing`, record: start };
  const { records, whole } = splitRecords(bundle.bytes);
  const longer = bundle.full && tile.width < TILE_WIDTH;
  if (longer ? records.length < tile.width : !whole || records.length !== tile.width) {
    const record = start + (await firstUnlike(state, tile, records));
    return { says: `record ${record} in \`${tilePath(tile)}\` is cut, or its length is wrong`, record };
  }
  for (const full of takeRecords(state, records.slice(0, tile.width))) {
    const problem = await compareTile(state, full);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** A wrong length spoils everything behind it: the first record without its hash is where that begins. */
async function firstUnlike({ dir }: Rebuild, tile: Tile, records: readonly Buffer[]): Promise<number> {
  const hashes = (await readTile(dir, { ...tile, level: 0 }))?.bytes ?? NOTHING;
  const first = records.findIndex((record, i) => !leafHash(record).equals(hashAt(hashes, i)));
  return Math.min(first < 0 ? records.length : first, tile.width - 1);
}

/** @returns the tiles that became full. */
function takeRecords(state: Rebuild, records: readonly Buffer[]): TileFile[] {
  const { tree, snapshot } = state;
  const full: TileFile[] = [];
  for (const record of records) {
    const index = tree.range.size;
    state.form ??= formProblem(record, index);
    const kept = snapshot.journal.records[index - snapshot.journal.first];
    if (kept !== undefined && !kept.equals(record)) {
      state.journal ??= { says: `record ${index} is not the same in the journal and in the tiles`, record: index };
    }
    full.push(...grow(tree, NOTHING, leafHash(record)));
    checkRoots(state);
  }
  return full;
}

function checkRoots(state: Rebuild): void {
  const { claim, roots, tree } = state;
  const { size } = tree.range;
  if (claim?.size === size) claim.held = claim.root.equals(rootOf(tree.range));
  for (const { root, problem } of roots.get(size) ?? []) {
    if (!root.equals(rootOf(tree.range))) state.root ??= problem;
  }
}

/** A missing or misshapen hash tile is a problem by itself; one that differs waits for the root to say who is wrong. */
async function compareTile(state: Rebuild, { tile, bytes }: TileFile): Promise<Problem | undefined> {
  if (tile.level === "entries") return undefined;
  const found = await readTile(state.dir, tile);
  if (found === undefined) return { says: `the hash tile \`${tilePath(tile)}\` is missing` };
  const there = found.full && tile.width < TILE_WIDTH ? found.bytes.subarray(0, bytes.length) : found.bytes;
  if (there.equals(bytes)) return undefined;
  if (there.length !== bytes.length) return { says: `the hash tile \`${tilePath(tile)}\` does not have its length` };
  const at = Array.from({ length: tile.width }, (_, i) => i).find((i) => !hashAt(there, i).equals(hashAt(bytes, i)));
  state.tile ??= { tile, at: at ?? 0 };
  return undefined;
}

/** Who is wrong where two things differ: the signed root decides. */
function blame(state: Rebuild): Problem | undefined {
  const { snapshot, tree, tile, journal, form } = state;
  const honest = rootOf(tree.range).equals(snapshot.checkpoint.root);
  if (tile === undefined) {
    const rewritten = { says: "the records do not give the root that the checkpoint signs" };
    return honest ? (journal ?? state.root ?? form) : (journal ?? rewritten);
  }
  const span = tile.tile.level === "entries" ? 1 : TILE_WIDTH ** tile.tile.level;
  const record = (tile.tile.index * TILE_WIDTH + tile.at) * span;
  const which = span === 1 ? `record ${record}` : `the records ${record} to ${record + span - 1}`;
  const path = `\`${tilePath(tile.tile)}\``;
  if (honest) return { says: `the hash tile ${path} is wrong at hash ${tile.at}, which is that of ${which}` };
  const where = span === 1 ? ` in \`${tilePath({ ...tile.tile, level: "entries" })}\`` : "";
  return { says: `${which}${where}: the bytes do not match the hash in ${path}`, record };
}

/** What was acknowledged and is not published yet: sealed in the journal. */
function journalProblem(state: Rebuild): Problem | undefined {
  const { journal } = state.snapshot;
  takeRecords(state, journal.records.slice(state.tree.range.size - journal.first));
  return state.root ?? state.form;
}

function hashAt(hashes: Buffer, i: number): Buffer {
  return hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
}
