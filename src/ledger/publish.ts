/**
 * Publishing: tiles first, then the checkpoint that speaks of them, then away
 * with what both replace. Each step is durable before the next begins, so a
 * checkpoint never names a record that is not there, and whatever a crash
 * leaves half done is done again from the journal.
 *
 * @module
 */
import { dirname } from "node:path";
import { type LedgerFiles, putFile } from "./files.ts";
import { CHECKPOINT, JOURNAL, journalPath, partialTiles, tilePath } from "./layout.ts";
import { rootOf } from "./merkle.ts";
import { encodeBatch, newJournal } from "./journal.ts";
import { checkpointText, type SigningKey, signNote } from "./note.ts";
import { edgeBytes, type TileFile, type TileTree } from "./tree.ts";

/** Owned by the log; nothing in here outlives a failed step (see log.ts). */
export type Publishable = {
  readonly files: LedgerFiles;
  readonly key: SigningKey;
  readonly tree: TileTree;
  /** How much of a journal is filled with zeros beforehand. */
  readonly journalBytes: number;
  /** Full tiles since the last checkpoint. */
  finished: TileFile[];
  /** Size of the last checkpoint. */
  published: number;
};

/**
 * Every record of the tree must be durable in a journal before this is called:
 * what a checkpoint once said can never be taken back.
 *
 * @returns the checkpoint.
 */
export function publish(state: Publishable): string {
  const { files, key, tree } = state;
  const { size } = tree.range;
  putTiles(files, [...state.finished, ...newPartialTiles(state)]);
  const text = checkpointText({ origin: key.verifier.name, size, root: rootOf(tree.range) });
  const checkpoint = signNote(text, key);
  putFile(files, CHECKPOINT, Buffer.from(checkpoint, "utf8"));
  files.syncFolder(".");
  // Only now may what the full tiles replace go: until here the old checkpoint needed it.
  for (const { tile } of state.finished) removePartials(files, tilePath(tile));
  state.finished = [];
  state.published = size;
  return checkpoint;
}

/**
 * A journal that begins where the tree ends, durable under its name, in place of any that holds nothing more.
 *
 * @returns where it is, and where its next batch goes.
 */
export function beginJournal({ files, key, tree, journalBytes }: Publishable): { path: string; end: number } {
  const path = journalPath(tree.range.size);
  const batch = encodeBatch({ first: tree.range.size, root: rootOf(tree.range) }, [], key);
  files.makeFolder(JOURNAL);
  files.syncFolder(".");
  putFile(files, path, ...newJournal(batch, journalBytes));
  files.syncFolder(JOURNAL);
  return { path, end: batch.length };
}

/** Everything before `current` must have been published. */
export function removeJournalsBefore(files: LedgerFiles, current: string): void {
  for (const name of files.names(JOURNAL)) {
    if (`${JOURNAL}/${name}` < current) files.remove(`${JOURNAL}/${name}`);
  }
}

function newPartialTiles({ tree, published }: Publishable): TileFile[] {
  const there = new Set(partialTiles(published).map(tilePath));
  return partialTiles(tree.range.size)
    .filter((tile) => !there.has(tilePath(tile)))
    .map((tile) => ({ tile, bytes: edgeBytes(tree, tile) }));
}

function putTiles(files: LedgerFiles, tiles: readonly TileFile[]): void {
  const folders = new Set<string>();
  for (const { tile, bytes } of tiles) {
    const path = tilePath(tile);
    const folder = dirname(path);
    if (!folders.has(folder)) files.makeFolder(folder);
    for (let above = folder; above !== "."; above = dirname(above)) folders.add(above);
    putFile(files, path, bytes);
  }
  for (const folder of folders) files.syncFolder(folder);
  if (folders.size > 0) files.syncFolder(".");
}

function removePartials(files: LedgerFiles, full: string): void {
  const folder = `${full}.p`;
  const names = files.names(folder);
  for (const name of names) files.remove(`${folder}/${name}`);
  if (names.length > 0) files.removeFolder(folder);
}
