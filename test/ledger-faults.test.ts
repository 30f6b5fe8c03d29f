import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { Fault } from "../src/core/fault.ts";
import type { Appended, Log } from "../src/ledger/log.ts";
import { verifyLedger } from "../src/ledger/verify.ts";
import { leafHash } from "../src/ledger/merkle.ts";
import { entry, openTestLog, recordsOf, seeded, temporaryFolder, TestDisk, WHOLE } from "./ledger-kit.ts";

/** Sizes of the batches: together over the edge of a tile, so that full tiles and removals are among the operations. */
const BATCHES = [1, 60, 60, 100, 50, 3];

/** Appends and publishes until the disk fails; what was acknowledged is in `acked`. */
function scenario(disk: TestDisk, acked: Appended[], inFlight: { count: number }): Log | undefined {
  try {
    const log = openTestLog(disk);
    for (const size of BATCHES) {
      inFlight.count = size;
      const batch = log.append(Array.from({ length: size }, (_, i) => entry(acked.length + i)));
      acked.push(...batch.filter((result): result is Appended => !(result instanceof Fault)));
      inFlight.count = 0;
      log.publish();
    }
    return log;
  } catch {
    // Where and how it fails is what the rows are about.
    return undefined;
  }
}

/** A new start on what is left: nothing acknowledged lost, nothing unacknowledged half there, and it goes on. */
async function recovers(disk: TestDisk, acked: readonly Appended[], inFlight: number, dir: string): Promise<void> {
  const log = openTestLog(disk);
  const records = recordsOf(disk, log.publish().size);
  const leaves = records.map((record) => leafHash(record).toString("hex"));
  assert.deepEqual(
    acked.map(({ leaf }) => leaf),
    leaves.slice(0, acked.length),
  );
  const unacknowledged = records.slice(acked.length).filter((record) => !record.includes("ledger.recovered"));
  assert.ok([0, inFlight].includes(unacknowledged.length), `${unacknowledged.length} of ${inFlight} in flight`);
  const [next] = log.append([entry(0)]);
  assert.ok(next !== undefined && !(next instanceof Fault) && next.index === records.length);
  log.close();
  disk.writeTo(dir);
  const report = await verifyLedger(dir);
  assert.equal(report.problem, undefined);
  assert.equal(report.entries, records.length + 1);
  rmSync(dir, { recursive: true });
}

function operationsOfScenario(): number {
  const disk = new TestDisk();
  scenario(disk, [], { count: 0 })?.close();
  return disk.operations;
}

test("R-LOG-2: INVARIANT(acknowledged-is-durable) INVARIANT(whole-batches): whichever write, sync or rename fails, and whether the process dies or the power does", async (t) => {
  const dir = temporaryFolder(t);
  const operations = operationsOfScenario();
  assert.ok(operations > 100, `${operations} operations`);
  for (let failAt = 0; failAt < operations; failAt++) {
    const disk = new TestDisk();
    disk.failAt = failAt;
    const acked: Appended[] = [];
    const inFlight = { count: 0 };
    scenario(disk, acked, inFlight);
    for (let seed = 0; seed < (WHOLE ? 20 : 2); seed++) {
      const found = disk.afterPowerCut(seeded(failAt * 1000 + seed));
      await recovers(found, acked, inFlight.count, `${dir}/cut-${failAt}-${seed}`);
    }
    await recovers(disk.afterKill(), acked, inFlight.count, `${dir}/kill-${failAt}`);
  }
});

test("R-LOG-2: INVARIANT(acknowledged-is-durable): the recovery itself may fail at any point, and the next one finds everything", async (t) => {
  const dir = temporaryFolder(t);
  const random = seeded(7);
  const sample = WHOLE ? 200 : 20;
  const operations = operationsOfScenario();
  for (let round = 0; round < sample; round++) {
    const first = new TestDisk();
    first.failAt = Math.floor(random() * operations);
    const acked: Appended[] = [];
    const inFlight = { count: 0 };
    scenario(first, acked, inFlight);
    const second = first.afterPowerCut(random);
    second.failAt = Math.floor(random() * 30);
    try {
      openTestLog(second).close();
    } catch {
      // It was made to fail.
    }
    await recovers(second.afterPowerCut(random), acked, inFlight.count, `${dir}/${round}`);
  }
});

test("R-LOG-2: after one failed fsync the log refuses everything for ever and never tries again", () => {
  for (const what of ["append", "publish"] as const) {
    const disk = new TestDisk();
    const log = openTestLog(disk);
    log.append([entry(0)]);
    disk.failAt = disk.operations + (what === "append" ? 1 : 0);
    const unavailable = (error: unknown): boolean =>
      error instanceof Fault && error.code === "LEDGER_UNAVAILABLE" && /failed/.test(error.message);
    assert.throws(() => (what === "append" ? log.append([entry(1)]) : log.publish()), unavailable);
    const { operations } = disk;
    assert.throws(() => log.append([entry(2)]), unavailable);
    assert.throws(() => log.publish(), unavailable);
    assert.equal(disk.operations, operations, "the disk was asked again");
  }
});

test("R-LOG-2: a disk that does not fail keeps a log that is refused nothing", () => {
  const log = openTestLog(new TestDisk());
  for (let i = 0; i < 3; i++) assert.equal(log.append([entry(i)]).length, 1);
  assert.equal(log.publish().size, 3);
});

test("R-LOG-1: an entry that is refused leaves its neighbours in the batch as they are", () => {
  const log = openTestLog(new TestDisk());
  const [a, b, c] = log.append([entry(0), { ...entry(1), who: 7 }, entry(2)]);
  assert.ok(a !== undefined && !(a instanceof Fault) && a.index === 0);
  assert.ok(b instanceof Fault && b.code === "LEDGER_ENTRY_MALFORMED");
  assert.ok(c !== undefined && !(c instanceof Fault) && c.index === 1);
});

test("R-LOG-1: a clock that jumps back is written down as it is, and the index keeps the order", () => {
  let now = Date.parse("2026-11-20T08:00:00Z");
  const log = openTestLog(new TestDisk(), () => now);
  const [a] = log.append([entry(0)]);
  now -= 3_600_000;
  const [b] = log.append([entry(1)]);
  assert.ok(a !== undefined && b !== undefined && !(a instanceof Fault) && !(b instanceof Fault));
  assert.deepEqual([a.index, b.index], [0, 1]);
  assert.deepEqual([a.time, b.time], ["2026-11-20T08:00:00.000Z", "2026-11-20T07:00:00.000Z"]);
});
