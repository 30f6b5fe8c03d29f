/**
 * The tree of RFC 6962: leaf and node hashes, and the compact range that gives
 * the root after every append in a handful of hashes.
 *
 * Leaves and nodes are hashed with different first bytes, so that no node can
 * be passed off as a record.
 *
 * @module
 */
import { createHash, hash } from "node:crypto";

export const HASH_BYTES = 32;

/** The root of the tree that holds nothing: SHA-256 of nothing. */
export const EMPTY_ROOT: Buffer = createHash("sha256").digest();

/** The root of a perfect subtree of `2 ** height` leaves. */
type Peak = { readonly height: number; readonly hash: Buffer };

/**
 * The perfect subtrees that make up a tree, largest and leftmost first.
 *
 * Owned by whoever made it: `append` changes it in place.
 */
export type CompactRange = { size: number; readonly peaks: Peak[] };

export function leafHash(data: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(1 + data.length);
  input[0] = 0;
  input.set(data, 1);
  return digest(input);
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(1 + 2 * HASH_BYTES);
  input[0] = 1;
  input.set(left, 1);
  input.set(right, 1 + HASH_BYTES);
  return digest(input);
}

/** Asked for as text of one byte a character, which takes half the time of a buffer. */
function digest(input: Uint8Array): Buffer {
  return Buffer.from(hash("sha256", input, "binary"), "latin1");
}

export function emptyRange(): CompactRange {
  return { size: 0, peaks: [] };
}

export function copyRange(range: CompactRange): CompactRange {
  return { size: range.size, peaks: [...range.peaks] };
}

/**
 * Appends a perfect subtree; a leaf is one of height 0.
 *
 * @param perfect is told every perfect subtree that this completes, smallest first.
 */
export function append(
  range: CompactRange,
  hash: Buffer,
  height = 0,
  perfect?: (hash: Buffer, height: number) => void,
): void {
  let peak: Peak = { height, hash };
  perfect?.(hash, height);
  for (let last = range.peaks.at(-1); last?.height === peak.height; last = range.peaks.at(-1)) {
    range.peaks.pop();
    peak = { height: peak.height + 1, hash: nodeHash(last.hash, peak.hash) };
    perfect?.(peak.hash, peak.height);
  }
  range.peaks.push(peak);
  range.size += 2 ** height;
}

export function rootOf(range: CompactRange): Buffer {
  let root = range.peaks.at(-1)?.hash ?? EMPTY_ROOT;
  for (const peak of range.peaks.slice(0, -1).reverse()) root = nodeHash(peak.hash, root);
  return root;
}
