/**
 * What the ledger's tests share: a disk that forgets what was not synced, real
 * folders with records in them, and the real writer process.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { LedgerEntry } from "../src/core/ports/ledger.ts";
import { type LedgerClient, openLedgerClient } from "../src/ledger/client.ts";
import { type LedgerFiles, nodeFiles } from "../src/ledger/files.ts";
import { splitRecords, TILE_WIDTH, tilePath } from "../src/ledger/layout.ts";
import { type Log, openLog } from "../src/ledger/log.ts";

/** Slow campaigns run whole, not as a sample. */
export const WHOLE = process.env["VAMBRACE_CAMPAIGN"] === "full";
export const ORIGIN = "vambrace.test/log";
const KEY = generateKeyPairSync("ed25519").privateKey;
const PAGE = 512;
/** Small, so that journals fill and change while a test looks. */
const JOURNAL_BYTES = 32 * 1024;

export function entry(i: number, data: LedgerEntry["data"] = {}): LedgerEntry {
  return {
    kind: "call",
    who: i % 3 === 0 ? "ana" : "owner",
    what: "call.decided",
    target: `file-${i}`,
    result: "ok",
    data,
  };
}

/** A generator that a seed decides (mulberry32), so that a failure can be played again. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function openTestLog(files: LedgerFiles, wallMs: () => number = Date.now): Log {
  return openLog({ files, origin: ORIGIN, clock: { wallMs }, makeKey: () => KEY, journalBytes: JOURNAL_BYTES });
}

export function temporaryFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "ledger-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A real folder with `published` records as tiles, and `journalled` more that are only in the journal. */
export function filledFolder(t: TestContext, published: number, journalled = 0): string {
  const dir = join(temporaryFolder(t), "log");
  const log = openTestLog(nodeFiles(dir));
  for (let i = 0; i < published; i += 50) {
    log.append(Array.from({ length: Math.min(50, published - i) }, (_, k) => entry(i + k)));
    log.publish();
  }
  for (let i = 0; i < journalled; i += 5) {
    log.append(Array.from({ length: Math.min(5, journalled - i) }, (_, k) => entry(published + i + k)));
  }
  log.close();
  return dir;
}

export function copyFolder(t: TestContext, dir: string): string {
  const copy = join(temporaryFolder(t), "copy");
  cpSync(dir, copy, { recursive: true });
  return copy;
}

/** Every file below a folder, as paths from it. */
export function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name).slice(dir.length + 1))
    .sort();
}

type Inode = { now: Buffer; disk: Buffer };
type Names = Map<string, Inode>;

export class Broken extends Error {
  readonly code = "EIO";
}

/**
 * A disk in memory that can fail and lose power.
 *
 * What a file holds reaches the disk with its `sync`, what a folder names with
 * its `syncFolder`. At a power cut each page and each name that was not synced
 * is there or not, as chance has it.
 */
export class TestDisk implements LedgerFiles {
  #now: Names = new Map();
  #disk: Names = new Map();
  #folders = new Set<string>(["."]);
  #diskFolders = new Set<string>(["."]);
  /** Operations so far that change something. */
  operations = 0;
  /** Which of them fails; none where it is negative. */
  failAt = -1;

  #step(what: string): void {
    if (this.operations++ === this.failAt) throw new Broken(`${what} failed`);
  }

  read(path: string): Buffer | undefined {
    const inode = this.#now.get(path);
    return inode === undefined ? undefined : Buffer.from(inode.now);
  }

  names(folder: string): readonly string[] {
    const inside = new Set<string>();
    for (const path of [...this.#now.keys(), ...this.#folders]) {
      if (path.startsWith(`${folder}/`)) inside.add(path.slice(folder.length + 1).split("/", 1)[0] ?? "");
    }
    return [...inside].sort();
  }

  makeFolder(path: string): void {
    this.#step(`making ${path}`);
    for (let folder = path; folder !== "."; folder = dirname(folder)) this.#folders.add(folder);
  }

  create(path: string) {
    this.#step(`creating ${path}`);
    const inode: Inode = { now: Buffer.alloc(0), disk: Buffer.alloc(0) };
    this.#now.set(path, inode);
    return this.#file(path, inode);
  }

  open(path: string) {
    const inode = this.#now.get(path);
    if (inode === undefined) throw new Broken(`${path} is not there`);
    return this.#file(path, inode);
  }

  #file(path: string, inode: Inode) {
    const put = (bytes: Uint8Array, at: number): void => {
      if (inode.now.length < at + bytes.length) {
        inode.now = Buffer.concat([inode.now, Buffer.alloc(at + bytes.length - inode.now.length)]);
      }
      inode.now.set(bytes, at);
    };
    return {
      write: (bytes: Uint8Array, at: number): void => {
        // A disk that gets full takes a part.
        if (this.operations === this.failAt) put(bytes.subarray(0, bytes.length >> 1), at);
        this.#step(`writing ${path}`);
        put(bytes, at);
      },
      sync: (): void => {
        this.#step(`syncing ${path}`);
        inode.disk = Buffer.from(inode.now);
      },
      close: (): void => undefined,
    };
  }

  rename(from: string, to: string): void {
    this.#step(`renaming to ${to}`);
    const inode = this.#now.get(from);
    if (inode === undefined) throw new Broken(`${from} is not there`);
    this.#now.delete(from);
    this.#now.set(to, inode);
  }

  remove(path: string): void {
    this.#step(`removing ${path}`);
    this.#now.delete(path);
  }

  removeFolder(path: string): void {
    this.#step(`removing ${path}`);
    this.#folders.delete(path);
  }

  syncFolder(folder: string): void {
    this.#step(`syncing ${folder}`);
    settle(this.#now, this.#disk, (path) => dirname(path) === folder);
    for (const path of new Set([...this.#folders, ...this.#diskFolders])) {
      if (dirname(path) !== folder || path === ".") continue;
      if (this.#folders.has(path)) this.#diskFolders.add(path);
      else this.#diskFolders.delete(path);
    }
  }

  /** What a machine finds that lost its power now. */
  afterPowerCut(random: () => number): TestDisk {
    const found = new TestDisk();
    for (const path of new Set([...this.#folders, ...this.#diskFolders])) {
      const sure = this.#folders.has(path) && this.#diskFolders.has(path);
      if (sure || random() < 0.5) found.#folders.add(path);
    }
    for (const path of new Set([...this.#now.keys(), ...this.#disk.keys()])) {
      const inode = random() < 0.5 ? this.#now.get(path) : this.#disk.get(path);
      const reachable = ancestors(path).every((folder) => found.#folders.has(folder));
      if (inode === undefined || !reachable) continue;
      const bytes = torn(inode, random);
      found.#now.set(path, { now: bytes, disk: Buffer.from(bytes) });
    }
    found.#disk = new Map(found.#now);
    found.#diskFolders = new Set(found.#folders);
    return found;
  }

  /** What a new process finds after this one was killed: all that the kernel was given. */
  afterKill(): TestDisk {
    const found = new TestDisk();
    found.#now = this.#now;
    found.#disk = this.#disk;
    found.#folders = this.#folders;
    found.#diskFolders = this.#diskFolders;
    return found;
  }

  /** What its files hold, without the private key: what a verifier is given. */
  files(): ReadonlyMap<string, Buffer> {
    return new Map(
      [...this.#now].filter(([path]) => path !== "key").map(([path, { now }]) => [path, Buffer.from(now)]),
    );
  }

  /** As a real folder, for the verifier. */
  writeTo(dir: string): void {
    for (const [path, { now }] of this.#now) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), now);
    }
  }
}

function settle(from: Names, to: Names, which: (path: string) => boolean): void {
  for (const path of new Set([...from.keys(), ...to.keys()])) {
    if (!which(path)) continue;
    const inode = from.get(path);
    if (inode === undefined) to.delete(path);
    else to.set(path, inode);
  }
}

function ancestors(path: string): string[] {
  const folders: string[] = [];
  for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) folders.push(folder);
  return folders;
}

function torn({ now, disk }: Inode, random: () => number): Buffer {
  if (now.equals(disk)) return Buffer.from(now);
  const length = random() < 0.5 ? now.length : disk.length;
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += PAGE) {
    const source = random() < 0.5 ? now : disk;
    bytes.set(source.subarray(at, at + PAGE).subarray(0, length - at), at);
  }
  return bytes;
}

/** Every published record of a folder whose checkpoint is of this size. */
export function recordsOf(files: LedgerFiles, size: number): Buffer[] {
  const records: Buffer[] = [];
  for (let index = 0; index * TILE_WIDTH < size; index++) {
    const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH);
    records.push(...splitRecords(files.read(tilePath({ level: "entries", index, width })) ?? Buffer.alloc(0)).records);
  }
  return records;
}

const WRITER = fileURLToPath(new URL("../src/ledger/writer-main.ts", import.meta.url));

export type Writer = {
  readonly child: ChildProcess;
  readonly client: LedgerClient;
  readonly socket: Duplex;
  readonly said: () => string;
};

/** The real writer process, as the gateway starts it. `shell` is put before it, for limits that only a shell can set. */
export function startWriter(t: TestContext, dir: string, shell?: string): Writer {
  const command = [process.execPath, WRITER, "--dir", dir, "--origin", ORIGIN];
  const [program = "", ...rest] = shell === undefined ? command : ["sh", "-c", `${shell}; exec "$@"`, "sh", ...command];
  const child = spawn(program, rest, { stdio: ["ignore", "ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString("utf8")));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `spawn` makes a socket pair for an extra "pipe"
  const socket = child.stdio[3] as Duplex;
  return { child, socket, client: openLedgerClient({ socket, dir }), said: () => said };
}

export async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once("exit", resolve);
  return promise;
}
