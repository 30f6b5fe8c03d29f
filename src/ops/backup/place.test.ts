import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { test } from "node:test";
import { crew } from "./ahead.ts";
import type { FileOut } from "./open-run.ts";
import { type OpenOut, placer } from "./place.ts";

type Disk = {
  readonly open: OpenOut;
  readonly files: Map<string, { bytes: Buffer; synced: Buffer | undefined; mode: number }>;
  failAt: number | undefined;
  count: number;
  opened: number;
  most: number;
};

/** A disk that writes a part at a time, and fails where it was told to. */
function diskOf(): Disk {
  const step = async (): Promise<void> => {
    disk.count += 1;
    const isLast = disk.count === disk.failAt;
    await Promise.resolve();
    if (isLast) throw new Error("failed");
  };
  const disk: Disk = {
    files: new Map(),
    failAt: undefined,
    count: 0,
    opened: 0,
    most: 0,
    open: async (path, flags, mode) => {
      await step();
      const isNew = (flags & constants.O_CREAT) !== 0;
      assert.ok((flags & constants.O_NOFOLLOW) !== 0 && (!isNew || (flags & constants.O_EXCL) !== 0));
      if (isNew === disk.files.has(path)) throw new Error(isNew ? "it is there" : "it is not there");
      const cell = disk.files.get(path) ?? { bytes: Buffer.alloc(0), synced: undefined, mode };
      disk.files.set(path, cell);
      disk.most = Math.max(disk.most, ++disk.opened);
      let isOpen = true;
      return {
        write: async (bytes, offset, length, position) => {
          await step();
          assert.ok(isOpen, "it is written when it was closed");
          const bytesWritten = Math.min(length, 60);
          const grown = Buffer.alloc(Math.max(cell.bytes.length, position + bytesWritten));
          grown.set(cell.bytes);
          grown.set(bytes.subarray(offset, offset + bytesWritten), position);
          cell.bytes = grown;
          return { bytesWritten };
        },
        chmod: async (to) => {
          await step();
          cell.mode = to;
        },
        sync: async () => {
          await step();
          assert.ok(isOpen, "it is synced when it was closed");
          cell.synced = cell.bytes;
        },
        close: async () => {
          disk.opened -= 1;
          isOpen = false;
          await step();
        },
      };
    },
  };
  return disk;
}

const PIECE = 100;
type Meant = { readonly file: FileOut; readonly bytes: Buffer };

function meantOf(count: number): readonly Meant[] {
  return Array.from({ length: count }, (_, i) => {
    const bytes = randomBytes(i % 10 === 0 ? 0 : 250);
    return { file: { path: `f${i}`, executable: i % 3 === 0, bytes: bytes.length }, bytes };
  });
}

/** Every first piece, then every second one: as from packs of which each holds some of every file. */
async function place(disk: Disk, meant: readonly Meant[], leftOut?: FileOut): Promise<void> {
  const placing = placer(
    meant.map(({ file }) => file),
    ({ path }) => path,
    disk.open,
  );
  const giving = crew(8);
  try {
    for (const at of [200, 0, 100])
      for (const { file, bytes } of meant)
        if (at < bytes.length && (file !== leftOut || at > 0))
          await giving.begin(() => placing.write(file, at, bytes.subarray(at, at + PIECE)));
    await giving.end();
    await placing.end();
  } finally {
    await giving.settle();
    await placing.drop();
  }
}

test("R-OPS-2: INVARIANT(all-or-nothing): pieces in any order become files, each on the disk at the end, few open at once", async () => {
  const [disk, meant] = [diskOf(), meantOf(150)];
  await place(disk, meant);
  assert.equal(disk.files.size, 150);
  for (const { file, bytes } of meant) {
    const made = disk.files.get(file.path);
    assert.deepEqual([made?.synced, made?.mode], [bytes, file.executable ? 0o700 : 0o600], file.path);
  }
  assert.equal(disk.opened, 0);
  assert.ok(disk.most < 64 + 32 + 16, `${disk.most} were open`);
});

test("R-OPS-2: INVARIANT(all-or-nothing): whichever operation fails, it does not end well, and nothing stays open", async (t) => {
  // Every third of many hundred: each kind of them comes often.
  for (let failAt = 1; ; failAt += 3) {
    const disk = diskOf();
    disk.failAt = failAt;
    const ended = await place(disk, meantOf(80)).then(
      () => "placed",
      (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
    );
    if (disk.count < failAt) {
      t.diagnostic(`of ${failAt - 1} operations every third was failed`);
      assert.ok(failAt > 400);
      assert.equal(ended, "placed", "the honest one");
      return;
    }
    assert.deepEqual([ended, disk.opened], ["failed", 0], `operation ${failAt}`);
  }
});

test("R-OPS-2, R-FS-2: nothing is written onto what is there, and a file that is not whole is none", async () => {
  const [disk, meant] = [diskOf(), meantOf(5)];
  disk.files.set("f3", { bytes: Buffer.from("mine"), synced: undefined, mode: 0o644 });
  await assert.rejects(place(disk, meant), /it is there/);
  assert.equal(disk.files.get("f3")?.bytes.toString(), "mine");
  const other = diskOf();
  await assert.rejects(place(other, meant, meant[4]?.file), /`f4` did not become as long as it was/);
  assert.deepEqual([disk.opened, other.opened], [0, 0]);
});

test("R-OPS-2: a file that is being written is not closed for others", async () => {
  const disk = diskOf();
  const [slow, ...others] = Array.from(
    { length: 120 },
    (_, i): FileOut => ({ path: `f${i}`, executable: false, bytes: 60_000 }),
  );
  assert.ok(slow);
  const placing = placer([slow, ...others], ({ path }) => path, disk.open);
  const writing = placing.write(slow, 0, randomBytes(60_000));
  for (const file of others) await placing.write(file, 0, Buffer.from("its first byte"));
  await writing;
  await assert.rejects(placing.end(), /did not become as long/);
  await placing.drop();
  assert.deepEqual([disk.files.get("f0")?.synced?.length, disk.opened], [60_000, 0]);
});
