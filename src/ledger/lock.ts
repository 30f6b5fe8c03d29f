/**
 * INVARIANT(one-writer): two writers on one folder would each sign a tree of
 * their own; the second one is refused.
 *
 * The lock is SQLite's exclusive lock on the file `lock`: a POSIX record lock
 * of the kernel, which ends with the process however that ends, so no crash
 * leaves it behind; it holds between containers that share the folder, and
 * SQLite makes it hold within one process too. The file stays empty.
 *
 * @module
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Fault } from "../core/fault.ts";

export type Lock = { release(): void };

/** Whoever holds the answer holds the lock. @throws Fault LEDGER_LOCKED where another does. */
export function lockFolder(dir: string): Lock {
  let database: DatabaseSync | undefined;
  try {
    const held = new DatabaseSync(join(dir, "lock"), { timeout: 0 });
    database = held;
    held.exec("PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE");
    return { release: () => held.close() };
  } catch (cause) {
    database?.close();
    const isBusy = cause instanceof Error && "errcode" in cause && cause.errcode === BUSY;
    throw new Fault("LEDGER_LOCKED", {
      message: isBusy ? "another process writes this ledger" : "the ledger's lock, the file `lock`, cannot be had",
      hint: isBusy
        ? "end the other gateway first (`vambrace status` shows its process); two gateways cannot share a state folder"
        : "it is an empty file of the user that runs the gateway: give it back with `chown`, or move away what lies there",
      facts: { dir },
      cause,
    });
  }
}

const BUSY = 5;
