import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { generateKeyPairSync } from "node:crypto";
import { Fault } from "../src/core/fault.ts";
import { nodeFiles } from "../src/ledger/files.ts";
import { frameRecord, splitRecords, TILE_WIDTH, tilePath } from "../src/ledger/layout.ts";
import { openLog } from "../src/ledger/log.ts";
import { tileRoot } from "../src/ledger/verify-bundle.ts";
import { openTileRoots } from "../src/ledger/verify-threads.ts";
import { verifyLedger } from "../src/ledger/verify.ts";
import { entry, ORIGIN, seeded, temporaryFolder, WHOLE } from "./ledger-kit.ts";

/** More than one piece of work for threads, and a tile that is not full. */
const TILES = 68;
const RECORDS = TILES * TILE_WIDTH + 92;
/** A size inside a tile, of which a checkpoint is kept elsewhere. */
const KEPT = 1100;

let dir: string;
let kept: { publicKey: string; checkpoint: string };
const cleanups: (() => void)[] = [];

const read = (path: string): string => readFileSync(join(dir, path), "utf8");

before(() => {
  dir = join(temporaryFolder({ after: (clean: () => void) => cleanups.push(clean) } as unknown as TestContext), "log");
  const log = openLog({
    files: nodeFiles(dir),
    origin: ORIGIN,
    clock: { wallMs: Date.now },
    makeKey: () => generateKeyPairSync("ed25519").privateKey,
    journalBytes: 512 * 1024,
  });
  for (let from = 0; from < RECORDS; ) {
    const to = Math.min(RECORDS, from < KEPT ? KEPT : from + 2000);
    log.append(Array.from({ length: to - from }, (_, i) => entry(from + i)));
    log.publish();
    if (to === KEPT) kept = { publicKey: read("key.pub"), checkpoint: read("checkpoint") };
    from = to;
  }
  log.close();
});
after(() => cleanups.forEach((clean) => clean()));

const bundle = (index: number): string => tilePath({ level: "entries", index, width: TILE_WIDTH });
const hashes = (index: number): string => tilePath({ level: 0, index, width: TILE_WIDTH });

/** What the verifier says after a change, which is undone. */
async function changed(
  path: string,
  change: (whole: string) => void,
): Promise<{ says: string; bad: number | undefined }> {
  const whole = join(dir, path);
  const bytes = readFileSync(whole);
  change(whole);
  try {
    const report = await verifyLedger(dir, kept);
    assert.equal(report.consistent, false, path);
    assert.equal(report.intact, false, path);
    return { says: report.problem ?? "", bad: report.firstBadEntry };
  } finally {
    writeFileSync(whole, bytes);
  }
}

test("R-LOG-3: a large folder is consistent, and intact by a checkpoint from inside a tile", async () => {
  const report = await verifyLedger(dir, kept);
  assert.deepEqual(
    { ...report, rootHex: "", checkpoint: "" },
    { consistent: true, intact: true, entries: RECORDS, rootHex: "", checkpoint: "" },
  );
});

test("R-LOG-3: a flipped bit in a record of a large folder is found, and the record named", async () => {
  const random = seeded(7);
  for (let run = 0; run < (WHOLE ? 400 : 5); run++) {
    const index = Math.floor(random() * TILES);
    const { records } = splitRecords(readFileSync(join(dir, bundle(index))));
    const which = Math.floor(random() * records.length);
    const record = records[which] ?? Buffer.alloc(0);
    const at = record.byteOffset - (records[0]?.byteOffset ?? 0) + 2 + Math.floor(random() * record.length);
    const { bad } = await changed(bundle(index), (whole) => {
      const bytes = readFileSync(whole);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      writeFileSync(whole, bytes);
    });
    assert.equal(bad, index * TILE_WIDTH + which);
  }
});

test("R-LOG-3: a hash tile of a large folder that was changed, cut, taken away or exchanged is named", async () => {
  const random = seeded(11);
  const ways: readonly ((whole: string) => void)[] = [
    (whole) => {
      const bytes = readFileSync(whole);
      const at = Math.floor(random() * bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ 4;
      writeFileSync(whole, bytes);
    },
    (whole) => truncateSync(whole, 100),
    (whole) => rmSync(whole),
    (whole) => cpSync(join(dir, hashes(0)), whole),
  ];
  for (const way of ways) {
    const index = 1 + Math.floor(random() * (TILES - 1));
    const { says } = await changed(hashes(index), way);
    assert.match(says, new RegExp(`\`${RegExp.escape(hashes(index))}\``));
  }
});

test("R-LOG-3: bundles of a large folder that are cut, longer, gone, exchanged or spliced are found", async () => {
  const ways: readonly ((whole: string) => void)[] = [
    (whole) => truncateSync(whole, readFileSync(whole).length - 1),
    (whole) => writeFileSync(whole, Buffer.concat([readFileSync(whole), frameRecord(Buffer.from("{}"))])),
    (whole) => rmSync(whole),
    (whole) => cpSync(join(dir, bundle(1)), whole),
    (whole) => {
      const [first, second, ...rest] = splitRecords(readFileSync(whole)).records.map(frameRecord);
      writeFileSync(whole, Buffer.concat([second, first, ...rest].filter((one) => one !== undefined)));
    },
  ];
  for (const [i, way] of ways.entries()) {
    const index = 20 + i;
    const { bad } = await changed(bundle(index), way);
    assert.ok(bad !== undefined && Math.floor(bad / TILE_WIDTH) === index, `way ${i}: ${bad}`);
  }
});

test("R-LOG-3: bundle and hash tile that were changed together are found by the signed root", async () => {
  const index = 33;
  const text = readFileSync(join(dir, bundle(index)), "latin1");
  const other = join(temporaryFolderOf(), "other");
  cpSync(dir, other, { recursive: true });
  writeFileSync(join(other, bundle(index)), text.replace('"who":"owner"', '"who":"ownex"'), "latin1");
  const records = splitRecords(readFileSync(join(other, bundle(index)))).records;
  const { leafHash } = await import("../src/ledger/merkle.ts");
  writeFileSync(join(other, hashes(index)), Buffer.concat(records.map(leafHash)));
  assert.notEqual(tileRoot(other, index), undefined, "the tile is whole by itself");
  assert.equal((await verifyLedger(other)).consistent, false);
});

function temporaryFolderOf(): string {
  return temporaryFolder({ after: (clean: () => void) => cleanups.push(clean) } as unknown as TestContext);
}

test("R-LOG-3: INVARIANT(fail-closed): a thread that fails, ends, or answers for other tiles is never a pass", async (t) => {
  for (const program of [
    "throw new Error('broken')",
    "process.exit(0)",
    "",
    "import { parentPort as p } from 'node:worker_threads'; p.on('message', () => p.postMessage({ from: 0, to: 0, roots: new Uint8Array(), odd: [] }))",
    "import { parentPort as p } from 'node:worker_threads'; p.on('message', ({ from, to }) => p.postMessage({ from, to, roots: new Uint8Array(32), odd: [] }))",
    "import { parentPort as p } from 'node:worker_threads'; p.on('message', ({ from, to }) => p.postMessage({ from: from + 1, to: to + 1, roots: new Uint8Array((to - from) * 32), odd: [] }))",
    "import { parentPort as p } from 'node:worker_threads'; let n = 0; p.on('message', ({ from, to }) => { if (n++ > 0) process.exit(0); p.postMessage({ from, to, roots: new Uint8Array((to - from) * 32), odd: [] }) })",
  ]) {
    const roots = openTileRoots(dir, 1000, {
      worker: new URL(`data:text/javascript,${encodeURIComponent(program)}`),
    });
    t.after(() => roots.close());
    const all = async (): Promise<void> => {
      for (let i = 0; i < 1000; i++) await roots.next();
    };
    await assert.rejects(all(), (error) => error instanceof Fault && error.code === "LEDGER_UNAVAILABLE", program);
  }
});

test("R-LOG-3: threads give the roots that are found here, in the order of the tiles, and none of a tile that is odd", async (t) => {
  assert.ok(readdirSync(join(dir, "tile/0")).length >= TILES);
  const odd = join(dir, bundle(65));
  const bytes = readFileSync(odd);
  writeFileSync(odd, Buffer.from(bytes).fill(0x20, 9, 10));
  t.after(() => writeFileSync(odd, bytes));
  const roots = openTileRoots(dir, TILES, { threadsFrom: 1 });
  t.after(() => roots.close());
  for (let index = 0; index < TILES; index++) {
    const root = await roots.next();
    assert.deepEqual(root, tileRoot(dir, index));
    assert.equal(root === undefined, index === 65);
  }
  await assert.rejects(roots.next(), (error) => error instanceof Fault);
});
