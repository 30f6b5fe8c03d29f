/**
 * Changes to secrets, as the command line makes them (R-KEY-2). Each is left
 * for the ledger before it is made; a gateway that runs takes it within a
 * second, or at once when it is told.
 *
 * INVARIANT(recorded-secrets): a command replaces the vault, or what is known of secrets, only after a pending record of
 * it is on the disk. No record holds a value.
 *
 * @module
 */
import { join } from "node:path";
import { Fault } from "../../core/fault.ts";
import { type Digest, sha256 } from "../../core/json.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { DurableFiles } from "../../core/ports/disk.ts";
import type { Random } from "../../core/ports/random.ts";
import { type SecretId, vaultRef } from "../../core/secret-ref.ts";
import { holdLock, type Lock } from "../../edges/store/lock.ts";
import type { Change, VaultContent } from "../../edges/vault/content.ts";
import type { VaultKey } from "../../edges/vault/key.ts";
import { openVault, replaceVault, sealVault, vaultBytes } from "../../edges/vault/vault.ts";
import { makeFolder } from "../config/durable.ts";
import { leavePending } from "../pending.ts";
import {
  newRow,
  readRegistry,
  REGISTRY_NAME,
  type Registry,
  registryText,
  saltedDigest,
  withRow,
  writeRegistry,
} from "./registry.ts";
import { VAULT_NAME } from "./sources.ts";
import { readPlain } from "../plain-file.ts";

export type ChangeParts = {
  readonly home: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly who: string;
  readonly why: string;
  /** Where what is known of secrets is written; this machine's disk unless said. */
  readonly files?: DurableFiles;
};

export type What =
  | "secret.set"
  | "secret.rotated"
  | "secret.confirmed"
  | "secret.undone"
  | "secret.revoked"
  | "secret.removed"
  | "secret.imported"
  | "secret.memory-key-made"
  | "secret.vault-made"
  | "secret.key-changed";

const WAIT_MS = 15_000;

/**
 * Changes the vault, and what is known of the secrets that the change is about.
 *
 * @param key opened before, so that nobody waits for a person while the lock is held.
 * @throws Fault STATE_IN_USE where somebody else changes it and does not end; all of `openVault` and of the change.
 */
export async function changeVault(
  parts: ChangeParts,
  key: VaultKey,
  {
    what,
    names,
    change,
    owner,
  }: {
    readonly what: What;
    readonly names: readonly string[];
    readonly change: Change;
    readonly owner?: string;
  },
): Promise<VaultContent> {
  return locked(parts.home, async () => {
    const path = join(parts.home, VAULT_NAME);
    const before = await openVault(path, key);
    const after = change(before, parts.clock.wallMs());
    if (after === before) return before;
    const bytes = await sealVault(after, key);
    const registry = counted(described(readRegistry(parts.home, parts.random), { names, after, owner }));
    const ids = names.map(idOf);
    const file = { file: VAULT_NAME, before: digestOf(path), after: sha256(bytes) } as const;
    record(parts, recordOf(what, ids, registry, file), () => replaceVault(path, bytes));
    writeRegistry(parts.home, registry);
    return after;
  });
}

/** Changes what is known of secrets and leaves every value where it is: needs no key. */
export async function changeRegistry(
  parts: ChangeParts,
  what: What,
  ids: readonly SecretId[],
  change: (registry: Registry, nowMs: number) => Registry,
): Promise<Registry> {
  return locked(parts.home, () => {
    const path = join(parts.home, REGISTRY_NAME);
    const after = counted(change(readRegistry(parts.home, parts.random), parts.clock.wallMs()));
    const file = { file: REGISTRY_NAME, before: digestOf(path), after: sha256(registryText(after)) } as const;
    record(parts, recordOf(what, ids, after, file), () => writeRegistry(parts.home, after, parts.files));
    return Promise.resolve(after);
  });
}

const idOf = (name: string): SecretId => vaultRef(name).id;

/** By what is in the vault now; a new value ends a revocation. */
function described(
  registry: Registry,
  {
    names,
    after,
    owner,
  }: { readonly names: readonly string[]; readonly after: VaultContent; readonly owner: string | undefined },
): Registry {
  return names.reduce((known, name) => {
    const now = Object.hasOwn(after.secrets, name) ? after.secrets[name] : undefined;
    return withRow(known, idOf(name), (row) => {
      if (now === undefined) return { ...(row ?? newRow(0, null)), oldKept: false };
      const digest = saltedDigest(known, now.value);
      return {
        ...(row ?? newRow(now.setMs, digest)),
        setMs: now.setMs,
        digest,
        oldKept: now.previous !== undefined,
        revoked: null,
        owner: owner ?? row?.owner ?? null,
      };
    });
  }, registry);
}

function counted(registry: Registry): Registry {
  return { ...registry, serial: registry.serial + 1 };
}

function recordOf(
  what: What,
  ids: readonly SecretId[],
  { rows, serial }: Registry,
  file: Pick<Recorded, "file" | "before" | "after">,
): Recorded {
  return { what, ids, digests: ids.map((id) => rows.get(id)?.digest ?? null), serial, ...file };
}

type Recorded = {
  readonly serial: number;
  readonly what: What;
  readonly ids: readonly SecretId[];
  readonly digests: readonly (Digest | null)[];
  readonly file: typeof VAULT_NAME | typeof REGISTRY_NAME;
  readonly before: Digest;
  readonly after: Digest;
};

/** Whoever takes pending records holds this lock too: what he reads is not half done. */
function record({ home, clock, who, why, files }: ChangeParts, recorded: Recorded, write: () => void): void {
  const lock = held(home, "config.lock");
  try {
    const ids = [...recorded.ids];
    const digests = [...recorded.digests];
    leavePending(home, { kind: "secret", who, why, atMs: clock.wallMs(), ...recorded, ids, digests }, files);
    write();
  } finally {
    lock.release();
  }
}

async function locked<T>(home: string, body: () => Promise<T>): Promise<T> {
  makeFolder(home);
  const lock = held(home, "secrets.lock");
  try {
    return await body();
  } finally {
    lock.release();
  }
}

function held(home: string, name: string): Lock {
  const lock = holdLock(join(home, name), WAIT_MS);
  if (lock !== "busy") return lock;
  throw new Fault("STATE_IN_USE", {
    message: "somebody else is changing the secrets",
    hint: "wait until the other change is done, then try again",
  });
}

function digestOf(path: string): Digest {
  try {
    return sha256(readPlain(path));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return sha256("");
    throw error;
  }
}

/** Whether there is a vault, whoever has its key. */
export function hasVault(home: string): boolean {
  return vaultBytes(join(home, VAULT_NAME)) !== undefined;
}
