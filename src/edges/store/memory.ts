/**
 * Memories, each with the label that it had when it was made.
 *
 * Words to search for are quoted before they reach the index: nothing in them
 * is read as its query language.
 *
 * @module
 */
import type { MemoryRow, MemoryStore } from "../../core/ports/store.ts";
import type { Database, Row } from "./database.ts";
import { wordsOf } from "./memory-words.ts";
import { columns, readAgent, readId, readLabel, writeJson, writeText } from "./rows.ts";

export const COLUMNS = "memory.id, memory.agent, memory.text, memory.label, memory.created_ms";

export function memoryPart(db: Database): MemoryStore {
  const indexed = openIndex(db);
  return {
    add: async (row) =>
      db.write((tx) => {
        tx.run(
          "INSERT INTO memory (id, agent, text, label, created_ms) VALUES (?, ?, ?, ?, ?)",
          row.id,
          row.agent,
          writeText(row.text),
          writeJson(row.label),
          row.createdMs,
        );
        if (indexed) tx.run("INSERT INTO memory_words (rowid, text) SELECT seq, text FROM memory WHERE id = ?", row.id);
      }),
    search: async (agent, words, limit) => {
      const wanted = wordsOf(words);
      if (wanted.length === 0 || limit < 1) return [];
      const found = indexed ? byIndex(db, agent, { wanted, limit }) : [];
      return found.length >= limit ? found : addBySubstring(db, agent, { wanted, limit, found });
    },
    list: async (agent) => db.all(`SELECT ${COLUMNS} FROM memory WHERE agent = ? ORDER BY seq`, agent).map(readMemory),
    remove: async (id) =>
      db.write((tx) => {
        if (indexed) {
          tx.run(
            "INSERT INTO memory_words (memory_words, rowid, text) SELECT 'delete', seq, text FROM memory WHERE id = ?",
            id,
          );
        }
        return tx.run("DELETE FROM memory WHERE id = ?", id) === 1;
      }),
  };
}

/**
 * The full-text index, where SQLite was built with it; it is derived, so it is
 * no migration, and is built anew where it does not cover all memories.
 */
function openIndex(db: Database): boolean {
  const options = db.all("PRAGMA compile_options").map((row) => row["compile_options"]);
  if (!options.includes("ENABLE_FTS5")) return false;
  db.write((tx) => {
    tx.run(
      `CREATE VIRTUAL TABLE IF NOT EXISTS memory_words USING fts5 (text, content = 'memory', content_rowid = 'seq', tokenize = "unicode61 remove_diacritics 2")`,
    );
    tx.run("INSERT INTO memory_words (memory_words, rank) VALUES ('secure-delete', 1)");
    const covered = tx.one(
      "SELECT (SELECT count(*) FROM memory_words_docsize) = (SELECT count(*) FROM memory) AS all_of_them",
    );
    if (covered?.["all_of_them"] !== 1) tx.run("INSERT INTO memory_words (memory_words) VALUES ('rebuild')");
  });
  return true;
}

function byIndex(
  db: Database,
  agent: string,
  query: { readonly wanted: readonly string[]; readonly limit: number },
): MemoryRow[] {
  const match = query.wanted.map((word) => `"${word}"*`).join(" OR ");
  return db
    .all(
      `SELECT ${COLUMNS} FROM memory_words JOIN memory ON memory.seq = memory_words.rowid
       WHERE memory_words MATCH ? AND memory.agent = ? ORDER BY bm25(memory_words), memory.seq DESC LIMIT ?`,
      match,
      agent,
      query.limit,
    )
    .map(readMemory);
}

/** For scripts without spaces, where a word of the index is a whole sentence. */
function addBySubstring(
  db: Database,
  agent: string,
  query: { readonly wanted: readonly string[]; readonly limit: number; readonly found: readonly MemoryRow[] },
): MemoryRow[] {
  const rows = [...query.found];
  const seen = new Set<string>(rows.map((row) => row.id));
  for (const word of query.wanted) {
    const more = db.all(
      `SELECT ${COLUMNS} FROM memory WHERE agent = ? AND instr(text, ?) > 0 ORDER BY seq DESC LIMIT ?`,
      agent,
      word,
      query.limit,
    );
    for (const row of more.map(readMemory)) {
      if (rows.length >= query.limit) return rows;
      if (!seen.has(row.id)) rows.push(row);
      seen.add(row.id);
    }
  }
  return rows;
}

export function readMemory(row: Row): MemoryRow {
  const column = columns(row);
  return {
    id: readId("mem", column.text("id")),
    agent: readAgent(column.text("agent")),
    text: column.text("text"),
    label: readLabel(column.text("label")),
    createdMs: column.number("created_ms"),
  };
}
