import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Fault } from "../../core/fault.ts";
import { makeNote, notePath, readNote } from "./chain.ts";
import { newIdentity } from "./envelope.ts";
import { type Bench, chainKeyOf, type MemoryDepot, openBench } from "./fixture.ts";
import { type BackupReport, verifyBackups } from "./verify.ts";

const code = (wanted: string) => (thrown: unknown) => thrown instanceof Fault && thrown.code === wanted;

async function three(): Promise<Bench> {
  const bench = await openBench();
  for (const text of ["one", "two", "three"]) {
    bench.tree.set("a.txt", Buffer.from(text));
    await bench.save();
  }
  return bench;
}

const edit = (depot: MemoryDepot, path: string, bytes: Buffer): void => {
  depot.files.set(path, { bytes, synced: bytes });
};
const bytesOf = (depot: MemoryDepot, path: string): Buffer => depot.files.get(path)?.bytes ?? Buffer.alloc(0);

async function found(depot: MemoryDepot): Promise<BackupReport | Fault> {
  try {
    return await verifyBackups(depot);
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
}

const isFound = (report: BackupReport | Fault): boolean => report instanceof Fault || !report.consistent;

test("R-OPS-2: one changed byte in any file of the folder is found, without a key", async () => {
  const bench = await three();
  const whole = await verifyBackups(bench.depot);
  assert.deepEqual([whole.consistent, whole.intact, whole.kept, whole.problems], [true, null, [1, 2, 3], []]);
  for (const path of bench.depot.files.keys()) {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (place, mask) => {
        const depot = bench.depot.copy();
        const bytes = Buffer.from(bytesOf(depot, path));
        const at = place % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ mask;
        edit(depot, path, bytes);
        assert.ok(isFound(await found(depot)), `${path} at ${at}`);
      }),
      { numRuns: 12 },
    );
  }
});

test("R-OPS-2: a file that is cut, longer or missing is found", async () => {
  const bench = await three();
  for (const path of bench.depot.files.keys()) {
    for (const change of ["cut", "longer", "missing"] as const) {
      const depot = bench.depot.copy();
      const bytes = bytesOf(depot, path);
      if (change === "missing") depot.files.delete(path);
      else edit(depot, path, change === "cut" ? bytes.subarray(0, -1) : Buffer.concat([bytes, Buffer.of(32)]));
      const report = await found(depot);
      // The last note taken away is an older state: only a note that was kept elsewhere can tell.
      if (change === "missing" && path === notePath(3)) assert.ok(!isFound(report));
      else assert.ok(isFound(report), `${path} ${change}`);
    }
  }
});

test("R-OPS-2: notes that were exchanged, taken out or put back are found", async () => {
  const bench = await three();
  const swap = bench.depot.copy();
  edit(swap, notePath(1), bytesOf(bench.depot, notePath(2)));
  edit(swap, notePath(2), bytesOf(bench.depot, notePath(1)));
  const out = bench.depot.copy();
  out.files.delete(notePath(2));
  const moved = bench.depot.copy();
  moved.files.delete(notePath(3));
  edit(moved, notePath(2), bytesOf(bench.depot, notePath(3)));
  for (const depot of [swap, out, moved]) assert.ok(isFound(await found(depot)));
});

test("R-OPS-2: a note of the same number and key from another time of the folder does not fit between the others", async () => {
  const bench = await openBench();
  await bench.save();
  const [aside, known] = [bench.depot.copy(), bench.catalogue.text];
  bench.tree.set("a.txt", Buffer.from("one way"));
  await bench.save({ depot: aside });
  bench.catalogue.text = known;
  bench.tree.set("a.txt", Buffer.from("the other way"));
  await bench.save();
  await bench.save();
  edit(bench.depot, notePath(2), bytesOf(aside, notePath(2)));
  const report = await verifyBackups(bench.depot);
  assert.match(report.problems.join(), /chain\/000003` does not follow the one before it/);
});

test("R-OPS-2: an older state that was put back fits by itself, and not to the note that was kept elsewhere", async () => {
  const bench = await openBench();
  const first = await bench.save();
  const older = bench.depot.copy();
  bench.tree.set("a.txt", Buffer.from("later"));
  const second = await bench.save();
  const publicKey = bench.key.verifier.text;
  const both = { publicKey, checkpoint: second.note.note };
  assert.equal((await verifyBackups(older)).consistent, true, "alone it cannot show it");
  const report = await verifyBackups(older, both);
  assert.deepEqual([report.consistent, report.intact], [true, false]);
  assert.match(report.problems.join(), /older state was put back/);
  assert.equal((await verifyBackups(bench.depot, both)).intact, true);
  assert.equal(
    (await verifyBackups(bench.depot, { publicKey, checkpoint: first.note.note })).intact,
    true,
    "it was gone on with",
  );
  assert.equal(
    (await verifyBackups(bench.depot, { checkpoint: first.note.note })).intact,
    null,
    "without the key it is not known",
  );
});

test("R-OPS-2: another chain built in its place is found by the key that was kept elsewhere", async () => {
  const bench = await three();
  const forger = await openBench();
  const forged = await forger.save();
  const { intact } = await verifyBackups(forger.depot, { publicKey: bench.key.verifier.text });
  assert.equal(intact, false);
  const named = chainKeyOf(bench.key.verifier.name);
  const same = { ...forged.note, kept: [...forged.note.kept] };
  const { number, root: _root, note: _note, ...link } = same;
  assert.ok(
    "says" in readNote(makeNote(number, link, named).note, bench.key.verifier),
    "the same name is not the same key",
  );
});

test("R-OPS-2: with the key the contents are put together; with another it is said and nothing is opened", async () => {
  const bench = await three();
  const report = await verifyBackups(bench.depot, { unlock: bench.unlock });
  assert.deepEqual([report.opened, report.entries], [true, 12]);
  const { identity } = await newIdentity();
  await assert.rejects(
    verifyBackups(bench.depot, { unlock: { kind: "identities", identities: [identity] } }),
    code("BACKUP_KEY_WRONG"),
  );
});

test("R-OPS-2: a folder without a backup is no folder that holds", async () => {
  const bench = await openBench();
  await assert.rejects(verifyBackups(bench.depot), code("BACKUP_MISSING"));
  bench.depot.failAt = 12;
  await bench.save().catch(() => undefined);
  assert.equal((await verifyBackups(bench.depot)).consistent, false);
});
