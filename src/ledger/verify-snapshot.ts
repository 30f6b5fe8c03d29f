/**
 * What lies in a ledger's folder at one moment, although a writer may be at
 * work: key, checkpoint and journals that belong together.
 *
 * @module
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Fault, toFault } from "../core/fault.ts";
import { readBatch } from "./journal.ts";
import { CHECKPOINT, JOURNAL, PUBLIC_KEY } from "./layout.ts";
import { type Checkpoint, openNote, parseCheckpoint, parseVerifierKey, type VerifierKey } from "./note.ts";
import { readPlain } from "./plain.ts";

const ATTEMPTS = 20;

/** What is wrong, in plain words; `record` where one record is to blame. */
export type Problem = { readonly says: string; readonly record?: number };

/** One of the promises that somebody signed: that the tree has this root at this size. */
export type SignedRoot = { readonly size: number; readonly root: Buffer; readonly problem: Problem };

export type Snapshot = {
  readonly key: VerifierKey;
  readonly note: string;
  readonly checkpoint: Checkpoint;
  readonly journal: Journal;
};

export type Journal = {
  /** Index of the first record in it. */
  readonly first: number;
  readonly records: readonly Buffer[];
  readonly roots: readonly SignedRoot[];
};

type Raw = {
  readonly key: Buffer | undefined;
  readonly checkpoint: Buffer | undefined;
  readonly journals: readonly { readonly path: string; readonly bytes: Buffer }[];
};

/** The snapshot, or the first thing in it that is wrong. */
export async function takeSnapshot(dir: string): Promise<Snapshot | Problem> {
  const raw = await readRaw(dir);
  const key = keyOf(raw.key);
  if ("says" in key) return key;
  const note = textOf(raw.checkpoint);
  if (note === undefined) return { says: `\`${CHECKPOINT}\` is missing or not text` };
  const opened = openNote(note, key);
  if (opened.verdict !== "holds") return { says: `\`${CHECKPOINT}\`: ${opened.says}` };
  const checkpoint = parseCheckpoint(opened.text);
  if (checkpoint === undefined) return { says: `\`${CHECKPOINT}\` does not have the form of a checkpoint` };
  if (checkpoint.origin !== key.name) return { says: `\`${CHECKPOINT}\` is one of another ledger` };
  const journal = joinJournals(raw.journals, key);
  if ("says" in journal) return journal;
  const end = journal.first + journal.records.length;
  if (journal.first > checkpoint.size) {
    return {
      says: `the records from ${checkpoint.size} to ${journal.first - 1} are missing between tiles and journal`,
    };
  }
  if (end < checkpoint.size) {
    return {
      says: `the journal ends before record ${end}, but ${checkpoint.size} were published: it was cut or put back`,
    };
  }
  return { key, note, checkpoint, journal };
}

/** The checkpoint is read before and after: while it stays, the writer only adds to the journals. */
export async function readRaw(dir: string): Promise<Raw> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const checkpoint = await readIfThere(join(dir, CHECKPOINT));
    const journals = await readJournals(dir);
    const again = await readIfThere(join(dir, CHECKPOINT));
    const stayed = again === undefined ? checkpoint === undefined : checkpoint?.equals(again) === true;
    if (stayed && journals !== undefined) {
      return { checkpoint, journals, key: await readIfThere(join(dir, PUBLIC_KEY)) };
    }
  }
  throw new Fault("LEDGER_UNAVAILABLE", {
    message: "the ledger is being written faster than it can be read",
    hint: "verify a copy of the folder, or try again when less is going on",
  });
}

/** Undefined where one went away meanwhile. */
async function readJournals(dir: string): Promise<Raw["journals"] | undefined> {
  const names = await namesIfThere(join(dir, JOURNAL));
  const journals: { path: string; bytes: Buffer }[] = [];
  for (const name of names.sort()) {
    const bytes = await readIfThere(join(dir, JOURNAL, name));
    if (bytes === undefined) return undefined;
    journals.push({ path: `${JOURNAL}/${name}`, bytes });
  }
  return journals;
}

function joinJournals(journals: Raw["journals"], key: VerifierKey): Journal | Problem {
  let first: number | undefined;
  const records: Buffer[] = [];
  const roots: SignedRoot[] = [];
  for (const { path, bytes } of journals) {
    for (let at = 0; ; ) {
      const found = readBatch(bytes, at, key);
      if (found.step === "damaged") return { says: `\`${path}\` at byte ${at}: ${found.says}` };
      // A torn end is what a crash leaves: nothing in it was ever acknowledged.
      if (found.step !== "batch") break;
      const { batch } = found;
      first ??= batch.first;
      if (batch.first !== first + records.length) {
        return { says: `\`${path}\` at byte ${at}: a batch begins with record ${batch.first}, out of order` };
      }
      records.push(...batch.records);
      roots.push({ size: first + records.length, root: batch.root, problem: batchProblem(path, batch) });
      at = found.end;
    }
  }
  return first === undefined ? { says: `the journal is missing from \`${JOURNAL}\`` } : { first, records, roots };
}

function batchProblem(path: string, batch: { first: number; records: readonly Buffer[] }): Problem {
  const { first, records } = batch;
  if (records.length === 0)
    return { says: `\`${path}\` does not begin with the root that the tree has at record ${first}` };
  const last = first + records.length - 1;
  const which = last === first ? `record ${first}` : `one of the records ${first} to ${last}`;
  return { says: `\`${path}\`: ${which} is not what the seal of its batch says`, record: first };
}

function keyOf(bytes: Buffer | undefined): VerifierKey | Problem {
  const text = textOf(bytes);
  if (text === undefined) return { says: `\`${PUBLIC_KEY}\` is missing or not text` };
  try {
    const key = parseVerifierKey(text);
    return `${key.text}\n` === text ? key : { says: `\`${PUBLIC_KEY}\` holds more than a key` };
  } catch (error) {
    return { says: `\`${PUBLIC_KEY}\`: ${toFault(error).message}` };
  }
}

/** Undefined for bytes that are not exactly one UTF-8 text: a changed bit must not be decoded away. */
function textOf(bytes: Buffer | undefined): string | undefined {
  const text = bytes?.toString("utf8");
  return text !== undefined && bytes?.equals(Buffer.from(text, "utf8")) === true ? text : undefined;
}

export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readPlain(path);
  } catch (error) {
    return undefinedIfAbsent(error);
  }
}

export async function namesIfThere(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    return undefinedIfAbsent(error) ?? [];
  }
}

/** A folder is not the file that was asked for, and a file not the folder. */
export function undefinedIfAbsent(error: unknown): undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return undefined;
  throw error;
}
