/** Backups of real files, which others write meanwhile. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Fault } from "../../core/fault.ts";
import type { LedgerPart } from "../../ledger/copy.ts";
import { type Bench, contentsOf, openBench } from "./fixture.ts";
import { sourceOf, type SourceEntry, type SourceParts } from "./source.ts";

const code = (wanted: string) => (thrown: unknown) => thrown instanceof Fault && thrown.code === wanted;

type Kit = { readonly bench: Bench; readonly home: string; readonly work: string };

async function kitFor(t: { after(body: () => void): void }): Promise<Kit> {
  const root = fs.mkdtempSync(join(tmpdir(), "vambrace-fill-"));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  const kit = { bench: await openBench(), home: join(root, "home"), work: join(root, "work") };
  for (const folder of [kit.home, kit.work]) fs.mkdirSync(folder);
  // Later than every file here: so that what they were is remembered.
  kit.bench.nowMs = Date.now() + 60_000;
  return kit;
}

function sourceIn({ home, work }: Kit, change: Partial<SourceParts> = {}): AsyncIterable<SourceEntry> {
  return sourceOf({
    home,
    workspaces: new Map([["main", work]]),
    copyDatabase: async (file) => file,
    copyLedger: async () => undefined,
    ...change,
  });
}

/** Paths as in the backup, with what is in them. */
async function saved({ bench }: Kit, number = 1): Promise<ReadonlyMap<string, string>> {
  const contents = await contentsOf(bench.depot, bench.unlock, number);
  return new Map([...contents].map(([path, bytes]) => [path, bytes.toString("latin1")]));
}

/** Descriptors that lead below the folder. */
function openBelow(folder: string): number {
  const links = fs.readdirSync("/proc/self/fd").map((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // The one that reads the folder.
      return "";
    }
  });
  return links.filter((to) => to.startsWith(folder)).length;
}

const NAMES = Array.from({ length: 30 }, (_, i) => `file-${String(i).padStart(2, "0")}`);

test("R-OPS-2, R-FLOW-4: databases are copied before a file is read, and the ledger when every file was", async (t) => {
  const kit = await kitFor(t);
  const write = (text: string): void => {
    for (const folder of [kit.home, kit.work]) for (const name of NAMES) fs.writeFileSync(join(folder, name), text);
  };
  write("before the databases");
  for (const name of ["a.db", "b.db", "c.db"]) fs.writeFileSync(join(kit.home, name), "pages");
  async function* parts(): AsyncGenerator<LedgerPart> {
    yield { path: "checkpoint", bytes: Buffer.from("the ledger") };
  }
  await kit.bench.save({
    source: sourceIn(kit, {
      copyDatabase: async (file) => {
        await turn();
        if (file.endsWith("c.db")) write("before the ledger");
        return file;
      },
      copyLedger: async () => {
        write("behind the ledger");
        return { checkpoint: "the ledger", size: 0, parts: parts() };
      },
    }),
  });
  const source = [...(await saved(kit))];
  const files = source.filter(([path]) => path.includes("file-"));
  assert.equal(files.length, 60, "of the state folder and of the workspace");
  assert.deepEqual(new Set(files.map(([, text]) => text)), new Set(["before the ledger"]));
  assert.equal(source.at(-1)?.[1], "the ledger");
});

test("R-OPS-2, R-FLOW-4: the state folder was read before a workspace is, and both before the ledger", async (t) => {
  const kit = await kitFor(t);
  for (const name of NAMES) fs.writeFileSync(join(kit.home, name), "x");
  for (const name of NAMES) fs.writeFileSync(join(kit.work, name), "x");
  const kinds: string[] = [];
  for await (const { kind, ...entry } of sourceIn(kit, {
    copyLedger: async () => {
      kinds.push("the ledger");
      return undefined;
    },
  }))
    if (kind === "wait") kinds.push("wait");
    else if (kind === "file" && "path" in entry) kinds.push(entry.path.split("/")[0] ?? "");
  const runs = kinds.filter((kind, i) => kind !== kinds[i - 1]);
  assert.deepEqual(runs, ["wait", "home", "wait", "workspace", "wait", "the ledger"]);
});

test("R-OPS-2: files of every size come back, and of what did not change nothing is written", async (t) => {
  const kit = await kitFor(t);
  const piece = 256 * 1024;
  for (const size of [0, 1, piece - 1, piece, piece + 1, 4 * piece, 5 * piece + 7, 9 * piece])
    fs.writeFileSync(join(kit.home, `of-${size}`), randomBytes(size));
  fs.writeFileSync(join(kit.home, "tool"), "#!/bin/sh\n", { mode: 0o700 });
  const tree = (): ReadonlyMap<string, string> =>
    new Map(fs.readdirSync(kit.home).map((name) => [name, fs.readFileSync(join(kit.home, name), "latin1")]));
  const first = await kit.bench.save({ source: sourceIn(kit) });
  assert.deepEqual(await saved(kit), tree());
  const again = await kit.bench.save({ source: sourceIn(kit) });
  assert.deepEqual([again.written, again.bytes, again.files], [0, first.bytes, first.files]);
  fs.writeFileSync(join(kit.home, "of-1"), "!");
  fs.rmSync(join(kit.home, "of-0"));
  const third = await kit.bench.save({ source: sourceIn(kit) });
  assert.deepEqual([third.written, third.files], [1, first.files - 1]);
  assert.deepEqual(await saved(kit, 3), tree());
});

test("R-OPS-2: a file that changes while it is read ends a backup of the state, and in a workspace is named; small or large", async (t) => {
  for (const size of [1_000, 2_000_000]) {
    for (const where of ["home", "work"] as const) {
      const kit = await kitFor(t);
      const path = join(kit[where], "moving");
      const other = join(kit[where], "standing");
      for (const file of [path, other]) fs.writeFileSync(file, randomBytes(size));
      let at = 0;
      const ticking = { on: true };
      const writing = (async () => {
        for (; ticking.on; await turn()) {
          fs.utimesSync(path, 1, ++at);
        }
      })();
      const made = await kit.bench
        .save({ source: sourceIn(kit) })
        .catch((thrown: unknown) => thrown)
        .finally(() => (ticking.on = false));
      await writing;
      const said = made instanceof Fault ? made.code : made;
      if (where === "home") assert.equal(said, "BACKUP_FAILED");
      else
        assert.deepEqual(said && typeof said === "object" && "left" in said ? said.left : said, [
          { path: "workspace/main/moving", says: "it changed while it was read" },
        ]);
      assert.equal(openBelow(join(kit.home, "..")), 0, "nothing stays open");
    }
  }
});

test("R-OPS-2: a signal ends it, also within a large file, and leaves nothing behind", async (t) => {
  const kit = await kitFor(t);
  fs.writeFileSync(join(kit.home, "large"), randomBytes(8_000_000));
  const ending = new AbortController();
  const { depot } = kit.bench;
  let writes = 0;
  const counting = {
    ...depot,
    create: async (path: string) => {
      const file = await depot.create(path);
      const write = async (parts: readonly Uint8Array[]): Promise<void> => {
        writes += 1;
        if (path.startsWith("packs/")) ending.abort();
        await file.write(parts);
      };
      return { ...file, write };
    },
  };
  await assert.rejects(
    kit.bench.save({ depot: counting, source: sourceIn(kit), signal: ending.signal }),
    (thrown) => thrown === ending.signal.reason,
  );
  assert.ok(writes < 5, `${writes} writes`);
  assert.equal(openBelow(kit.home), 0);
  assert.deepEqual(
    [...depot.files.keys()].filter((path) => !path.endsWith(".json")),
    [],
  );
  await kit.bench.save({ source: sourceIn(kit) });
  assert.equal((await saved(kit)).size, 1, "the next one is made");
});

test("R-OPS-2: a disk that refuses to be read ends it, and nothing is left open", async (t) => {
  const kit = await kitFor(t);
  for (const name of NAMES) fs.writeFileSync(join(kit.home, name), "x");
  async function* source(): AsyncGenerator<SourceEntry> {
    yield* sourceIn(kit);
    yield { kind: "file", path: "home/too-long", file: join(kit.home, "x".repeat(300)), steady: false };
  }
  await assert.rejects(kit.bench.save({ source: source() }), (thrown) => !code("BACKUP_FULL")(thrown));
  assert.equal(openBelow(kit.home), 0);
  const packs = [...kit.bench.depot.files.keys()].filter((path) => path.startsWith("packs/"));
  assert.deepEqual(packs, []);
});
