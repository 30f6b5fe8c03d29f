/**
 * Opens one backup: its manifest as a plan of which piece of which pack goes
 * where, and the pieces themselves, pack by pack from begin to end, each held
 * against the name that it has in the manifest before anybody gets it.
 *
 * Memory is that of the plan (some hundred bytes for each MiB) and of the
 * pieces that are being given.
 *
 * @module
 */
import { createHash, createHmac, createSecretKey } from "node:crypto";
import { crew, letGo } from "./ahead.ts";
import { type ChainNote, manifestPath, type PackFacts, packPath } from "./chain.ts";
import type { Depot } from "./depot.ts";
import { type ManifestEntry, type ManifestHead, type Piece, readManifest } from "./manifest.ts";
import { damaged, unseal } from "./payload.ts";
import { packsOf } from "./repository.ts";

export type FileOut = { readonly path: string; readonly executable: boolean; readonly bytes: number };
export type LinkOut = { readonly path: string; readonly target: string };

/** One piece of a pack, and everywhere it belongs. */
type Extent = {
  readonly id: string;
  readonly offset: number;
  readonly length: number;
  readonly to: { readonly file: number; readonly at: number }[];
};

export type Run = {
  readonly head: ManifestHead;
  readonly folders: readonly string[];
  readonly out: readonly FileOut[];
  readonly links: readonly LinkOut[];
  readonly files: number;
  readonly bytes: number;
  /** For each pack that is needed, by where they begin. */
  readonly extents: ReadonlyMap<PackFacts, readonly Extent[]>;
};

type Opening = { readonly open: (header: Buffer) => Promise<Buffer>; readonly origin: string };

type Plan = {
  readonly folders: Set<string>;
  readonly out: FileOut[];
  readonly links: LinkOut[];
  readonly seen: Set<string>;
  readonly pieces: Map<number, Map<number, Extent>>;
  bytes: number;
};

/** @throws Fault BACKUP_DAMAGED, BACKUP_MISSING, BACKUP_KEY_WRONG */
export async function openRun(depot: Depot, note: ChainNote, { open, origin }: Opening): Promise<Run> {
  const packs = await packsOf(depot, note);
  const path = manifestPath(note.number);
  const { head, entries } = await readManifest(unseal(held(depot.stream(path), note.manifest, path), open, path));
  if (head.number !== note.number || head.origin !== origin) throw damaged(path, "it is the list of another backup");
  const plan: Plan = { folders: new Set(), out: [], links: [], seen: new Set(), pieces: new Map(), bytes: 0 };
  for await (const entry of entries) take(plan, entry, path);
  const extents = new Map<PackFacts, readonly Extent[]>();
  for (const [index, pieces] of plan.pieces) {
    const pack = packs[index];
    if (pack === undefined) throw damaged(path, "it speaks of a pack that the backup does not have");
    extents.set(
      pack,
      [...pieces.values()].sort((a, b) => a.offset - b.offset),
    );
  }
  const { folders, out, links, bytes } = plan;
  return { head, folders: [...folders], out, links, files: out.length, bytes, extents };
}

/** The list alone is held against the signed note: names of pieces in it vouch for everything else. */
async function* held(file: AsyncIterable<Buffer>, meant: ChainNote["manifest"], name: string): AsyncGenerator<Buffer> {
  const hash = createHash("sha256");
  for await (const piece of file) {
    hash.update(piece);
    yield piece;
  }
  if (hash.digest("hex") !== meant.sha256) throw damaged(name, "it is not what the signed note of its backup says");
}

function take(plan: Plan, entry: ManifestEntry, where: string): void {
  if (plan.seen.has(entry.path)) throw damaged(where, "it names one path twice");
  plan.seen.add(entry.path);
  const above = entry.path.slice(0, Math.max(0, entry.path.lastIndexOf("/")));
  // Each folder stands before what is in it; a link in its place would be followed.
  if (above !== "" && !plan.folders.has(above))
    throw damaged(where, "it names something in a folder that it does not name");
  if (entry.kind === "folder") plan.folders.add(entry.path);
  else if (entry.kind === "link") plan.links.push({ path: entry.path, target: entry.target });
  else takeFile(plan, entry, where);
}

function takeFile(
  plan: Plan,
  { path, executable, pieces }: Extract<ManifestEntry, { kind: "file" }>,
  where: string,
): void {
  let at = 0;
  for (const piece of pieces) {
    extentOf(plan, piece, where).to.push({ file: plan.out.length, at });
    at += piece[3];
  }
  plan.out.push({ path, executable, bytes: at });
  plan.bytes += at;
}

function extentOf({ pieces }: Plan, [id, index, offset, length]: Piece, where: string): Extent {
  const pack = pieces.get(index) ?? new Map<number, Extent>();
  pieces.set(index, pack);
  const known = pack.get(offset);
  if (known !== undefined && (known.id !== id || known.length !== length))
    throw damaged(where, "pieces lie over one another");
  const extent = known ?? { id, offset, length, to: [] };
  pack.set(offset, extent);
  return extent;
}

/** Pieces that are written while the next ones are read and held against their names. */
const GIVEN_TOGETHER = 8;

/**
 * Gives every piece to everywhere it belongs, several at once and in no order. A piece is good until the promise of
 * `give` is kept; when this ends, however it does, none is being given any more.
 *
 * @throws Fault BACKUP_DAMAGED, BACKUP_MISSING; pieces that were given by then were right.
 */
export async function unpack(
  depot: Depot,
  run: Run,
  open: (header: Buffer) => Promise<Buffer>,
  give: (file: FileOut, at: number, piece: Buffer) => Promise<void>,
): Promise<void> {
  const nameKey = createSecretKey(Buffer.from(run.head.nameKey, "hex"));
  const giving = crew(GIVEN_TOGETHER);
  const giveAll = async ({ to }: Extent, piece: Buffer): Promise<void> => {
    for (const { file, at } of to) {
      const out = run.out[file];
      if (out !== undefined) await give(out, at, piece);
    }
    letGo(piece);
  };
  try {
    for (const [{ name }, extents] of run.extents) {
      const path = packPath(name);
      for await (const { extent, piece } of piecesOf(unseal(depot.stream(path), open, path), extents, path)) {
        const found = createHmac("sha256", nameKey).update(piece).digest("hex");
        if (found !== extent.id) throw damaged(path, "a piece of it is not the one that was saved");
        await giving.begin(() => giveAll(extent, piece));
      }
    }
    await giving.end();
  } finally {
    await giving.settle();
  }
}

type Window = { held: Buffer[]; begins: number; ends: number };

/** Reads forward only: extents come in the order in which they lie. Each piece is the caller's. */
async function* piecesOf(
  plain: AsyncIterable<Buffer>,
  extents: readonly Extent[],
  path: string,
): AsyncGenerator<{ readonly extent: Extent; readonly piece: Buffer }> {
  const window: Window = { held: [], begins: 0, ends: 0 };
  const waiting = extents.values();
  let next = waiting.next();
  for await (const bytes of plain) {
    window.held.push(bytes);
    window.ends += bytes.length;
    for (; next.done !== true && next.value.offset + next.value.length <= window.ends; next = waiting.next()) {
      const extent = next.value;
      forget(window, extent.offset);
      yield { extent, piece: cutOut(window, extent) };
    }
    if (next.done === true) return;
    forget(window, next.value.offset);
  }
  throw damaged(path, "it ends before a piece of it");
}

function forget(window: Window, before: number): void {
  for (let first = window.held[0]; first !== undefined; [first] = window.held) {
    if (window.begins + first.length > before) return;
    window.begins += first.length;
    window.held.shift();
    letGo(first);
  }
}

function cutOut(window: Window, { offset, length }: Extent): Buffer {
  const piece = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  let begins = window.begins;
  for (const held of window.held) {
    const from = Math.max(0, offset - begins);
    filled += held.copy(piece, filled, from, Math.min(held.length, from + length - filled));
    begins += held.length;
  }
  return piece;
}
