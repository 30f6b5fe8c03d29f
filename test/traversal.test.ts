/**
 * Every traversal string of the evaluation data, on a real tree with links:
 * the judge's answer beside the kernel's, and the sandbox without the judge.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { evalPaths } from "../bench/eval-gate.ts";
import { evalTraversal, payloadsOf } from "../bench/eval-traversal.ts";
import { missing } from "./sandbox-kit.ts";

const DATA = fileURLToPath(new URL("../../shared/eval/dev", import.meta.url));
const WHOLE = process.env["VAMBRACE_CAMPAIGN"] === "full";
/** Strings of our own, so that the test shows something where the data is absent. */
const OWN = [
  "../outside.txt",
  "../../etc/passwd",
  "./../../etc/shadow",
  "beside",
  "a/../../outside.txt",
  "..\\..\\boot.ini",
  "%2e%2e/outside.txt",
  "/etc/passwd\0.png",
];

test("R-FS-2: no traversal string opens or changes anything outside, with nothing but the sandbox in its way", {
  skip: missing(),
}, async (t) => {
  const payloads = payloadsOf(DATA);
  if (payloads.length === 0) t.diagnostic("the evaluation data is absent: the strings of our own only");
  const rows = await evalTraversal([...OWN, ...payloads]);
  assert.equal(rows.length, 3);
  assert.deepEqual(
    rows.filter(({ met }) => !met),
    [],
  );
});

test("R-FS-2: no traversal string leads out of the workspace by the judge's leave, as the kernel reads it", async (t) => {
  if (payloadsOf(DATA).length === 0) return t.skip("the evaluation data is absent");
  const rows = await evalPaths(DATA, WHOLE ? 1 : 12);
  assert.ok(rows.length >= 2);
  assert.deepEqual(
    rows.filter(({ met }) => !met),
    [],
  );
});
