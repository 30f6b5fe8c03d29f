import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { append, copyRange, EMPTY_ROOT, emptyRange, leafHash, nodeHash, rootOf } from "./merkle.ts";
import { consistencyHolds, inclusionHolds } from "./proof.ts";

const VECTORS = new URL("../../../shared/eval/dev/rfc6962/", import.meta.url);
const absent = existsSync(VECTORS) ? false : "the published vectors are not on this machine";

/** The definitions of RFC 6962, section 2.1, as they stand there: slow and plain. */
function rootBySpec(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return EMPTY_ROOT;
  if (leaves.length === 1) return only;
  const k = splitPoint(leaves.length);
  return nodeHash(rootBySpec(leaves.slice(0, k)), rootBySpec(leaves.slice(k)));
}

function pathBySpec(m: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length <= 1) return [];
  const k = splitPoint(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return m < k ? [...pathBySpec(m, left), rootBySpec(right)] : [...pathBySpec(m - k, right), rootBySpec(left)];
}

function proofBySpec(m: number, leaves: readonly Buffer[], whole = true): Buffer[] {
  if (m === leaves.length) return whole ? [] : [rootBySpec(leaves)];
  const k = splitPoint(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  if (m <= k) return [...proofBySpec(m, left, whole), rootBySpec(right)];
  return [...proofBySpec(m - k, right, false), rootBySpec(left)];
}

function splitPoint(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1));
}

const trees = fc
  .integer({ min: 1, max: 70 })
  .map((size) => Array.from({ length: size }, (_, i) => leafHash(Buffer.of(i))));

test("R-LOG-3: the eight classic leaves give the published roots", { skip: absent }, () => {
  const tree = JSON.parse(readFileSync(new URL("tree.json", VECTORS), "utf8"));
  const range = emptyRange();
  const roots = [rootOf(range).toString("hex")];
  for (const leaf of tree.leaf_inputs_hex) {
    append(range, leafHash(Buffer.from(leaf, "hex")));
    roots.push(rootOf(range).toString("hex"));
  }
  assert.deepEqual(roots, tree.root_hashes_by_size_hex);
});

test("R-LOG-3: every published inclusion and consistency proof is judged as published", { skip: absent }, () => {
  let seen = 0;
  const bytes = (text: string | undefined): Buffer => Buffer.from(text ?? "", "base64");
  for (const line of readFileSync(new URL("vectors.jsonl", VECTORS), "utf8").trim().split("\n")) {
    const v = JSON.parse(line);
    const proof = (v.proof ?? []).map(bytes);
    if (v.kind === "inclusion") {
      const claim = { index: v.leafIdx, size: v.treeSize, leaf: bytes(v.leafHash), root: bytes(v.root) };
      assert.equal(inclusionHolds(claim, proof), !v.wantErr, v.id);
    } else if (v.kind === "consistency") {
      const claim = { oldSize: v.size1, newSize: v.size2, oldRoot: bytes(v.root1), newRoot: bytes(v.root2) };
      assert.equal(consistencyHolds(claim, proof), !v.wantErr, v.id);
    } else continue;
    seen++;
  }
  assert.equal(seen, 196);
});

test("R-LOG-3: the compact range gives the root of the definition, and a copy goes its own way", () => {
  fc.assert(
    fc.property(trees, (leaves) => {
      const range = emptyRange();
      for (const leaf of leaves) append(range, leaf);
      const copy = copyRange(range);
      append(copy, leafHash(Buffer.from("more")));
      assert.deepEqual(rootOf(range), rootBySpec(leaves));
      assert.notDeepEqual(rootOf(copy), rootOf(range));
    }),
  );
});

test("R-LOG-3: an inclusion proof holds for its record, and for no other record, place, size or root", () => {
  fc.assert(
    fc.property(trees, fc.nat(), fc.nat(), (leaves, pick, spoil) => {
      const index = pick % leaves.length;
      const proof = pathBySpec(index, leaves);
      const leaf = leaves[index] ?? EMPTY_ROOT;
      const claim = { index, size: leaves.length, leaf, root: rootBySpec(leaves) };
      assert.equal(inclusionHolds(claim, proof), true);
      assert.equal(inclusionHolds({ ...claim, leaf: leafHash(Buffer.from("other")) }, proof), false);
      assert.equal(inclusionHolds({ ...claim, index: (index + 1) % leaves.length }, proof), leaves.length === 1);
      assert.equal(inclusionHolds({ ...claim, size: claim.index }, proof), false);
      assert.equal(inclusionHolds(claim, [...proof, EMPTY_ROOT]), false);
      if (proof.length > 0) assert.equal(inclusionHolds(claim, flipped(proof, spoil)), false);
    }),
  );
});

test("R-LOG-3: a consistency proof holds for the beginning of a tree and for nothing else", () => {
  fc.assert(
    fc.property(trees, fc.nat(), fc.nat(), (leaves, pick, spoil) => {
      const oldSize = (pick % leaves.length) + 1;
      const proof = proofBySpec(oldSize, leaves);
      const oldRoot = rootBySpec(leaves.slice(0, oldSize));
      const claim = { oldSize, newSize: leaves.length, oldRoot, newRoot: rootBySpec(leaves) };
      assert.equal(consistencyHolds(claim, proof), true);
      assert.equal(consistencyHolds({ ...claim, oldRoot: EMPTY_ROOT }, proof), false);
      assert.equal(consistencyHolds({ ...claim, newRoot: EMPTY_ROOT }, proof), false);
      assert.equal(consistencyHolds(claim, [...proof, EMPTY_ROOT]), false);
      if (proof.length > 0) assert.equal(consistencyHolds(claim, flipped(proof, spoil)), false);
    }),
  );
});

test("R-LOG-3: nothing is proved from the empty tree", () => {
  const newRoot = leafHash(Buffer.from("a"));
  assert.equal(consistencyHolds({ oldSize: 0, newSize: 1, oldRoot: EMPTY_ROOT, newRoot }, []), false);
  assert.equal(consistencyHolds({ oldSize: 0, newSize: 0, oldRoot: EMPTY_ROOT, newRoot: EMPTY_ROOT }, []), false);
  assert.equal(consistencyHolds({ oldSize: 1, newSize: 1, oldRoot: newRoot, newRoot }, []), true);
});

test("R-LOG-3: sizes beyond 32 bits are not cut", () => {
  const claim = { index: 2 ** 40, size: 2 ** 40 + 1, leaf: leafHash(Buffer.from("x")), root: EMPTY_ROOT };
  const left = leafHash(Buffer.from("left"));
  assert.equal(inclusionHolds({ ...claim, root: nodeHash(left, claim.leaf) }, [left]), true);
  assert.equal(inclusionHolds({ ...claim, index: 0 }, [left]), false);
});

function flipped(proof: readonly Buffer[], bit: number): Buffer[] {
  const at = bit % proof.length;
  return proof.map((hash, i) => {
    const copy = Buffer.from(hash);
    if (i === at) copy[bit % 32] = (copy[bit % 32] ?? 0) ^ (1 << (bit % 8));
    return copy;
  });
}

test("R-LOG-3: what is no hash stands in no proof, even where the sums would come out", () => {
  const step = leafHash(Buffer.from("second"));
  const claim = (oldRoot: Buffer) => ({ oldSize: 1, newSize: 2, oldRoot, newRoot: nodeHash(oldRoot, step) });
  assert.equal(consistencyHolds(claim(leafHash(Buffer.from("first"))), [step]), true);
  for (const length of [0, 31, 33, 64]) assert.equal(consistencyHolds(claim(Buffer.alloc(length)), [step]), false);
});
