/**
 * The store of one state folder, in SQLite.
 *
 * One owner at a time (`lock.ts`). A database that is damaged, missing where
 * one was, of a newer version or not ours is refused: a silent new one would
 * forget tokens, the halt, and which calls were started.
 *
 * @module
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../core/ports/clock.ts";
import type { MemoryStore, Store } from "../../core/ports/store.ts";
import { Fault } from "../../core/fault.ts";
import { callPart } from "./calls.ts";
import type { Clean } from "./clean.ts";
import { connect, type Database, type Probe } from "./database.ts";
import { corrupt, translate } from "./errors.ts";
import { fileLabelPart, statePart } from "./facts.ts";
import { holdLock, type Lock, makeFile, needFile } from "./lock.ts";
import { asItLies, type MemoryPlan, openMemoryPart } from "./memory-form.ts";
import { migrate } from "./migrations.ts";
import { schedulePart } from "./schedules.ts";
import { sessionPart } from "./sessions.ts";
import { tokenPart } from "./tokens.ts";

export const STORE_FILE = "vambrace.db";
export const STORE_LOCK = "vambrace.lock";

/** "VAMB": says whose database it is. */
const APPLICATION_ID = 0x56414d42;

/** Up to this size every page is checked at each start; above, when a page is read and by `doctor`. */
const CHECK_BYTES = 32 * 1024 * 1024;

/**
 * Opens the store, making it where the folder never had one.
 *
 * @throws Fault STATE_IN_USE, STATE_CORRUPT, STATE_NEWER, STATE_FULL, STATE_UNAVAILABLE, MEMORY_LOCKED, MEMORY_DAMAGED
 */
export async function openStore(options: {
  /** The state folder; made with mode 700 where it is missing. */
  readonly dir: string;
  readonly clock: Clock;
  /** Takes secrets out of what a finished turn leaves behind. */
  readonly clean: Clean;
  /** How memory is to lie; absent: as it does, and what is sealed is not opened. */
  readonly memory?: MemoryPlan;
  /** For tests: see `database.ts`. */
  readonly probe?: Probe;
}): Promise<Store> {
  const lock = takeFolder(options.dir);
  try {
    const db = openDatabase(join(options.dir, STORE_FILE), { ...options, lock });
    return storeOf(db, { lock, clean: options.clean, memory: await memoryOf(db, options.memory) });
  } catch (thrown) {
    lock.release();
    throw translate(thrown);
  }
}

function takeFolder(dir: string): Lock {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    throw translate(thrown);
  }
  const lock = holdLock(join(dir, STORE_LOCK), 0);
  if (lock !== "busy") return lock;
  throw new Fault("STATE_IN_USE", {
    message: "another gateway is running on this state folder",
    hint: "end it first (`vambrace status` shows it), or set VAMBRACE_HOME to another folder",
  });
}

function openDatabase(
  path: string,
  options: { readonly clock: Clock; readonly lock: Lock; readonly probe?: Probe },
): Database {
  if (!existsSync(path)) {
    if (options.lock.marked("made")) throw corrupt("`vambrace.db` is gone");
    makeDatabase(path, options.clock);
  }
  needFile(path);
  checkHeader(path);
  // The mark follows the file: after a crash in between, the next start finds the file and sets it.
  options.lock.mark("made");
  const db = connect(path, options.probe);
  try {
    checkPages(db, path);
    migrate(db, options.clock);
  } catch (thrown) {
    db.close();
    throw thrown;
  }
  return db;
}

/** Made whole under another name, so that an empty `vambrace.db` is always damage and never a beginning. */
function makeDatabase(path: string, clock: Clock): void {
  const draft = `${path}.new`;
  for (const suffix of ["", "-wal", "-shm"]) rmSync(draft + suffix, { force: true });
  makeFile(draft);
  const db = connect(draft);
  try {
    db.all(`PRAGMA application_id = ${APPLICATION_ID}`);
    migrate(db, clock);
    db.all("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    db.close();
  }
  renameSync(draft, path);
  const folder = openSync(join(path, ".."), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Looks at the first page before SQLite would take an empty file for a new database. */
function checkHeader(path: string): void {
  const head = Buffer.alloc(100);
  const file = openSync(path, "r");
  try {
    if (readSync(file, head, 0, 100, 0) < 100) throw corrupt("`vambrace.db` is empty or cut short");
  } finally {
    closeSync(file);
  }
  if (head.toString("latin1", 0, 16) !== "SQLite format 3\0") throw corrupt("`vambrace.db` is not a database");
  if (head.readUInt32BE(68) !== APPLICATION_ID) throw corrupt("`vambrace.db` belongs to another program");
}

function checkPages(db: Database, path: string): void {
  if (statSync(path).size > CHECK_BYTES) return;
  const problems = db.all("PRAGMA quick_check(1)").map((row) => String(row["quick_check"]));
  if (problems.length === 1 && problems[0] === "ok") return;
  throw corrupt("its pages do not add up", { facts: { problems } });
}

async function memoryOf(db: Database, plan: MemoryPlan = asItLies): Promise<MemoryStore> {
  try {
    return await openMemoryPart(db, plan);
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

function storeOf(
  db: Database,
  { lock, clean, memory }: { readonly lock: Lock; readonly clean: Clean; readonly memory: MemoryStore },
): Store {
  return {
    sessions: { ...sessionPart(db, clean), ...callPart(db) },
    memory,
    schedules: schedulePart(db),
    tokens: tokenPart(db),
    fileLabels: fileLabelPart(db),
    state: statePart(db),
    close: async () => {
      db.close();
      lock.release();
    },
  };
}
