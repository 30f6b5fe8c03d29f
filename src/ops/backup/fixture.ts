/** For tests: a disk that can fail and forget, a key, something to save. @module */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { Fault } from "../../core/fault.ts";
import { type SigningKey, verifierKey } from "../../ledger/note.ts";
import type { CatalogueFile } from "./catalogue.ts";
import { type Created, createBackup, type CreateParts } from "./create.ts";
import type { Depot, DepotFile } from "./depot.ts";
import { newIdentity, opener, type Unlock } from "./envelope.ts";
import { openRun, unpack } from "./open-run.ts";
import { keptNotes, keyOfDepot, readChain } from "./repository.ts";
import type { SourceEntry } from "./source.ts";

type Cell = { bytes: Buffer; synced: Buffer };

export type MemoryDepot = Depot & {
  readonly files: Map<string, Cell>;
  /** Counts operations that change something; throws at this one. */
  failAt: number | undefined;
  count: number;
  /** The power goes: what was not synced is gone, and names whose folder was not. */
  crash(): void;
  copy(): MemoryDepot;
};

export function memoryDepot(begun: ReadonlyMap<string, Cell> = new Map()): MemoryDepot {
  const live = new Map([...begun].map(([path, cell]) => [path, { ...cell }]));
  const disk = new Map(live);
  const folderOf = (path: string): string => (path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".");
  const step = (): void => {
    depot.count += 1;
    if (depot.count === depot.failAt) throw new Fault("BACKUP_FULL", { message: "full", hint: "make room" });
  };
  const depot: MemoryDepot = {
    name: "memory",
    files: live,
    failAt: undefined,
    count: 0,
    names: async (folder) => {
      const inner = [...live.keys()].filter((path) => (folder === "." ? true : path.startsWith(`${folder}/`)));
      const names = inner.map((path) => (folder === "." ? path : path.slice(folder.length + 1)).split("/")[0] ?? "");
      return [...new Set(names)].sort();
    },
    read: async (path) => live.get(path)?.bytes,
    stream: (path) => pieces(live.get(path)?.bytes, path),
    size: async (path) => live.get(path)?.bytes.length,
    makeFolder: async () => step(),
    create: async (path) => {
      step();
      if (live.has(path)) throw new Error(`${path} is there`);
      const cell: Cell = { bytes: Buffer.alloc(0), synced: Buffer.alloc(0) };
      live.set(path, cell);
      return fileOf(cell, step);
    },
    rename: async (from, to) => {
      step();
      const cell = live.get(from);
      if (cell === undefined) throw new Error(`${from} is not there`);
      live.delete(from);
      live.set(to, cell);
    },
    remove: async (path) => {
      step();
      live.delete(path);
    },
    syncFolder: async (folder) => {
      step();
      for (const path of disk.keys()) if (folderOf(path) === folder && !live.has(path)) disk.delete(path);
      for (const [path, cell] of live) if (folderOf(path) === folder) disk.set(path, cell);
    },
    crash() {
      live.clear();
      for (const [path, cell] of disk) live.set(path, { bytes: cell.synced, synced: cell.synced });
      disk.clear();
      for (const [path, cell] of live) disk.set(path, cell);
    },
    copy: () => memoryDepot(live),
  };
  return depot;
}

function fileOf(cell: Cell, step: () => void): DepotFile {
  return {
    write: async (parts) => {
      step();
      cell.bytes = Buffer.concat([cell.bytes, ...parts]);
    },
    sync: async () => {
      step();
      cell.synced = cell.bytes;
    },
    close: async () => undefined,
  };
}

async function* pieces(bytes: Buffer | undefined, path: string): AsyncGenerator<Buffer> {
  if (bytes === undefined) throw new Fault("BACKUP_MISSING", { message: `\`${path}\` is missing`, hint: "" });
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
}

export type Bench = {
  readonly depot: MemoryDepot;
  readonly key: SigningKey;
  readonly unlock: Unlock;
  readonly recipient: string;
  readonly catalogue: CatalogueFile & { text: string | undefined };
  nowMs: number;
  /** Path below `home`, and what is in it. */
  readonly tree: Map<string, Buffer>;
  save(change?: Partial<CreateParts>): Promise<Created>;
};

export function chainKeyOf(name = `vambrace-backup/${randomBytes(6).toString("hex")}`): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { x = "" } = publicKey.export({ format: "jwk" });
  return { privateKey, verifier: verifierKey(name, Buffer.from(x, "base64url")) };
}

export async function openBench(depot = memoryDepot()): Promise<Bench> {
  const { identity, recipient } = await newIdentity();
  const catalogue: Bench["catalogue"] = {
    text: undefined,
    load: () => catalogue.text,
    save: (text) => (catalogue.text = text),
  };
  const bench: Bench = {
    depot,
    key: chainKeyOf(),
    unlock: { kind: "identities", identities: [identity] },
    recipient,
    catalogue,
    nowMs: Date.UTC(2026, 10, 1, 3),
    tree: new Map([
      ["a.txt", Buffer.from("a")],
      ["empty", Buffer.alloc(0)],
      ["big.bin", randomBytes(700_000)],
      ["folder/b.txt", Buffer.from("b".repeat(70_000))],
    ]),
    save: (change = {}) =>
      createBackup({
        depot: bench.depot,
        source: sourceOfTree(bench.tree),
        lockTo: { kind: "recipients", recipients: [recipient] },
        key: bench.key,
        catalogue,
        clock: { wallMs: () => bench.nowMs },
        random: { bytes: (count) => randomBytes(count), uniform: () => 0.5 },
        keep: { last: 3, daily: 0, weekly: 0, monthly: 0 },
        full: false,
        facts: {},
        ...change,
      }),
  };
  return bench;
}

export async function* sourceOfTree(tree: ReadonlyMap<string, Buffer>): AsyncGenerator<SourceEntry> {
  yield { kind: "folder", path: "home" };
  const folders = new Set<string>();
  for (const [path, bytes] of tree) {
    const folder = path.split("/").slice(0, -1).join("/");
    if (folder !== "" && !folders.has(folder)) yield { kind: "folder", path: `home/${folder}` };
    folders.add(folder);
    yield { kind: "bytes", path: `home/${path}`, bytes };
  }
}

/** Everything in one backup, in memory, by its path below `home`. */
export async function contentsOf(depot: Depot, unlock: Unlock, number: number): Promise<ReadonlyMap<string, Buffer>> {
  const own = await keyOfDepot(depot);
  const note = keptNotes((await readChain(depot, own)).notes).find((each) => each.number === number);
  if (note === undefined) throw new Error(`backup ${number} is not there`);
  const open = opener(unlock);
  const run = await openRun(depot, note, { open, origin: own.name });
  const files = new Map(run.out.map(({ path, bytes }) => [path.slice("home/".length), Buffer.alloc(bytes)]));
  await unpack(depot, run, open, async ({ path }, at, piece) => {
    files.get(path.slice("home/".length))?.set(piece, at);
  });
  return files;
}
