/**
 * Fills the packs and the list of contents of one backup from what is saved:
 * a piece that is in some kept backup already is only named.
 *
 * @module
 */
import { createHmac, createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import { Fault } from "../../core/fault.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Random } from "../../core/ports/random.ts";
import type { SigningKey } from "../../ledger/note.ts";
import { inOrder, letGo, WAIT } from "./ahead.ts";
import type { Catalogue, Place } from "./catalogue.ts";
import { manifestPath, type PackFacts, packsPath } from "./chain.ts";
import type { Depot } from "./depot.ts";
import type { Seal } from "./envelope.ts";
import { entryLine, headLine, type ManifestEntry, type ManifestHead, PIECE_BYTES } from "./manifest.ts";
import { type PackWriter, packWriter, type SealedFile, sealedFile } from "./packs.ts";
import { type Read, readPieces, readSettled, readSmall } from "./read-file.ts";
import { HOME, type SourceEntry } from "./source.ts";

/** Files that are looked at, and where they are of one piece read, before their turn. */
const FILES_AHEAD = 8;
/** Pieces of one file that are held at once. */
const PIECES_AHEAD = 4;

export type FillParts = {
  readonly depot: Depot;
  readonly source: AsyncIterable<SourceEntry>;
  /** Of this installation's chain. */
  readonly key: SigningKey;
  readonly clock: Pick<Clock, "wallMs">;
  readonly random: Random;
  /** For people and the drill; in the list of contents. */
  readonly facts: ManifestHead["facts"];
  readonly signal?: AbortSignal;
};

export type Work = {
  readonly number: number;
  readonly seal: Seal;
  readonly nameKey: Buffer;
  readonly naming: KeyObject;
  /** What large files are read into. */
  readonly buffers: readonly Buffer[];
  readonly packs: PackWriter;
  /** That were there before. */
  readonly standing: ReadonlyMap<string, PackFacts>;
  readonly known: Pick<Catalogue, "pieces" | "files">;
  /** What this backup holds; becomes the catalogue. */
  readonly files: Catalogue["files"];
  /** Packs that it needs, in the order in which the manifest counts them. */
  readonly needed: Map<string, number>;
  readonly left: { path: string; says: string }[];
  readonly counts: { files: number; bytes: number; written: number };
  manifest?: SealedFile;
  /** Its note is being written. */
  isBound: boolean;
  drop(): Promise<void>;
};

export function begin(
  { depot, random, key }: FillParts,
  from: {
    readonly seal: Seal;
    readonly known: Work["known"];
    readonly number: number;
    readonly packs: ReadonlyMap<string, PackFacts>;
  },
): Work {
  const packs = packWriter(depot, from.seal, random);
  const secret = key.privateKey.export({ type: "pkcs8", format: "der" });
  // From the chain's own key, so that the same piece has the same name in each backup and nobody else can tell it.
  const nameKey = Buffer.from(hkdfSync("sha256", secret, "", "vambrace backup piece names", 32));
  const work: Work = {
    number: from.number,
    seal: from.seal,
    known: from.known,
    standing: from.packs,
    packs,
    nameKey,
    naming: createSecretKey(nameKey),
    buffers: Array.from({ length: PIECES_AHEAD }, () => Buffer.allocUnsafeSlow(PIECE_BYTES)),
    files: new Map(),
    needed: new Map(),
    left: [],
    counts: { files: 0, bytes: 0, written: 0 },
    isBound: false,
    async drop() {
      await work.manifest?.drop();
      await packs.drop();
      await depot.remove(manifestPath(work.number));
      await depot.remove(packsPath(work.number));
    },
  };
  return work;
}

export async function fill(parts: FillParts, work: Work): Promise<Work> {
  const { depot, random, facts, key } = parts;
  const manifest = await sealedFile(depot, manifestPath(work.number), work.seal, random);
  work.manifest = manifest;
  const line = (text: string): Promise<void> => manifest.add(Buffer.from(text, "utf8"));
  const { number, nameKey } = work;
  await line(headLine({ format: 1, number, origin: key.verifier.name, nameKey: nameKey.toString("hex"), facts }));
  for await (const { entry, read } of inOrder(waiting(parts.source), FILES_AHEAD, (one) => ahead(parts, work, one))) {
    parts.signal?.throwIfAborted();
    const saved = await save(parts, work, entry, read);
    if (saved !== undefined) await line(entryLine(saved));
  }
  return work;
}

async function* waiting(source: FillParts["source"]): AsyncGenerator<Entry | typeof WAIT> {
  for await (const entry of source) yield entry.kind === "wait" ? WAIT : entry;
}

type Entry = Exclude<SourceEntry, { kind: "wait" }>;
type FileEntry = Extract<SourceEntry, { kind: "file" }>;
/** What is in it; undefined where it is too large to be held, and is read in its turn. */
type Ahead = Read<Buffer | undefined>;

/** What can be done of an entry before its turn: everything but writing. */
async function ahead(parts: FillParts, work: Work, entry: Entry): Promise<{ entry: Entry; read: Ahead | undefined }> {
  if (entry.kind !== "file") return { entry, read: undefined };
  return { entry, read: await readSettled(entry.file, howOf(parts, work, entry), readSmall) };
}

function howOf({ clock }: FillParts, { known }: Work, { path, steady }: FileEntry): Parameters<typeof readSettled>[1] {
  return { known: known.files.get(path)?.sign, nowMs: clock.wallMs(), steady };
}

async function save(
  parts: FillParts,
  work: Work,
  entry: Entry,
  read: Ahead | undefined,
): Promise<ManifestEntry | undefined> {
  switch (entry.kind) {
    case "folder":
      return { kind: "folder", path: entry.path };
    case "link":
      return { kind: "link", path: entry.path, target: entry.target };
    case "left":
      work.left.push({ path: entry.path, says: entry.says });
      return undefined;
    case "bytes":
      return fileEntry(work, entry.path, false, await keepAll(parts, work, cut(entry.bytes)));
    case "file":
      return saveFile(work, entry, await inTurn(parts, work, entry, read));
    default:
      return undefined;
  }
}

async function inTurn(
  parts: FillParts,
  work: Work,
  entry: FileEntry,
  read: Ahead | undefined,
): Promise<Read<readonly string[]>> {
  if (read?.found === "gone" || read?.found === "same") return read;
  if (read?.what === undefined) {
    return readSettled(entry.file, howOf(parts, work, entry), (file, size) =>
      keepAll(parts, work, readPieces(file, size, work.buffers)),
    );
  }
  const ids = await keepAll(parts, work, cut(read.what));
  letGo(read.what);
  return { ...read, what: ids };
}

function saveFile(work: Work, entry: FileEntry, read: Read<readonly string[]>): ManifestEntry | undefined {
  if (read.found === "gone") return undefined;
  if (read.found === "unsettled") {
    if (entry.path.startsWith(`${HOME}/`)) throw unsettled(entry.path);
    work.left.push({ path: entry.path, says: "it changed while it was read" });
  }
  const ids = "what" in read ? read.what : (work.known.files.get(entry.path)?.pieces ?? []);
  if (read.sign !== undefined)
    work.files.set(entry.path, { sign: read.sign, executable: read.executable, pieces: ids });
  return fileEntry(work, entry.path, read.executable, ids);
}

function fileEntry(work: Work, path: string, executable: boolean, ids: readonly string[]): ManifestEntry {
  work.counts.files += 1;
  const pieces = ids.map((id): [string, number, number, number] => {
    const [pack, offset, length] = placeOf(work, id);
    work.counts.bytes += length;
    const index = work.needed.get(pack) ?? work.needed.size;
    work.needed.set(pack, index);
    return [id, index, offset, length];
  });
  return { kind: "file", path, executable, pieces };
}

function placeOf(work: Work, id: string): Place {
  const place = work.known.pieces.get(id);
  if (place === undefined) throw new Error("a piece is in no pack");
  return place;
}

/** @returns the names of the pieces; those that are nowhere yet are written. */
async function keepAll(
  { signal }: FillParts,
  work: Work,
  pieces: Iterable<Buffer> | AsyncIterable<Buffer>,
): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const piece of pieces) {
    signal?.throwIfAborted();
    const id = createHmac("sha256", work.naming).update(piece).digest("hex");
    ids.push(id);
    if (work.known.pieces.has(id)) continue;
    const { pack, offset } = await work.packs.add(piece);
    work.known.pieces.set(id, [pack, offset, piece.length]);
    work.counts.written += piece.length;
  }
  return ids;
}

function* cut(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

function unsettled(path: string): Fault {
  return new Fault("BACKUP_FAILED", {
    message: `\`${path}\` changes faster than it can be read`,
    hint: "find out what writes it, and try again when it has ended",
  });
}
