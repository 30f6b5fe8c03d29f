/**
 * In which form memory lies, clear or sealed, and the way from one to the other.
 *
 * INVARIANT(sealed-whole): memory is all clear or all sealed with one key. Each change is one transaction; a database
 * that is sealed is opened with its key or not at all, and a clear row in it is damage.
 *
 * After sealing, the file is written anew and its log emptied, so that no byte
 * of what was clear is left in either. That is not part of the transaction: it
 * is noted as owed, and paid by the next start where this one ended too early.
 *
 * @module
 */
import { z } from "zod";
import { Fault } from "../../core/fault.ts";
import type { Random } from "../../core/ports/random.ts";
import type { MemoryStore } from "../../core/ports/store.ts";
import type { Database, Transaction } from "./database.ts";
import { corrupt } from "./errors.ts";
import { COLUMNS, memoryPart, readMemory } from "./memory.ts";
import { type MemoryKey, sealMemory } from "./memory-seal.ts";
import { openRow, SEALED_COLUMNS, sealedMemoryPart } from "./memory-sealed.ts";
import { columns, whole, writeJson } from "./rows.ts";

/** Which key sealed it, and whether the file was swept since. */
export type SealMark = { readonly key: string; readonly swept: boolean };

/** How memory is to lie from now on. `keys`: what opens what is there. */
export type MemoryWish =
  | { readonly form: "clear"; readonly keys: readonly MemoryKey[] }
  | { readonly form: "sealed"; readonly keys: readonly MemoryKey[]; readonly key: MemoryKey; readonly random: Random };

/** Asked once, before anything of memory is touched. @param found null where memory lies in clear. */
export type MemoryPlan = (found: SealMark | null) => Promise<MemoryWish>;

const MARK = z.strictObject({ key: z.string().regex(/^[0-9a-f]{32}$/), swept: z.boolean() });
const MARK_NAME = "memory-seal";

/** Where nobody says how: clear stays clear, and what is sealed is not opened. */
export const asItLies: MemoryPlan = async (found) => {
  if (found === null) return { form: "clear", keys: [] };
  throw locked("memory is sealed, and no key was given for it");
};

/** @throws Fault MEMORY_LOCKED, MEMORY_DAMAGED; then nothing was changed. */
export async function openMemoryPart(db: Database, plan: MemoryPlan): Promise<MemoryStore> {
  const found = readMark(db);
  refuseMixed(db, found);
  const wish = await plan(found);
  const old = found === null ? null : keyNamed(found.key, wish.keys);
  if (wish.form === "clear") {
    if (old !== null) db.write((tx) => unsealAll(tx, old));
    return memoryPart(db);
  }
  if (old?.id !== wish.key.id) {
    db.write((tx) => (old === null ? sealAll(tx, wish.key, wish.random) : sealAnew(tx, old, wish.key, wish.random)));
  }
  if (readMark(db)?.swept !== true) {
    db.sweep();
    db.write((tx) => writeMark(tx, { key: wish.key.id, swept: true }));
  }
  return sealedMemoryPart(db, wish.key, wish.random);
}

function sealAll(tx: Transaction, key: MemoryKey, random: Random): void {
  for (const row of tx.all(`SELECT seq, ${COLUMNS} FROM memory ORDER BY seq`)) {
    const memory = readMemory(row);
    tx.run(
      "INSERT INTO memory_sealed (seq, id, agent, sealed, created_ms) VALUES (?, ?, ?, ?, ?)",
      columns(row).number("seq"),
      memory.id,
      memory.agent,
      sealMemory(memory, key, random),
      memory.createdMs,
    );
  }
  // The index holds words; it is made anew where memory is clear again.
  tx.run("DROP TABLE IF EXISTS memory_words");
  tx.run("DELETE FROM memory");
  writeMark(tx, { key: key.id, swept: false });
}

function sealAnew(tx: Transaction, old: MemoryKey, key: MemoryKey, random: Random): void {
  for (const row of tx.all(`SELECT ${SEALED_COLUMNS} FROM memory_sealed ORDER BY seq`)) {
    const memory = openRow(row, old);
    tx.run("UPDATE memory_sealed SET sealed = ? WHERE id = ?", sealMemory(memory, key, random), memory.id);
  }
  writeMark(tx, { key: key.id, swept: false });
}

function unsealAll(tx: Transaction, key: MemoryKey): void {
  for (const row of tx.all(`SELECT seq, ${SEALED_COLUMNS} FROM memory_sealed ORDER BY seq`)) {
    const memory = openRow(row, key);
    tx.run(
      "INSERT INTO memory (seq, id, agent, text, label, created_ms) VALUES (?, ?, ?, ?, ?, ?)",
      columns(row).number("seq"),
      memory.id,
      memory.agent,
      memory.text,
      writeJson(memory.label),
      memory.createdMs,
    );
  }
  tx.run("DELETE FROM memory_sealed");
  tx.run("DELETE FROM state WHERE key = ?", MARK_NAME);
}

/** Also for whoever only looks: the mark of a database that is read. */
export function readMark(db: Pick<Database, "one">): SealMark | null {
  const row = db.one("SELECT value FROM state WHERE key = ?", MARK_NAME);
  if (row === undefined) return null;
  return whole("mark of memory", () => MARK.parse(JSON.parse(columns(row).text("value"))));
}

function writeMark(tx: Transaction, mark: SealMark): void {
  tx.run(
    "INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    MARK_NAME,
    writeJson(mark),
  );
}

/** A clear row beside sealed ones was put there by somebody without the key. */
function refuseMixed(db: Database, found: SealMark | null): void {
  const strange = db.one(`SELECT id FROM ${found === null ? "memory_sealed" : "memory"} LIMIT 1`);
  if (strange === undefined) return;
  throw corrupt(
    found === null ? "it has sealed memories, and no mark says so" : "it has a clear memory among sealed ones",
  );
}

/** @throws Fault MEMORY_LOCKED */
export function keyNamed(id: string, keys: readonly MemoryKey[]): MemoryKey {
  const key = keys.find((one) => one.id === id);
  if (key !== undefined) return key;
  throw locked("memory is sealed with another key than the vault has");
}

function locked(message: string): Fault {
  return new Fault("MEMORY_LOCKED", {
    message,
    hint: "put `vault.age` and its key back, from the backup that the store is from; nothing else opens it",
  });
}
