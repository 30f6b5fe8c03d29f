/**
 * Search: newest first, straight from the folder, while the writer goes on
 * writing. First the journals, which hold the newest records, then the bundles
 * backwards. One bundle or one journal is in memory at a time.
 *
 * Nothing is verified here; that is `verify.ts`.
 *
 * @module
 */
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Fault } from "../core/fault.ts";
import type { LedgerQuery, StoredEntry } from "../core/ports/ledger.ts";
import { parseRecord } from "./entry.ts";
import { peekBatches } from "./journal.ts";
import { CHECKPOINT, JOURNAL, splitRecords, TILE_WIDTH, tilePath } from "./layout.ts";
import { parseCheckpoint } from "./note.ts";

const DEFAULT_LIMIT = 100;
const LARGEST_LIMIT = 10_000;
const ATTEMPTS = 20;
const FIELDS = ["kind", "who", "session", "turn", "call", "target", "result"] as const;

type Bundle = { readonly first: number; readonly bytes: Buffer };
type Filter = { readonly needles: readonly string[]; readonly fits: (entry: StoredEntry) => boolean };

/**
 * @returns at most `query.limit` records (100 unless said), newest first.
 * @throws Fault LEDGER_QUERY_MALFORMED for a limit or time that is none; LEDGER_DAMAGED where a tile is missing.
 */
export async function searchLedger(dir: string, query: LedgerQuery): Promise<readonly StoredEntry[]> {
  const limit = query.limit ?? DEFAULT_LIMIT;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > LARGEST_LIMIT) {
    throw malformedQuery(`\`limit\` is not a whole number from 1 to ${LARGEST_LIMIT}`);
  }
  const found: StoredEntry[] = [];
  for await (const entry of eachEntry(dir, query)) {
    found.push(entry);
    if (found.length === limit) break;
  }
  return found;
}

/**
 * Every record that fits, newest first, however many; `limit` does not count.
 *
 * @throws Fault LEDGER_QUERY_MALFORMED, LEDGER_DAMAGED
 */
export async function* eachEntry(dir: string, query: Omit<LedgerQuery, "limit">): AsyncGenerator<StoredEntry> {
  const filter = filterOf(query);
  for await (const bundle of newestFirst(dir)) {
    // Canonical JSON has one spelling of each member, so bytes that do not occur spare the parsing.
    if (!filter.needles.every((needle) => bundle.bytes.includes(needle))) continue;
    for (const record of splitRecords(bundle.bytes).records.reverse()) {
      const entry = matching(record, filter);
      if (entry !== undefined) yield entry;
    }
  }
}

/**
 * The newest records that are not older than `sinceMs`, oldest first, `most` at most. Reads no further back than it has
 * to: where two bundles in a row are older, what lies before them is older too, up to a clock that jumped by more.
 *
 * @throws Fault LEDGER_DAMAGED
 */
export async function recentEntries(dir: string, sinceMs: number, most: number): Promise<readonly StoredEntry[]> {
  const found: StoredEntry[] = [];
  let old = 0;
  for await (const bundle of newestFirst(dir)) {
    const entries = splitRecords(bundle.bytes)
      .records.toReversed()
      .flatMap((record) => parseRecord(record) ?? []);
    const young = entries.filter((entry) => Date.parse(entry.time) >= sinceMs);
    found.push(...young);
    old = young.length === 0 ? old + 1 : 0;
    if (old >= 2 || found.length >= most) break;
  }
  return found.slice(0, most).toReversed();
}

export type Scan = {
  /** Pieces of bytes that are looked for in the whole ledger. */
  readonly ever: readonly string[];
  /** And those that are looked for in what is younger than `sinceMs`; null: all of that is wanted. */
  readonly since: readonly string[] | null;
  /** As for `recentEntries`. */
  readonly sinceMs: number;
};

/**
 * Records whose bytes hold any of these pieces, newest first, each as it was hashed into the tree. What holds a piece by
 * chance is among them: whoever asks reads the record.
 *
 * @throws Fault LEDGER_DAMAGED
 */
export async function* scanRecords(dir: string, { ever, since, sinceMs }: Scan): AsyncGenerator<Buffer> {
  const always = ever.map((piece) => Buffer.from(piece, "utf8"));
  const recently = [...always, ...(since ?? []).map((piece) => Buffer.from(piece, "utf8"))];
  let old = 0;
  for await (const { bytes } of newestFirst(dir)) {
    if (old < OLD_BUNDLES) old = beginsOlder(bytes, sinceMs) ? old + 1 : 0;
    const isRecent = old < OLD_BUNDLES;
    if (!isRecent && always.length === 0) return;
    const needles = isRecent ? recently : always;
    const holds = (piece: Buffer): boolean =>
      (isRecent && since === null) || needles.some((one) => piece.includes(one));
    // Most bundles hold nothing of it, and are not taken apart.
    if (!holds(bytes)) continue;
    for (const record of splitRecords(bytes).records.toReversed()) if (holds(record)) yield record;
  }
}

/** Bundles in a row that begin before a time, after which all that comes is older: up to a clock that jumped by more. */
const OLD_BUNDLES = 3;

/** By its first record, which is found without taking the bundle apart. */
function beginsOlder(bundle: Buffer, sinceMs: number): boolean {
  if (bundle.length < 2) return false;
  const time = parseRecord(bundle.subarray(2, 2 + bundle.readUInt16BE(0)))?.time;
  return time !== undefined && Date.parse(time) < sinceMs;
}

function matching(record: Buffer, { needles, fits }: Filter): StoredEntry | undefined {
  if (!needles.every((needle) => record.includes(needle))) return undefined;
  const entry = parseRecord(record);
  return entry !== undefined && fits(entry) ? entry : undefined;
}

function filterOf(query: LedgerQuery): Filter {
  const wanted = FIELDS.flatMap((field) => (query[field] === undefined ? [] : [{ field, value: query[field] }]));
  const since = timeOf(query.since) ?? Number.NEGATIVE_INFINITY;
  const until = timeOf(query.until) ?? Number.POSITIVE_INFINITY;
  return {
    needles: wanted.map(({ field, value }) => `"${field}":${JSON.stringify(value)}`),
    fits: (entry) => {
      // Never a reason to stop: a clock that went back leaves later times behind earlier ones.
      const time = Date.parse(entry.time);
      return time >= since && time <= until && wanted.every(({ field, value }) => entry[field] === value);
    },
  };
}

/** Every record once, in bundles from the newest to the oldest. */
async function* newestFirst(dir: string): AsyncGenerator<Bundle> {
  let below = Number.POSITIVE_INFINITY;
  for await (const bundle of journalBundles(dir)) {
    if (bundle.first >= below) continue;
    below = bundle.first;
    yield bundle;
  }
  if (below === Number.POSITIVE_INFINITY) below = await publishedSize(dir);
  for (let index = Math.ceil(below / TILE_WIDTH) - 1; index >= 0; index--) {
    yield await readBundle(dir, index, Math.min(TILE_WIDTH, below - index * TILE_WIDTH));
  }
}

/** A journal that goes away while we read is published by then: its records are read as tiles. */
async function* journalBundles(dir: string): AsyncGenerator<Bundle> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const names = ((await unlessAbsent(readdir(join(dir, JOURNAL)))) ?? []).sort().reverse();
    const newest = names[0] === undefined ? undefined : await unlessAbsent(readFile(join(dir, JOURNAL, names[0])));
    if (newest === undefined && names.length > 0) continue;
    if (newest !== undefined) yield* backwards(newest);
    for (const name of names.slice(1)) {
      const older = await unlessAbsent(readFile(join(dir, JOURNAL, name)));
      if (older === undefined) return;
      yield* backwards(older);
    }
    return;
  }
  throw damaged("the journal changes faster than it can be read");
}

function* backwards(journal: Buffer): Generator<Bundle> {
  for (const { first, body } of peekBatches(journal).reverse()) yield { first, bytes: body };
}

async function publishedSize(dir: string): Promise<number> {
  const note = await unlessAbsent(readFile(join(dir, CHECKPOINT), "utf8"));
  return note === undefined ? 0 : (parseCheckpoint(note)?.size ?? 0);
}

async function readBundle(dir: string, index: number, width: number): Promise<Bundle> {
  const full = join(dir, tilePath({ level: "entries", index, width: TILE_WIDTH }));
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const bytes = (await unlessAbsent(readFile(full))) ?? (await readPartial(`${full}.p`, width));
    if (bytes !== undefined) return { first: index * TILE_WIDTH, bytes: firstRecords(bytes, width) };
  }
  throw damaged(`\`${basename(dirname(full))}/${basename(full)}\` is missing`);
}

async function readPartial(folder: string, width: number): Promise<Buffer | undefined> {
  const widths = ((await unlessAbsent(readdir(folder))) ?? []).map(Number).filter((there) => there >= width);
  return widths.length === 0 ? undefined : unlessAbsent(readFile(join(folder, String(Math.min(...widths)))));
}

/** The journal holds what comes behind them. */
function firstRecords(bundle: Buffer, count: number): Buffer {
  // A full one is wanted whole, and has no more than that.
  if (count === TILE_WIDTH) return bundle;
  const { records } = splitRecords(bundle);
  return bundle.subarray(
    0,
    records.slice(0, count).reduce((sum, record) => sum + 2 + record.length, 0),
  );
}

async function unlessAbsent<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw malformedQuery(`\`${text.slice(0, 40)}\` is not a time`);
  return time;
}

function malformedQuery(message: string): Fault {
  return new Fault("LEDGER_QUERY_MALFORMED", {
    message: `the ledger cannot be searched like this: ${message}`,
    hint: "times are ISO 8601, like `2026-11-20T08:00:00Z`",
  });
}

function damaged(what: string): Fault {
  return new Fault("LEDGER_DAMAGED", {
    message: `the ledger cannot be read: ${what}`,
    hint: "run `vambrace log verify` on its folder",
  });
}
