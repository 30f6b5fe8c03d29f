/**
 * The seal of a backup: who can open it, in the words of age.
 *
 * Everything that leaves this machine is a file of age, so whoever has the
 * identity or the passphrase opens it with the `age` program too, without us.
 * All files of one backup have the same header and so the same file key; each
 * has a nonce of its own, from which with that key its own key is derived.
 *
 * @see https://age-encryption.org/v1
 * @module
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import type * as AgePackage from "age-encryption";
import type { Identity, Recipient } from "age-encryption";
import { Fault } from "../../core/fault.ts";

/** To whom it is locked. */
export type LockTo =
  | { readonly kind: "recipients"; readonly recipients: readonly string[] }
  | { readonly kind: "passphrase"; readonly passphrase: string };

/** What opens it. */
export type Unlock =
  | { readonly kind: "identities"; readonly identities: readonly string[] }
  | { readonly kind: "passphrase"; readonly passphrase: string };

/** The header that all files of one backup begin with, and what their keys are derived from. */
export type Seal = { readonly header: Buffer; readonly fileKey: Buffer };

type Age = typeof AgePackage;
const loadAge = (): Promise<Age> => import("age-encryption");

/** As much as a guess costs: 128 MiB and half a second. */
const SCRYPT_LOG_N = 17;
/** Refused beyond: a stranger's header must not take all memory. */
const SCRYPT_LOG_N_MAX = 20;
const SCRYPT_LABEL = Buffer.from("age-encryption.org/v1/scrypt");

/** @throws Fault BACKUP_OFF where a recipient is none. */
export async function makeSeal(to: LockTo): Promise<Seal> {
  const age = await loadAge();
  const encrypter = new age.Encrypter();
  let fileKey: Buffer | undefined;
  // Wraps nothing, and is told the key that the others wrap.
  const told: Recipient = {
    wrapFileKey(key) {
      fileKey = Buffer.from(key);
      return [];
    },
  };
  encrypter.addRecipient(told);
  await guarded(() => {
    for (const one of recipientsOf(to, age)) encrypter.addRecipient(one);
  }, notARecipient);
  const empty = Buffer.from(await guarded(() => encrypter.encrypt(new Uint8Array(0)), notARecipient));
  const header = headerOf(empty);
  if (header === undefined || fileKey === undefined) throw new Error("age made no header");
  return { header, fileKey };
}

function recipientsOf(to: LockTo, age: Age): readonly (string | Recipient)[] {
  if (to.kind === "passphrase") return [passphraseRecipient(to.passphrase, age)];
  if (to.recipients.length === 0) throw notARecipient();
  return to.recipients;
}

/** The system's scrypt, beside this thread: the package's own would hold the gateway up. */
function passphraseRecipient(passphrase: string, age: Age): Recipient {
  return {
    async wrapFileKey(fileKey) {
      const salt = randomBytes(16);
      const key = await stretched(passphrase, salt, SCRYPT_LOG_N);
      const cipher = createCipheriv("chacha20-poly1305", key, Buffer.alloc(12), { authTagLength: 16 });
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
      return [new age.Stanza(["scrypt", unpadded(salt), String(SCRYPT_LOG_N)], body)];
    },
  };
}

function passphraseIdentity(passphrase: string): Identity {
  return {
    async unwrapFileKey(stanzas) {
      const [only, ...more] = stanzas;
      if (only === undefined || more.length > 0 || only.body.length !== 32) return null;
      const stanza = scryptStanza(only.args);
      return stanza === undefined ? null : opened(await stretched(passphrase, stanza.salt, stanza.logN), only.body);
    },
  };
}

function scryptStanza(args: readonly string[]): { readonly salt: Buffer; readonly logN: number } | undefined {
  const [kind, encoded = "", digits = "", ...more] = args;
  const salt = Buffer.from(encoded, "base64");
  const logN = Number(digits);
  const isOne = kind === "scrypt" && more.length === 0 && salt.length === 16 && /^[1-9][0-9]?$/.test(digits);
  return isOne && logN <= SCRYPT_LOG_N_MAX ? { salt, logN } : undefined;
}

function opened(key: Buffer, body: Uint8Array): Buffer | null {
  const decipher = createDecipheriv("chacha20-poly1305", key, Buffer.alloc(12), { authTagLength: 16 });
  decipher.setAuthTag(body.subarray(16));
  try {
    return Buffer.concat([decipher.update(body.subarray(0, 16)), decipher.final()]);
  } catch {
    // Another passphrase: said by whoever asked.
    return null;
  }
}

function stretched(passphrase: string, salt: Buffer, logN: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const options = { N: 2 ** logN, r: 8, p: 1, maxmem: 2 ** (logN + 11) };
  scrypt(passphrase, Buffer.concat([SCRYPT_LABEL, salt]), 32, options, (error, key) =>
    error === null ? resolve(key) : reject(error),
  );
  return promise;
}

/** Opens headers, each once: all files of a backup have the same. */
export function opener(unlock: Unlock): (header: Buffer) => Promise<Buffer> {
  const known = new Map<string, Promise<Buffer>>();
  return (header) => {
    const name = header.toString("latin1");
    const key = known.get(name) ?? openHeader(header, unlock);
    known.set(name, key);
    return key;
  };
}

async function openHeader(header: Buffer, unlock: Unlock): Promise<Buffer> {
  const age = await loadAge();
  const decrypter = new age.Decrypter();
  await guarded(() => {
    if (unlock.kind === "passphrase") decrypter.addIdentity(passphraseIdentity(unlock.passphrase));
    else for (const one of unlock.identities) decrypter.addIdentity(one);
  }, wrongKey);
  return Buffer.from(await guarded(() => decrypter.decryptHeader(header), wrongKey));
}

/** The lines up to the one that begins with `---`; undefined where there is none within reason. */
export function headerOf(bytes: Buffer): Buffer | undefined {
  const last = bytes.indexOf("\n--- ");
  const end = last < 0 ? -1 : bytes.indexOf("\n", last + 1);
  return end < 0 ? undefined : Buffer.from(bytes.subarray(0, end + 1));
}

export type Identities = { readonly identity: string; readonly recipient: string };

/** A new key pair: the identity is kept away from this machine, the recipient stands in the configuration. */
export async function newIdentity(): Promise<Identities> {
  const age = await loadAge();
  const identity = await age.generateX25519Identity();
  return { identity, recipient: await age.identityToRecipient(identity) };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("=", "");
}

async function guarded<T>(work: () => T | Promise<T>, fault: (cause: unknown) => Fault): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw fault(cause);
  }
}

function notARecipient(cause?: unknown): Fault {
  return new Fault("BACKUP_OFF", {
    message: "a recipient of the backup is not one of age",
    hint: "`vambrace backup key FILE` makes a key and prints its recipient, which begins with `age1`",
    cause,
  });
}

function wrongKey(cause: unknown): Fault {
  return new Fault("BACKUP_KEY_WRONG", {
    message: "this key or passphrase does not open the backup",
    hint: "give the identity whose recipient it was made for (--identity), or the passphrase (--passphrase-file)",
    cause,
  });
}
