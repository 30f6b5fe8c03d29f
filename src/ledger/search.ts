/**
 * Search: newest first, straight from the folder, while the writer goes on
 * writing. First the journals, which hold the newest records, then the bundles
 * backwards. One bundle or one journal is in memory at a time.
 *
 * Whoever looks through the ledger (a search, a timeline, alerts at a start, an
 * audit) does it with `scanRecords`, which does not parse: what is asked of a
 * record is told from its bytes (`members.ts`).
 *
 * Nothing is verified here; that is `verify.ts`.
 *
 * @module
 */
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Fault } from "../core/fault.ts";
import type { LedgerQuery, StoredEntry } from "../core/ports/ledger.ts";
import { parseRecord } from "./entry.ts";
import { peekBatches } from "./journal.ts";
import { CHECKPOINT, JOURNAL, recordSpans, TILE_WIDTH, tilePath } from "./layout.ts";
import { Members, type RecordMembers } from "./members.ts";
import { parseCheckpoint } from "./note.ts";
import { readPlain, readPlainSync } from "./plain.ts";

const DEFAULT_LIMIT = 100;
const LARGEST_LIMIT = 10_000;
const ATTEMPTS = 20;
const FIELDS = ["kind", "who", "session", "turn", "call", "target", "result"] as const;

type Bundle = { readonly first: number; readonly bytes: Buffer };
type Filter = { readonly pieces: readonly string[]; readonly fits: (own: RecordMembers) => boolean };

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
  const { fits, pieces } = filterOf(query);
  // What is spelled canonically has one spelling of each member.
  for await (const bundle of scanRecords(dir, (bytes) => pieces.every((piece) => bytes.includes(piece)))) {
    for (const record of bundle) {
      const entry = fits(record) ? parseRecord(record.bytes) : undefined;
      // What is damaged is the verifier's to name; a search only cannot show it.
      if (entry !== undefined) yield entry;
    }
  }
}

/**
 * The newest records that are not older than `sinceMs`, oldest first, `most` at most. Reads no further back than it has to.
 *
 * @throws Fault LEDGER_DAMAGED
 */
export async function recentEntries(dir: string, sinceMs: number, most: number): Promise<readonly StoredEntry[]> {
  const found: StoredEntry[] = [];
  const since = startingAt(sinceMs);
  for await (const bundle of scanRecords(dir)) {
    for (const record of bundle) {
      const entry = since.has(record) ? parseRecord(record.bytes) : undefined;
      if (entry !== undefined) found.push(entry);
    }
    if (since.isPassed() || found.length >= most) break;
  }
  return found.slice(0, most).toReversed();
}

/** A record that is looked at; `bytes` as it was hashed into the tree. */
export type Seen = RecordMembers & { readonly bytes: Buffer };

/**
 * Every record, newest first, bundle by bundle: whoever looks can stop between two. A record is good until the next one
 * is asked for.
 *
 * @param mayHold of a bundle's bytes, whether anything in it is looked for: the others come empty.
 * @throws Fault LEDGER_DAMAGED
 */
export async function* scanRecords(
  dir: string,
  mayHold: (bundle: Buffer) => boolean = () => true,
): AsyncGenerator<Iterable<Seen>> {
  for await (const { bytes } of newestFirst(dir)) yield mayHold(bytes) ? seenIn(bytes) : [];
}

function* seenIn(bundle: Buffer): Generator<Seen> {
  const members = new Members(bundle);
  for (const span of recordSpans(bundle).spans.reverse()) {
    if (members.read(span)) {
      yield members;
      continue;
    }
    const bytes = bundle.subarray(span.start, span.end);
    const entry = parseRecord(bytes);
    if (entry !== undefined) yield { ...entry, bytes };
  }
}

/** Older records in a row, after which all that comes is older too: up to a clock that was wrong for longer. */
const OLDER_IN_A_ROW = 512;

/** What is not older than a time, each record asked once and newest first; and whether nothing of it comes any more. */
export function startingAt(sinceMs: number): { has(own: RecordMembers): boolean; isPassed(): boolean } {
  const isNotOlder = notOlder(sinceMs);
  let older = 0;
  return {
    has: ({ time }) => {
      const isYoung = isNotOlder(time);
      older = isYoung ? 0 : older + 1;
      return isYoung;
    },
    isPassed: () => older >= OLDER_IN_A_ROW,
  };
}

/** What `toISOString` gives for the years 0 to 9999, in which times sort as their texts do: a tenth of the time of parsing. */
const TIME_CHARACTERS = 24;

function notOlder(sinceMs: number): (time: string) => boolean {
  const date = new Date(Math.ceil(sinceMs));
  const text = Number.isNaN(date.getTime()) ? "" : date.toISOString();
  const isText = text.length === TIME_CHARACTERS;
  return (time) => (isText && time.length === TIME_CHARACTERS ? time >= text : Date.parse(time) >= sinceMs);
}

function filterOf(query: LedgerQuery): Filter {
  const wanted = FIELDS.flatMap((field) => (query[field] === undefined ? [] : [{ field, value: query[field] }]));
  const since = timeOf(query.since) ?? Number.NEGATIVE_INFINITY;
  const until = timeOf(query.until) ?? Number.POSITIVE_INFINITY;
  return {
    pieces: wanted.map(({ field, value }) => `"${field}":${JSON.stringify(value)}`),
    fits: (own) => {
      if (!wanted.every(({ field, value }) => own[field] === value)) return false;
      // Never a reason to stop: a clock that went back leaves later times behind earlier ones.
      const time = Date.parse(own.time);
      return time >= since && time <= until;
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
    const newest = names[0] === undefined ? undefined : await unlessAbsent(readPlain(join(dir, JOURNAL, names[0])));
    if (newest === undefined && names.length > 0) continue;
    if (newest !== undefined) yield* backwards(newest);
    for (const name of names.slice(1)) {
      const older = await unlessAbsent(readPlain(join(dir, JOURNAL, name)));
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
  const note = await unlessAbsent(readPlain(join(dir, CHECKPOINT)));
  return note === undefined ? 0 : (parseCheckpoint(note.toString("utf8"))?.size ?? 0);
}

async function readBundle(dir: string, index: number, width: number): Promise<Bundle> {
  const full = join(dir, tilePath({ level: "entries", index, width: TILE_WIDTH }));
  // To open, read and close a file takes less than to wait for each of these; what else is to be done comes in between.
  await setImmediate();
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const whole = await unlessAbsent(Promise.try(() => readPlainSync(full)));
    const bytes = whole ?? (await readPartial(`${full}.p`, width));
    if (bytes !== undefined) return { first: index * TILE_WIDTH, bytes: firstRecords(bytes, width) };
  }
  throw damaged(`\`${basename(dirname(full))}/${basename(full)}\` is missing`);
}

async function readPartial(folder: string, width: number): Promise<Buffer | undefined> {
  const widths = ((await unlessAbsent(readdir(folder))) ?? []).map(Number).filter((there) => there >= width);
  return widths.length === 0 ? undefined : unlessAbsent(readPlain(join(folder, String(Math.min(...widths)))));
}

/** The journal holds what comes behind them. */
function firstRecords(bundle: Buffer, count: number): Buffer {
  // A full one is wanted whole, and has no more than that.
  if (count === TILE_WIDTH) return bundle;
  return bundle.subarray(0, recordSpans(bundle).spans[count - 1]?.end ?? bundle.length);
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
