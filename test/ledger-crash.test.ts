import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { test } from "node:test";
import { Fault } from "../src/core/fault.ts";
import type { Receipt } from "../src/core/ports/ledger.ts";
import { lockFolder } from "../src/ledger/lock.ts";
import { verifyLedger } from "../src/ledger/verify.ts";
import { entry, exitOf, filledFolder, seeded, startWriter, temporaryFolder, WHOLE } from "./ledger-kit.ts";

const unavailable = (error: unknown): boolean => error instanceof Fault && error.code === "LEDGER_UNAVAILABLE";

test("R-LOG-2: kill -9 of the writer at random moments, again and again, loses no acknowledged record", async (t) => {
  const dir = join(temporaryFolder(t), "log");
  const random = seeded(2026);
  const acked = new Map<number, Receipt>();
  let sent = 0;
  for (let round = 0; round < (WHOLE ? 200 : 15); round++) {
    const { child, client } = startWriter(t, dir);
    await client.head();
    const callers = Array.from({ length: 16 }, async () => {
      for (;;) {
        const receipt = await client.append(entry(sent++, { round }));
        assert.equal(acked.has(receipt.index), false, `two receipts for ${receipt.index}`);
        acked.set(receipt.index, receipt);
      }
    });
    await pause(random() * 150);
    child.kill("SIGKILL");
    for (const outcome of await Promise.allSettled(callers))
      assert.ok(outcome.status === "rejected" && unavailable(outcome.reason));
    await exitOf(child);
    const found = await verifyLedger(dir);
    assert.equal(found.problem, undefined);
  }
  const { child, client } = startWriter(t, dir);
  const { size, checkpoint } = await client.head();
  assert.ok(acked.size > 100, `${acked.size} acknowledged`);
  const leaves = new Map<number, string>();
  for (let index = 0; index * 256 < size; index++) {
    const name = String(index).padStart(3, "0");
    const width = Math.min(256, size - index * 256);
    const tile = readFileSync(join(dir, `tile/0/${name}${width === 256 ? "" : `.p/${width}`}`));
    for (let i = 0; i < width; i++) leaves.set(index * 256 + i, tile.toString("hex", i * 32, i * 32 + 32));
  }
  for (const [index, receipt] of acked) assert.equal(leaves.get(index), receipt.leaf, `record ${index}`);
  await client.close();
  assert.equal(await exitOf(child), 0);
  const report = await verifyLedger(dir, { publicKey: readFileSync(join(dir, "key.pub"), "utf8"), checkpoint });
  assert.deepEqual([report.intact, report.entries], [true, size]);
  t.diagnostic(`${acked.size} acknowledged, ${size} held`);
});

test("R-LOG-2: INVARIANT(one-writer): a second writer on the folder is refused with a hint, and the first goes on", async (t) => {
  const dir = join(temporaryFolder(t), "log");
  const first = startWriter(t, dir);
  await first.client.append(entry(0));
  const second = startWriter(t, dir);
  await assert.rejects(second.client.append(entry(1)), unavailable);
  assert.equal(await exitOf(second.child), 1);
  assert.match(second.said(), /another process writes this ledger[\s\S]*hint: /);
  assert.equal((await first.client.append(entry(2))).index, 1);
  // A crash releases the lock: nobody has to clean up.
  first.child.kill("SIGKILL");
  await exitOf(first.child);
  const third = startWriter(t, dir);
  assert.equal((await third.client.append(entry(3))).index, 2);
  await third.client.close();
});

test("R-LOG-2: INVARIANT(one-writer): the lock holds within one process too, and ends with its release", (t) => {
  const dir = filledFolder(t, 1);
  const lock = lockFolder(dir);
  assert.throws(
    () => lockFolder(dir),
    (error) => error instanceof Fault && error.code === "LEDGER_LOCKED",
  );
  lock.release();
  lockFolder(dir).release();
});

test("R-LOG-2: a full disk refuses everything from then on, says so, and the next start has all that was acknowledged", async (t) => {
  const dir = join(temporaryFolder(t), "log");
  // Blocks of 512 bytes: the first journal fits, the batches that go beyond it do not.
  const { client, child, said } = startWriter(t, dir, "ulimit -f 8300");
  const receipts: Receipt[] = [];
  const large = "x".repeat(60_000);
  await assert.rejects(
    (async () => {
      for (let i = 0; i < 500; i += 100) {
        receipts.push(
          ...(await Promise.all(Array.from({ length: 100 }, (_, k) => client.append(entry(i + k, { large }))))),
        );
      }
    })(),
    (error) => unavailable(error) && /EFBIG/.test(String(error)),
  );
  await assert.rejects(client.append(entry(0)), unavailable);
  assert.equal(await exitOf(child), 1);
  assert.match(said(), /could not be written[\s\S]*hint: /);
  const next = startWriter(t, dir);
  const { size } = await next.client.head();
  assert.ok(size >= receipts.length);
  await next.client.close();
  assert.equal((await verifyLedger(dir)).problem, undefined);
});

test("R-LOG-3: folder and key can be read by their owner only", async (t) => {
  const dir = join(temporaryFolder(t), "log");
  const { client } = startWriter(t, dir);
  await client.append(entry(0));
  await client.close();
  assert.equal(statSync(dir).mode & 0o777, 0o700);
  for (const name of readdirSync(dir)) assert.equal(statSync(join(dir, name)).mode & 0o077, 0, name);
});

test("R-LOG-2: the signals of a terminal or a service manager do not end the writer; the end of its socket does", async (t) => {
  const dir = join(temporaryFolder(t), "log");
  const { child, client, socket } = startWriter(t, dir);
  await client.append(entry(0));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) child.kill(signal);
  assert.equal((await client.append(entry(1))).index, 1);
  socket.destroy();
  assert.equal(await exitOf(child), 0);
  const report = await verifyLedger(dir);
  assert.deepEqual([report.problem, report.entries], [undefined, 2]);
  assert.match(report.checkpoint, /\n2\n/);
});

test("R-LOG-2: a writer that is started wrongly, or on another's folder, says so and ends", async (t) => {
  const dir = filledFolder(t, 1);
  const wrong = startWriter(t, dir, 'set -- "$1" "$2" --dir "$4"');
  await assert.rejects(wrong.client.append(entry(0)), unavailable);
  assert.equal(await exitOf(wrong.child), 2);
  assert.match(wrong.said(), /without `--dir` and `--origin`/);
  const other = startWriter(t, dir, 'set -- "$1" "$2" --dir "$4" --origin other.test/log');
  await assert.rejects(
    other.client.append(entry(0)),
    (error) => unavailable(error) && /holds the ledger/.test(String(error)),
  );
  assert.equal(await exitOf(other.child), 2);
});
