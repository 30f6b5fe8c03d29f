/**
 * The scratch folder of a session: what its commands find at `/tmp` where
 * sandboxes are configured `scope: session`. It is all that lasts from one call
 * to the next; each call has processes, mounts and limits of its own, and they
 * end with it.
 *
 * INVARIANT(scratch-stays): a session's folder is mounted into the jobs of that
 * session and into no others, into one at a time, and never where there is a
 * way out.
 *
 * Nothing is ever mounted below it: what lies there is a program's choice, and
 * the making of a mount point would follow its links.
 *
 * @module
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { openExactly } from "./protected.ts";
import { Refused } from "./refusal.ts";

/** Where it stands inside. */
export const SCRATCH_INSIDE = "/tmp";

export type Scratch = { readonly path: string; readonly key: string };

export type HeldScratch = {
  readonly scratch: Scratch;
  /** Whether it holds more than it may. */
  isFull(): Promise<boolean>;
  /** Lets the next job have it. Answers true where it was too full and was thrown away. */
  release(): Promise<boolean>;
};

type Owner = { readonly session: string; readonly idleMs: number };

export type Scratches = {
  /** Waits until no other job of this session has it. */
  take(owner: Owner): Promise<HeldScratch>;
  /** Removes all that no job has, and resolves when they are gone. */
  clear(): Promise<void>;
};

/** As much as a sandbox's own `/tmp` holds. */
const MOST_BYTES = 256 * 1024 * 1024;
const MOST_NAMES = 20_000;
/** Of all sessions; the one that was not used for longest goes. */
const MOST = 32;
const BLOCK = 512;
const PREFIX = "scratch-";

type Entry = {
  scratch: Scratch | null;
  /** Resolves when the last job that asked for it has let go. */
  last: Promise<void>;
  users: number;
  idle: NodeJS.Timeout | undefined;
};

type Shelf = {
  readonly folder: string;
  readonly entries: Map<string, Entry>;
  readonly removals: Set<Promise<void>>;
};

/** Those that an earlier broker left are removed. @param folder the broker's own. */
export function openScratches(folder: string): Scratches {
  const shelf: Shelf = { folder, entries: new Map(), removals: new Set() };
  for (const name of fs.readdirSync(folder)) if (name.startsWith(PREFIX)) void remove(shelf, join(folder, name));
  return {
    take: (owner) => take(shelf, owner),
    async clear() {
      for (const [session, entry] of shelf.entries) if (entry.users === 0) void drop(shelf, session, entry);
      await Promise.all(shelf.removals);
    },
  };
}

async function take(shelf: Shelf, owner: Owner): Promise<HeldScratch> {
  const { entry, before, letGo } = queue(shelf, owner);
  await before;
  try {
    entry.scratch ??= make(shelf.folder);
  } catch (error) {
    letGo();
    throw error;
  }
  const { path } = entry.scratch;
  return {
    scratch: entry.scratch,
    isFull: () => isTooMuch(path),
    async release() {
      try {
        const isFull = await isTooMuch(path);
        if (isFull) await discard(shelf, entry);
        return isFull;
      } finally {
        letGo();
      }
    },
  };
}

/** A place behind all who asked for it before. */
function queue(shelf: Shelf, { session, idleMs }: Owner) {
  const { entries } = shelf;
  const entry = entries.get(session) ?? { scratch: null, last: Promise.resolve(), users: 0, idle: undefined };
  // To the end of the row: the first of it was not used for longest.
  entries.delete(session);
  entries.set(session, entry);
  clearTimeout(entry.idle);
  entry.users++;
  makeRoom(shelf);
  const before = entry.last;
  const { promise, resolve } = Promise.withResolvers<void>();
  entry.last = promise;
  const letGo = (): void => {
    entry.users--;
    if (entry.users === 0) entry.idle = setTimeout(() => void drop(shelf, session, entry), idleMs).unref();
    resolve();
  };
  return { entry, before, letGo };
}

function makeRoom(shelf: Shelf): void {
  const unused = [...shelf.entries].find(([, { users }]) => users === 0);
  if (shelf.entries.size > MOST && unused !== undefined) void drop(shelf, ...unused);
}

function drop(shelf: Shelf, session: string, entry: Entry): Promise<void> {
  clearTimeout(entry.idle);
  shelf.entries.delete(session);
  return discard(shelf, entry);
}

async function discard(shelf: Shelf, entry: Entry): Promise<void> {
  const { scratch } = entry;
  entry.scratch = null;
  if (scratch !== null) await remove(shelf, scratch.path);
}

function remove({ removals }: Shelf, path: string): Promise<void> {
  const done = removeTree(path);
  removals.add(done);
  void done.finally(() => removals.delete(done));
  return done;
}

/** Open to whoever runs inside; what is above of it is the broker's alone. */
function make(folder: string): Scratch {
  const path = fs.mkdtempSync(join(folder, PREFIX));
  fs.chmodSync(path, 0o1777);
  const { dev, ino } = fs.lstatSync(path);
  return { path, key: `${dev}:${ino}` };
}

/** @returns a descriptor of the very same folder. @throws Refused SANDBOX_MOUNT where it is gone */
export function openScratch({ path, key }: Scratch): number {
  const fd = openExactly(path);
  const { dev, ino } = fs.fstatSync(fd);
  if (`${dev}:${ino}` === key) return fd;
  fs.closeSync(fd);
  throw new Refused("SANDBOX_MOUNT", "the session's scratch folder was removed meanwhile", "run the command again");
}

/** What cannot be counted, or would take long to count, is too much. */
async function isTooMuch(root: string): Promise<boolean> {
  const waiting = [root];
  let [bytes, names] = [0, 0];
  try {
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      for await (const entry of await fs.promises.opendir(folder)) {
        const path = join(folder, entry.name);
        bytes += await sizeOf(path);
        if (++names > MOST_NAMES || bytes > MOST_BYTES) return true;
        if (entry.isDirectory()) waiting.push(path);
      }
    }
    return false;
  } catch (error) {
    // A running program removes things meanwhile.
    return !isGone(error);
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await fs.promises.lstat(path)).blocks * BLOCK;
  } catch (error) {
    if (isGone(error)) return 0;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** By a program, because what lies there may be nested deeper than a path may be long. No job runs in it by then. */
function removeTree(path: string): Promise<void> {
  const script = 'chmod -R u+rwx -- "$1" 2>/dev/null; exec rm -rf -- "$1"';
  const { promise, resolve } = Promise.withResolvers<void>();
  const child = spawn("/bin/sh", ["-c", script, "sh", path], {
    env: { PATH: "/usr/bin:/bin" },
    cwd: "/",
    stdio: "ignore",
  });
  // What is left then is found by the next broker.
  child.once("error", () => resolve());
  child.once("exit", () => resolve());
  return promise;
}
