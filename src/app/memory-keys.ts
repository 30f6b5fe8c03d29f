/**
 * The key that seals memory (R-AGENT-7), where `memory.encrypt` asks for it: in
 * the vault, among what is the gateway's own, made at first use.
 *
 * Where it cannot be had the gateway does not start. Memory is never written in
 * clear because its key is missing, and never opened for good without a record.
 *
 * @module
 */
import { join } from "node:path";
import { Fault } from "../core/fault.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { LedgerEntry } from "../core/ports/ledger.ts";
import type { Random } from "../core/ports/random.ts";
import { keyNamed, type MemoryPlan, type SealMark } from "../edges/store/memory-form.ts";
import { type MemoryKey, memoryKey } from "../edges/store/memory-seal.ts";
import { memoryKeys, renewMemoryKey, type VaultContent } from "../edges/vault/content.ts";
import type { VaultKey } from "../edges/vault/key.ts";
import { openVault } from "../edges/vault/vault.ts";
import type { WireUp } from "./given.ts";
import type { Helpers } from "./helpers.ts";
import { changeVault } from "./secrets/changes.ts";
import { VAULT_NAME } from "./secrets/sources.ts";

export type KeyParts = {
  readonly home: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly vaultKey: () => Promise<VaultKey>;
};

export type PlanParts = KeyParts & {
  readonly encrypt: boolean;
  /** Durable when it resolves; nothing is changed before. */
  readonly record: (what: MemoryChange) => Promise<void>;
  /** The filter of what leaves: no key ever does. */
  readonly know: (values: readonly string[]) => void;
};

export type MemoryChange = "memory.sealed" | "memory.sealed-anew" | "memory.opened";

export function gatewayMemory(given: WireUp, starting: Promise<Helpers>): MemoryPlan {
  const { home, clock, random, secrets, loaded } = given;
  return memoryPlan({
    home: home.root,
    clock,
    random,
    vaultKey: secrets.vaultKey,
    encrypt: loaded.config.memory.encrypt,
    know: (values) => secrets.known.know(values),
    async record(what) {
      const { ledger } = await starting;
      await ledger.append(memoryEntry(what));
    },
  });
}

function memoryEntry(what: MemoryChange): LedgerEntry {
  return { kind: "memory", who: "gateway", what, target: "memory", result: "begun" };
}

/** What the configuration asks for, with the keys of the vault. The vault is not touched where memory is and stays clear. */
export function memoryPlan(parts: PlanParts): MemoryPlan {
  return async (found) => {
    if (found === null && !parts.encrypt) return { form: "clear", keys: [] };
    const keys = await keysFor(parts, found);
    const [key] = keys;
    if (key === undefined || !parts.encrypt) {
      await parts.record("memory.opened");
      return { form: "clear", keys };
    }
    if (found?.key !== key.id) await parts.record(found === null ? "memory.sealed" : "memory.sealed-anew");
    return { form: "sealed", key, keys, random: parts.random };
  };
}

/** For a command that changes a row and nothing of how memory lies: with the key that it was sealed with. */
export function memoryAsSealed(parts: KeyParts): MemoryPlan {
  return async (found) => {
    if (found === null) return { form: "clear", keys: [] };
    const keys = (await readKeys(parts, "memory is sealed")).map(({ key }) => key);
    return { form: "sealed", key: keyNamed(found.key, keys), keys, random: parts.random };
  };
}

/** Newest first. Read, never made. @throws Fault MEMORY_LOCKED */
export async function readMemoryKeys(parts: KeyParts): Promise<readonly MemoryKey[]> {
  return (await readKeys(parts, "memory is sealed")).map(({ key }) => key);
}

/** A new key; memory is sealed anew with it when the store is opened next. @throws Fault MEMORY_LOCKED */
export async function renewKey(parts: KeyParts, who: string, why: string): Promise<VaultContent> {
  const vaultKey = await opened(parts, why);
  const { home, clock, random } = parts;
  const value = Buffer.from(random.bytes(32)).toString("base64url");
  const what = "secret.memory-key-made";
  return changeVault({ home, clock, random, who, why }, vaultKey, { what, names: [], change: renewMemoryKey(value) });
}

async function keysFor(parts: PlanParts, found: SealMark | null): Promise<readonly MemoryKey[]> {
  const why = parts.encrypt ? "`memory.encrypt` is on" : "memory is sealed, and turning that off needs its key";
  const there = await readKeys(parts, why);
  const all = there.length > 0 || found !== null ? there : await made(parts);
  parts.know(all.map(({ value }) => value));
  const keys = all.map(({ key }) => key);
  // Before anything is recorded: what cannot be opened is not begun.
  if (found !== null) keyNamed(found.key, keys);
  return keys;
}

type Kept = { readonly key: MemoryKey; readonly value: string };

async function made(parts: PlanParts): Promise<readonly Kept[]> {
  return keptIn(await renewKey(parts, "gateway", "`memory.encrypt` is on"));
}

async function readKeys(parts: KeyParts, why: string): Promise<readonly Kept[]> {
  const vaultKey = await opened(parts, why);
  return keptIn(await locking(why, () => openVault(join(parts.home, VAULT_NAME), vaultKey)));
}

function keptIn(content: VaultContent): readonly Kept[] {
  return memoryKeys(content).map(({ value }) => ({ value, key: memoryKey(Buffer.from(value, "base64url")) }));
}

async function opened({ vaultKey }: KeyParts, why: string): Promise<VaultKey> {
  return locking(why, vaultKey);
}

/** Whatever keeps the vault shut, said with what it is needed for. */
async function locking<T>(why: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    throw new Fault("MEMORY_LOCKED", {
      message: `${why}, and the vault does not open: ${cause.message}`,
      hint: cause.hint,
      cause,
    });
  }
}
