import assert from "node:assert/strict";
import { join } from "node:path";
import { duplexPair } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { test, type TestContext } from "node:test";
import { Fault } from "../src/core/fault.ts";
import { type Frame, frameReader, jsonFrame } from "../src/core/frame.ts";
import type { JsonValue } from "../src/core/json.ts";
import type { LedgerQuery, Receipt } from "../src/core/ports/ledger.ts";
import { openLedgerClient } from "../src/ledger/client.ts";
import { type LedgerFiles, nodeFiles } from "../src/ledger/files.ts";
import { peekBatches } from "../src/ledger/journal.ts";
import { searchLedger } from "../src/ledger/search.ts";
import { verifyLedger } from "../src/ledger/verify.ts";
import { serveLedger } from "../src/ledger/writer.ts";
import { entry, filledFolder, openTestLog, temporaryFolder, TestDisk } from "./ledger-kit.ts";

const sleep = async (ms: number, signal?: AbortSignal): Promise<void> =>
  pause(ms, undefined, signal === undefined ? {} : { signal });

/** A writer in this process, and a client of it. */
function serve(files: LedgerFiles, dir = "/nowhere") {
  const [ours, theirs] = duplexPair();
  const log = openTestLog(files);
  const ended = serveLedger({ socket: theirs, log, clock: { sleep } });
  return { client: openLedgerClient({ socket: ours, dir }), ended, log, ours };
}

/** A writer that says what the test wants. */
function pretend(answer: (request: JsonValue) => JsonValue) {
  const [ours, theirs] = duplexPair();
  const read = frameReader();
  theirs.on("data", (chunk: Buffer) => {
    for (const frame of read(chunk)) theirs.write(jsonFrame(answer(frame.kind === "json" ? frame.value : null)));
  });
  return openLedgerClient({ socket: ours, dir: "/nowhere" });
}

const unavailable = (error: unknown): boolean =>
  error instanceof Fault && error.code === "LEDGER_UNAVAILABLE" && error.hint !== "";
const realFolder = (t: TestContext): string => join(temporaryFolder(t), "log");

test("R-LOG-2: a receipt is given for what is durable, and is known by identity", async () => {
  const { client } = serve(new TestDisk());
  const what = entry(0);
  const receipt = await client.append(what);
  assert.equal(receipt.index, 0);
  assert.equal(receipt.entry, what);
  assert.equal(client.gave(receipt), true);
  assert.equal(client.gave({ ...receipt }), false);
  assert.equal(serve(new TestDisk()).client.gave(receipt), false);
  await client.close();
});

test("R-LOG-2: INVARIANT(receipts-by-identity): a writer that recorded something else, or answers nonsense, gives no receipt and is not asked again", async () => {
  const answers: ((id: JsonValue) => JsonValue)[] = [
    (id) => ({ id, index: 0, leaf: "0".repeat(64), time: "2026-11-20T08:00:00.000Z" }),
    (id) => ({ id, index: "0", leaf: 7, time: null }),
    () => ({ id: 99, index: 0 }),
    () => "yes",
    () => ({ op: "fatal" }),
  ];
  for (const answer of answers) {
    const client = pretend((request) => answer(idOf(request)));
    await assert.rejects(client.append(entry(0)), unavailable);
    await assert.rejects(client.append(entry(1)), unavailable);
    await assert.rejects(client.head(), unavailable);
    await client.close();
  }
});

test("R-LOG-2: 64 callers at once get 64 places in order, in few batches", async (t) => {
  const dir = realFolder(t);
  const { client, ended } = serve(nodeFiles(dir), dir);
  const receipts = await Promise.all(Array.from({ length: 64 }, (_, i) => client.append(entry(i))));
  assert.deepEqual(
    receipts.map(({ index }) => index),
    Array.from({ length: 64 }, (_, i) => i),
  );
  const files = nodeFiles(dir);
  const [name = ""] = files.names("journal");
  const batches = peekBatches(files.read(`journal/${name}`) ?? Buffer.alloc(0)).filter(({ body }) => body.length > 0);
  assert.ok(batches.length <= 4, `${batches.length} batches`);
  await client.close();
  assert.equal(await ended, undefined);
  assert.deepEqual([(await verifyLedger(dir)).consistent, (await verifyLedger(dir)).entries], [true, 64]);
});

test("R-LOG-2: what arrives while a batch is written goes into the next one", async (t) => {
  const dir = realFolder(t);
  const { client } = serve(nodeFiles(dir), dir);
  const rounds = Array.from({ length: 500 }, (_, i) => client.append(entry(i)));
  assert.deepEqual(
    (await Promise.all(rounds)).map(({ index }) => index),
    Array.from({ length: 500 }, (_, i) => i),
  );
  assert.equal((await client.head()).size, 500);
  await client.close();
});

test("R-LOG-1: an entry that is too large or cannot be spelled is refused, and the next one is taken", async () => {
  const { client } = serve(new TestDisk());
  await assert.rejects(
    client.append(entry(0, { x: "a".repeat(66_000) })),
    (error) => error instanceof Fault && error.code === "LEDGER_ENTRY_TOO_LARGE",
  );
  await assert.rejects(
    client.append(entry(0, { x: "\ud800" })),
    (error) => error instanceof Fault && error.code === "JSON_UNREPRESENTABLE",
  );
  const misshapen = { ...entry(0), more: 1 };
  await assert.rejects(
    client.append(misshapen),
    (error) => error instanceof Fault && error.code === "LEDGER_ENTRY_MALFORMED",
  );
  assert.equal((await client.append(entry(1))).index, 0);
  await client.close();
});

test("R-LOG-3: the head is a published checkpoint of everything that was appended before", async (t) => {
  const dir = realFolder(t);
  const { client } = serve(nodeFiles(dir), dir);
  assert.equal((await client.head()).size, 0);
  const [, head] = await Promise.all([client.append(entry(0)), client.head()]);
  assert.equal(head.size, 1);
  assert.equal(nodeFiles(dir).read("checkpoint")?.toString("utf8"), head.checkpoint);
  assert.equal(
    (
      await verifyLedger(dir, {
        publicKey: nodeFiles(dir).read("key.pub")?.toString("utf8") ?? "",
        checkpoint: head.checkpoint,
      })
    ).intact,
    true,
  );
  await client.close();
});

test("R-LOG-3: records are published a second after they came, without anybody asking", async (t) => {
  const dir = realFolder(t);
  const { client, log } = serve(nodeFiles(dir), dir);
  await client.append(entry(0));
  assert.equal(log.unpublished().records, 1);
  await pause(1300);
  assert.equal(log.unpublished().records, 0);
  assert.match(nodeFiles(dir).read("checkpoint")?.toString("utf8") ?? "", /\n1\n/);
  await client.close();
});

test("R-LOG-2: a peer that sends what is no frame or no request is cut off, and what was durable stays", async () => {
  for (const bytes of [
    Buffer.from([0xff, 0xff, 0xff, 0xff, 0x4a]),
    Buffer.from([0, 0, 0, 1, 0x4a, 0x7b]),
    Buffer.from([0, 0, 0, 1, 0x41, 0x7b]),
    jsonFrame({ op: "erase", id: 1 }),
    jsonFrame({ op: "append", id: "1" }),
    jsonFrame(null),
  ]) {
    const disk = new TestDisk();
    const { client, ended, ours } = serve(disk);
    await client.append(entry(0));
    ours.write(bytes);
    const why = await ended;
    assert.equal(why?.code, "FRAME_MALFORMED");
    await assert.rejects(client.append(entry(1)), unavailable);
    assert.equal(openTestLog(disk.afterKill()).publish().size, 1);
  }
});

test("R-LOG-2: a disk that fails ends the writer: everybody who waits hears why, nobody gets a receipt", async () => {
  const disk = new TestDisk();
  const { client, ended } = serve(disk);
  await client.append(entry(0));
  disk.failAt = disk.operations + 1;
  const outcomes = await Promise.allSettled(Array.from({ length: 200 }, (_, i) => client.append(entry(i))));
  for (const outcome of outcomes) {
    assert.ok(
      outcome.status === "rejected" &&
        unavailable(outcome.reason) &&
        /syncing journal.* failed/.test(String(outcome.reason)),
    );
  }
  assert.equal((await ended)?.code, "LEDGER_UNAVAILABLE");
  await assert.rejects(client.append(entry(1)), unavailable);
  await client.close();
});

test("R-LOG-2: a publication that fails ends the writer too, and what was acknowledged is there at the next start", async () => {
  const disk = new TestDisk();
  const { client, ended } = serve(disk);
  const receipts: Receipt[] = [await client.append(entry(0))];
  disk.failAt = disk.operations;
  await assert.rejects(client.head(), unavailable);
  assert.equal((await ended)?.code, "LEDGER_UNAVAILABLE");
  assert.equal(openTestLog(disk.afterPowerCut(() => 0.7)).publish().size, receipts.length);
});

test("R-LOG-2: when the socket ends, all who wait are refused and nothing is tried again", async () => {
  const [ours, theirs] = duplexPair();
  const client = openLedgerClient({ socket: ours, dir: "/nowhere" });
  const frames: Frame[] = [];
  const read = frameReader();
  theirs.on("data", (chunk: Buffer) => frames.push(...read(chunk)));
  const waiting = [client.append(entry(0)), client.append(entry(1)), client.head()];
  setImmediate(() => theirs.destroy());
  for (const outcome of await Promise.allSettled(waiting))
    assert.ok(outcome.status === "rejected" && unavailable(outcome.reason));
  await assert.rejects(client.append(entry(2)), unavailable);
  assert.equal(frames.length, 3);
});

test("R-LOG-2: closing waits for what was asked before, and publishes it", async (t) => {
  const dir = realFolder(t);
  const { client, ended } = serve(nodeFiles(dir), dir);
  const last = client.append(entry(0));
  await client.close();
  assert.equal((await last).index, 0);
  assert.equal(await ended, undefined);
  assert.match(nodeFiles(dir).read("checkpoint")?.toString("utf8") ?? "", /\n1\n/);
  await assert.rejects(client.append(entry(1)), unavailable);
});

test("R-LOG-6: search finds by every field, newest first, in journal and tiles, as many as asked", async (t) => {
  const dir = filledFolder(t, 600, 30);
  const indexes = async (query: LedgerQuery): Promise<number[]> =>
    (await searchLedger(dir, query)).map(({ index }) => index);
  assert.deepEqual(await indexes({ limit: 3 }), [629, 628, 627]);
  assert.deepEqual(
    await indexes({ limit: 10_000 }),
    Array.from({ length: 630 }, (_, i) => 629 - i),
  );
  assert.equal((await indexes({})).length, 100);
  assert.deepEqual(await indexes({ target: "file-601" }), [601]);
  assert.deepEqual(await indexes({ target: "file-7" }), [7]);
  assert.deepEqual(await indexes({ who: "ana", limit: 2 }), [627, 624]);
  assert.deepEqual(await indexes({ who: "ana", target: "file-8" }), []);
  assert.deepEqual(await indexes({ session: "ses_x" }), []);
  assert.deepEqual(await indexes({ until: "2020-01-01T00:00:00Z" }), []);
  assert.equal((await indexes({ since: "2020-01-01T00:00:00Z", limit: 7 })).length, 7);
  const [newest] = await searchLedger(dir, { limit: 1 });
  const { time, ...rest } = newest ?? { time: "" };
  assert.deepEqual(rest, { ...entry(629), index: 629 });
  assert.ok(!Number.isNaN(Date.parse(time)));
});

test("R-LOG-6: words inside of a record's data are not taken for its members", async (t) => {
  const dir = realFolder(t);
  const log = openTestLog(nodeFiles(dir));
  log.append([entry(1, { who: "mallory", note: '"who":"mallory"' }), { ...entry(2), who: "mallory" }]);
  log.close();
  assert.deepEqual(
    (await searchLedger(dir, { who: "mallory" })).map(({ index }) => index),
    [1],
  );
});

test("R-LOG-6: a search that cannot be meant is refused; one of an empty folder finds nothing", async (t) => {
  const dir = temporaryFolder(t);
  for (const query of [{ limit: 0 }, { limit: 1.5 }, { limit: 10_001 }, { since: "yesterday" }]) {
    await assert.rejects(
      searchLedger(dir, query),
      (error) => error instanceof Fault && error.code === "LEDGER_QUERY_MALFORMED",
    );
  }
  assert.deepEqual(await searchLedger(dir, {}), []);
});

test("R-LOG-6: search and verification go on while records are written", async (t) => {
  const dir = realFolder(t);
  const { client } = serve(nodeFiles(dir), dir);
  await client.append(entry(0));
  const state = { writing: true };
  const writers = Array.from({ length: 8 }, async () => {
    for (let i = 1; i < 400; i++) await client.append(entry(i));
  });
  const all = Promise.all(writers).finally(() => (state.writing = false));
  let rounds = 0;
  while (state.writing) {
    const found = (await client.search({ limit: 10_000 })).map(({ index }) => index);
    assert.deepEqual(
      found,
      Array.from({ length: found.length }, (_, i) => found.length - 1 - i),
    );
    const report = await verifyLedger(dir);
    assert.equal(report.problem, undefined);
    rounds++;
  }
  await all;
  assert.ok(rounds > 0);
  assert.equal((await client.search({ limit: 10_000 })).length, 8 * 399 + 1);
  await client.close();
});

function idOf(request: JsonValue): JsonValue {
  return typeof request === "object" && request !== null && "id" in request ? (request["id"] ?? null) : null;
}
