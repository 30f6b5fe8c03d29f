/**
 * Makes one backup: what is there already is not written again.
 *
 * Order: packs, list of packs, manifest, each durable; then the note, with
 * which the backup is there; then away with what is kept no longer. Whatever
 * ends it before its note leaves the folder as it was, but for files that
 * nobody needs and the next backup clears away.
 *
 * INVARIANT(whole-backups): a note names only what is on the disk.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import { sha256 } from "../../core/json.ts";
import { type Catalogue, type CatalogueFile, loadCatalogue, saveCatalogue, stillThere } from "./catalogue.ts";
import { type ChainNote, makeNote, notePath, type PackFacts, packPath, packsPath, packsText } from "./chain.ts";
import type { Depot } from "./depot.ts";
import { type LockTo, makeSeal } from "./envelope.ts";
import { begin, fill, type FillParts, type Work } from "./fill.ts";
import { type Keep, keptOf } from "./keep.ts";
import { keptNotes, openDepot, packPaths, packsOf, putWhole, readChain, strays } from "./repository.ts";

export type CreateParts = FillParts & {
  readonly lockTo: LockTo;
  readonly catalogue: CatalogueFile;
  readonly keep: Keep;
  /** Writes everything again. */
  readonly full: boolean;
};

export type Created = {
  readonly note: ChainNote;
  readonly files: number;
  /** Plain bytes of all files, and of the pieces that were written now. */
  readonly bytes: number;
  readonly written: number;
  /** What was not saved, or changed while it was read. */
  readonly left: readonly { readonly path: string; readonly says: string }[];
  readonly removed: readonly number[];
};

/** @throws Fault BACKUP_FULL, BACKUP_FAILED, BACKUP_FOREIGN, BACKUP_DAMAGED, BACKUP_OFF; backups that were there stay. */
export async function createBackup(parts: CreateParts): Promise<Created> {
  const { depot, key } = parts;
  await openDepot(depot, key.verifier);
  const { notes, problems } = await readChain(depot, key.verifier);
  if (problems[0] !== undefined) throw spoiled(problems[0]);
  const known = loadCatalogue(parts.catalogue);
  refuseOlder(notes, known);
  const kept = keptNotes(notes);
  const listed = await packsListed(depot, kept);
  await clear(depot, kept, listed.values());
  const packs = await packsThere(depot, listed);
  const seal = await makeSeal(parts.lockTo);
  const standing = parts.full ? { pieces: new Map(), files: new Map() } : stillThere(known, new Set(packs.keys()));
  const work = begin(parts, { seal, known: standing, number: notes.length + 1, packs });
  try {
    return await finish(parts, await fill(parts, work), notes);
  } catch (thrown) {
    // The first failure is what has to be heard of; what cannot be taken away now is cleared by the next backup.
    if (!work.isBound) await work.drop().catch(() => undefined);
    throw thrown;
  }
}

/** What this machine made last has to be there: else an older state of the folder was put back. */
function refuseOlder(notes: readonly ChainNote[], { head }: Catalogue): void {
  if (head === undefined || notes[head.number - 1]?.root === head.root) return;
  throw spoiled(`backup ${head.number}, which was made here, is not in it: an older state of the folder was put back`);
}

async function packsListed(depot: Depot, kept: readonly ChainNote[]): Promise<ReadonlyMap<string, PackFacts>> {
  const packs = new Map<string, PackFacts>();
  for (const note of kept) for (const pack of await packsOf(depot, note)) packs.set(pack.name, pack);
  return packs;
}

/** One that is short or gone is not built upon; `verify` says what that means for the backups that need it. */
async function packsThere(
  depot: Depot,
  listed: ReadonlyMap<string, PackFacts>,
): Promise<ReadonlyMap<string, PackFacts>> {
  const there = new Map<string, PackFacts>();
  for (const [name, pack] of listed) if ((await depot.size(packPath(name))) === pack.bytes) there.set(name, pack);
  return there;
}

async function clear(depot: Depot, kept: readonly ChainNote[], packs: Iterable<PackFacts>): Promise<void> {
  for (const path of await strays(depot, kept, packPaths(packs))) await depot.remove(path);
}

async function finish(parts: CreateParts, work: Work, notes: readonly ChainNote[]): Promise<Created> {
  const { depot, clock, key, keep } = parts;
  const made = new Map((await work.packs.end()).map((pack) => [pack.name, pack]));
  const manifest = await work.manifest?.end();
  if (manifest === undefined) throw new Error("no manifest was begun");
  const packs = [...work.needed.keys()].map((name) => made.get(name) ?? standing(work, name));
  const list = packsText(packs);
  await putWhole(depot, packsPath(work.number), list);
  const time = new Date(clock.wallMs()).toISOString();
  const before = keptNotes(notes);
  const kept = keptOf([...before, { number: work.number, time }], keep);
  const previous = notes.at(-1)?.root ?? null;
  const link = {
    time,
    previous,
    packs: { sha256: sha256(list), bytes: Buffer.byteLength(list) },
    manifest,
    kept: [...kept],
  };
  const note = makeNote(work.number, link, key);
  // From here on it may be there, also where this fails: nothing that it needs is taken away any more.
  work.isBound = true;
  await putWhole(depot, notePath(work.number), note.note);
  const stay = [...before.filter(({ number }) => kept.includes(number)), note];
  await clear(depot, stay, (await packsListed(depot, stay)).values());
  saveCatalogue(parts.catalogue, {
    head: { number: note.number, root: note.root },
    pieces: work.known.pieces,
    files: work.files,
  });
  const removed = before.map(({ number }) => number).filter((number) => !kept.includes(number));
  return { note, ...work.counts, left: work.left, removed };
}

function standing(work: Work, name: string): PackFacts {
  const pack = work.standing.get(name);
  if (pack === undefined) throw new Error("a pack is needed that is not there");
  return pack;
}

function spoiled(what: string): Fault {
  return new Fault("BACKUP_DAMAGED", {
    message: `the folder of the backups was changed: ${what}`,
    hint: "look with `vambrace backup verify` and keep the folder; to go on, give backups a new folder: `vambrace config set backup.destination DIR`",
  });
}
