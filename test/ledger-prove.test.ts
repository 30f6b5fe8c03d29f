/** Proofs and seals made from a real folder. @module */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sha256 } from "../src/core/json.ts";
import { nodeFiles } from "../src/ledger/files.ts";
import { TILE_WIDTH, tilePath } from "../src/ledger/layout.ts";
import { leafHash } from "../src/ledger/merkle.ts";
import { type Checkpoint, openNote, parseCheckpoint, parseVerifierKey } from "../src/ledger/note.ts";
import { type InclusionClaim, inclusionHolds } from "../src/ledger/proof.ts";
import { openInclusionProver } from "../src/ledger/prove.ts";
import { parseSeal } from "../src/ledger/seal.ts";
import { recentEntries, scanRecords } from "../src/ledger/search.ts";
import { collect } from "../src/ops/incident/timeline.ts";
import type { LedgerEntry } from "../src/core/ports/ledger.ts";
import { verifyLedger } from "../src/ledger/verify.ts";
import { entry, openTestLog, ORIGIN, temporaryFolder } from "./ledger-kit.ts";

const SIZES = [1, 2, 3, 7, 255, 256, 257, 511, 512, 700, 1_024, 1_300];

test("R-LOG-3: each record of a ledger of any size is proved to stand in it, and another record is not", async (t) => {
  for (const size of SIZES) {
    const dir = temporaryFolder(t);
    const log = openTestLog(nodeFiles(dir));
    for (let i = 0; i < size; i += 100)
      log.append(Array.from({ length: Math.min(100, size - i) }, (_, j) => entry(i + j)));
    const { checkpoint } = log.publish();
    log.close();
    const tree: Checkpoint | undefined = parseCheckpoint(checkpoint);
    assert.equal(tree?.size, size);
    const prover = openInclusionProver(dir, size);
    const records: Buffer[] = [];
    for await (const bundle of scanRecords(dir)) for (const { bytes } of bundle) records.unshift(Buffer.from(bytes));
    assert.equal(records.length, size);
    for (const index of new Set([0, 1, Math.floor(size / 2), size - 2, size - 1].filter((i) => i >= 0 && i < size))) {
      const leaf: Buffer = leafHash(records[index] ?? Buffer.alloc(0));
      const proof: readonly Buffer[] = await prover.inclusion(index);
      const claim: InclusionClaim = { index, size, leaf, root: tree?.root ?? Buffer.alloc(0) };
      assert.equal(inclusionHolds(claim, proof), true, `${index} of ${size}`);
      assert.equal(inclusionHolds({ ...claim, leaf: leafHash(Buffer.from("other")) }, proof), false);
    }
    await assert.rejects(prover.inclusion(size), /no record/);
  }
});

test("R-IR-2: INVARIANT(no-second-checkpoint): a seal is signed by the ledger's key and is never a checkpoint", async (t) => {
  const dir = temporaryFolder(t);
  const log = openTestLog(nodeFiles(dir));
  log.append([entry(1), entry(2)]);
  const digest = sha256("evidence");
  const note = log.seal(digest);
  assert.throws(() => log.seal("0"), /digest/);
  log.append([entry(3)]);
  log.publish();
  log.close();
  const key = parseVerifierKey(readFileSync(join(dir, "key.pub"), "utf8"));
  const opened = openNote(note, key);
  assert.ok(opened.verdict === "holds");
  const seal = parseSeal(opened.text);
  assert.deepEqual([seal?.origin, seal?.size, seal?.digest], [ORIGIN, 2, digest]);
  assert.equal(parseCheckpoint(note), undefined);
  assert.equal(parseSeal(`${opened.text}x`), undefined);
  assert.equal(openNote(note.replace(digest, sha256("other")), key).verdict, "forged");
  // Kept elsewhere as if it were a checkpoint, it proves nothing.
  const report = await verifyLedger(dir, { publicKey: key.text, checkpoint: note });
  assert.equal(report.intact, false);
});

test("R-ALERT-1: the newest records are read back oldest first, and no more of the ledger than that", async (t) => {
  const dir = temporaryFolder(t);
  let wallMs = Date.UTC(2026, 0, 1);
  const log = openTestLog(nodeFiles(dir), () => wallMs);
  for (let i = 0; i < 3_000; i += 10) {
    log.append(Array.from({ length: 10 }, (_, j) => entry(i + j)));
    wallMs += 10_000;
  }
  wallMs -= 10_000;
  log.publish();
  log.close();
  const recent = await recentEntries(dir, wallMs - 95_000, 1_000);
  assert.equal(recent.length, 100);
  assert.deepEqual([recent[0]?.target, recent.at(-1)?.target], ["file-2900", "file-2999"]);
  assert.equal((await recentEntries(dir, 0, 50)).length, 50);
  // What lies before is not read: it is not missed where it cannot be.
  rmSync(join(dir, tilePath({ level: "entries", index: 7, width: TILE_WIDTH })));
  assert.deepEqual(await recentEntries(dir, wallMs - 95_000, 1_000), recent);
  await assert.rejects(recentEntries(dir, 0, 10_000), /entries\/007` is missing/);
});

test("R-ALERT-1: a clock that was wrong for a while does not end what is read back", async (t) => {
  const dir = temporaryFolder(t);
  const start = Date.UTC(2026, 0, 1);
  let wallMs = start;
  const log = openTestLog(nodeFiles(dir), () => wallMs);
  // Each in a batch of its own: a journal of few is as good as a tile.
  for (let i = 0; i < 900; i++) {
    wallMs = start + i * 1000 - (i % 400 >= 100 ? 3_600_000 : 0);
    log.append([entry(i)]);
  }
  log.close();
  const recent = await recentEntries(dir, start, 1_000);
  assert.deepEqual([recent.length, recent[0]?.target, recent[100]?.target], [300, "file-0", "file-400"]);
});

test("R-IR-2: a session's records are found however old, and what is around them only as far back as was said", async (t) => {
  const dir = temporaryFolder(t);
  let wallMs = Date.UTC(2026, 0, 1);
  const log = openTestLog(nodeFiles(dir), () => wallMs);
  const session = (id: string): LedgerEntry => ({ ...entry(1), session: id });
  const spawned: LedgerEntry = { ...session("ses_a"), kind: "outcome", target: "spawn", data: { session: "ses_b" } };
  log.append([session("ses_a"), session("ses_b"), session("ses_c"), spawned]);
  for (let i = 0; i < 20; i++) {
    wallMs += 60_000;
    log.append(Array.from({ length: 100 }, (_, j): LedgerEntry => ({ ...entry(j), kind: j === 7 ? "login" : "call" })));
  }
  log.append([session("ses_a")]);
  log.publish();
  log.close();
  const { entries, sessions } = await collect(dir, { session: "ses_a", sinceMs: wallMs - 150_000 });
  assert.deepEqual(sessions, ["ses_a", "ses_b"]);
  const of = (id: string): number => entries.filter(({ session: of }) => of === id).length;
  assert.deepEqual([of("ses_a"), of("ses_b"), of("ses_c")], [3, 1, 0]);
  assert.equal(entries.filter(({ kind }) => kind === "login").length, 3);
  const all = await collect(dir, { session: null, sinceMs: wallMs - 90_000, most: 150 });
  assert.deepEqual([all.entries.length, all.left], [150, 51]);
});
