/**
 * The encrypted vault: one age file, readable by `age -d` with its key.
 *
 * INVARIANT(whole-vault): whoever opens the file finds the content of before a change or of after it; a byte that was
 * changed, or an end that is missing, opens nothing.
 *
 * Whoever changes it holds the lock of the secrets meanwhile; two changes at
 * once wait for one another.
 *
 * @module
 */
import type { SecretSource, SecretValue } from "../../core/ports/secrets.ts";
import type { SecretId, SecretRef } from "../../core/secret-ref.ts";
import { sealFor, unseal } from "./age.ts";
import { contentText, EMPTY, everyValue, parseContent, type VaultContent } from "./content.ts";
import type { VaultKey } from "./key.ts";
import { type Disk, readPrivate, replacePrivate } from "./private-file.ts";

/** Undefined where there is no vault yet. */
export function vaultBytes(path: string, disk?: Disk): Uint8Array | undefined {
  return readPrivate(path, "the vault", disk);
}

/** An absent vault is an empty one. @throws Fault SECRET_LOCKED, SECRET_DAMAGED, SECRET_UNSAFE, SECRET_UNAVAILABLE */
export async function openVault(path: string, key: VaultKey, disk?: Disk): Promise<VaultContent> {
  const bytes = vaultBytes(path, disk);
  if (bytes === undefined) return EMPTY;
  const content = await unseal(bytes, { kind: "identities", identities: key.identities });
  return parseContent(Buffer.from(content).toString("utf8"));
}

/** The file as it will be: known before it is written, so that it can be recorded first. */
export async function sealVault(content: VaultContent, key: VaultKey): Promise<Uint8Array> {
  return sealFor(key.recipient, contentText(content));
}

export function replaceVault(path: string, bytes: Uint8Array, disk?: Disk): void {
  replacePrivate(path, bytes, disk);
}

/** The key is asked for when something is read first. */
export function vaultSource(path: string, key: () => Promise<VaultKey>): SecretSource {
  return {
    async read(refs) {
      const { secrets } = await openVault(path, await key());
      return new Map(refs.flatMap((ref) => entryOf(ref, secrets)));
    },
    retired: async () => everyValue(await openVault(path, await key())),
  };
}

function entryOf(ref: SecretRef, secrets: VaultContent["secrets"]): readonly (readonly [SecretId, SecretValue])[] {
  if (ref.source !== "vault" || !Object.hasOwn(secrets, ref.name)) return [];
  const found = secrets[ref.name];
  return found === undefined ? [] : [[ref.id, { value: found.value, setMs: found.setMs }]];
}
