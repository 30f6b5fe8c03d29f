/**
 * What a job changed in the folders that it could write, as the kernel tells:
 * nobody inside a sandbox can set the time of a thing's last change.
 *
 * A removed name is seen as a change of its folder. Whatever else wrote there
 * meanwhile is seen as well: it is a record, and no proof of who did it.
 *
 * @module
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { setImmediate as yieldToOthers } from "node:timers/promises";
import type { ChangedFiles } from "../../core/ports/executor.ts";

const MOST_NAMES = 5_000;
/** What a record keeps of a list. */
const MOST_TOLD = 64;
/** Characters of all paths that are told. */
const MOST_WORDS = 16_000;
const YIELD_EVERY = 50;
/** The kernel's clock for this moves in steps. */
const STEP_MS = 20;

/** @param sinceMs wall clock when the job began. */
export async function changedSince(roots: readonly string[], sinceMs: number): Promise<ChangedFiles> {
  const search: Search = { entries: [], whole: true, names: 0, queue: [], fromMs: sinceMs - STEP_MS };
  for (const root of roots) look(search, root);
  for (let at = 0; at < search.queue.length && search.names < MOST_NAMES; at++) {
    visit(search, search.queue[at] ?? "");
    if (at % YIELD_EVERY === YIELD_EVERY - 1) await yieldToOthers();
  }
  const entries = told(search.entries);
  const isAll = search.names < MOST_NAMES && entries.length === search.entries.length;
  return { entries, whole: search.whole && isAll };
}

function told(entries: ChangedFiles["entries"]): ChangedFiles["entries"] {
  let left = MOST_WORDS;
  return entries.slice(0, MOST_TOLD).filter(({ path }) => (left -= path.length) >= 0);
}

type Search = {
  readonly entries: ChangedFiles["entries"][number][];
  whole: boolean;
  names: number;
  /** Folders, shallow first. */
  readonly queue: string[];
  readonly fromMs: number;
};

function visit(search: Search, folder: string): void {
  try {
    for (const name of fs.readdirSync(folder)) {
      search.names++;
      look(search, join(folder, name));
    }
  } catch (error) {
    // Gone since; any other folder that cannot be read may hide something.
    if (!isGone(error)) search.whole = false;
  }
}

function look(search: Search, path: string): void {
  const stat = statOf(search, path);
  if (stat === null) return;
  const isFolder = stat.isDirectory();
  if (stat.ctimeMs >= search.fromMs) search.entries.push({ path, kind: kindOf(stat), bytes: isFolder ? 0 : stat.size });
  // As large as all the rest, and nobody edits there.
  if (isFolder && path.endsWith("/node_modules")) search.whole = false;
  else if (isFolder) search.queue.push(path);
}

function statOf(search: Search, path: string): fs.Stats | null {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    search.whole = false; // a name that is too long, or a folder that closed meanwhile
    return null;
  }
}

function kindOf(stat: fs.Stats): ChangedFiles["entries"][number]["kind"] {
  if (stat.isFile()) return "file";
  if (stat.isDirectory()) return "folder";
  return stat.isSymbolicLink() ? "link" : "special";
}

function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
