/**
 * Opens one backup: its manifest as a plan of which piece of which pack goes
 * where, and the pieces themselves, pack by pack from begin to end, each held
 * against the name that it has in the manifest before anybody gets it.
 *
 * Memory is that of the plan (some hundred bytes for each MiB) and one piece.
 *
 * @module
 */
import { createHash, createHmac, createSecretKey } from "node:crypto";
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

/**
 * Gives every piece to everywhere it belongs. A piece is good until the promise of `give` is kept.
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
  for (const [{ name }, extents] of run.extents) {
    const path = packPath(name);
    const reader = readerOf(unseal(depot.stream(path), open, path));
    for (const { id, offset, length, to } of extents) {
      const piece = await reader(offset, length);
      if (piece === undefined) throw damaged(path, "it ends before a piece of it");
      const found = createHmac("sha256", nameKey).update(piece).digest("hex");
      if (found !== id) throw damaged(path, "a piece of it is not the one that was saved");
      for (const { file, at } of to) {
        const out = run.out[file];
        if (out !== undefined) await give(out, at, piece);
      }
    }
  }
}

type Window = { held: Buffer[]; begins: number; ends: number; scratch: Buffer };

/** Reads forward only: extents come in the order in which they lie. */
function readerOf(plain: AsyncGenerator<Buffer>): (offset: number, length: number) => Promise<Buffer | undefined> {
  const window: Window = { held: [], begins: 0, ends: 0, scratch: Buffer.alloc(0) };
  return async (offset, length) => {
    letGo(window, offset);
    for (;;) {
      if (window.ends >= offset + length) return window.begins > offset ? undefined : cutOut(window, offset, length);
      const next = await plain.next();
      if (next.done === true) return undefined;
      window.held.push(next.value);
      window.ends += next.value.length;
      letGo(window, offset);
    }
  };
}

function letGo(window: Window, before: number): void {
  const first = window.held.findIndex((piece) => {
    const isNeeded = window.begins + piece.length > before;
    if (!isNeeded) window.begins += piece.length;
    return isNeeded;
  });
  window.held = first < 0 ? [] : window.held.slice(first);
}

/** Good until the next is cut out. */
function cutOut(window: Window, offset: number, length: number): Buffer {
  const [first] = window.held;
  const at = offset - window.begins;
  if (first !== undefined && at + length <= first.length) return first.subarray(at, at + length);
  if (window.scratch.length < length) window.scratch = Buffer.allocUnsafe(length);
  let filled = 0;
  let skipped = 0;
  for (const piece of window.held) {
    const from = Math.max(0, at - skipped);
    filled += piece.copy(window.scratch, filled, from, Math.min(piece.length, from + length - filled));
    skipped += piece.length;
  }
  return window.scratch.subarray(0, length);
}
