import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { Fault } from "../../core/fault.ts";
import { chainKeyOf, contentsOf, memoryDepot, openBench } from "./fixture.ts";
import { verifyBackups } from "./verify.ts";

const code = (wanted: string) => (thrown: unknown) => thrown instanceof Fault && thrown.code === wanted;

test("R-OPS-2: what was saved comes back, byte for byte, from each backup as it was then", async () => {
  const bench = await openBench();
  await bench.save();
  const first = new Map(bench.tree);
  bench.tree.set("a.txt", Buffer.from("other"));
  bench.tree.delete("empty");
  await bench.save();
  assert.deepEqual(await contentsOf(bench.depot, bench.unlock, 1), first);
  assert.deepEqual(await contentsOf(bench.depot, bench.unlock, 2), bench.tree);
  const report = await verifyBackups(bench.depot, { unlock: bench.unlock });
  assert.deepEqual([report.consistent, report.kept, report.entries, report.strays], [true, [1, 2], 7, 0]);
});

test("R-OPS-2: what is there already is not written again, and a piece of a large file counts by itself", async () => {
  const bench = await openBench();
  const all = await bench.save();
  assert.equal(all.written, all.bytes);
  assert.equal((await bench.save()).written, 0);
  const big = Buffer.from(bench.tree.get("big.bin") ?? "");
  big[300_000] = (big[300_000] ?? 0) ^ 1;
  bench.tree.set("big.bin", big);
  assert.equal((await bench.save()).written, 256 * 1024, "one piece of it");
  assert.deepEqual(await contentsOf(bench.depot, bench.unlock, 3), bench.tree);
  assert.equal((await bench.save({ full: true })).written, all.bytes, "unless everything is asked for");
});

test("R-OPS-2: a lost or spoiled catalogue costs time, never a backup", async () => {
  const bench = await openBench();
  const { bytes } = await bench.save();
  for (const text of [undefined, "", "{", '{"head":null}']) {
    bench.catalogue.text = text;
    assert.equal((await bench.save()).written, bytes);
  }
  assert.equal((await verifyBackups(bench.depot, { unlock: bench.unlock })).consistent, true);
});

test("R-OPS-2: a pack that is gone or short is not built upon", async () => {
  const bench = await openBench();
  await bench.save();
  const pack = [...bench.depot.files.keys()].find((path) => path.startsWith("packs/")) ?? "";
  bench.depot.files.delete(pack);
  await bench.save();
  assert.deepEqual(await contentsOf(bench.depot, bench.unlock, 2), bench.tree);
  const { problems } = await verifyBackups(bench.depot);
  assert.match(
    problems.join("\n"),
    /packs\/[0-9a-f]+\.age` is missing/,
    "the one that needs it is still said to be broken",
  );
});

test("R-OPS-2: what is not kept goes, its note stays, and what others need of it stays", async () => {
  const bench = await openBench();
  const keep = { last: 1, daily: 0, weekly: 0, monthly: 0 };
  await bench.save({ keep });
  bench.tree.set("a.txt", Buffer.from("new"));
  const { removed } = await bench.save({ keep });
  assert.deepEqual(removed, [1]);
  const paths = [...bench.depot.files.keys()];
  assert.ok(paths.includes("chain/000001") && !paths.includes("runs/000001.packs"));
  assert.deepEqual(await contentsOf(bench.depot, bench.unlock, 2), bench.tree);
  const report = await verifyBackups(bench.depot, { unlock: bench.unlock });
  assert.deepEqual([report.consistent, report.made, report.kept, report.strays], [true, 2, [2], 0]);
});

test("R-OPS-2: INVARIANT(whole-backups): whichever step fails, or the power goes behind it, what was there is whole and the next backup succeeds", async (t) => {
  const bench = await openBench();
  await bench.save();
  const before = new Map(bench.tree);
  const catalogue = bench.catalogue.text;
  // Of several writes, one of which is under way while the next is gathered.
  bench.tree.set("c.bin", randomBytes(2_500_000));
  const clean = bench.depot.copy();
  let [steps, seen] = [0, 0];
  for (let failAt = 1; ; failAt++) {
    for (const power of [false, true]) {
      const depot = clean.copy();
      bench.catalogue.text = catalogue;
      depot.failAt = failAt;
      const keep = { last: 2, daily: 0, weekly: 0, monthly: 0 };
      const ended = await bench.save({ depot, keep }).then(
        () => "made",
        (thrown: unknown) => (thrown instanceof Fault ? thrown.code : String(thrown)),
      );
      if (depot.count < failAt) {
        t.diagnostic(`${seen} failures over ${steps} steps`);
        assert.ok(steps > 20, `${steps} steps were failed`);
        return;
      }
      steps = failAt;
      seen += 1;
      assert.ok(ended === "BACKUP_FULL" || ended === "made", ended);
      depot.failAt = undefined;
      if (power) depot.crash();
      const report = await verifyBackups(depot, { unlock: bench.unlock });
      assert.deepEqual(report.problems, [], `step ${failAt}${power ? ", and the power" : ""}`);
      assert.deepEqual(await contentsOf(depot, bench.unlock, 1), before);
      if (report.made > 1) assert.deepEqual(await contentsOf(depot, bench.unlock, 2), bench.tree);
      const next = await bench.save({ depot });
      assert.deepEqual(await contentsOf(depot, bench.unlock, next.note.number), bench.tree);
      assert.equal((await verifyBackups(depot)).strays, 0, "what the failed one left is gone");
    }
  }
});

test("R-OPS-2: the folder of another installation, and one with other things, is refused", async () => {
  const bench = await openBench();
  await bench.save();
  await assert.rejects(bench.save({ key: chainKeyOf() }), code("BACKUP_FOREIGN"));
  const depot = memoryDepot(new Map([["holiday.jpg", { bytes: Buffer.from("x"), synced: Buffer.from("x") }]]));
  await assert.rejects(bench.save({ depot }), code("BACKUP_FOREIGN"));
  assert.deepEqual([...depot.files.keys()], ["holiday.jpg"]);
});

test("R-OPS-2: an older state of the folder that was put back is not gone on with", async () => {
  const bench = await openBench();
  await bench.save();
  const older = bench.depot.copy();
  await bench.save();
  await assert.rejects(bench.save({ depot: older }), code("BACKUP_DAMAGED"));
  await bench.save();
});
