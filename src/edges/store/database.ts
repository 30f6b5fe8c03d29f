/**
 * One connection to the store's database.
 *
 * Every write is a transaction of its own: all of it is on the disk when
 * `write` returns, or none of it happened and it throws. Where the disk is full
 * nothing is held against the connection: SQLite rolled back, and the next
 * write that fits succeeds. After a disk error or damage every later call is
 * refused until the store is opened again.
 *
 * @module
 */
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from "node:sqlite";
import { Fault } from "../../core/fault.ts";
import { isFatal, translate } from "./errors.ts";

export type Row = Readonly<Record<string, SQLOutputValue>>;

export type Transaction = {
  /** @returns how many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): number;
  one(sql: string, ...values: SQLInputValue[]): Row | undefined;
  all(sql: string, ...values: SQLInputValue[]): Row[];
};

export type Database = {
  one(sql: string, ...values: SQLInputValue[]): Row | undefined;
  all(sql: string, ...values: SQLInputValue[]): Row[];
  write<T>(body: (tx: Transaction) => T): T;
  /** Writes the file anew and empties its log: what was deleted is in neither. @throws Fault STATE_UNAVAILABLE where somebody reads it. */
  sweep(): void;
  close(): void;
};

/** Called before each statement; a test throws in it, or fills the disk. */
export type Probe = (step: string, db: DatabaseSync) => void;

const NO_PROBE: Probe = () => {
  // Outside tests nothing stands between a statement and the database.
};

/** Opens a connection with everything on that protects the file. */
export function connect(path: string, probe: Probe = NO_PROBE): Database {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, {
      timeout: 5_000,
      enableForeignKeyConstraints: true,
      enableDoubleQuotedStringLiterals: false,
      allowExtension: false,
      defensive: true,
    });
    db.exec("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY");
    db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON");
    db.exec("PRAGMA journal_size_limit=16777216");
    return wrap(db, probe);
  } catch (thrown) {
    if (db?.isOpen === true) db.close();
    throw translate(thrown);
  }
}

function wrap(db: DatabaseSync, probe: Probe): Database {
  let broken: Fault | null = null;
  const statement = statements(db);
  const guarded = <T>(body: () => T): T => {
    if (broken !== null) throw refusedSince(broken);
    try {
      return body();
    } catch (thrown) {
      const fault = translate(thrown);
      if (isFatal(thrown) || fault.code === "STATE_CORRUPT") broken = fault;
      throw fault;
    }
  };
  const tx: Transaction = {
    run(sql, ...values) {
      probe(sql, db);
      return Number(statement(sql).run(...values).changes);
    },
    one: (sql, ...values) => statement(sql).get(...values),
    all: (sql, ...values) => statement(sql).all(...values),
  };
  return {
    one: (sql, ...values) => guarded(() => tx.one(sql, ...values)),
    all: (sql, ...values) => guarded(() => tx.all(sql, ...values)),
    write: (body) => guarded(() => transact({ db, tx, probe, body })),
    sweep: () => guarded(() => sweep(db, probe)),
    close() {
      if (db.isOpen) db.close();
    },
  };
}

function statements(db: DatabaseSync): (sql: string) => StatementSync {
  const cache = new Map<string, StatementSync>();
  return (sql) => {
    const known = cache.get(sql);
    if (known !== undefined) return known;
    const made = db.prepare(sql);
    cache.set(sql, made);
    return made;
  };
}

function transact<T>(job: {
  readonly db: DatabaseSync;
  readonly tx: Transaction;
  readonly probe: Probe;
  readonly body: (tx: Transaction) => T;
}): T {
  const { db, tx, probe, body } = job;
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = body(tx);
    probe("COMMIT", db);
    db.exec("COMMIT");
    return result;
  } catch (thrown) {
    // SQLite has rolled back by itself after some errors; a second ROLLBACK would hide the first error.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw thrown;
  }
}

function sweep(db: DatabaseSync, probe: Probe): void {
  probe("VACUUM", db);
  db.exec("VACUUM");
  probe("CHECKPOINT", db);
  const done = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
  if (done?.["busy"] === 0) return;
  throw new Fault("STATE_UNAVAILABLE", {
    message: "the state database could not be swept: another program reads it",
    hint: "end what reads it (a backup, `sqlite3`), then start again",
  });
}

function refusedSince(first: Fault): Fault {
  return new Fault(first.code === "STATE_CORRUPT" ? "STATE_CORRUPT" : "STATE_UNAVAILABLE", {
    message: `the store refuses since an earlier failure: ${first.message}`,
    hint: first.hint,
    cause: first,
  });
}
