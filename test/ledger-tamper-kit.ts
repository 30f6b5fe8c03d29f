/**
 * Ledgers to tamper with, as files in memory: what was honestly written, the
 * states that it had before, another ledger, and what somebody builds who
 * alters history and hashes everything again.
 *
 * @module
 */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { canonicalJson, type JsonObject } from "../src/core/json.ts";
import type { StoredEntry } from "../src/core/ports/ledger.ts";
import { parseRecord } from "../src/ledger/entry.ts";
import { peekBatches } from "../src/ledger/journal.ts";
import { loadKey } from "../src/ledger/key.ts";
import { frameRecord, splitRecords } from "../src/ledger/layout.ts";
import { openLog } from "../src/ledger/log.ts";
import { append, emptyRange, leafHash, rootOf } from "../src/ledger/merkle.ts";
import { beginJournal, publish, type Publishable } from "../src/ledger/publish.ts";
import { emptyTree, grow } from "../src/ledger/tree.ts";
import { entry, ORIGIN, recordsOf, temporaryFolder, TestDisk } from "./ledger-kit.ts";

export type Files = ReadonlyMap<string, Buffer>;
/** What lies under a path afterwards: other bytes, nothing, or a link. A folder's path means all below it. */
export type Put = Buffer | "nothing" | { readonly linkTo: string };
export type Change = ReadonlyMap<string, Put>;
export type Kept = { readonly publicKey: string; readonly checkpoint: string };

export type World = {
  /** The honest folder now. */
  readonly files: Files;
  /** What it was at each earlier checkpoint, oldest first. */
  readonly older: readonly Files[];
  /** Another ledger of the same name, by another key. */
  readonly other: Files;
  readonly records: readonly Buffer[];
  /** How many of them the kept checkpoint covers. */
  readonly size: number;
  /** Of the tree of so many records, in hexadecimal. */
  readonly roots: readonly string[];
  readonly kept: Kept;
  /** Which only whoever stole it has. */
  readonly key: KeyObject;
  /** A folder that holds the honest files, and another that does. */
  readonly dir: string;
  readonly twin: string;
};

const JOURNAL_BYTES = 24 * 1024;

/** A ledger with so many published records, and so many that are only in its journal. */
export function makeWorld(t: TestContext, published: number, journalled: number): World {
  const key = newKey();
  const states: Files[] = [];
  const disk = written(key, published, journalled, (state) => states.push(state.files()));
  const dir = join(temporaryFolder(t), "log");
  const twin = join(temporaryFolder(t), "twin");
  disk.writeTo(dir);
  disk.writeTo(twin);
  const files = disk.files();
  const other = written(newKey(), published, journalled, () => undefined).files();
  const records = [...recordsOf(disk, published), ...tailOf(files, published)];
  return { files, older: states.slice(0, -1), other, records, ...factsOf(records, files, published), key, dir, twin };
}

function factsOf(records: readonly Buffer[], files: Files, size: number): Pick<World, "size" | "roots" | "kept"> {
  const range = emptyRange();
  const roots = [rootOf(range).toString("hex")];
  for (const record of records) {
    append(range, leafHash(record));
    roots.push(rootOf(range).toString("hex"));
  }
  return { size, roots, kept: { publicKey: textOf(files, "key.pub"), checkpoint: textOf(files, "checkpoint") } };
}

/** What is only in the journal. */
function tailOf(files: Files, published: number): Buffer[] {
  return [...files]
    .filter(([path]) => path.startsWith("journal/"))
    .flatMap(([, bytes]) => peekBatches(bytes))
    .filter(({ first }) => first >= published)
    .flatMap(({ body }) => splitRecords(body).records);
}

export function newKey(): KeyObject {
  return generateKeyPairSync("ed25519").privateKey;
}

function written(key: KeyObject, published: number, journalled: number, each: (disk: TestDisk) => void): TestDisk {
  const disk = new TestDisk();
  let wallMs = Date.UTC(2026, 10, 28);
  const options = { files: disk, origin: ORIGIN, clock: { wallMs: () => wallMs }, makeKey: () => key };
  const log = openLog({ ...options, journalBytes: JOURNAL_BYTES });
  for (let from = 0, batches = 0; from < published + journalled; batches++) {
    const to = Math.min(from < published ? published : published + journalled, from + 5);
    wallMs = Date.UTC(2026, 10, 28) + from * 1000;
    log.append(Array.from({ length: to - from }, (_, i) => entry(from + i, { seen: i % 2 === 0, size: from * 3 })));
    from = to;
    const isDue = from <= published && (batches % 9 === 3 || from === published);
    if (isDue) log.publish();
    if (isDue) each(disk);
  }
  log.close();
  return disk;
}

function textOf(files: Files, path: string): string {
  return files.get(path)?.toString("utf8") ?? "";
}

/** A whole folder of these records, every hash right, signed by this key. */
export function forge(records: readonly Buffer[], key: KeyObject): Files {
  const disk = new TestDisk();
  const state: Publishable = {
    files: disk,
    key: loadKey(disk, ORIGIN, () => key),
    tree: emptyTree(),
    journalBytes: 1024,
    finished: [],
    published: 0,
  };
  for (const record of records) state.finished.push(...grow(state.tree, frameRecord(record), leafHash(record)));
  beginJournal(state);
  publish(state);
  return disk.files();
}

/** Another history: each record says its new place, in the canonical spelling. */
export function renumbered(records: readonly Buffer[]): Buffer[] {
  return records.map((record, index) => {
    const one = parsed(record);
    return one.index === index ? record : spelled({ ...one, index });
  });
}

export function parsed(record: Buffer): StoredEntry {
  const one = parseRecord(record);
  if (one === undefined) throw new Error("not a record");
  return one;
}

export function spelled(one: StoredEntry): Buffer {
  const value: JsonObject = { ...one };
  return Buffer.from(canonicalJson(value));
}

/** What to put so that one set of files becomes another, as far as the paths go. */
export function changeTo(from: Files, to: Files, paths: (path: string) => boolean = () => true): Change {
  const change = new Map<string, Put>();
  for (const path of new Set([...from.keys(), ...to.keys()])) {
    const [before, after] = [from.get(path), to.get(path)];
    if (!paths(path) || (before !== undefined && after?.equals(before) === true)) continue;
    change.set(path, after ?? "nothing");
  }
  return change;
}

/** Does it to the folder; `undo` puts everything back as it was. */
export function apply({ dir, files }: World, change: Change): { readonly undo: () => void } {
  for (const [path, put] of change) {
    const whole = join(dir, path);
    if (!(put instanceof Buffer && files.has(path))) rmSync(whole, { recursive: true, force: true });
    if (put === "nothing") continue;
    mkdirSync(dirname(whole), { recursive: true });
    if ("linkTo" in put) symlinkSync(put.linkTo, whole);
    else writeFileSync(whole, put);
  }
  return {
    undo: () => {
      for (const [path, put] of change) {
        if (!(put instanceof Buffer) || !files.has(path)) rmSync(join(dir, path), { recursive: true, force: true });
      }
      for (const [path, bytes] of files) {
        if (![...change.keys()].some((put) => path === put || path.startsWith(`${put}/`))) continue;
        mkdirSync(dirname(join(dir, path)), { recursive: true });
        writeFileSync(join(dir, path), bytes);
      }
    },
  };
}
