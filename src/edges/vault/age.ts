/**
 * The age format: what the vault, its key where a passphrase protects it, and
 * the data keys of sops files are written in. Debian's `age` opens what this
 * writes, and this opens what `age` wrote.
 *
 * Errors never say more than that it did not open: what stands in a broken
 * file may be a secret.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";

const MAGIC = "age-encryption.org/v1";
const ARMOR = "-----BEGIN AGE ENCRYPTED FILE-----";

/** What age takes without being asked; half a second or more of one core, 256 MiB for that time. */
const WORK_FACTOR = 18;

export type AgeIdentity = { readonly identity: string; readonly recipient: string };

/** Whether these bytes are an age file, armoured or not. */
export function isAge(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.subarray(0, ARMOR.length)).toString("latin1");
  return head.startsWith(MAGIC) || head === ARMOR;
}

export async function newIdentity(): Promise<AgeIdentity> {
  const age = await import("age-encryption");
  const identity = await age.generateX25519Identity();
  return { identity, recipient: await age.identityToRecipient(identity) };
}

/** @throws Fault SECRET_LOCKED where it is no age identity. */
export async function recipientOf(identity: string): Promise<string> {
  const age = await import("age-encryption");
  try {
    return await age.identityToRecipient(identity);
  } catch (cause) {
    throw notOpened("it is not a key that age knows", cause);
  }
}

export async function sealFor(recipient: string, content: string): Promise<Uint8Array> {
  const { Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return encrypter.encrypt(content);
}

/** @param workFactor smaller in tests alone. */
export async function sealWithPassphrase(
  passphrase: string,
  content: string,
  workFactor = WORK_FACTOR,
): Promise<Uint8Array> {
  const { Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  encrypter.setScryptWorkFactor(workFactor);
  encrypter.setPassphrase(passphrase);
  return encrypter.encrypt(content);
}

export type AgeKey =
  | { readonly kind: "identities"; readonly identities: readonly string[] }
  | { readonly kind: "passphrase"; readonly passphrase: string };

/** @throws Fault SECRET_LOCKED where the key does not fit, SECRET_DAMAGED where the file was changed or cut. */
export async function unseal(bytes: Uint8Array, key: AgeKey): Promise<Uint8Array> {
  const { Decrypter, armor } = await import("age-encryption");
  const decrypter = new Decrypter();
  try {
    if (key.kind === "passphrase") decrypter.addPassphrase(key.passphrase);
    else for (const identity of key.identities) decrypter.addIdentity(identity);
  } catch (cause) {
    throw notOpened("it is not a key that age knows", cause);
  }
  const isArmored = bytes.length > 0 && bytes[0] === ARMOR.charCodeAt(0);
  try {
    return await decrypter.decrypt(isArmored ? armor.decode(Buffer.from(bytes).toString("latin1")) : bytes);
  } catch (cause) {
    if (cause instanceof Error && /no identity matched/.test(cause.message)) {
      throw notOpened(key.kind === "passphrase" ? "the passphrase is wrong" : "the key does not fit", cause);
    }
    throw new Fault("SECRET_DAMAGED", {
      message: "an age file was changed, or its end is missing",
      hint: "put the file back from a backup; nothing of it is used as it is",
      cause,
    });
  }
}

function notOpened(why: string, cause: unknown): Fault {
  return new Fault("SECRET_LOCKED", {
    message: `an age file was not opened: ${why}`,
    hint: "give the passphrase or key that it was made with; `secrets.vault` says which one is used",
    cause,
  });
}
