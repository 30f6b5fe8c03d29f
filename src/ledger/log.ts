/**
 * The log: appends batches durably and publishes them.
 *
 * INVARIANT(acknowledged-is-durable): `append` returns after fdatasync, and
 * what it returned is there after any crash that follows.
 * INVARIANT(whole-batches): after a crash a batch is there whole or not at all.
 *
 * Order of writes: the batch into the journal, fdatasync, acknowledged; later
 * tiles, checkpoint, and only then the removal of what they replace.
 *
 * An error of the disk is fatal and is never tried again: after a failed fsync
 * nobody knows what is on the disk, and a second one may succeed although the
 * pages are lost. The log then refuses everything; a new start reads what is
 * really there.
 *
 * A clock that jumps back does no harm: a record's time is what the clock
 * said, its index is the order.
 *
 * @module
 */
import type { KeyObject } from "node:crypto";
import { Fault, toFault } from "../core/fault.ts";
import { type Digest, parseDigest } from "../core/json.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { LedgerEntry } from "../core/ports/ledger.ts";
import { parseEntry, recordMaker } from "./entry.ts";
import type { LedgerFiles, OpenFile } from "./files.ts";
import { encodeBatch } from "./journal.ts";
import { loadKey } from "./key.ts";
import { frameRecord } from "./layout.ts";
import { leafHash, rootOf } from "./merkle.ts";
import { beginJournal, publish, type Publishable, removeJournalsBefore } from "./publish.ts";
import { signNote } from "./note.ts";
import { type Recovered, recover } from "./recover.ts";
import { sealText } from "./seal.ts";
import { grow } from "./tree.ts";

const JOURNAL_BYTES = 4 * 1024 * 1024;
/** A new journal begins before the next batches could reach the end of the zeros. */
const JOURNAL_FULL = 0.75;

export type LogOptions = {
  readonly files: LedgerFiles;
  /** The ledger's name, in every checkpoint: no white space, no `+`. */
  readonly origin: string;
  readonly clock: Pick<Clock, "wallMs">;
  readonly makeKey: () => KeyObject;
  /** How large a journal gets before a new one begins: 4 MiB unless said. */
  readonly journalBytes?: number;
};

export type Appended = { readonly index: number; readonly leaf: Digest; readonly time: string };
export type Head = { readonly size: number; readonly rootHex: string; readonly checkpoint: string };

export type Log = {
  /**
   * Makes entries durable, in this order, in one batch.
   *
   * @returns for each what was recorded, or the Fault for which it was refused; the others are recorded all the same.
   * @throws Fault LEDGER_UNAVAILABLE where the disk failed: now and for ever after.
   */
  append(entries: readonly unknown[]): readonly (Appended | Fault)[];
  /** Publishes everything that was appended. @throws Fault LEDGER_UNAVAILABLE as `append` does. */
  publish(): Head;
  /** Publishes, and signs a digest together with the tree as it is then. @throws Fault LEDGER_UNAVAILABLE, DIGEST_MALFORMED */
  seal(digest: string): string;
  /** What `publish` would publish. */
  unpublished(): { readonly records: number; readonly bytes: number };
  close(): void;
};

/** Owned by the log that `openLog` made; nothing else changes it. */
type State = Publishable & {
  readonly clock: Pick<Clock, "wallMs">;
  journal: { readonly path: string; readonly file: OpenFile; end: number };
  checkpoint: string;
  unpublishedBytes: number;
  broken?: Fault;
};

/**
 * Opens the ledger of a folder, after recovering it. The caller holds the folder's lock.
 *
 * @throws Fault LEDGER_DAMAGED, LEDGER_SETUP_MALFORMED, LEDGER_KEY_MALFORMED, or what the disk says.
 */
export function openLog(options: LogOptions): Log {
  const { files, clock } = options;
  const key = loadKey(files, options.origin, options.makeKey);
  const found = recover(files, key.verifier);
  const base: Publishable = {
    files,
    key,
    tree: found.tree,
    journalBytes: options.journalBytes ?? JOURNAL_BYTES,
    finished: found.finished,
    published: found.published ?? 0,
  };
  // The journal before the first checkpoint: a checkpoint without a journal is a cut folder, and not started on.
  if (found.published === undefined && found.tree.range.size === 0) beginJournal(base);
  const checkpoint = publish(base);
  // A fresh journal, so that nothing is ever written behind a torn batch.
  const journal = openJournal(base);
  removeJournalsBefore(files, journal.path);
  const state: State = { ...base, clock, journal, checkpoint, unpublishedBytes: 0 };
  const log: Log = {
    append: (entries) => guarded(state, () => appendBatch(state, entries)),
    publish: () => guarded(state, () => publishAll(state)),
    seal: (text) => {
      const digest = parseDigest(text);
      return guarded(state, () => sealNow(state, digest));
    },
    unpublished: () => ({ records: state.tree.range.size - state.published, bytes: state.unpublishedBytes }),
    close: () => state.journal.file.close(),
  };
  recordTorn(log, found.torn);
  return log;
}

function guarded<T>(state: State, work: () => T): T {
  if (state.broken !== undefined) throw state.broken;
  try {
    return work();
  } catch (error) {
    // The tree in memory may now be ahead of the disk: it must not be used again.
    state.broken = new Fault("LEDGER_UNAVAILABLE", {
      message: `the ledger could not be written: ${error instanceof Error ? error.message : String(error)}`,
      hint: "make room on the disk or mend it, then restart the gateway; until then nothing is done",
      cause: error,
    });
    throw state.broken;
  }
}

function appendBatch(state: State, entries: readonly unknown[]): readonly (Appended | Fault)[] {
  const { tree, key, clock } = state;
  const time = new Date(clock.wallMs()).toISOString();
  const first = tree.range.size;
  const framed: Buffer[] = [];
  const results = entries.map((entry): Appended | Fault => {
    const record = tryEncode(entry, tree.range.size, time);
    if (record instanceof Fault) return record;
    const index = tree.range.size;
    const leaf = leafHash(record);
    const bytes = frameRecord(record);
    framed.push(bytes);
    state.finished.push(...grow(tree, bytes, leaf));
    return { index, leaf: parseDigest(leaf.toString("hex")), time };
  });
  if (framed.length > 0) writeBatch(state, encodeBatch({ first, root: rootOf(tree.range) }, framed, key));
  return results;
}

function writeBatch(state: State, batch: Buffer): void {
  const { journal } = state;
  journal.file.write(batch, journal.end);
  journal.file.sync();
  journal.end += batch.length;
  state.unpublishedBytes += batch.length;
}

function publishAll(state: State): Head {
  const { tree, files } = state;
  if (tree.range.size > state.published) state.checkpoint = publish(state);
  state.unpublishedBytes = 0;
  if (state.journal.end > state.journalBytes * JOURNAL_FULL) {
    state.journal.file.close();
    state.journal = openJournal(state);
    removeJournalsBefore(files, state.journal.path);
  }
  return { size: tree.range.size, rootHex: rootOf(tree.range).toString("hex"), checkpoint: state.checkpoint };
}

function sealNow(state: State, digest: Digest): string {
  publishAll(state);
  const { tree, key } = state;
  const { name } = key.verifier;
  return signNote(sealText({ origin: name, size: tree.range.size, root: rootOf(tree.range), digest }), key);
}

function openJournal(state: Publishable): State["journal"] {
  const { path, end } = beginJournal(state);
  return { path, end, file: state.files.open(path) };
}

function tryEncode(entry: unknown, index: number, time: string): Buffer | Fault {
  try {
    return recordMaker(parseEntry(entry))(index, time);
  } catch (error) {
    return toFault(error);
  }
}

/** What a crash cut off is said in the ledger itself: an operator can tell a crash from a cut. */
function recordTorn(log: Log, torn: Recovered["torn"]): void {
  if (torn.length === 0) return;
  const entries = torn.map(
    ({ journal, bytes }): LedgerEntry => ({
      kind: "gateway",
      who: "ledger",
      what: "ledger.recovered",
      target: journal,
      result: "ok",
      data: { unfinishedBytes: bytes },
    }),
  );
  log.append(entries);
  log.publish();
}
