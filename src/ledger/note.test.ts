import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { Fault } from "../core/fault.ts";
import {
  checkpointText,
  openNote,
  parseCheckpoint,
  parseVerifierKey,
  type SigningKey,
  signNote,
  verifierKey,
} from "./note.ts";

/** The example of the specification, c2sp.org/signed-note. */
const SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const SPEC_NOTE =
  "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

test("R-LOG-3: the specification's note holds under the specification's key", () => {
  const key = parseVerifierKey(SPEC_KEY);
  assert.equal(key.text, SPEC_KEY);
  assert.deepEqual(openNote(SPEC_NOTE, key), { verdict: "holds", text: "This is an example message.\n" });
});

test("R-LOG-3: no bit of a note can be changed unseen", () => {
  const key = parseVerifierKey(SPEC_KEY);
  const bytes = Buffer.from(SPEC_NOTE, "utf8");
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.notEqual(openNote(changed.toString("utf8"), key).verdict, "holds", `bit ${bit}`);
  }
});

test("R-LOG-3: signatures of others are left aside; without one's own a note does not hold", () => {
  const mine = newKey("vambrace.test/log");
  const witness = newKey("witness.test/w");
  const note = signNote("text\n", mine);
  const line = signNote("text\n", witness).split("\n\n")[1] ?? "";
  assert.equal(openNote(note + line, mine.verifier).verdict, "holds");
  assert.equal(openNote(`text\n\n${line}`, mine.verifier).verdict, "unsigned");
  assert.equal(openNote(note, newKey("vambrace.test/log").verifier).verdict, "unsigned");
  assert.equal(openNote(note.replace("text", "tent"), mine.verifier).verdict, "forged");
  assert.equal(openNote(note.slice(0, -1), mine.verifier).verdict, "malformed");
});

test("R-LOG-3: a checkpoint reads back as it was written", () => {
  const sizes = fc.nat({ max: Number.MAX_SAFE_INTEGER });
  const roots = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((root) => Buffer.from(root));
  fc.assert(
    fc.property(sizes, roots, (size, root) => {
      const checkpoint = { origin: "vambrace.test/log", size, root };
      assert.deepEqual(parseCheckpoint(checkpointText(checkpoint)), checkpoint);
    }),
  );
});

test("R-LOG-3: a checkpoint has one spelling", () => {
  const root = Buffer.alloc(32).toString("base64");
  assert.ok(parseCheckpoint(`o\n0\n${root}\n`));
  for (const text of [
    `\n0\n${root}\n`,
    `o\n00\n${root}\n`,
    `o\n-1\n${root}\n`,
    `o\n1e3\n${root}\n`,
    `o\n9007199254740992\n${root}\n`,
    "o\n0\n\n",
    `o\n0\n${root.replace("A=", "B=")}\n`,
  ]) {
    assert.equal(parseCheckpoint(text), undefined, JSON.stringify(text));
  }
});

test("R-LOG-3: a verifier key with another id, kind or length is refused with a hint", () => {
  for (const text of [
    "",
    "a",
    SPEC_KEY.replace("530d", "530e"),
    SPEC_KEY.replace("+Aek", "+Bek"),
    SPEC_KEY.slice(0, -4),
  ]) {
    assert.throws(
      () => parseVerifierKey(text),
      (error) => error instanceof Fault && error.code === "LEDGER_KEY_MALFORMED",
      text,
    );
  }
});

function newKey(name: string): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
  return { verifier: verifierKey(name, raw), privateKey };
}
