/**
 * What is saved: the entries of a state folder, and of workspaces where that
 * was asked for, in the order in which a running gateway allows it.
 *
 * Databases first, then what is spent, then files, and the ledger last: it is
 * recorded before it is done, so the ledger has to know at least as much as
 * everything else in the backup. Whoever reads several files at once waits
 * where it is said to.
 *
 * @module
 */
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { LedgerCopy } from "../../ledger/copy.ts";
import { unlessAbsent } from "./depot.ts";
import { isPlainPath } from "./manifest.ts";

export type SourceEntry =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | { readonly kind: "bytes"; readonly path: string; readonly bytes: Buffer }
  /** `steady`: it is never written again under this name. */
  | { readonly kind: "file"; readonly path: string; readonly file: string; readonly steady: boolean }
  /** Nothing behind it may be asked for before everything in front of it was read. */
  | { readonly kind: "wait" }
  /** What cannot be saved, and why. */
  | { readonly kind: "left"; readonly path: string; readonly says: string };

type Walked = Exclude<SourceEntry, { kind: "wait" }>;

export type SourceParts = {
  /** The state folder. */
  readonly home: string;
  /** Absolute, by the name that they have in the backup. */
  readonly workspaces: ReadonlyMap<string, string>;
  /** A consistent copy of a database that others are writing, beside it: where it lies. */
  copyDatabase(file: string): Promise<string>;
  copyLedger(): Promise<LedgerCopy | undefined>;
};

export const HOME = "home";
export const WORKSPACE = "workspace";

/** Folders of the state folder with what only a running gateway needs; the ledger and the databases have their own way. */
const LEFT_OUT = new Set(["ledger", "run", "logs", "running.json", "login.txt"]);
/** Of the broker only what has to be remembered: sockets, pipes and copies of system files are made at each start. */
const OF_BROKER = new Set(["spent", "quarantine"]);
/** Locks are the kernel's: opening one here would drop it. `-wal` and the like belong to a database. */
const TRANSIENT = /(?:\.lock|\.draft|\.new|-wal|-shm|-journal|\.tmp)$/;
/** What a backup keeps for itself and makes again. */
const OF_BACKUP = new Set(["backup/catalogue.json"]);
const DATABASE = /\.(?:db|sqlite)$/;

export async function* sourceOf(parts: SourceParts): AsyncGenerator<SourceEntry> {
  const state: Walked[] = [{ kind: "folder", path: HOME }];
  for await (const entry of walk(parts.home, HOME, isSaved)) state.push(entry);
  for (const entry of state) if (entry.kind === "folder") yield entry;
  for (const entry of state) {
    if (entry.kind === "file" && DATABASE.test(entry.path))
      yield { ...entry, file: await parts.copyDatabase(entry.file) };
  }
  yield { kind: "wait" };
  for (const entry of state) if (entry.kind !== "folder" && !DATABASE.test(entry.path)) yield entry;
  yield { kind: "wait" };
  if (parts.workspaces.size > 0) yield { kind: "folder", path: WORKSPACE };
  for (const [name, folder] of parts.workspaces) {
    const root = `${WORKSPACE}/${name}`;
    yield { kind: "folder", path: root };
    yield* walk(folder, root, () => true);
  }
  yield { kind: "wait" };
  yield* ledgerOf(parts);
}

function isSaved(inner: string): boolean {
  const [top = "", second] = inner.split("/");
  if (LEFT_OUT.has(top) || OF_BACKUP.has(inner) || TRANSIENT.test(inner)) return false;
  return top !== "broker" || second === undefined || OF_BROKER.has(second);
}

async function* walk(
  folder: string,
  path: string,
  wanted: (inner: string) => boolean,
  inner = "",
): AsyncGenerator<Walked> {
  // The folder as bytes too: where a file system does not say what something is, the path to it is put together.
  const entries = await unlessAbsent(() => readdir(Buffer.from(folder), { encoding: "buffer", withFileTypes: true }));
  for (const entry of (entries ?? []).toSorted((a, b) => Buffer.compare(a.name, b.name))) {
    const name = entry.name.toString("utf8");
    const below = inner === "" ? name : `${inner}/${name}`;
    if (!wanted(below)) continue;
    // A name that is not UTF-8 would be another one when it is written again.
    if (!Buffer.from(name, "utf8").equals(entry.name) || !isPlainPath(name)) {
      yield { kind: "left", path: `${path}/${name}`, says: "its name cannot be kept" };
      continue;
    }
    const file = join(folder, name);
    // What it is by then, whoever reads it sees; a folder is looked at again just before it is walked.
    if (entry.isFile()) yield { kind: "file", path: `${path}/${name}`, file, steady: false };
    else yield* one(file, `${path}/${name}`, wanted, below);
  }
}

async function* one(
  file: string,
  path: string,
  wanted: (inner: string) => boolean,
  inner: string,
): AsyncGenerator<Walked> {
  const found = await unlessAbsent(() => lstat(file));
  if (found === undefined) return;
  if (found.isDirectory()) {
    yield { kind: "folder", path };
    yield* walk(file, path, wanted, inner);
  } else if (found.isFile()) {
    yield { kind: "file", path, file, steady: false };
  } else if (found.isSymbolicLink() && path.startsWith(`${WORKSPACE}/`)) {
    yield { kind: "link", path, target: await readlink(file) };
  } else {
    yield { kind: "left", path, says: found.isSymbolicLink() ? "a link in the state folder" : "not a file" };
  }
}

async function* ledgerOf(parts: SourceParts): AsyncGenerator<SourceEntry> {
  const copy = await parts.copyLedger();
  if (copy === undefined) return;
  const folders = new Set<string>();
  for await (const { path, bytes } of copy.parts) {
    const whole = `${HOME}/ledger/${path}`;
    for (const folder of foldersAbove(whole)) {
      if (folders.has(folder)) continue;
      folders.add(folder);
      yield { kind: "folder", path: folder };
    }
    if (bytes === undefined) yield { kind: "file", path: whole, file: join(parts.home, "ledger", path), steady: true };
    else yield { kind: "bytes", path: whole, bytes };
  }
}

function foldersAbove(path: string): readonly string[] {
  const names = path.split("/").slice(0, -1);
  return names.slice(1).map((_, i) => names.slice(0, i + 2).join("/"));
}
