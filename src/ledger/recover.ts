/**
 * What the ledger holds, found out at the start: the published tree, and
 * behind it whatever the journals hold that was not published.
 *
 * Contract: no acknowledged record is lost and no half-written batch comes
 * through. Whatever is neither whole nor torn was changed by somebody or
 * something, and the writer does not start on it: going on would sign it.
 *
 * @module
 */
import { Fault } from "../core/fault.ts";
import type { LedgerFiles } from "./files.ts";
import { type Batch, readBatch } from "./journal.ts";
import {
  CHECKPOINT,
  frameRecord,
  JOURNAL,
  partialTiles,
  splitRecords,
  TILE_WIDTH,
  type Tile,
  tilePath,
} from "./layout.ts";
import { append, copyRange, HASH_BYTES, leafHash, rootOf } from "./merkle.ts";
import { type Checkpoint, openNote, parseCheckpoint, type VerifierKey } from "./note.ts";
import { emptyTree, grow, restoreEdge, type TileFile, type TileTree } from "./tree.ts";

export type Recovered = {
  readonly tree: TileTree;
  readonly finished: TileFile[];
  /** Undefined in a folder without a checkpoint. */
  readonly published: number | undefined;
  /** Batches that were being written when a crash came: none of their records was acknowledged. */
  readonly torn: readonly { readonly journal: string; readonly bytes: number }[];
};

/** @throws Fault LEDGER_DAMAGED, naming the file. */
export function recover(files: LedgerFiles, key: VerifierKey): Recovered {
  const checkpoint = readCheckpoint(files, key);
  const tree = restoreTree(files, checkpoint);
  const finished: TileFile[] = [];
  const torn: { journal: string; bytes: number }[] = [];
  const journals = files.names(JOURNAL).map((name) => `${JOURNAL}/${name}`);
  if (checkpoint !== undefined && journals.length === 0) throw damaged(`the folder \`${JOURNAL}\` is empty`);
  for (const journal of journals) {
    const bytes = replay({ files, key, tree, finished }, journal);
    if (bytes > 0) torn.push({ journal, bytes });
  }
  if (checkpoint !== undefined && tree.range.size < checkpoint.size)
    throw damaged("the journal is older than the tiles");
  return { tree, finished, published: checkpoint?.size, torn };
}

type Replay = {
  readonly files: LedgerFiles;
  readonly key: VerifierKey;
  readonly tree: TileTree;
  readonly finished: TileFile[];
};

/** @returns how many bytes at the end were torn. */
function replay(to: Replay, path: string): number {
  const journal = to.files.read(path) ?? Buffer.alloc(0);
  for (let at = 0; ; ) {
    const found = readBatch(journal, at, to.key);
    if (found.step === "damaged") throw damaged(`\`${path}\` at byte ${at}: ${found.says}`);
    if (found.step === "end") return 0;
    if (found.step === "torn") return journal.length - at;
    if (!replayBatch(to, found.batch)) {
      throw damaged(
        `\`${path}\`: the batch that begins with record ${found.batch.first} does not fit what comes before`,
      );
    }
    at = found.end;
  }
}

/** @returns false where its root is not what the tree says, or it leaves a gap. */
function replayBatch({ tree, finished }: Replay, { first, records, root }: Batch): boolean {
  const end = first + records.length;
  // Published before the crash: tiles and checkpoint already hold it, and the tree cannot go back to check it.
  if (end < tree.range.size) return true;
  if (end === tree.range.size && first < end) return root.equals(rootOf(tree.range));
  if (first !== tree.range.size) return false;
  const leaves = records.map((record) => leafHash(record));
  const trial = copyRange(tree.range);
  for (const leaf of leaves) append(trial, leaf);
  if (!rootOf(trial).equals(root)) return false;
  for (const [i, record] of records.entries()) {
    finished.push(...grow(tree, frameRecord(record), leaves[i] ?? leafHash(record)));
  }
  return true;
}

function readCheckpoint(files: LedgerFiles, key: VerifierKey): Checkpoint | undefined {
  const note = files.read(CHECKPOINT)?.toString("utf8");
  if (note === undefined) {
    if (files.names("tile").length > 0) throw damaged("there are tiles but no checkpoint");
    return undefined;
  }
  const opened = openNote(note, key);
  if (opened.verdict !== "holds") throw damaged(`the checkpoint: ${opened.says}`);
  const checkpoint = parseCheckpoint(opened.text);
  if (checkpoint?.origin !== key.name) throw damaged("the checkpoint is not one of this ledger");
  return checkpoint;
}

function restoreTree(files: LedgerFiles, checkpoint: Checkpoint | undefined): TileTree {
  const tree = emptyTree();
  if (checkpoint === undefined) return tree;
  const tiles = partialTiles(checkpoint.size).reverse();
  for (const tile of tiles) {
    if (tile.level !== "entries") restoreEdge(tree, tile.level, hashesOf(readTile(files, tile), tile));
  }
  if (!rootOf(tree.range).equals(checkpoint.root)) throw damaged("the tiles do not give the root of the checkpoint");
  const bundle = tiles.find((tile) => tile.level === "entries");
  if (bundle !== undefined) restoreBundle(tree, readTile(files, bundle), bundle);
  return tree;
}

function restoreBundle(tree: TileTree, bytes: Buffer, tile: Tile): void {
  const records = splitRecords(bytes).records.slice(0, tile.width);
  const leaves = tree.edges[0] ?? [];
  const good = records.length === tile.width && records.every((record, i) => leaves[i]?.equals(leafHash(record)));
  if (!good) throw damaged(`a record in \`${tilePath(tile)}\` does not match its hash`);
  tree.bundle = records.map((record) => frameRecord(record));
}

/** The partial tile, or the full one that a crash left before its checkpoint and that begins with it. */
function readTile(files: LedgerFiles, tile: Tile): Buffer {
  const bytes = files.read(tilePath(tile)) ?? files.read(tilePath({ ...tile, width: TILE_WIDTH }));
  if (bytes === undefined) throw damaged(`\`${tilePath(tile)}\` is missing`);
  return bytes;
}

function hashesOf(bytes: Buffer, tile: Tile): Buffer[] {
  if (bytes.length < tile.width * HASH_BYTES) throw damaged(`\`${tilePath(tile)}\` is too short`);
  return Array.from({ length: tile.width }, (_, i) =>
    Buffer.from(bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)),
  );
}

function damaged(what: string): Fault {
  return new Fault("LEDGER_DAMAGED", {
    message: `the ledger was changed from outside: ${what}`,
    hint: "run `vambrace log verify` on the folder and keep a copy; put it back from a backup, or move it away to begin anew",
  });
}
