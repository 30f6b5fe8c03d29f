/**
 * The verifier: usable on its own, against a folder that may be hostile.
 *
 * *Consistent* is what a folder alone can show: every record, hash tile,
 * journal batch, checkpoint and signature fits every other. Whoever has the
 * folder's key could have built another one that fits as well, or put an old
 * copy back; so *intact* needs the public key and a checkpoint that were kept
 * elsewhere, and says that the folder is that log, continued.
 *
 * Reads the folder in a stream and never writes; a writer may be at work.
 * Imports nothing but Node, the JSON and fault words of core, and its own
 * folder's pure parts.
 *
 * @module
 */
import { join } from "node:path";
import { splitRecords, tilePath, TILE_WIDTH, type Tile } from "./layout.ts";
import { HASH_BYTES } from "./merkle.ts";
import { openNote, parseCheckpoint, parseVerifierKey, type VerifierKey } from "./note.ts";
import { kindProblem } from "./verify-kinds.ts";
import { namesIfThere, type Problem, readIfThere, type Snapshot, takeSnapshot } from "./verify-snapshot.ts";
import { type Claim, readTile, rebuild } from "./verify-tiles.ts";

export type VerifyOptions = {
  /** The verifier key that was kept elsewhere: the line of `key.pub`. */
  readonly publicKey?: string;
  /** A checkpoint that was kept elsewhere: the whole signed note. */
  readonly checkpoint?: string;
};

export type VerifyReport = {
  readonly consistent: boolean;
  /** Null where key or checkpoint is not given and what is given does not disprove it. */
  readonly intact: boolean | null;
  /** How many were verified: published and journalled ones. */
  readonly entries: number;
  /** Of the tree of these entries. */
  readonly rootHex: string;
  /** The folder's published checkpoint; empty where it has none that holds. */
  readonly checkpoint: string;
  readonly firstBadEntry?: number;
  /** In plain words: which record, hash tile or signature. */
  readonly problem?: string;
};

/** @throws Fault LEDGER_KEY_MALFORMED for a `publicKey` that is none; whatever the disk says where it cannot be read. */
export async function verifyLedger(dir: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const key = options.publicKey === undefined ? undefined : parseVerifierKey(options.publicKey);
  const snapshot = (await kindProblem(dir)) ?? (await takeSnapshot(dir));
  if ("says" in snapshot) return report({ entries: 0, rootHex: "", checkpoint: "" }, snapshot, options);
  const claim = claimOf(options.checkpoint);
  const { entries, root, problem } = await rebuild(dir, snapshot, claim);
  const facts = { entries, rootHex: root.toString("hex"), checkpoint: snapshot.note };
  const found = problem ?? (await oldPartialProblem(dir, "tile", snapshot.checkpoint.size));
  if (found !== undefined) return report(facts, found, options);
  const disproof = disproofOf({ snapshot, key, claim, entries }, options);
  const proved = key !== undefined && options.checkpoint !== undefined;
  if (disproof !== undefined) return { consistent: true, intact: false, ...facts, problem: disproof };
  return { consistent: true, intact: proved ? true : null, ...facts };
}

type Facts = Pick<VerifyReport, "entries" | "rootHex" | "checkpoint">;

function report(facts: Facts, { says, record }: Problem, { publicKey, checkpoint }: VerifyOptions): VerifyReport {
  const intact = publicKey === undefined && checkpoint === undefined ? null : false;
  return {
    consistent: false,
    intact,
    ...facts,
    ...(record === undefined ? {} : { firstBadEntry: record }),
    problem: says,
  };
}

type Evidence = {
  readonly snapshot: Snapshot;
  readonly key: VerifierKey | undefined;
  readonly claim: Claim | undefined;
  readonly entries: number;
};

/** Why the folder is not the log that was kept elsewhere, as far as that can be said. */
function disproofOf({ snapshot, key, claim, entries }: Evidence, { checkpoint }: VerifyOptions): string | undefined {
  if (key !== undefined) {
    const opened = openNote(snapshot.note, key);
    if (opened.verdict !== "holds") return `the folder's checkpoint: ${opened.says}`;
    // The journal was held against the folder's own key.
    if (key.text !== snapshot.key.text) return "the folder's journal is sealed with another key than the one given";
  }
  if (checkpoint === undefined) return undefined;
  if (key !== undefined) {
    const opened = openNote(checkpoint, key);
    if (opened.verdict !== "holds") return `the checkpoint that was kept elsewhere: ${opened.says}`;
  }
  if (claim === undefined) return "the checkpoint that was kept elsewhere does not have the form of one";
  if (parseCheckpoint(checkpoint)?.origin !== snapshot.checkpoint.origin) {
    return "the checkpoint that was kept elsewhere is one of another ledger";
  }
  if (claim.held === undefined) {
    return `the folder holds ${entries} records, the checkpoint that was kept elsewhere ${claim.size}: the folder was put back or cut`;
  }
  if (claim.held) return undefined;
  return `the first ${claim.size} records are not those of the checkpoint that was kept elsewhere: history was rewritten`;
}

function claimOf(note: string | undefined): Claim | undefined {
  const checkpoint = note === undefined ? undefined : parseCheckpoint(note);
  return checkpoint === undefined ? undefined : { size: checkpoint.size, root: checkpoint.root };
}

/**
 * Partial tiles of earlier checkpoints, which stay until the full tile is there: each must be the beginning of what
 * was just verified. Those beyond the checkpoint are a publication that did not finish; nothing speaks of them.
 */
async function oldPartialProblem(dir: string, folder: string, size: number): Promise<Problem | undefined> {
  for (const name of (await namesIfThere(join(dir, folder))).sort()) {
    const path = `${folder}/${name}`;
    const [, level, digits] = PARTIAL_FOLDER.exec(path) ?? [];
    if (level === undefined || digits === undefined) {
      const problem = await oldPartialProblem(dir, path, size);
      if (problem !== undefined) return problem;
      continue;
    }
    const index = Number(digits.replaceAll(/[x/]/g, ""));
    for (const width of (await namesIfThere(join(dir, path))).map(Number)) {
      const tile: Tile = { level: level === "entries" ? "entries" : Number(level), index, width };
      const problem = await comparePartial(dir, tile, size);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

const PARTIAL_FOLDER = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/)*[0-9]{3})\.p$/;

async function comparePartial(dir: string, tile: Tile, size: number): Promise<Problem | undefined> {
  const published = Math.floor(size / TILE_WIDTH ** (tile.level === "entries" ? 0 : tile.level));
  if (!(tile.width > 0 && tile.index * TILE_WIDTH + tile.width <= published)) return undefined;
  const width = Math.min(TILE_WIDTH, published - tile.index * TILE_WIDTH);
  const verified = (await readTile(dir, { ...tile, width }))?.bytes;
  const bytes = await readIfThere(join(dir, tilePath(tile)));
  // Gone meanwhile: the full tile took its place.
  if (bytes === undefined || verified === undefined) return undefined;
  const good =
    verified.subarray(0, bytes.length).equals(bytes) &&
    (tile.level === "entries"
      ? splitRecords(bytes).whole && splitRecords(bytes).records.length === tile.width
      : bytes.length === tile.width * HASH_BYTES);
  return good ? undefined : { says: `\`${tilePath(tile)}\` is not the beginning of the tile that followed it` };
}
