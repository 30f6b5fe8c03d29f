/**
 * Files that only their owner may read or replace: looked at before they are
 * believed, and written whole or not at all.
 *
 * A file of somebody else, one that others may read, and a link are refused
 * with what to do; nothing is mended unasked.
 *
 * @module
 */
import * as nodeFs from "node:fs";
import { dirname } from "node:path";
import { Fault } from "../../core/fault.ts";

/** What is used of the disk; tests hand in one on which each call fails in turn. */
export type Disk = {
  openSync(path: string, flags: number | string, mode?: number): number;
  closeSync(file: number): void;
  fstatSync(file: number): nodeFs.Stats;
  readFileSync(file: number): Uint8Array;
  writeFileSync(file: number, content: Uint8Array | string): void;
  fsyncSync(file: number): void;
  renameSync(from: string, to: string): void;
  rmSync(path: string, options: { readonly force: boolean }): void;
};

const MOST_BYTES = 16 * 1024 * 1024;

/**
 * @param what how the file is called in a fault: `the vault`.
 * @returns undefined where there is none.
 * @throws Fault SECRET_UNSAFE, SECRET_UNAVAILABLE
 */
export function readPrivate(path: string, what: string, disk: Disk = nodeFs): Uint8Array | undefined {
  return readWith({ path, what, disk }, refuseShared);
}

/** The same for a file that may lie open, because what matters in it is encrypted: others may read it, not write it. */
export function readShared(path: string, what: string, disk: Disk = nodeFs): Uint8Array | undefined {
  return readWith({ path, what, disk }, refuseWritable);
}

type Look = (path: string, what: string, found: nodeFs.Stats) => void;

function readWith(
  { path, what, disk }: { readonly path: string; readonly what: string; readonly disk: Disk },
  look: Look,
): Uint8Array | undefined {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = nodeFs.constants;
  let file: number;
  try {
    file = disk.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (cause) {
    if (isCode(cause, "ENOENT")) return undefined;
    if (isCode(cause, "ELOOP")) throw unsafe(path, what, "is a link", "put the file itself in its place");
    throw unavailable(path, what, cause);
  }
  try {
    look(path, what, disk.fstatSync(file));
    return disk.readFileSync(file);
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw unavailable(path, what, cause);
  } finally {
    disk.closeSync(file);
  }
}

/** By the open file itself, so that what was looked at is what is read. */
function refuseShared(path: string, what: string, found: nodeFs.Stats): void {
  refuseForeign(path, what, found);
  if ((found.mode & 0o077) !== 0) {
    throw unsafe(path, what, "can be read by others", `take their rights away: \`chmod 600 '${path}'\``);
  }
}

function refuseWritable(path: string, what: string, found: nodeFs.Stats): void {
  refuseForeign(path, what, found);
  if ((found.mode & 0o022) !== 0) {
    throw unsafe(path, what, "can be written by others", `take that right away: \`chmod go-w '${path}'\``);
  }
}

function refuseForeign(path: string, what: string, found: nodeFs.Stats): void {
  if (!found.isFile()) throw unsafe(path, what, "is not a file", "put a plain file in its place");
  const own = process.getuid?.();
  // What root gives a service to read (systemd credentials) is root's.
  if (found.uid !== own && found.uid !== 0) {
    throw unsafe(path, what, "belongs to another user", `make it yours: \`chown $(id -u) '${path}'\``);
  }
  if (found.size > MOST_BYTES) throw unsafe(path, what, "is larger than 16 MiB", "this is not a file of secrets");
}

/**
 * Puts new content in place of the old, in one step, mode 600: whoever reads meanwhile, or after a crash, finds the old
 * or the new and nothing between.
 *
 * @throws Fault STATE_FULL, STATE_UNAVAILABLE: then the old content stands.
 */
export function replacePrivate(path: string, content: Uint8Array | string, disk: Disk = nodeFs): void {
  const draft = `${path}.draft`;
  try {
    disk.rmSync(draft, { force: true });
    writeWhole(draft, content, disk);
    disk.renameSync(draft, path);
    syncFolder(dirname(path), disk);
  } catch (cause) {
    takeAway(draft, disk);
    throw notWritten(cause);
  }
}

function writeWhole(path: string, content: Uint8Array | string, disk: Disk): void {
  const file = disk.openSync(path, "wx", 0o600);
  try {
    disk.writeFileSync(file, content);
    disk.fsyncSync(file);
  } finally {
    disk.closeSync(file);
  }
}

function syncFolder(path: string, disk: Disk): void {
  const folder = disk.openSync(path, "r");
  try {
    disk.fsyncSync(folder);
  } finally {
    disk.closeSync(folder);
  }
}

/** What cannot be taken away is left, and taken away by the next write: the first failure is what a person hears of. */
function takeAway(draft: string, disk: Disk): boolean {
  try {
    disk.rmSync(draft, { force: true });
    return true;
  } catch {
    return false;
  }
}

function notWritten(cause: unknown): Fault {
  const isFull = isCode(cause, "ENOSPC") || isCode(cause, "EDQUOT");
  return new Fault(isFull ? "STATE_FULL" : "STATE_UNAVAILABLE", {
    message: isFull
      ? "the disk that holds the secrets is full; nothing was changed"
      : `the secrets could not be written: ${cause instanceof Error ? cause.message : "unknown"}`,
    hint: isFull ? "make room on that disk and try again" : "look at the folder's owner and mode: `vambrace doctor`",
    cause,
  });
}

function unsafe(path: string, what: string, why: string, hint: string): Fault {
  return new Fault("SECRET_UNSAFE", { message: `${what} (\`${path}\`) ${why}`, hint });
}

function unavailable(path: string, what: string, cause: unknown): Fault {
  return new Fault("SECRET_UNAVAILABLE", {
    message: `${what} (\`${path}\`) cannot be read`,
    hint: "the user that runs vambrace has to own it, with mode 600",
    cause,
  });
}

function isCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === code;
}
