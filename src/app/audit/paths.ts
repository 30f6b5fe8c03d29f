/** Looking at files without following, opening or waiting. @module */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  type Stats,
} from "node:fs";
import { join } from "node:path";
import { openBits, type PathFacts } from "../../ops/audit/facts-files.ts";

export function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // Not to be seen by this user, or what is above it is no folder.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

export function factsOf(path: string, found: Stats): PathFacts {
  const kind = found.isSymbolicLink() ? "link" : found.isDirectory() ? "folder" : found.isFile() ? "file" : "other";
  const facts = { path, kind, mode: found.mode & 0o7777, uid: found.uid } as const;
  return found.uid === process.getuid?.() && found.gid === ownGroup() ? { ...facts, ownGroup: true } : facts;
}

let group: number | null | undefined;

/**
 * The group of this user that nobody else is in; null: there is none, it cannot be told, or files are not made for
 * groups here. Then a group's bits are somebody's doing, and may be the mask of an access list.
 */
function ownGroup(): number | null {
  if (group !== undefined) return group;
  const umask = Number.parseInt(/^Umask:\s+(\d+)/m.exec(textOf("/proc/self/status") ?? "")?.[1] ?? "", 8);
  const isForGroups = (umask & 0o020) === 0;
  group = isForGroups
    ? groupAlone(textOf("/etc/passwd") ?? "", textOf("/etc/group") ?? "", process.getuid?.() ?? -1)
    : null;
  return group;
}

/** @param passwd and `groups`: texts of `/etc/passwd` and `/etc/group`. */
export function groupAlone(passwd: string, groups: string, uid: number): number | null {
  const users = passwd.split("\n").map((line) => line.split(":"));
  const [name, , , gid] = users.find(([, , id]) => id === String(uid)) ?? [];
  const [, , , members] =
    groups
      .split("\n")
      .map((line) => line.split(":"))
      .find(([, , id]) => id === gid) ?? [];
  if (gid === undefined || members === undefined) return null;
  const others = [...users.filter((user) => user[3] === gid).map(([other]) => other), ...members.split(",")];
  return others.every((other) => other === name || other === "") ? Number(gid) : null;
}

export function lookAt(path: string): PathFacts | null {
  const found = statOf(path);
  return found === undefined ? null : factsOf(path, found);
}

export function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    if (error instanceof Error) return [];
    throw error;
  }
}

/** A plain file's text up to a size; undefined where there is none, it is larger, or it may not be read. */
export function textOf(path: string, most = 1_048_576): string | undefined {
  return bytesOf(path, most)?.toString("utf8");
}

/** Never waits on a pipe, never reads a device. */
export function bytesOf(path: string, most: number): Buffer | undefined {
  return opened(path, (file, size) => (size > most ? undefined : readFileSync(file)));
}

/** The first bytes of a plain file, however large it is. */
export function headOf(path: string, most: number): Buffer | undefined {
  return opened(path, (file, size) => partOf(file, 0, Math.min(size, most)));
}

/** The last ones: what was written newest into a log or a history. */
export function tailOf(path: string, most: number): Buffer | undefined {
  return opened(path, (file, size) => partOf(file, Math.max(0, size - most), Math.min(size, most)));
}

function partOf(file: number, from: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(file, bytes, 0, length, from));
}

function opened<T>(path: string, read: (file: number, size: number) => T): T | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
  try {
    const found = fstatSync(file);
    return found.isFile() ? read(file, found.size) : undefined;
  } catch (error) {
    // A process that is gone meanwhile has files in /proc that cannot be read.
    if (error instanceof Error) return undefined;
    throw error;
  } finally {
    closeSync(file);
  }
}

export function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** Whether others than its owner and root may change it. */
export function isOpen(facts: PathFacts, me: number): boolean {
  return facts.kind !== "link" && (openBits(facts, 0o022) !== 0 || (facts.uid !== 0 && facts.uid !== me));
}

/** Of many files, not one after the other: everything below a folder, folders first, up to a number of entries. */
export function walk(root: string, most: number, skip: (name: string, depth: number) => boolean = () => false) {
  const found: PathFacts[] = [];
  const waiting: { readonly path: string; readonly depth: number }[] = [{ path: root, depth: 0 }];
  let truncated = false;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { path, depth } = next;
    for (const name of namesIn(path)) {
      if (found.length >= most) {
        truncated = true;
        break;
      }
      const facts = lookAt(join(path, name));
      if (facts === null) continue;
      found.push(facts);
      if (facts.kind === "folder" && !skip(name, depth)) waiting.push({ path: facts.path, depth: depth + 1 });
    }
  }
  return { found, truncated };
}
