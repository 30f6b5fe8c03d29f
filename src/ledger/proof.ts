/**
 * Proofs of RFC 6962 as RFC 9162 verifies them: that a record is in a tree, and
 * that a tree is the beginning of another.
 *
 * Answers are booleans on purpose: a proof holds or it does not, and whatever
 * is malformed does not. Sizes and indexes are integers up to 2 ** 53 - 1.
 *
 * @see RFC 9162, sections 2.1.3.2 and 2.1.4.2
 * @module
 */
import { HASH_BYTES, nodeHash } from "./merkle.ts";

export type InclusionClaim = {
  readonly index: number;
  readonly size: number;
  readonly leaf: Uint8Array;
  readonly root: Uint8Array;
};

export type ConsistencyClaim = {
  readonly oldSize: number;
  readonly newSize: number;
  readonly oldRoot: Uint8Array;
  readonly newRoot: Uint8Array;
};

/** Whether `proof` shows that `leaf` stands at `index` in the tree of `size` records with `root`. */
export function inclusionHolds(claim: InclusionClaim, proof: readonly Uint8Array[]): boolean {
  const { index, size, leaf, root } = claim;
  if (!isCount(index) || !isCount(size) || index >= size) return false;
  if (![leaf, root, ...proof].every(isHash)) return false;
  const place: Place = { node: index, last: size - 1 };
  let hash = leaf;
  for (const step of proof) {
    if (place.last === 0) return false;
    hash = isRightmostOrRight(place) ? nodeHash(step, hash) : nodeHash(hash, step);
    rise(place);
  }
  return place.last === 0 && same(hash, root);
}

/** Whether `proof` shows that the tree of `newSize` begins with the tree of `oldSize`. */
export function consistencyHolds(claim: ConsistencyClaim, proof: readonly Uint8Array[]): boolean {
  const { oldSize, newSize, oldRoot, newRoot } = claim;
  if (!isCount(oldSize) || !isCount(newSize) || oldSize > newSize) return false;
  // The RFC defines no proof from the empty tree: every tree begins with it, so one would say nothing of the new root.
  if (oldSize === 0) return false;
  // Nothing is hashed here, so any two equal roots will do, as in the published vectors.
  if (oldSize === newSize) return proof.length === 0 && same(oldRoot, newRoot);
  if (![oldRoot, newRoot, ...proof].every(isHash)) return false;
  return climb(claim, proof);
}

function climb(claim: ConsistencyClaim, proof: readonly Uint8Array[]): boolean {
  if (proof.length === 0) return false;
  const place: Place = { node: claim.oldSize - 1, last: claim.newSize - 1 };
  while (place.node % 2 === 1) up(place);
  // An old tree that is a perfect subtree is not sent: its root is the claim's own.
  const [first = claim.oldRoot, ...steps] = place.node === 0 ? [claim.oldRoot, ...proof] : proof;
  let oldHash = first;
  let newHash = first;
  for (const step of steps) {
    if (place.last === 0) return false;
    if (isRightmostOrRight(place)) {
      oldHash = nodeHash(step, oldHash);
      newHash = nodeHash(step, newHash);
    } else {
      newHash = nodeHash(newHash, step);
    }
    rise(place);
  }
  return place.last === 0 && same(oldHash, claim.oldRoot) && same(newHash, claim.newRoot);
}

/** A node and the last node of its level: `fn` and `sn` of the RFC. */
type Place = { node: number; last: number };

function isRightmostOrRight({ node, last }: Place): boolean {
  return node % 2 === 1 || node === last;
}

/** To the parent; a rightmost node without a sibling passes the levels on which it is alone. */
function rise(place: Place): void {
  if (place.node === place.last) while (place.node % 2 === 0 && place.node !== 0) up(place);
  up(place);
}

/** Division, not a shift: shifts cut to 32 bits. */
function up(place: Place): void {
  place.node = Math.floor(place.node / 2);
  place.last = Math.floor(place.last / 2);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isHash(value: Uint8Array): boolean {
  return value.length === HASH_BYTES;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
