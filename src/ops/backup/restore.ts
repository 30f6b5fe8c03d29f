/**
 * Puts a backup back: into a folder of its own beside the target, which is
 * renamed when everything in it is on the disk. Whatever ends it before that
 * leaves the target as it was.
 *
 * INVARIANT(all-or-nothing): the target is untouched or whole.
 *
 * Paths in a backup are read as a stranger's: they lead below the new folder,
 * whose every folder and file is made by us, so there is no link to follow.
 * Links are made last, and only where they lead to something beside them.
 *
 * @module
 */
import { constants } from "node:fs";
import { lstat, mkdir, open, readdir, rename, rm, statfs, symlink } from "node:fs/promises";
import { basename, dirname, join, normalize } from "node:path";
import { Fault } from "../../core/fault.ts";
import { crew } from "./ahead.ts";
import { isCode, unlessAbsent } from "./depot.ts";
import type { Depot } from "./depot.ts";
import { type FileOut, type Run, unpack } from "./open-run.ts";
import { placer } from "./place.ts";

export type RestoreTarget = {
  /** What is put back, and where to, absolute: `home`, `workspace/main`. */
  readonly root: string;
  readonly folder: string;
};

export type RestoreParts = {
  readonly depot: Depot;
  readonly run: Run;
  readonly open: (header: Buffer) => Promise<Buffer>;
  readonly target: RestoreTarget;
  /** Keeps what is there beside it instead of refusing. */
  readonly replace: boolean;
  /** Tells drafts and old folders from one another. */
  readonly stamp: string;
  /** Adds to the draft before it is put in place. */
  finish?(draft: string): Promise<void>;
};

export type Restored = {
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
  /** Where the old folder is kept. */
  readonly aside: string | undefined;
  /** Links that lead elsewhere and were not made. */
  readonly left: readonly string[];
};

/** @throws Fault BACKUP_TARGET, BACKUP_FULL, BACKUP_DAMAGED, BACKUP_MISSING; then nothing was changed. */
export async function restoreBackup(parts: RestoreParts): Promise<Restored> {
  const { target, run, stamp } = parts;
  const there = await lookAt(target.folder, parts.replace);
  const inner = innerOf(run, target.root);
  await refuseTooLarge(dirname(target.folder), inner.bytes);
  const draft = `${target.folder}.restoring-${stamp}`;
  try {
    const left = await build(parts, draft, inner.files);
    const aside = there === "full" ? `${target.folder}.before-${stamp}` : undefined;
    if (there === "empty") await onTarget(() => rm(target.folder, { recursive: true }));
    if (aside !== undefined) await onTarget(() => rename(target.folder, aside));
    await onTarget(() => rename(draft, target.folder));
    await syncFolder(dirname(target.folder));
    return { folder: target.folder, files: inner.files.size, bytes: inner.bytes, aside, left };
  } catch (thrown) {
    // What is left of it is named after what it is; the first failure is what has to be heard of.
    await rm(draft, { recursive: true, force: true }).catch(() => undefined);
    throw thrown;
  }
}

async function lookAt(folder: string, replace: boolean): Promise<"absent" | "empty" | "full"> {
  const found = await unlessAbsent(() => lstat(folder));
  if (found === undefined) return "absent";
  if (!found.isDirectory()) throw refused(`\`${folder}\` is not a folder`, "name another one (--into)");
  if (found.uid !== process.getuid?.())
    throw refused(`\`${folder}\` belongs to another user`, "name a folder of your own (--into)");
  if ((await readdir(folder)).length === 0) return "empty";
  if (replace) return "full";
  throw refused(
    `\`${folder}\` is not empty`,
    "name another folder (--into), or say --replace: what is there is then kept beside it",
  );
}

function innerOf(run: Run, root: string): { readonly files: ReadonlySet<FileOut>; readonly bytes: number } {
  const files = new Set(run.out.filter(({ path }) => path.startsWith(`${root}/`)));
  if (!run.folders.includes(root))
    throw refused(`the backup has no \`${root}\``, "see what it has: `vambrace backup list`");
  return { files, bytes: [...files].reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Before anything is written: a list of contents may say any size. */
async function refuseTooLarge(parent: string, bytes: number): Promise<void> {
  const room = await onTarget(() => statfs(parent));
  if (bytes <= room.bavail * room.bsize) return;
  throw new Fault("BACKUP_FULL", {
    message: `the backup takes ${bytes} bytes, and there is not as much room on the disk`,
    hint: "make room, or restore to another disk (--into)",
  });
}

async function build(parts: RestoreParts, draft: string, files: ReadonlySet<FileOut>): Promise<readonly string[]> {
  const { run, target, depot } = parts;
  const at = (path: string): string => join(draft, path.slice(target.root.length));
  await onTarget(() => mkdir(draft, { mode: 0o700 }));
  const folders = run.folders.filter((path) => path.startsWith(`${target.root}/`));
  for (const folder of folders) await onTarget(() => mkdir(at(folder), { mode: 0o700 }));
  const placing = placer(files, ({ path }) => at(path));
  try {
    await unpack(depot, run, parts.open, async (file, position, piece) => {
      if (files.has(file)) await onTarget(() => placing.write(file, position, piece));
    });
    await onTarget(() => placing.end());
  } finally {
    await placing.drop();
  }
  const left = await makeLinks(parts, at);
  await parts.finish?.(draft);
  await syncFolders([...folders.map(at), draft]);
  return left;
}

/** @returns those that were not made. */
async function makeLinks({ run, target }: RestoreParts, at: (path: string) => string): Promise<readonly string[]> {
  const left: string[] = [];
  for (const { path, target: to } of run.links.filter((link) => link.path.startsWith(`${target.root}/`))) {
    if (staysInside(path.slice(target.root.length + 1), to)) await onTarget(() => symlink(to, at(path)));
    else left.push(path);
  }
  return left;
}

function staysInside(path: string, to: string): boolean {
  const end = normalize(join(dirname(path), to));
  return !to.startsWith("/") && !to.includes("\0") && end !== ".." && !end.startsWith("../");
}

/** A disk makes many durable in little more time than one. */
const SYNCED_TOGETHER = 32;

async function syncFolders(paths: readonly string[]): Promise<void> {
  const syncing = crew(SYNCED_TOGETHER);
  try {
    for (const path of paths) await syncing.begin(() => syncFolder(path));
    await syncing.end();
  } finally {
    await syncing.settle();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Folders beside the target that a restore left which was killed: whole or not, nobody uses them. */
export async function unfinished(folder: string): Promise<readonly string[]> {
  const names = (await unlessAbsent(() => readdir(dirname(folder)))) ?? [];
  return names
    .filter((name) => name.startsWith(`${basename(folder)}.restoring-`))
    .map((name) => join(dirname(folder), name));
}

async function onTarget<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    const full = isCode(cause, "ENOSPC") || isCode(cause, "EDQUOT");
    throw new Fault(full ? "BACKUP_FULL" : "BACKUP_TARGET", {
      message: full
        ? "the disk is full; nothing was changed"
        : `the folder cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: full
        ? "make room, or restore to another disk (--into)"
        : "look at owner and mode of the folder above, or name another one (--into)",
      cause,
    });
  }
}

function refused(message: string, hint: string): Fault {
  return new Fault("BACKUP_TARGET", { message, hint });
}
