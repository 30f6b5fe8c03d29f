/**
 * How one memory is sealed: text and label together, by AES-256-GCM with a
 * nonce of its own. What it belongs to (id, agent, time) is bound to it, so
 * that no row passes for another one.
 *
 * It does not show that a row was taken away, or that an older database was put
 * back: whoever can write the file can do that.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { Fault } from "../../core/fault.ts";
import type { MemoryId } from "../../core/ids.ts";
import type { Random } from "../../core/ports/random.ts";
import type { MemoryRow } from "../../core/ports/store.ts";
import { readLabel, readObject, writeJson } from "./rows.ts";

/** Says what is inside, should that ever change. */
const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

export type MemoryKey = {
  /** Names the key and tells nothing of it; kept beside what it sealed. */
  readonly id: string;
  readonly bytes: Uint8Array;
};

export type Whose = Pick<MemoryRow, "id" | "agent" | "createdMs">;

/** @param bytes 32 of them, random. */
export function memoryKey(bytes: Uint8Array): MemoryKey {
  if (bytes.length !== KEY_BYTES) throw new RangeError("a key of memory has 32 bytes");
  return { bytes, id: createHmac("sha256", bytes).update("vambrace memory key id").digest("hex").slice(0, 32) };
}

export function sealMemory(row: MemoryRow, key: MemoryKey, random: Random): Uint8Array {
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key.bytes, nonce, { authTagLength: TAG_BYTES }).setAAD(belongsTo(row));
  const clear = writeJson({ text: row.text, label: writeJson(row.label) });
  return Buffer.concat([Buffer.of(FORMAT), nonce, cipher.update(clear, "utf8"), cipher.final(), cipher.getAuthTag()]);
}

/** @throws Fault MEMORY_DAMAGED where one bit of it, or of what it belongs to, is another. */
export function openMemory(whose: Whose, sealed: Uint8Array, key: MemoryKey): MemoryRow {
  let clear: string;
  try {
    clear = unsealed(whose, sealed, key);
  } catch (cause) {
    throw damaged(whose.id, cause);
  }
  const { text, label } = readObject(clear);
  if (typeof text !== "string" || typeof label !== "string") throw damaged(whose.id);
  return { id: whose.id, agent: whose.agent, text, label: readLabel(label), createdMs: whose.createdMs };
}

function unsealed(whose: Whose, sealed: Uint8Array, key: MemoryKey): string {
  if (sealed[0] !== FORMAT || sealed.length < 1 + NONCE_BYTES + TAG_BYTES) throw new Error("not a sealed memory");
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv("aes-256-gcm", key.bytes, nonce, { authTagLength: TAG_BYTES })
    .setAAD(belongsTo(whose))
    .setAuthTag(sealed.subarray(end));
  return Buffer.concat([decipher.update(sealed.subarray(1 + NONCE_BYTES, end)), decipher.final()]).toString("utf8");
}

function belongsTo({ id, agent, createdMs }: Whose): Buffer {
  return Buffer.from(writeJson(["vambrace memory", FORMAT, id, agent, createdMs]));
}

export function damaged(id: MemoryId, cause?: unknown): Fault {
  return new Fault("MEMORY_DAMAGED", {
    message: `the sealed memory \`${id}\` was changed: it does not open`,
    hint: `put the store back from a backup; or let this one go: \`vambrace memory forget ${id}\``,
    cause,
  });
}
