/**
 * A copy of a ledger as it was at one moment, although a writer is at work:
 * its keys, a checkpoint, the journals that follow it, and the tiles up to its
 * size. What is published later is left out, so that everything fits.
 *
 * Full tiles never change; a partial one may be gone by the time it is read,
 * and is then cut from the full one that took its place.
 *
 * @module
 */
import { join } from "node:path";
import { Fault } from "../core/fault.ts";
import {
  CHECKPOINT,
  frameRecord,
  partialTiles,
  PUBLIC_KEY,
  splitRecords,
  TILE_WIDTH,
  type Tile,
  tilePath,
} from "./layout.ts";
import { HASH_BYTES } from "./merkle.ts";
import { parseCheckpoint } from "./note.ts";
import { readIfThere, readRaw } from "./verify-snapshot.ts";

export type LedgerPart = {
  /** Below the ledger's folder. */
  readonly path: string;
  /** Absent: the file as it lies there, which does not change any more. */
  readonly bytes?: Buffer;
};

export type LedgerCopy = {
  readonly checkpoint: string;
  readonly size: number;
  readonly parts: AsyncIterable<LedgerPart>;
};

/** @returns undefined where there is no ledger yet. @throws Fault LEDGER_UNAVAILABLE, LEDGER_DAMAGED */
export async function copyLedger(dir: string): Promise<LedgerCopy | undefined> {
  const raw = await readRaw(dir);
  if (raw.checkpoint === undefined || raw.key === undefined) return undefined;
  const checkpoint = raw.checkpoint.toString("utf8");
  const size = parseCheckpoint(checkpoint)?.size;
  if (size === undefined) throw damaged("its checkpoint is not one");
  const secret = await readIfThere(join(dir, "key"));
  const given: LedgerPart[] = [
    { path: CHECKPOINT, bytes: raw.checkpoint },
    { path: PUBLIC_KEY, bytes: raw.key },
    ...(secret === undefined ? [] : [{ path: "key", bytes: secret }]),
    ...raw.journals.map(({ path, bytes }) => ({ path, bytes })),
  ];
  return { checkpoint, size, parts: partsOf(dir, size, given) };
}

async function* partsOf(dir: string, size: number, given: readonly LedgerPart[]): AsyncGenerator<LedgerPart> {
  yield* given;
  for (const tile of fullTiles(size)) yield { path: tilePath(tile) };
  for (const tile of partialTiles(size)) yield { path: tilePath(tile), bytes: await partial(dir, tile) };
}

function* fullTiles(size: number): Generator<Tile> {
  for (let level = 0, full = Math.floor(size / TILE_WIDTH); full > 0; level++, full = Math.floor(full / TILE_WIDTH)) {
    for (let index = 0; index < full; index++) {
      yield { level, index, width: TILE_WIDTH };
      if (level === 0) yield { level: "entries", index, width: TILE_WIDTH };
    }
  }
}

async function partial(dir: string, tile: Tile): Promise<Buffer> {
  const bytes = await readIfThere(join(dir, tilePath(tile)));
  if (bytes !== undefined) return bytes;
  const full = await readIfThere(join(dir, tilePath({ ...tile, width: TILE_WIDTH })));
  if (full === undefined) throw damaged(`\`${tilePath(tile)}\` is missing`);
  if (tile.level !== "entries") return full.subarray(0, tile.width * HASH_BYTES);
  return Buffer.concat(
    splitRecords(full)
      .records.slice(0, tile.width)
      .map((record) => frameRecord(record)),
  );
}

function damaged(what: string): Fault {
  return new Fault("LEDGER_DAMAGED", {
    message: `the ledger cannot be copied: ${what}`,
    hint: "run `vambrace log verify` on the folder, and keep it as it is",
  });
}
