/**
 * Reads a file that may be written meanwhile: it counts only where it was the
 * same before and after.
 *
 * @module
 */
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { inOrder } from "./ahead.ts";
import { isCode } from "./depot.ts";
import { PIECE_BYTES } from "./manifest.ts";

export type Read<T> =
  /** Gone since it was listed, or not a file any more. */
  | { readonly found: "gone" }
  /** As it was when it was saved last. */
  | { readonly found: "same"; readonly sign: string; readonly executable: boolean }
  | {
      readonly found: "read" | "unsettled";
      readonly what: T;
      /** What tells it from every later state; undefined where it was written a moment ago. */
      readonly sign: string | undefined;
      readonly executable: boolean;
    };

type How = {
  /** Its sign when it was saved last. */
  readonly known: string | undefined;
  readonly nowMs: number;
  readonly steady: boolean;
};

const ATTEMPTS = 5;
/** Times of files move in steps: what was written in the same step would look the same. */
const FRESH_MS = 2_000;

/** @param read reads what counts, up to the size that the file had; more than once where it changes meanwhile. */
export async function readSettled<T>(
  path: string,
  how: How,
  read: (file: FileHandle, size: number) => Promise<T>,
): Promise<Read<T>> {
  const same = how.known === undefined ? undefined : await unchanged(path, how.known);
  if (same !== undefined) return same;
  const file = await openFile(path);
  if (file === undefined) return { found: "gone" };
  try {
    for (let attempt = 1; ; attempt++) {
      const before = await file.stat({ bigint: true });
      if (!before.isFile()) return { found: "gone" };
      const sign = signOf(before);
      const what = await read(file, Number(before.size));
      const settled = signOf(await file.stat({ bigint: true })) === sign;
      if (!settled && attempt < ATTEMPTS) continue;
      const isFresh = !how.steady && how.nowMs - Number(before.ctimeNs / 1_000_000n) < FRESH_MS;
      return {
        found: settled ? "read" : "unsettled",
        what,
        sign: settled && !isFresh ? sign : undefined,
        executable: isExecutable(before),
      };
    }
  } finally {
    await file.close();
  }
}

/** Without opening it: of a backup with nothing new this is nearly all. */
async function unchanged(path: string, known: string): Promise<Read<never> | undefined> {
  try {
    const now = await lstat(path, { bigint: true });
    return now.isFile() && signOf(now) === known
      ? { found: "same", sign: known, executable: isExecutable(now) }
      : undefined;
  } catch (error) {
    if (isAbsent(error)) return { found: "gone" };
    throw error;
  }
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isAbsent(error) || isCode(error, "ELOOP") || isCode(error, "ENXIO")) return undefined;
    throw error;
  }
}

const isAbsent = (error: unknown): boolean => isCode(error, "ENOENT") || isCode(error, "ENOTDIR");

/** A whole file of one piece, in memory that is the caller's. Undefined where it is larger. */
export async function readSmall(file: FileHandle, size: number): Promise<Buffer | undefined> {
  return size > PIECE_BYTES ? undefined : readAt(file, Buffer.allocUnsafeSlow(size), 0);
}

/**
 * The pieces of a file, each good until the next is asked for: while one is dealt with, the next ones are read.
 *
 * @param buffers as many as are held at once, each as long as a piece.
 */
export async function* readPieces(file: FileHandle, size: number, buffers: readonly Buffer[]): AsyncGenerator<Buffer> {
  const read = async ({ into, at }: Slot): Promise<{ readonly piece: Buffer; readonly isCut: boolean }> => {
    const piece = await readAt(file, into, at);
    return { piece, isCut: piece.length < into.length };
  };
  for await (const { piece, isCut } of inOrder(slotsOf(size, buffers), buffers.length, read)) {
    if (piece.length > 0) yield piece;
    // It became shorter while it was read: what lies behind belongs to another state of it.
    if (isCut) return;
  }
}

type Slot = { readonly into: Buffer; readonly at: number };

function* slotsOf(size: number, buffers: readonly Buffer[]): Generator<Slot> {
  for (let at = 0; at < size; ) {
    for (const buffer of buffers) {
      if (at >= size) return;
      yield { into: buffer.subarray(0, Math.min(PIECE_BYTES, size - at)), at };
      at += PIECE_BYTES;
    }
  }
}

/** Fewer bytes than there is room for only at the end of the file. */
async function readAt(file: FileHandle, into: Buffer, at: number): Promise<Buffer> {
  let filled = 0;
  while (filled < into.length) {
    const { bytesRead } = await file.read(into, filled, into.length - filled, at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return into.subarray(0, filled);
}

function isExecutable({ mode }: BigIntStats): boolean {
  return (mode & 0o100n) !== 0n;
}

function signOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(":");
}
