import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Fault } from "../src/core/fault.ts";
import { canonicalJson } from "../src/core/json.ts";
import { nodeFiles } from "../src/ledger/files.ts";
import { loadKey } from "../src/ledger/key.ts";
import { frameRecord, splitRecords } from "../src/ledger/layout.ts";
import { openLog } from "../src/ledger/log.ts";
import { EMPTY_ROOT, leafHash } from "../src/ledger/merkle.ts";
import { beginJournal, publish } from "../src/ledger/publish.ts";
import { emptyTree, grow } from "../src/ledger/tree.ts";
import { verifyLedger, type VerifyReport } from "../src/ledger/verify.ts";
import {
  copyFolder,
  entry,
  filesBelow,
  filledFolder,
  openTestLog,
  ORIGIN,
  recordsOf,
  seeded,
  temporaryFolder,
  WHOLE,
} from "./ledger-kit.ts";

const read = (dir: string, path: string): string => readFileSync(join(dir, path), "utf8");
const witnessed = (dir: string): { publicKey: string; checkpoint: string } => ({
  publicKey: read(dir, "key.pub"),
  checkpoint: read(dir, "checkpoint"),
});

/** Verifies with what was kept elsewhere, and expects the change to be found and its words to fit. */
async function found(
  dir: string,
  kept: { publicKey: string; checkpoint: string },
  says: RegExp,
): Promise<VerifyReport> {
  const alone = await verifyLedger(dir);
  const report = await verifyLedger(dir, kept);
  assert.equal(alone.consistent, false);
  assert.equal(alone.intact, null);
  assert.equal(report.consistent, false);
  assert.equal(report.intact, false);
  assert.match(report.problem ?? "", says);
  return report;
}

function newestJournal(dir: string): string {
  return join(dir, "journal", readdirSync(join(dir, "journal")).sort().at(-1) ?? "");
}

test("R-LOG-3: an untouched folder is consistent from itself, and intact with key and checkpoint kept elsewhere", async (t) => {
  for (const [published, journalled] of [
    [0, 0],
    [1, 0],
    [255, 0],
    [256, 0],
    [257, 3],
    [700, 40],
    [0, 7],
  ] as const) {
    const dir = filledFolder(t, published, journalled);
    const kept = witnessed(dir);
    const alone = await verifyLedger(dir);
    assert.deepEqual(alone, {
      consistent: true,
      intact: null,
      entries: published + journalled,
      rootHex: alone.rootHex,
      checkpoint: kept.checkpoint,
    });
    assert.equal((await verifyLedger(dir, { publicKey: kept.publicKey })).intact, null);
    assert.equal((await verifyLedger(dir, { checkpoint: kept.checkpoint })).intact, null);
    assert.deepEqual(await verifyLedger(dir, kept), { ...alone, intact: true });
    if (published + journalled === 0) assert.equal(alone.rootHex, EMPTY_ROOT.toString("hex"));
  }
});

test("R-LOG-3: a flipped bit in any record, hash tile, checkpoint, journal or public key is found and named", async (t) => {
  const dir = filledFolder(t, 700, 23);
  const kept = witnessed(dir);
  const random = seeded(20261120);
  const evidence = filesBelow(dir).filter((path) => path !== "key" && path !== "lock");
  assert.ok(evidence.length > 12);
  for (const path of evidence) {
    for (let i = 0; i < (WHOLE ? 200 : 12); i++) {
      const bytes = readFileSync(join(dir, path));
      const bit = Math.floor(random() * bytes.length * 8);
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(join(dir, path), changed);
      const report = await verifyLedger(dir, kept);
      writeFileSync(join(dir, path), bytes);
      const where = `bit ${bit} of ${path}: ${report.problem}`;
      assert.equal(report.consistent, false, where);
      assert.equal(report.intact, false, where);
      // The journal's copy of a record and the bundle's are told apart by the signed root.
      assert.ok(report.problem?.includes(path.startsWith("journal/") ? "journal" : path.replace(/\.p\/.*/, "")), where);
    }
  }
  assert.equal((await verifyLedger(dir, kept)).intact, true);
});

test("R-LOG-3: every single bit of a sealed batch that is not published yet is covered", async (t) => {
  const dir = filledFolder(t, 0, 7);
  const path = newestJournal(dir);
  const bytes = readFileSync(path);
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  for (let bit = 0; bit < end * 8; bit += WHOLE ? 1 : 13) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    writeFileSync(path, changed);
    assert.equal((await verifyLedger(dir)).consistent, false, `bit ${bit}`);
    assert.throws(() => openTestLog(nodeFiles(dir)), isDamaged, `a writer started on bit ${bit}`);
  }
  writeFileSync(path, bytes);
  assert.equal((await verifyLedger(dir)).consistent, true);
});

test("R-LOG-2: zeros where a whole batch follows are damage, not a torn end: nothing acknowledged is dropped", async (t) => {
  const dir = filledFolder(t, 0, 15);
  const path = newestJournal(dir);
  const bytes = readFileSync(path);
  const zeroed = Buffer.from(bytes);
  zeroed.fill(0, 400, 416);
  writeFileSync(path, zeroed);
  assert.match((await verifyLedger(dir)).problem ?? "", /spoiled/);
  assert.throws(() => openTestLog(nodeFiles(dir)), isDamaged);
  // The honest twin: the same at the end of all that was written.
  const torn = Buffer.from(bytes);
  torn.fill(0, torn.findLastIndex((byte) => byte !== 0) - 16);
  writeFileSync(path, torn);
  assert.deepEqual([(await verifyLedger(dir)).problem, (await verifyLedger(dir)).entries], [undefined, 10]);
  const log = openTestLog(nodeFiles(dir));
  const last = recordsOf(nodeFiles(dir), log.publish().size).at(-1);
  assert.match(last?.toString("utf8") ?? "", /ledger\.recovered/);
  log.close();
});

test("R-LOG-3: the bad record is named by its index", async (t) => {
  const dir = filledFolder(t, 300);
  const kept = witnessed(dir);
  const path = join(dir, "tile/entries/000");
  const bytes = readFileSync(path);
  writeFileSync(path, Buffer.from(bytes.toString("latin1").replace("file-77", "file-78"), "latin1"));
  assert.equal((await found(dir, kept, /record 77\b.*tile\/0\/000/)).firstBadEntry, 77);
});

test("R-LOG-3: records that are cut, spliced, swapped or put in are found", async (t) => {
  const whole = filledFolder(t, 300);
  const kept = witnessed(whole);
  const change = (alter: (records: Buffer[]) => Buffer[]): string => {
    const dir = copyFolder(t, whole);
    const path = join(dir, "tile/entries/000");
    const { records } = splitRecords(readFileSync(path));
    writeFileSync(path, Buffer.concat(alter(records).map((record) => frameRecord(record))));
    return dir;
  };
  assert.equal(
    (
      await found(
        change((r) => r.slice(0, -1)),
        kept,
        /record 255/,
      )
    ).firstBadEntry,
    255,
  );
  assert.equal(
    (
      await found(
        change((r) => r.toSpliced(10, 1)),
        kept,
        /record 10\b/,
      )
    ).firstBadEntry,
    10,
  );
  assert.equal(
    (
      await found(
        change((r) => r.with(4, r[5] ?? Buffer.alloc(0)).with(5, r[4] ?? Buffer.alloc(0))),
        kept,
        /record 4\b/,
      )
    ).firstBadEntry,
    4,
  );
  assert.equal(
    (
      await found(
        change((r) => r.toSpliced(20, 0, Buffer.from("{}"))),
        kept,
        /record 20\b/,
      )
    ).firstBadEntry,
    20,
  );
});

test("R-LOG-3: files that are missing, cut or longer are named", async (t) => {
  const whole = filledFolder(t, 300, 5);
  const kept = witnessed(whole);
  for (const path of filesBelow(whole).filter((path) => path.startsWith("tile/") && !path.includes("/000.p/50"))) {
    const older = path.includes(".p/") && !path.endsWith(".p/44") && !path.endsWith("1/000.p/1");
    for (const harm of ["removed", "cut", "longer"] as const) {
      // An older partial tile may go once a newer one is there.
      if (older && harm === "removed") continue;
      const dir = copyFolder(t, whole);
      if (harm === "removed") rmSync(join(dir, path));
      else if (harm === "cut") truncateSync(join(dir, path), readFileSync(join(dir, path)).length - 1);
      else writeFileSync(join(dir, path), Buffer.concat([readFileSync(join(dir, path)), Buffer.of(1)]));
      await found(dir, kept, new RegExp(path.replace(/\.p\/.*/, "").replaceAll("/", "\\/")));
    }
  }
  for (const path of ["checkpoint", "key.pub", "journal"]) {
    const dir = copyFolder(t, whole);
    rmSync(join(dir, path), { recursive: true });
    await found(dir, kept, new RegExp(`\`${path}\``));
  }
  const empty = temporaryFolder(t);
  assert.equal((await verifyLedger(empty)).consistent, false);
  assert.equal((await verifyLedger(join(empty, "absent"))).consistent, false);
});

test("R-LOG-3: a journal that ends before what was published is a cut, a torn end is a crash", async (t) => {
  const whole = filledFolder(t, 0, 40);
  const log = openTestLog(nodeFiles(whole));
  log.append([entry(40)]);
  log.publish();
  log.append([entry(41)]);
  log.close();
  const kept = witnessed(whole);
  const bytes = readFileSync(newestJournal(whole));
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  const torn = copyFolder(t, whole);
  writeFileSync(
    newestJournal(torn),
    Buffer.concat([bytes.subarray(0, end - 60), Buffer.alloc(bytes.length - end + 60)]),
  );
  assert.deepEqual(
    { ...(await verifyLedger(torn, kept)), rootHex: "", checkpoint: "" },
    { consistent: true, intact: true, entries: 41, rootHex: "", checkpoint: "" },
  );
  const cut = copyFolder(t, whole);
  truncateSync(newestJournal(cut), 120);
  await found(cut, kept, /journal ends before record 40, but 41 were published/);
});

test("R-LOG-3: a folder that was put back is consistent by itself and not intact", async (t) => {
  const dir = filledFolder(t, 300);
  const old = copyFolder(t, dir);
  const log = openTestLog(nodeFiles(dir));
  log.append([entry(300)]);
  log.publish();
  log.close();
  const report = await verifyLedger(old, witnessed(dir));
  assert.equal((await verifyLedger(old)).consistent, true);
  assert.equal(report.consistent, true);
  assert.equal(report.intact, false);
  assert.match(report.problem ?? "", /holds 300 records.*301/);
  // The honest twin: the folder that went on still begins with what was kept before.
  assert.equal((await verifyLedger(dir, witnessed(old))).intact, true);
});

test("R-LOG-3: a folder that was rebuilt is consistent by itself and not intact, whichever key signed it", async (t) => {
  const kept = witnessed(filledFolder(t, 300));
  const other = join(temporaryFolder(t), "log");
  const key = generateKeyPairSync("ed25519").privateKey;
  const log = openLog({ files: nodeFiles(other), origin: ORIGIN, clock: { wallMs: Date.now }, makeKey: () => key });
  log.append(Array.from({ length: 100 }, (_, i) => entry(i)));
  log.publish();
  log.close();
  const byStranger = await verifyLedger(other, kept);
  assert.equal(byStranger.consistent, true);
  assert.equal(byStranger.intact, false);
  assert.match(byStranger.problem ?? "", /no signature by/);
  assert.equal((await verifyLedger(other, { publicKey: kept.publicKey })).intact, false);
  const bySelf = await verifyLedger(filledFolder(t, 301), kept);
  assert.equal(bySelf.consistent, true);
  assert.equal(bySelf.intact, false);
  assert.match(bySelf.problem ?? "", /history was rewritten/);
});

test("R-LOG-3: a kept checkpoint that was forged, belongs elsewhere or is none proves nothing", async (t) => {
  const dir = filledFolder(t, 10);
  const { publicKey, checkpoint } = witnessed(dir);
  for (const kept of [
    "",
    "nonsense",
    checkpoint.replace("\n10\n", "\n9\n"),
    checkpoint.replace(ORIGIN, "other.test/log"),
    `${checkpoint} `,
  ]) {
    const report = await verifyLedger(dir, { publicKey, checkpoint: kept });
    assert.equal(report.intact, false, kept);
    assert.match(report.problem ?? "", /kept elsewhere/);
  }
  await assert.rejects(
    verifyLedger(dir, { publicKey: "nonsense", checkpoint }),
    (error) => error instanceof Fault && error.code === "LEDGER_KEY_MALFORMED",
  );
});

test("R-LOG-3: a record that hashes right and is not one of ours is named", async (t) => {
  const twin = canonicalJson({ ...entry(0), index: 0, time: "2026-11-20T08:00:00.000Z" });
  for (const [record, says] of [
    [twin, undefined],
    ["not JSON", /record 0 is not JSON/],
    [twin.replace('"index":0', '"index":1'), /with that index/],
    [`${twin} `, /canonical/],
  ] as const) {
    const dir = join(temporaryFolder(t), "log");
    const files = nodeFiles(dir);
    const key = loadKey(files, ORIGIN, () => generateKeyPairSync("ed25519").privateKey);
    const tree = emptyTree();
    grow(tree, frameRecord(Buffer.from(record)), leafHash(Buffer.from(record)));
    const state = { files, key, tree, finished: [], published: 0, journalBytes: 0 };
    beginJournal(state);
    publish(state);
    const report = await verifyLedger(dir, witnessed(dir));
    assert.equal(report.intact, says === undefined);
    if (says !== undefined) assert.match(report.problem ?? "", says);
  }
});

test("R-LOG-3: a publication that did not finish is no problem, and neither is a stranger's file beside it", async (t) => {
  const dir = filledFolder(t, 300, 250);
  const ahead = copyFolder(t, dir);
  openTestLog(nodeFiles(ahead)).close();
  for (const path of ["tile/0/001", "tile/entries/001"]) cpSync(join(ahead, path), join(dir, path));
  mkdirSync(join(dir, "tile/0/notes"));
  writeFileSync(join(dir, "new"), "half a file");
  const report = await verifyLedger(dir, witnessed(dir));
  assert.equal(report.problem, undefined);
  assert.deepEqual([report.intact, report.entries], [true, 550]);
});

test("R-LOG-3: a writer does not start on a folder that was changed", async (t) => {
  const whole = filledFolder(t, 300, 5);
  const harms: [string, (dir: string) => void][] = [
    [
      "the checkpoint's root",
      (dir) => writeFileSync(join(dir, "checkpoint"), read(dir, "checkpoint").replace("\n300\n", "\n301\n")),
    ],
    ["a hash at the edge", (dir) => writeFileSync(join(dir, "tile/0/001.p/44"), Buffer.alloc(44 * 32))],
    [
      "a record at the edge",
      (dir) =>
        writeFileSync(
          join(dir, "tile/entries/001.p/44"),
          read(dir, "tile/entries/001.p/44").replace("file-299", "file-298"),
        ),
    ],
    ["no checkpoint", (dir) => rmSync(join(dir, "checkpoint"))],
    ["no journal", (dir) => rmSync(join(dir, "journal"), { recursive: true })],
    ["no key", (dir) => rmSync(join(dir, "key"))],
    ["another key beside", (dir) => writeFileSync(join(dir, "key.pub"), read(dir, "key.pub").replace(/=*\n/, "A\n"))],
  ];
  for (const [what, harm] of harms) {
    const dir = copyFolder(t, whole);
    harm(dir);
    assert.throws(() => openTestLog(nodeFiles(dir)), isDamaged, what);
  }
  const dir = copyFolder(t, whole);
  openTestLog(nodeFiles(dir)).close();
  assert.equal((await verifyLedger(dir)).entries, 305);
});

test("R-LOG-3: the verifier loads nothing but Node, the words of core and the pure parts of its folder", (t: TestContext) => {
  const seen = new Set<string>();
  const visit = (file: URL): void => {
    if (seen.has(file.pathname)) return;
    seen.add(file.pathname);
    for (const [, name = ""] of readFileSync(file, "utf8").matchAll(
      /^(?:import|export) (?!type )[^;]*? from "([^"]+)";/gm,
    )) {
      if (!name.startsWith("node:")) visit(new URL(name, file));
    }
  };
  visit(new URL("../src/ledger/verify.ts", import.meta.url));
  const names = [...seen].map((path) => path.replace(/.*\/src\//, "")).sort();
  t.diagnostic(names.join(" "));
  assert.ok(names.length > 5);
  assert.deepEqual(
    names.filter(
      (name) =>
        !/^(ledger\/(journal|layout|merkle|note|plain|tree|verify(-\w+)?)|core\/(json|fault|fault-codes))\.ts$/.test(
          name,
        ),
    ),
    [],
  );
});

function isDamaged(error: unknown): boolean {
  return error instanceof Fault && error.code === "LEDGER_DAMAGED" && error.hint !== "";
}
