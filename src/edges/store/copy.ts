/**
 * A copy of a database that somebody is writing: SQLite's own backup, in one
 * step, so that it is the database of one moment. The writer is not held up.
 *
 * @module
 */
import { closeSync, fsyncSync, openSync, rmSync } from "node:fs";
import { backup, DatabaseSync } from "node:sqlite";
import { translate } from "./errors.ts";
import { makeFile, needFile } from "./lock.ts";

/** All pages of the largest database there is. */
const AT_ONCE = 2_147_483_647;

/** @throws Fault STATE_CORRUPT, STATE_FULL, STATE_UNAVAILABLE; then there is no copy. */
export async function copyDatabase(from: string, to: string): Promise<void> {
  let source: DatabaseSync | undefined;
  try {
    makeFile(to);
    needFile(from);
    source = new DatabaseSync(from, { readOnly: true, timeout: 5_000, allowExtension: false });
    await backup(source, to, { rate: AT_ONCE });
    source.close();
    const file = openSync(to, "r");
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (thrown) {
    if (source?.isOpen === true) source.close();
    for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(to + suffix, { force: true });
    throw translate(thrown);
  }
}

/** What does not add up in a database that nobody is using; empty where nothing is wrong. */
export function checkDatabase(path: string): readonly string[] {
  needFile(path);
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = db.prepare("PRAGMA integrity_check(5)").all();
    return rows.map((row) => String(row["integrity_check"])).filter((line) => line !== "ok");
  } finally {
    db.close();
  }
}
