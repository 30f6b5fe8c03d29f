import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Fault } from "../../core/fault.ts";
import { sha256 } from "../../core/json.ts";
import { makeNote, manifestPath, notePath, packsPath, packsText } from "./chain.ts";
import { makeSeal, opener } from "./envelope.ts";
import { type Bench, openBench } from "./fixture.ts";
import { isPlainPath, type ManifestEntry } from "./manifest.ts";
import { openRun, unpack } from "./open-run.ts";
import { sealedFile } from "./packs.ts";
import { keptNotes, keyOfDepot, readChain } from "./repository.ts";
import { restoreBackup, type RestoreParts, type Restored } from "./restore.ts";
import type { SourceEntry } from "./source.ts";

const code = (wanted: string) => (thrown: unknown) => thrown instanceof Fault && thrown.code === wanted;

function place(t: { after(body: () => void): void }): string {
  const folder = fs.mkdtempSync(join(tmpdir(), "vambrace-restore-"));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function restore(bench: Bench, folder: string, change: Partial<RestoreParts> = {}): Promise<Restored> {
  const { depot, unlock } = bench;
  const own = await keyOfDepot(depot);
  const note = keptNotes((await readChain(depot, own)).notes).at(-1);
  assert.ok(note);
  const open = opener(unlock);
  const run = await openRun(depot, note, { open, origin: own.name });
  const target = { root: "home", folder };
  return restoreBackup({ depot, run, open, target, replace: false, stamp: "s1", ...change });
}

const treeIn = (folder: string): ReadonlyMap<string, Buffer> =>
  new Map(
    fs
      .readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => fs.lstatSync(join(folder, path)).isFile())
      .sort()
      .map((path) => [path, fs.readFileSync(join(folder, path))]),
  );

test("R-OPS-2, R-FS-3: what is restored is what was saved, for the owner alone", async (t) => {
  const bench = await openBench();
  await bench.save();
  const home = join(place(t), "home");
  const restored = await restore(bench, home);
  assert.deepEqual([restored.files, restored.aside, restored.left], [4, undefined, []]);
  assert.deepEqual(treeIn(home), new Map([...bench.tree].sort(([a], [b]) => (a < b ? -1 : 1))));
  for (const [path, mode] of [
    [".", 0o700],
    ["folder", 0o700],
    ["a.txt", 0o600],
    ["folder/b.txt", 0o600],
  ] as const)
    assert.equal(fs.statSync(join(home, path)).mode & 0o777, mode, path);
  assert.deepEqual(fs.readdirSync(join(home, "..")), ["home"], "no draft stays");
});

test("R-OPS-2: a folder that is not empty is refused, and kept beside where that was asked for", async (t) => {
  const bench = await openBench();
  await bench.save();
  const home = join(place(t), "home");
  fs.mkdirSync(home);
  await restore(bench, home);
  fs.writeFileSync(join(home, "mine"), "x");
  await assert.rejects(restore(bench, home), code("BACKUP_TARGET"));
  assert.ok(fs.existsSync(join(home, "mine")));
  const { aside = "" } = await restore(bench, home, { replace: true });
  assert.equal(fs.readFileSync(join(aside, "mine"), "utf8"), "x");
  assert.ok(!fs.existsSync(join(home, "mine")));
  const file = join(place(t), "file");
  fs.writeFileSync(file, "");
  await assert.rejects(restore(bench, file), code("BACKUP_TARGET"));
});

test("R-OPS-2: INVARIANT(all-or-nothing): a backup that turns out spoiled leaves nothing behind", async (t) => {
  const bench = await openBench();
  await bench.save();
  const home = join(place(t), "home");
  const pack = [...bench.depot.files.keys()].find((path) => path.startsWith("packs/")) ?? "";
  const bytes = Buffer.from(bench.depot.files.get(pack)?.bytes ?? "");
  for (const at of [250, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    bench.depot.files.set(pack, { bytes: changed, synced: changed });
    await assert.rejects(restore(bench, home), Fault);
    assert.deepEqual(fs.readdirSync(join(home, "..")), []);
  }
  bench.depot.files.delete(pack);
  await assert.rejects(restore(bench, home), code("BACKUP_MISSING"));
  await assert.rejects(restore(bench, home, { finish: () => Promise.reject(new Error("no")) }), Error);
  assert.deepEqual(fs.readdirSync(join(home, "..")), []);
});

test("R-OPS-2: a pack that was exchanged for another, sealed with the same recipient, is refused", async (t) => {
  const bench = await openBench();
  const { depot, recipient } = bench;
  await bench.save();
  const folder = place(t);
  const path = [...depot.files.keys()].find((each) => each.startsWith("packs/")) ?? "";
  const whole = depot.files.get(path);
  assert.ok(whole);
  depot.files.delete(path);
  const seal = await makeSeal({ kind: "recipients", recipients: [recipient] });
  const random = { bytes: (count: number) => randomBytes(count), uniform: () => 0.5 };
  const forged = await sealedFile(depot, path, seal, random);
  await forged.add(randomBytes(1_000_000));
  await forged.end();
  await assert.rejects(restore(bench, join(folder, "home")), /not the one that was saved/);
  assert.deepEqual(fs.readdirSync(folder), []);
  depot.files.set(path, whole);
  await restore(bench, join(folder, "home"));
});

test("R-OPS-2: pieces are given several at once, few of them, and none any more when one failed", async () => {
  const bench = await openBench();
  bench.tree.set("large.bin", randomBytes(6_000_000));
  await bench.save();
  const own = await keyOfDepot(bench.depot);
  const note = keptNotes((await readChain(bench.depot, own)).notes).at(-1);
  assert.ok(note);
  const open = opener(bench.unlock);
  const run = await openRun(bench.depot, note, { open, origin: own.name });
  let [under, most, given] = [0, 0, 0];
  const giving = (failAt: number) => async (): Promise<void> => {
    most = Math.max(most, ++under);
    const number = ++given;
    for (let i = 0; i < 20; i++) await turn();
    under -= 1;
    if (number === failAt) throw new Error("failed");
  };
  await assert.rejects(unpack(bench.depot, run, open, giving(12)), /failed/);
  assert.deepEqual([under, most], [0, 8]);
  assert.ok(given < 12 + 8, `${given} were given`);
  await unpack(bench.depot, run, open, giving(0));
  assert.equal(under, 0);
});

/** A backup by somebody who has the recipient and the chain's key, and writes what he likes into its list. */
async function hostile(entries: readonly unknown[], change: { readonly packs?: number } = {}): Promise<Bench> {
  const bench = await openBench();
  await bench.save();
  const { depot, key } = bench;
  const own = await keyOfDepot(depot);
  const [first] = (await readChain(depot, own)).notes;
  assert.ok(first);
  const seal = await makeSeal({ kind: "recipients", recipients: [bench.recipient] });
  const random = { bytes: (count: number) => randomBytes(count), uniform: () => 0.5 };
  const file = await sealedFile(depot, manifestPath(2), seal, random);
  const head = { format: 1, number: 2, origin: own.name, nameKey: "0".repeat(64), facts: {} };
  for (const line of [head, { kind: "folder", path: "home" }, ...entries])
    await file.add(Buffer.from(`${typeof line === "string" ? line : JSON.stringify(line)}\n`));
  const manifest = await file.end();
  const packs = packsText(
    Array.from({ length: change.packs ?? 0 }, () => ({ name: "0".repeat(32), sha256: sha256(""), bytes: 0 })),
  );
  depot.files.set(packsPath(2), { bytes: Buffer.from(packs), synced: Buffer.from(packs) });
  const link = {
    time: first.time,
    previous: first.root,
    kept: [1, 2],
    manifest,
    packs: { sha256: sha256(packs), bytes: packs.length },
  };
  const { note } = makeNote(2, link, key);
  depot.files.set(notePath(2), { bytes: Buffer.from(note), synced: Buffer.from(note) });
  return bench;
}

const file = (path: string): ManifestEntry => ({ kind: "file", path, executable: false, pieces: [] });

test("R-OPS-2, R-FS-2: a list of contents that leads elsewhere restores nothing", async (t) => {
  const lists: readonly (readonly unknown[])[] = [
    [file("../evil")],
    [file("home/../../evil")],
    [file("/etc/evil")],
    [file("home//evil")],
    [file("home/./evil")],
    [file("home/a\0b")],
    [file(`home/${"x".repeat(256)}`)],
    [{ kind: "folder", path: "home/.." }],
    [{ kind: "link", path: "home/out", target: "/tmp" }, file("home/out/evil")],
    [file("home/f"), file("home/f/evil")],
    [file("home/nowhere/evil")],
    [file("home/twice"), file("home/twice")],
    [{ ...file("home/huge"), pieces: [["0".repeat(64), 0, 0, 2 ** 40]] }],
    [{ ...file("home/neg"), pieces: [["0".repeat(64), 0, -1, 5]] }],
    [{ ...file("home/far"), pieces: [["0".repeat(64), 7, 0, 5]] }],
    [
      {
        ...file("home/over"),
        pieces: [
          ["0".repeat(64), 0, 0, 5],
          ["1".repeat(64), 0, 0, 6],
        ],
      },
    ],
    [{ kind: "device", path: "home/sda" }],
    [{ ...file("home/more"), mode: 0o4777 }],
    ["{"],
    ["null"],
  ];
  for (const list of lists) {
    const bench = await hostile(list, { packs: 1 });
    const folder = place(t);
    await assert.rejects(restore(bench, join(folder, "home")), code("BACKUP_DAMAGED"), JSON.stringify(list));
    assert.deepEqual(fs.readdirSync(folder), [], JSON.stringify(list));
  }
  const honest = await hostile([file("home/fine")]);
  assert.equal((await restore(honest, join(place(t), "home"))).files, 1, "the same way, an honest list");
});

test("R-OPS-2: sizes that no disk has are refused before anything is written", async (t) => {
  const pieces = Array.from({ length: 3_000 }, (_, i) => ["0".repeat(64), 0, i * 4_194_304, 4_194_304]);
  const many = Array.from({ length: 40 }, (_, i) => ({ ...file(`home/f${i}`), pieces }));
  const bench = await hostile(many, { packs: 1 });
  const folder = place(t);
  await assert.rejects(restore(bench, join(folder, "home")), code("BACKUP_FULL"));
  assert.deepEqual(fs.readdirSync(folder), []);
});

test("R-OPS-2: a list that was exchanged for another, sealed with the same recipient, is refused", async (t) => {
  const bench = await hostile([file("home/fine")]);
  const other = await hostile([file("home/evil")]);
  const seal = await makeSeal({ kind: "recipients", recipients: [bench.recipient] });
  const random = { bytes: (count: number) => randomBytes(count), uniform: () => 0.5 };
  bench.depot.files.delete(manifestPath(2));
  const forged = await sealedFile(bench.depot, manifestPath(2), seal, random);
  const head = { format: 1, number: 2, origin: bench.key.verifier.name, nameKey: "0".repeat(64), facts: {} };
  await forged.add(Buffer.from(`${JSON.stringify(head)}\n${JSON.stringify({ kind: "folder", path: "home" })}\n`));
  await forged.end();
  await assert.rejects(restore(bench, join(place(t), "home")), code("BACKUP_DAMAGED"));
  await restore(other, join(place(t), "home"));
});

test("R-OPS-2: of a workspace links are made last, and only those that stay inside", async (t) => {
  const bench = await openBench();
  async function* source(): AsyncGenerator<SourceEntry> {
    yield { kind: "folder", path: "home" };
    yield { kind: "folder", path: "workspace" };
    yield { kind: "folder", path: "workspace/main" };
    yield { kind: "folder", path: "workspace/main/inner" };
    yield { kind: "bytes", path: "workspace/main/inner/a", bytes: Buffer.from("a") };
    for (const [name, target] of [
      ["good", "inner/a"],
      ["up", "../.."],
      ["root", "/etc"],
      ["sly", "inner/../../x"],
    ] as const)
      yield { kind: "link", path: `workspace/main/${name}`, target };
  }
  await bench.save({ source: source() });
  const folder = join(place(t), "work");
  const { left } = await restore(bench, folder, { target: { root: "workspace/main", folder } });
  assert.deepEqual(left, ["workspace/main/up", "workspace/main/root", "workspace/main/sly"]);
  assert.deepEqual(fs.readdirSync(folder).sort(), ["good", "inner"]);
  assert.equal(fs.readFileSync(join(folder, "good"), "utf8"), "a");
  await assert.rejects(
    restore(bench, join(folder, "x"), { target: { root: "workspace/other", folder: join(folder, "x") } }),
    code("BACKUP_TARGET"),
  );
});

test("R-FS-2: a plain path has one spelling and stays below", () => {
  for (const path of ["", ".", "..", "/", "/a", "a/", "a//b", "a/../b", "a/./b", "a\0"])
    assert.ok(!isPlainPath(path), path);
  for (const path of ["a", "a/b", "...", ".hidden/x", "a b", "ä"]) assert.ok(isPlainPath(path), path);
});
