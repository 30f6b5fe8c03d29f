/**
 * The key that signs checkpoints and seals the journal: made at the first
 * start, never shown, never replaced by itself. Its verifier key lies beside
 * it in `key.pub`; a copy kept elsewhere is what makes *intact* provable.
 *
 * @module
 */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { Fault } from "../core/fault.ts";
import { type LedgerFiles, putFile } from "./files.ts";
import { CHECKPOINT, JOURNAL, PUBLIC_KEY } from "./layout.ts";
import { type SigningKey, type VerifierKey, verifierKey } from "./note.ts";

const PRIVATE_KEY = "key";

/**
 * The folder's key, made where the folder is new.
 *
 * @throws Fault LEDGER_DAMAGED where records are there and the key is not, or the two halves do not belong together;
 *         LEDGER_SETUP_MALFORMED where the folder belongs to another origin.
 */
export function loadKey(files: LedgerFiles, origin: string, makeKey: () => KeyObject): SigningKey {
  const pem = files.read(PRIVATE_KEY);
  const privateKey = pem === undefined ? firstKey(files, makeKey) : readKey(pem);
  const verifier = verifierOf(privateKey, origin);
  const text = `${verifier.text}\n`;
  const beside = files.read(PUBLIC_KEY)?.toString("utf8");
  if (beside === undefined) {
    putFile(files, PUBLIC_KEY, Buffer.from(text, "utf8"));
    files.syncFolder(".");
  } else if (beside !== text) {
    throw otherKey(beside, verifier);
  }
  return { verifier, privateKey };
}

function firstKey(files: LedgerFiles, makeKey: () => KeyObject): KeyObject {
  // A new key in an old folder would make everything in it look forged, or let a thief of the key file start over.
  if (files.read(CHECKPOINT) !== undefined || files.names(JOURNAL).length > 0) {
    throw damagedKey("the ledger has records but its signing key is gone");
  }
  const privateKey = makeKey();
  putFile(files, PRIVATE_KEY, Buffer.from(privateKey.export({ type: "pkcs8", format: "pem" })));
  files.syncFolder(".");
  return privateKey;
}

function readKey(pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw damagedKey("the ledger's signing key cannot be read", cause);
  }
}

function verifierOf(privateKey: KeyObject, origin: string): VerifierKey {
  const { kty, crv, x } = createPublicKey(privateKey).export({ format: "jwk" });
  if (kty !== "OKP" || crv !== "Ed25519" || x === undefined)
    throw damagedKey("the ledger's signing key is not Ed25519");
  return verifierKey(origin, Buffer.from(x, "base64url"));
}

function otherKey(beside: string, verifier: VerifierKey): Fault {
  const name = beside.split("+", 1)[0] ?? "";
  if (name === verifier.name) return damagedKey("`key.pub` in the ledger's folder does not belong to its signing key");
  return new Fault("LEDGER_SETUP_MALFORMED", {
    message: `this folder holds the ledger \`${name.slice(0, 80)}\`, not \`${verifier.name}\``,
    hint: "give the ledger the name that it began with, or a new folder",
  });
}

function damagedKey(message: string, cause?: unknown): Fault {
  return new Fault("LEDGER_DAMAGED", {
    message,
    hint: "put the key files back from a backup; to begin anew, move the whole folder away and keep it",
    cause,
  });
}
