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
  type Stats,
} from "node:fs";
import { join } from "node:path";
import type { PathFacts } from "../../ops/audit/facts-files.ts";

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
  return { path, kind, mode: found.mode & 0o7777, uid: found.uid };
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
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
  try {
    const found = fstatSync(file);
    if (!found.isFile() || found.size > most) return undefined;
    return readFileSync(file);
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
export function isOpen({ mode, uid, kind }: PathFacts, me: number): boolean {
  return kind !== "link" && ((mode & 0o022) !== 0 || (uid !== 0 && uid !== me));
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
