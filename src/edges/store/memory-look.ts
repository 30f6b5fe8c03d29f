/** Memories as they lie, for whoever only looks: also while a gateway runs. Nothing is changed. @module */
import { DatabaseSync } from "node:sqlite";
import type { AgentId, MemoryId } from "../../core/ids.ts";
import type { MemoryRow } from "../../core/ports/store.ts";
import type { Database } from "./database.ts";
import { translate } from "./errors.ts";
import { needFile } from "./lock.ts";
import { COLUMNS, readMemory } from "./memory.ts";
import { keyNamed, readMark } from "./memory-form.ts";
import type { MemoryKey } from "./memory-seal.ts";
import { openWhatOpens, SEALED_COLUMNS } from "./memory-sealed.ts";

export type Looked = { readonly rows: readonly MemoryRow[]; readonly damaged: readonly MemoryId[] };

/**
 * @param keys asked for where memory is sealed.
 * @throws Fault MEMORY_LOCKED, STATE_CORRUPT, STATE_UNAVAILABLE
 */
export async function lookAtMemory(
  path: string,
  agent: AgentId,
  keys: () => Promise<readonly MemoryKey[]>,
): Promise<Looked> {
  return reading(path, async (all) => {
    const mark = readMark({ one: (sql, ...values) => all(sql, ...values)[0] });
    if (mark === null) {
      return {
        rows: all(`SELECT ${COLUMNS} FROM memory WHERE agent = ? ORDER BY seq`, agent).map(readMemory),
        damaged: [],
      };
    }
    const key = keyNamed(mark.key, await keys());
    return openWhatOpens(all(`SELECT ${SEALED_COLUMNS} FROM memory_sealed WHERE agent = ? ORDER BY seq`, agent), key);
  });
}

/** Needs no key. */
export async function hasMemory(path: string, id: MemoryId): Promise<boolean> {
  return reading(path, async (all) => {
    const mark = readMark({ one: (sql, ...values) => all(sql, ...values)[0] });
    return all(`SELECT 1 FROM ${mark === null ? "memory" : "memory_sealed"} WHERE id = ?`, id).length === 1;
  });
}

async function reading<T>(path: string, body: (all: Database["all"]) => Promise<T>): Promise<T> {
  let db: DatabaseSync | undefined;
  try {
    needFile(path);
    const open = new DatabaseSync(path, { readOnly: true, timeout: 5_000, allowExtension: false });
    db = open;
    return await body((sql, ...values) => open.prepare(sql).all(...values));
  } catch (thrown) {
    throw translate(thrown);
  } finally {
    if (db?.isOpen === true) db.close();
  }
}
