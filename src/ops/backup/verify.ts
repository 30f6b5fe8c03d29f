/**
 * Looks whether backups are what they were when they were made.
 *
 * Without a key: every note, list and file against the hashes in the signed
 * chain, each byte read. *Consistent* is all that the folder alone can show:
 * whoever has the chain's key could have built another, and an older state may
 * have been put back. *Intact* needs the public key and a note that were kept
 * elsewhere. With what unlocks it, each file in each backup is put together,
 * thrown away, and compared too.
 *
 * Never writes. Everything wrong is said, not only the first thing.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { Fault, toFault } from "../../core/fault.ts";
import { parseVerifierKey, type VerifierKey } from "../../ledger/note.ts";
import { type ChainNote, headOf, manifestPath, type PackFacts, packPath, packsPath } from "./chain.ts";
import type { Depot } from "./depot.ts";
import { opener, type Unlock } from "./envelope.ts";
import { openRun, unpack } from "./open-run.ts";
import { keptNotes, keyOfDepot, packPaths, packsOf, readChain, strays } from "./repository.ts";

export type VerifyOptions = {
  /** The chain's public key, kept elsewhere. */
  readonly publicKey?: string;
  /** A note that was kept elsewhere. */
  readonly checkpoint?: string;
  readonly unlock?: Unlock;
};

export type BackupReport = {
  readonly consistent: boolean;
  /** Null where key or note is not given and what is given does not disprove it. */
  readonly intact: boolean | null;
  /** How many there ever were, and numbers of those that are there. */
  readonly made: number;
  readonly kept: readonly number[];
  /** Files of the folder that were read to their end, and their bytes. */
  readonly files: number;
  readonly bytes: number;
  /** Whether contents were unlocked and compared; how many files in all backups. */
  readonly opened: boolean;
  readonly entries: number;
  readonly problems: readonly string[];
  /** Files that no backup needs: left by one that did not end. */
  readonly strays: number;
};

type Looked = { files: number; bytes: number; entries: number; readonly problems: string[] };

/** @throws Fault BACKUP_MISSING where there are none, BACKUP_KEY_WRONG, LEDGER_KEY_MALFORMED. */
export async function verifyBackups(depot: Depot, options: VerifyOptions = {}): Promise<BackupReport> {
  const own = await keyOfDepot(depot);
  const { notes, problems } = await readChain(depot, own);
  const looked: Looked = { files: 0, bytes: 0, entries: 0, problems: [...problems] };
  const kept = keptNotes(notes);
  if (kept.length === 0) looked.problems.push("there is no backup in it: nothing was looked at");
  const packs = await checkRuns(depot, kept, looked);
  if (options.unlock !== undefined) await checkContents(depot, kept, { unlock: options.unlock, own, looked });
  const consistent = looked.problems.length === 0;
  const { intact, disproof } = judged(notes, own, options, consistent);
  const { files, bytes, entries } = looked;
  return {
    consistent,
    intact,
    made: notes.length,
    kept: kept.map(({ number }) => number),
    files,
    bytes,
    opened: options.unlock !== undefined,
    entries,
    problems: [...looked.problems, ...(disproof === undefined ? [] : [disproof])],
    strays: (await strays(depot, kept, packs)).length,
  };
}

function judged(
  notes: readonly ChainNote[],
  own: VerifierKey,
  { publicKey, checkpoint }: VerifyOptions,
  consistent: boolean,
): { readonly intact: boolean | null; readonly disproof: string | undefined } {
  const disproof = disproofOf(notes, own, { publicKey, checkpoint });
  const isGiven = publicKey !== undefined || checkpoint !== undefined;
  if (disproof !== undefined || (isGiven && !consistent)) return { intact: false, disproof };
  return { intact: publicKey !== undefined && checkpoint !== undefined ? true : null, disproof };
}

/** @returns the paths of all packs that some kept backup needs. */
async function checkRuns(depot: Depot, kept: readonly ChainNote[], looked: Looked): Promise<ReadonlySet<string>> {
  const packs = new Map<string, PackFacts>();
  for (const note of kept) {
    for (const pack of await listOf(depot, note, looked)) {
      const other = packs.get(pack.name);
      if (other !== undefined && other.sha256 !== pack.sha256)
        looked.problems.push(`two backups say different things of \`${packPath(pack.name)}\``);
      packs.set(pack.name, pack);
    }
    await checkFile(depot, manifestPath(note.number), note.manifest, looked);
  }
  for (const pack of packs.values()) await checkFile(depot, packPath(pack.name), pack, looked);
  return packPaths(packs.values());
}

async function listOf(depot: Depot, note: ChainNote, looked: Looked): Promise<readonly PackFacts[]> {
  try {
    const packs = await packsOf(depot, note);
    looked.files += 1;
    looked.bytes += note.packs.bytes;
    return packs;
  } catch (thrown) {
    looked.problems.push(problemOf(thrown, packsPath(note.number)));
    return [];
  }
}

async function checkFile(
  depot: Depot,
  path: string,
  meant: { readonly sha256: string; readonly bytes: number },
  looked: Looked,
): Promise<void> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const piece of depot.stream(path)) {
      hash.update(piece);
      bytes += piece.length;
      // One that grew without end would never be read to its end.
      if (bytes > meant.bytes) break;
    }
  } catch (thrown) {
    looked.problems.push(problemOf(thrown, path));
    return;
  }
  looked.files += 1;
  looked.bytes += bytes;
  if (bytes !== meant.bytes)
    looked.problems.push(
      `\`${path}\` has ${bytes > meant.bytes ? "more" : `${bytes}`} bytes instead of ${meant.bytes}`,
    );
  else if (hash.digest("hex") !== meant.sha256) looked.problems.push(`\`${path}\`: its bytes were changed`);
}

type Opened = { readonly unlock: Unlock; readonly own: VerifierKey; readonly looked: Looked };

async function checkContents(depot: Depot, kept: readonly ChainNote[], { unlock, own, looked }: Opened): Promise<void> {
  const open = opener(unlock);
  for (const note of kept) {
    try {
      const run = await openRun(depot, note, { open, origin: own.name });
      looked.entries += run.files;
      await unpack(depot, run, open, async () => undefined);
    } catch (thrown) {
      const fault = toFault(thrown);
      if (fault.code === "BACKUP_KEY_WRONG") throw fault;
      looked.problems.push(`backup ${note.number}: ${fault.message}`);
    }
  }
}

/** Why the folder is not the one that was kept elsewhere, as far as that can be said. */
export function disproofOf(
  notes: readonly ChainNote[],
  own: VerifierKey,
  { publicKey, checkpoint }: { readonly publicKey?: string | undefined; readonly checkpoint?: string | undefined },
): string | undefined {
  if (publicKey !== undefined && parseVerifierKey(publicKey).text !== own.text)
    return "the folder's chain is signed with another key than the one given";
  if (checkpoint === undefined) return undefined;
  const head = headOf(checkpoint);
  if (head === undefined) return "what was kept elsewhere does not have the form of a backup's note";
  if (head.origin !== own.name) return "the note that was kept elsewhere is one of another chain";
  const here = notes[head.number - 1];
  if (here === undefined)
    return `backup ${head.number}, of which a note was kept elsewhere, is not in it: an older state was put back`;
  return here.root === head.root
    ? undefined
    : `backup ${head.number} is not the one of which a note was kept elsewhere`;
}

function problemOf(thrown: unknown, path: string): string {
  return thrown instanceof Fault
    ? thrown.message
    : `\`${path}\` cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
}
