import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { Fault } from "../../core/fault.ts";
import { sha256 } from "../../core/json.ts";
import { packPath } from "./chain.ts";
import { makeSeal, newIdentity, type Seal } from "./envelope.ts";
import { memoryDepot } from "./fixture.ts";
import { packWriter } from "./packs.ts";

const random = { bytes: (count: number) => randomBytes(count), uniform: () => 0.5 };
const PACK = 2_000_000;
const PIECES = Array.from({ length: 24 }, () => randomBytes(256 * 1024));

async function sealFor(): Promise<Seal> {
  return makeSeal({ kind: "recipients", recipients: [(await newIdentity()).recipient] });
}

test("R-OPS-2: INVARIANT(whole-backups): packs are whole on the disk when their list is there", async () => {
  const depot = memoryDepot();
  const writer = packWriter(depot, await sealFor(), random, PACK);
  const places = [];
  for (const piece of PIECES) places.push(await writer.add(piece));
  const packs = await writer.end();
  assert.equal(packs.length, 4);
  assert.deepEqual(new Set(places.map(({ pack }) => pack)), new Set(packs.map(({ name }) => name)));
  depot.crash();
  for (const { name, sha256: hash, bytes } of packs) {
    const file = depot.files.get(packPath(name))?.bytes ?? Buffer.alloc(0);
    assert.deepEqual([sha256(file), file.length], [hash, bytes]);
  }
});

test("R-OPS-2: INVARIANT(whole-backups): whichever operation fails behind who writes, the list never comes, and nothing stays", async (t) => {
  const seal = await sealFor();
  for (let failAt = 1; ; failAt++) {
    const depot = memoryDepot();
    depot.failAt = failAt;
    const writer = packWriter(depot, seal, random, PACK);
    const ended = await (async () => {
      for (const piece of PIECES) await writer.add(piece);
      return writer.end();
    })().then(
      () => "packs",
      (thrown: unknown) => (thrown instanceof Fault ? thrown.code : String(thrown)),
    );
    if (depot.count < failAt) {
      t.diagnostic(`${failAt - 1} operations were failed`);
      assert.ok(failAt > 20);
      assert.equal(ended, "packs", "the honest one");
      return;
    }
    assert.equal(ended, "BACKUP_FULL", `operation ${failAt}`);
    depot.failAt = undefined;
    await writer.drop();
    assert.deepEqual([...depot.files.keys()], [], `operation ${failAt}`);
  }
});

test("R-OPS-2: little is held, however slow the disk is", async () => {
  const depot = memoryDepot();
  let [held, most] = [0, 0];
  const slow = {
    ...depot,
    create: async (path: string) => {
      const file = await depot.create(path);
      return {
        ...file,
        write: async (parts: readonly Uint8Array[]) => {
          for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
          held -= parts.reduce((sum, { length }) => sum + length, 0);
          await file.write(parts);
        },
      };
    },
  };
  const writer = packWriter(slow, await sealFor(), random);
  for (const piece of PIECES) {
    await writer.add(piece);
    held += piece.length;
    most = Math.max(most, held);
  }
  await writer.end();
  assert.ok(most < 2_000_000, `${most} bytes were waiting to be written`);
});
