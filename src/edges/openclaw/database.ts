/**
 * A foreign SQLite database, looked at without a trace: what lies there is
 * copied with its journal into a folder of mode 700, and the copy is opened.
 * Opening the original, even for reading, makes files beside it.
 *
 * @module
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";

/** Larger ones hold transcripts, which nobody asks for here. */
const MOST_BYTES = 1024 * 1024 * 1024;
const MOST_ROWS = 10_000;

export type ForeignRow = Readonly<Record<string, SQLOutputValue>>;

export type ForeignDatabase = {
  /** Rows of a table; none where there is no such table. @throws where its columns are others. */
  readonly rows: (table: string, columns: readonly string[]) => readonly ForeignRow[];
};

/**
 * @param look works on the open copy; nothing of it is kept.
 * @throws Error where it is no database, or larger than 1 GiB.
 */
export function lookInto<T>(path: string, look: (database: ForeignDatabase) => T): T {
  if (statSync(path).size > MOST_BYTES) throw new Error(`larger than ${MOST_BYTES} bytes`);
  const folder = mkdtempSync(join(tmpdir(), "vambrace-look-"));
  try {
    const copy = join(folder, "copy.sqlite");
    for (const suffix of ["", "-wal"])
      if (existsSync(`${path}${suffix}`)) copyFileSync(`${path}${suffix}`, `${copy}${suffix}`);
    const database = new DatabaseSync(copy);
    try {
      return look({ rows: (table, columns) => rowsOf(database, table, columns) });
    } finally {
      database.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rowsOf(database: DatabaseSync, table: string, columns: readonly string[]): readonly ForeignRow[] {
  const there = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table);
  if (there === undefined) return [];
  const names = columns.map(quoted).join(", ");
  return database.prepare(`SELECT ${names} FROM ${quoted(table)} LIMIT ${MOST_ROWS}`).all();
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
