/**
 * One owner: a lock on a folder that is held for the life of a process.
 *
 * It is an exclusive SQLite transaction on a database that holds nothing else:
 * SQLite's lock is the kernel's (`fcntl`), so a crash or `kill -9` releases it,
 * where a file with a process id in it would stay behind and lie once the
 * number is used again. Two owners inside one process exclude each other too.
 *
 * POSIX drops such a lock when *any* descriptor of the file is closed by the
 * process that holds it: nothing else may open the lock file, not even to read
 * it. On a network file system locks may not work; the state folder belongs on
 * a local disk.
 *
 * @module
 */
import { basename } from "node:path";
import { closeSync, lstatSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { Fault } from "../../core/fault.ts";
import { isBusy, isErrno, translate } from "./errors.ts";

export type Lock = {
  /** Whether a mark was left by this or an earlier holder. */
  marked(name: string): boolean;
  /** Leaves a mark, durably. */
  mark(name: string): void;
  release(): void;
};

/**
 * Takes the lock.
 *
 * @param waitMs how long to wait for another holder to let go.
 * @returns `busy` where another holds it.
 */
export function holdLock(path: string, waitMs: number): Lock | "busy" {
  makeFile(path);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: waitMs });
    db.exec("PRAGMA synchronous=FULL; BEGIN EXCLUSIVE");
    // Keeps the lock across the commit of a mark. Only once it is held: in this mode SQLite gives no lock back while it
    // waits for a stronger one, and two that wait would wait for one another.
    db.exec("PRAGMA locking_mode=EXCLUSIVE");
    db.exec("CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY) STRICT");
    return lockOf(db);
  } catch (thrown) {
    db?.close();
    if (isBusy(thrown)) return "busy";
    throw translate(thrown);
  }
}

function lockOf(db: DatabaseSync): Lock {
  return {
    marked: (name) => db.prepare("SELECT 1 FROM mark WHERE name = ?").get(name) !== undefined,
    mark(name) {
      try {
        db.prepare("INSERT OR IGNORE INTO mark (name) VALUES (?)").run(name);
        db.exec("COMMIT");
        db.exec("BEGIN EXCLUSIVE");
      } catch (thrown) {
        throw translate(thrown);
      }
    },
    release() {
      if (db.isOpen) db.close();
    },
  };
}

/** Makes the file with mode 600 before SQLite would make it with a wider one. */
export function makeFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (thrown) {
    if (!isErrno(thrown, "EEXIST")) throw translate(thrown);
    needFile(path);
  }
}

/**
 * SQLite waits for ever on a pipe that it opens to read, and follows a link to wherever somebody wants a lock.
 *
 * @throws Fault STATE_UNAVAILABLE
 */
export function needFile(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isFile()) return;
  throw new Fault("STATE_UNAVAILABLE", {
    message: `the state folder cannot be used: \`${basename(path)}\` is no plain file`,
    hint: "look at it (`ls -ld`) and move it away; a database comes back from a backup (`vambrace backup restore`), a lock by itself",
    facts: { path },
  });
}
