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
  const database = new DatabaseSync(join(dir, "lock"), { timeout: 0 });
  try {
    database.exec("PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    throw new Fault("LEDGER_LOCKED", {
      message: `another process writes this ledger, or its lock cannot be had`,
      hint: "end the other gateway first: `vambrace stop`; two gateways cannot share a state folder",
      facts: { dir },
      cause,
    });
  }
  return { release: () => database.close() };
}
