/**
 * Memories that are sealed (R-AGENT-7): nothing of their words or labels is in
 * the database in clear, and no index is kept of them. To search is to open
 * all of an agent's and to look.
 *
 * A row that does not open is a fault that names it; it is never left out of an
 * answer unsaid, and nothing but a person's word takes it away.
 *
 * @module
 */
import type { AgentId, MemoryId } from "../../core/ids.ts";
import type { Random } from "../../core/ports/random.ts";
import type { MemoryRow, MemoryStore } from "../../core/ports/store.ts";
import { Fault } from "../../core/fault.ts";
import type { Database, Row } from "./database.ts";
import { corrupt } from "./errors.ts";
import { type MemoryKey, openMemory, sealMemory, type Whose } from "./memory-seal.ts";
import { ranked } from "./memory-words.ts";
import { columns, readAgent, readId, writeText } from "./rows.ts";

export const SEALED_COLUMNS = "id, agent, sealed, created_ms";
export const ADD_SEALED = "INSERT INTO memory_sealed (id, agent, sealed, created_ms) VALUES (?, ?, ?, ?)";

export function sealedMemoryPart(db: Database, key: MemoryKey, random: Random): MemoryStore {
  const list = (agent: AgentId): readonly MemoryRow[] =>
    db
      .all(`SELECT ${SEALED_COLUMNS} FROM memory_sealed WHERE agent = ? ORDER BY seq`, agent)
      .map((row) => openRow(row, key));
  return {
    async add(row) {
      writeText(row.text);
      const sealed = sealMemory(row, key, random);
      db.write((tx) => tx.run(ADD_SEALED, row.id, row.agent, sealed, row.createdMs));
    },
    search: async (agent, words, limit) => ranked(list(agent), words, limit),
    list: async (agent) => list(agent),
    remove: async (id) => db.write((tx) => tx.run("DELETE FROM memory_sealed WHERE id = ?", id) === 1),
  };
}

/** @throws Fault MEMORY_DAMAGED */
export function openRow(row: Row, key: MemoryKey): MemoryRow {
  return openMemory(whoseOf(row), sealedOf(row), key);
}

/** All that open, and the ids of those that do not. */
export function openWhatOpens(
  rows: readonly Row[],
  key: MemoryKey,
): { readonly rows: readonly MemoryRow[]; readonly damaged: readonly MemoryId[] } {
  const opened: MemoryRow[] = [];
  const damaged: MemoryId[] = [];
  for (const row of rows) {
    try {
      opened.push(openRow(row, key));
    } catch (thrown) {
      if (!(thrown instanceof Fault) || thrown.code !== "MEMORY_DAMAGED") throw thrown;
      damaged.push(whoseOf(row).id);
    }
  }
  return { rows: opened, damaged };
}

function whoseOf(row: Row): Whose {
  const column = columns(row);
  return {
    id: readId("mem", column.text("id")),
    agent: readAgent(column.text("agent")),
    createdMs: column.number("created_ms"),
  };
}

function sealedOf(row: Row): Uint8Array {
  const sealed = row["sealed"];
  if (sealed instanceof Uint8Array) return sealed;
  throw corrupt("a column `sealed` holds what it cannot hold");
}
