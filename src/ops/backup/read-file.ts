/**
 * Reads a file that may be written meanwhile: it counts only where it was the
 * same before and after.
 *
 * @module
 */
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { isCode } from "./depot.ts";

export type Read =
  /** Gone since it was listed, or not a file any more. */
  | { readonly found: "gone" }
  /** As it was when it was saved last. */
  | { readonly found: "same"; readonly sign: string; readonly executable: boolean }
  | {
      readonly found: "read" | "unsettled";
      readonly ids: readonly string[];
      /** What tells it from every later state; undefined where it was written a moment ago. */
      readonly sign: string | undefined;
      readonly executable: boolean;
    };

type How = {
  /** Its sign when it was saved last. */
  readonly known: string | undefined;
  readonly nowMs: number;
  readonly steady: boolean;
  /** What a piece is read into; as long as a piece can be. */
  readonly buffer: Buffer;
  /** Takes the pieces, each before the next, and answers with their names. */
  take(pieces: AsyncIterable<Buffer>): Promise<readonly string[]>;
};

const ATTEMPTS = 5;
/** Times of files move in steps: what was written in the same step would look the same. */
const FRESH_MS = 2_000;

export async function readSettled(path: string, how: How): Promise<Read> {
  const file = await openFile(path);
  if (file === undefined) return { found: "gone" };
  try {
    for (let attempt = 1; ; attempt++) {
      const before = await file.stat({ bigint: true });
      if (!before.isFile()) return { found: "gone" };
      const sign = signOf(before);
      const executable = (before.mode & 0o100n) !== 0n;
      if (sign === how.known) return { found: "same", sign, executable };
      const ids = await how.take(piecesOf(file, Number(before.size), how.buffer));
      const settled = signOf(await file.stat({ bigint: true })) === sign;
      if (!settled && attempt < ATTEMPTS) continue;
      const isFresh = !how.steady && how.nowMs - Number(before.ctimeNs / 1_000_000n) < FRESH_MS;
      return { found: settled ? "read" : "unsettled", ids, sign: settled && !isFresh ? sign : undefined, executable };
    }
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (["ENOENT", "ELOOP", "ENXIO", "ENOTDIR"].some((code) => isCode(error, code))) return undefined;
    throw error;
  }
}

/** Up to the size that it had: one that grows without end has none. */
async function* piecesOf(file: FileHandle, size: number, buffer: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < size; ) {
    const piece = buffer.subarray(0, Math.min(buffer.length, size - at));
    let filled = 0;
    while (filled < piece.length) {
      const { bytesRead } = await file.read(piece, filled, piece.length - filled, at + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    if (filled === 0) return;
    at += filled;
    yield piece.subarray(0, filled);
    if (filled < piece.length) return;
  }
}

function signOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(":");
}
