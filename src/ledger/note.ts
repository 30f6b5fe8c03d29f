/**
 * Signed notes and the checkpoints written in them (C2SP signed-note and
 * tlog-checkpoint, Ed25519 only).
 *
 * Parsers take one spelling of each thing and no other: base 64 that decodes
 * to the same bytes but is spelled otherwise is refused, so that a changed bit
 * anywhere in a note is seen.
 *
 * @see https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint
 * @module
 */
import { createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";
import { Fault } from "../core/fault.ts";
import { HASH_BYTES } from "./merkle.ts";

const ED25519 = 1;
/** Far above sixteen signatures, which is what every verifier must take. */
const NOTE_CHARACTERS = 128 * 1024;
const SIGNATURE_LINE = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/;
const SIZE = /^(?:0|[1-9][0-9]{0,15})$/;
// oxlint-disable-next-line eslint/no-control-regex -- a note that holds one is malformed
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

export type VerifierKey = {
  readonly name: string;
  /** The first four bytes of a hash over name and key, in hexadecimal: a hint, not a fingerprint. */
  readonly id: string;
  readonly publicKey: KeyObject;
  /** `name+id+base64`, as it stands in a file or on a command line. */
  readonly text: string;
};

/** Owned by the writer; nothing else in the product holds a private key of the ledger. */
export type SigningKey = { readonly verifier: VerifierKey; readonly privateKey: KeyObject };

export type Checkpoint = { readonly origin: string; readonly size: number; readonly root: Buffer };

export type NoteVerdict =
  | { readonly verdict: "holds"; readonly text: string }
  | { readonly verdict: "malformed" | "unsigned" | "forged"; readonly says: string };

/** @throws Fault LEDGER_KEY_MALFORMED where the name cannot stand in a note. */
export function verifierKey(name: string, raw: Uint8Array): VerifierKey {
  if (!/^[^\s+]{1,200}$/.test(name) || CONTROL.test(name)) throw malformedKey(`the name \`${name.slice(0, 80)}\``);
  if (raw.length !== 32) throw malformedKey(`${raw.length} bytes of key`);
  const typed = Buffer.concat([Buffer.of(ED25519), raw]);
  const id = hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), typed]), "hex").slice(0, 8);
  const jwk = { kty: "OKP", crv: "Ed25519", x: Buffer.from(raw).toString("base64url") };
  const publicKey = createPublicKey({ key: jwk, format: "jwk" });
  return { name, id, publicKey, text: `${name}+${id}+${typed.toString("base64")}` };
}

/** @throws Fault LEDGER_KEY_MALFORMED */
export function parseVerifierKey(text: string): VerifierKey {
  const [name = "", id = "", ...rest] = text.trim().split("+");
  const typed = decodeBase64(rest.join("+"));
  if (typed?.length !== 33 || typed[0] !== ED25519) throw malformedKey(`\`${text.trim().slice(0, 120)}\``);
  const key = verifierKey(name, typed.subarray(1));
  if (key.id !== id) throw malformedKey(`the id \`${id.slice(0, 20)}\` is not the one of this key`);
  return key;
}

/** @param text ends with a line feed. */
export function signNote(text: string, key: SigningKey): string {
  const signature = sign(null, Buffer.from(text, "utf8"), key.privateKey);
  const blob = Buffer.concat([Buffer.from(key.verifier.id, "hex"), signature]);
  return `${text}\n— ${key.verifier.name} ${blob.toString("base64")}\n`;
}

/** Whether a note is signed by this key. Signatures of other keys are left aside, as the format demands. */
export function openNote(note: string, key: VerifierKey): NoteVerdict {
  const end = note.lastIndexOf("\n\n");
  if (end < 0 || !note.endsWith("\n") || note.length > NOTE_CHARACTERS || CONTROL.test(note)) {
    return { verdict: "malformed", says: "it does not have the form of a signed note" };
  }
  const text = note.slice(0, end + 1);
  const signatures = note
    .slice(end + 2, -1)
    .split("\n")
    .map(parseSignature);
  if (signatures.includes(undefined)) {
    return { verdict: "malformed", says: "one of its signature lines is malformed" };
  }
  const ours = signatures.filter((signature) => signature?.name === key.name && signature.id === key.id);
  if (ours.length === 0) return { verdict: "unsigned", says: `it has no signature by ${key.name}+${key.id}` };
  const held = ours.every((ours) => ours !== undefined && verify(null, Buffer.from(text), key.publicKey, ours.bytes));
  if (!held) return { verdict: "forged", says: `its signature by ${key.name}+${key.id} does not hold` };
  return { verdict: "holds", text };
}

function parseSignature(line: string): { name: string; id: string; bytes: Buffer } | undefined {
  const [, name, encoded = ""] = SIGNATURE_LINE.exec(line) ?? [];
  const blob = decodeBase64(encoded);
  if (name === undefined || blob === undefined || blob.length < 5) return undefined;
  return { name, id: blob.toString("hex", 0, 4), bytes: blob.subarray(4) };
}

export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString("base64")}\n`;
}

/**
 * The checkpoint in a note's text, or undefined where it is not one.
 *
 * @param note a whole note or only its text; signatures are not looked at.
 */
export function parseCheckpoint(note: string): Checkpoint | undefined {
  const [origin = "", digits = "", encoded = ""] = note.split("\n");
  const root = decodeBase64(encoded);
  const size = Number(digits);
  if (origin === "" || !SIZE.test(digits) || !Number.isSafeInteger(size) || root?.length !== HASH_BYTES) {
    return undefined;
  }
  return { origin, size, root };
}

/** Only the one canonical spelling: several spellings of the same bytes would let bits change unseen. */
function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

function malformedKey(what: string): Fault {
  return new Fault("LEDGER_KEY_MALFORMED", {
    message: `not a verifier key of a ledger: ${what}`,
    hint: "copy the one line of the file `key.pub` in the ledger's folder: NAME+ID+KEY",
  });
}
