/**
 * Finds, in the folders that a job may write, what the person's own tools
 * would run without asking: git hooks and configuration, editor and shell
 * start-up files, direnv. In nested repositories too.
 *
 * What exists is mounted read-only. A `.git` folder becomes a mount of its own,
 * so that it cannot be renamed out from under its read-only parts.
 *
 * The walk is breadth first and bounded; a folder too large to examine is
 * refused. It does not enter `node_modules`: people do not open editors or
 * shells there. BUG(node-modules): whoever does is not protected there.
 *
 * @module
 */
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { setImmediate as yieldToOthers } from "node:timers/promises";
import { isGitFolderName, isProtectedInGit, isProtectedName } from "./inside/protected-names.mjs";
import { O_PATH } from "./launch.ts";
import { Refused } from "./refusal.ts";

export type Found = {
  readonly path: string;
  /** Device and inode: whether it is the same thing later. */
  readonly key: string;
  readonly kind: "file" | "folder" | "link";
};

export type Protected = {
  readonly found: readonly Found[];
  /** `.git` folders, shallow first. */
  readonly gitFolders: readonly Found[];
  readonly folders: number;
};

const MOST_FOLDERS = 20_000;
const MOST_FOUND = 600;
const YIELD_EVERY = 100;

/** @throws Refused SANDBOX_MOUNT where there is more than can be examined. */
export async function findProtected(root: string): Promise<Protected> {
  const search = startSearch(root);
  for (let at = 0; at < search.queue.length; at++) {
    if (at >= MOST_FOLDERS) throw tooLarge(root, `more than ${MOST_FOLDERS} folders`);
    if (search.found.length > MOST_FOUND) throw tooLarge(root, `more than ${MOST_FOUND} protected files`);
    visit(search, search.queue[at] ?? root);
    if (at % YIELD_EVERY === YIELD_EVERY - 1) await yieldToOthers();
  }
  return { found: search.found, gitFolders: search.gitFolders, folders: search.queue.length };
}

type Search = {
  readonly root: string;
  readonly queue: string[];
  readonly found: Found[];
  readonly gitFolders: Found[];
  readonly seen: Set<string>;
};

function startSearch(root: string): Search {
  const search: Search = { root, queue: [], found: [], gitFolders: [], seen: new Set() };
  if (statOf(root)?.isDirectory() === true) search.queue.push(root);
  return search;
}

/** What git takes for a repository, where somebody stands in it. */
const BARE = ["HEAD", "objects", "refs"];
/** Folders of a repository that hold no settings; a branch may be named `config`. */
const GIT_DATA = new Set(["info", "lfs", "logs", "objects", "refs"]);

function inGit(root: string, folder: string): boolean {
  return folder.slice(root.length).split("/").some(isGitFolderName);
}

function visit(search: Search, folder: string): void {
  const entries = entriesOf(folder);
  const names = new Set(entries.map((entry) => entry.name));
  const git = inGit(search.root, folder) || BARE.every((name) => names.has(name));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (git) visitGitEntry(search, path, entry);
    else if (isProtectedName(entry.name)) protect(search, path);
    else if (isGitFolderName(entry.name)) visitGit(search, path, entry);
    else if (entry.isDirectory() && entry.name !== "node_modules") search.queue.push(path);
  }
}

function visitGit(search: Search, path: string, entry: fs.Dirent): void {
  if (!entry.isDirectory()) {
    protect(search, path);
    return;
  }
  const found = describe(path);
  if (found === null) return;
  search.gitFolders.push(found);
  search.queue.push(path);
}

function visitGitEntry(search: Search, path: string, entry: fs.Dirent): void {
  if (isProtectedInGit(entry.name)) protect(search, path);
  else if (entry.isDirectory() && !GIT_DATA.has(entry.name)) search.queue.push(path);
}

function protect(search: Search, path: string): void {
  const found = describe(path);
  if (found === null || search.seen.has(path)) return;
  search.seen.add(path);
  search.found.push(found);
  if (found.kind === "link") protectTarget(search, path);
}

/** A protected name that is a link: what it names is protected where the job could write it. */
function protectTarget(search: Search, path: string): void {
  try {
    const target = fs.realpathSync(path);
    if (target.startsWith(`${search.root}/`)) protect(search, target);
  } catch {
    return; // it leads nowhere: nothing to protect behind it
  }
}

function describe(path: string): Found | null {
  const stat = statOf(path);
  if (stat === null) return null;
  const kind = stat.isSymbolicLink() ? "link" : stat.isDirectory() ? "folder" : "file";
  return { path, key: `${stat.dev}:${stat.ino}`, kind };
}

function statOf(path: string): fs.Stats | null {
  return fs.lstatSync(path, { throwIfNoEntry: false }) ?? null;
}

function entriesOf(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    // Vanished since, or closed to this user: then the job, which is the same user, cannot enter it either.
    return [];
  }
}

function tooLarge(root: string, what: string): Refused {
  return new Refused(
    "SANDBOX_MOUNT",
    `\`${root}\` holds ${what}, too many to keep the protected ones read-only`,
    "mount a folder deeper inside, or mount it read-only",
  );
}

/** A descriptor of exactly this path: no component is a link, now or since it was looked at. */
export function openExactly(path: string): number {
  const fd = fs.openSync(path, O_PATH | fs.constants.O_NOFOLLOW);
  if (fs.readlinkSync(`/proc/self/fd/${fd}`) === path) return fd;
  fs.closeSync(fd);
  throw new Refused("SANDBOX_MOUNT", `\`${path}\` passes through a link`, "mount the folder that it leads to");
}

/** A path through a descriptor of its folder, so that nobody can swap the folder for a link meanwhile. */
export function throughFolder<T>(path: string, use: (safe: string) => T): T {
  const folder = dirname(path);
  const fd = openExactly(folder);
  try {
    return use(`/proc/self/fd/${fd}/${path.slice(folder === "/" ? 1 : folder.length + 1)}`);
  } finally {
    fs.closeSync(fd);
  }
}
