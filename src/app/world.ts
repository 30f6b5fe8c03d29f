/**
 * The file port of the judge's fact finders: this machine's files, read only.
 *
 * Content is read through a handle that was opened with O_NOFOLLOW, found to be
 * a regular file, and whose own path is the one that was asked for: no link is
 * followed, in the last place or before it, whoever swaps folders meanwhile, and
 * no device or pipe is opened.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { constants, lstatSync, opendirSync, readlinkSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { type Digest, parseDigest } from "../core/json.ts";
import type { FilePort, FileStatus } from "../steps/judge/facts/types.ts";

/** Beyond this a digest costs more than it tells: about a second of one core. */
const LARGEST_DIGESTED = 512 * 1024 * 1024;
const CHUNK = 1024 * 1024;
const REMEMBERED = 4096;
/** What a path that cannot be looked at answers with. Anything else is a broken machine and is thrown. */
const NOT_THERE: ReadonlySet<string> = new Set([
  "ENOENT",
  "ENOTDIR",
  "EACCES",
  "EPERM",
  "ELOOP",
  "ENAMETOOLONG",
  "EINVAL",
  "ENXIO",
  "EISDIR",
  "ESTALE",
]);

/** Digests are remembered by device, inode, size and both times in nanoseconds. */
export function filePort(): FilePort {
  const digests = new Map<string, Digest>();
  return {
    lstat: async (path) => absent(() => statusOf(path)),
    readlink: async (path) => absent(() => readlinkSync(path)),
    readdir: async (path, most) => absent(() => namesIn(path, most)),
    readAt: (path, offset, length) => withFile(path, (file) => pieceOf(file, offset, length)),
    digest: (path) => withFile(path, (file) => digestOfFile(file, digests)),
  };
}

function absent<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (isNotThere(error)) return null;
    throw error;
  }
}

function isNotThere(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (!("code" in error)) return false;
  // A path with a NUL byte names nothing.
  return error.code === "ERR_INVALID_ARG_VALUE" || (typeof error.code === "string" && NOT_THERE.has(error.code));
}

function statusOf(path: string): FileStatus {
  const found = lstatSync(path);
  const kind = found.isFile() ? "file" : found.isDirectory() ? "folder" : found.isSymbolicLink() ? "link" : "other";
  return { kind, size: found.size, links: found.nlink, executable: (found.mode & 0o111) !== 0 };
}

function namesIn(path: string, most: number): readonly string[] | null {
  using folder = opendirSync(path);
  const names: string[] = [];
  for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
    if (names.length >= most) return null;
    names.push(entry.name);
  }
  return names;
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T | null>): Promise<T | null> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile() || readlinkSync(`/proc/self/fd/${file.fd}`) !== path) return null;
    return await use(file);
  } catch (error) {
    if (isNotThere(error)) return null;
    throw error;
  }
}

async function pieceOf(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(length);
  const { bytesRead } = await file.read(buffer, 0, length, offset);
  return buffer.subarray(0, bytesRead);
}

async function digestOfFile(file: FileHandle, known: Map<string, Digest>): Promise<Digest | null> {
  const found = await file.stat({ bigint: true });
  if (found.size > LARGEST_DIGESTED) return null;
  const key = `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const hash = createHash("sha256");
  for (let offset = 0; ; ) {
    const piece = await pieceOf(file, offset, CHUNK);
    if (piece.length === 0) break;
    hash.update(piece);
    offset += piece.length;
  }
  const digest = parseDigest(hash.digest("hex"));
  if (known.size >= REMEMBERED) known.clear();
  known.set(key, digest);
  return digest;
}
