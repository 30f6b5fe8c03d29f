import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import fc from "fast-check";
import { Fault } from "../../core/fault.ts";
import { makeSeal, newIdentity, opener, type Seal } from "./envelope.ts";
import { sealer, SEGMENT, unseal } from "./payload.ts";

const LENGTHS = [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 3 * SEGMENT + 17, 6 * SEGMENT];
/** What is added at once, and read at once: less than a segment, whole ones, everything. */
const STEPS = [50_000, 4 * SEGMENT, 1_000_000];

function sealed(seal: Seal, plain: Buffer, cut = 50_000): Buffer {
  const one = sealer(seal, randomBytes(16));
  const parts: Buffer[] = [one.head];
  for (let at = 0; at < plain.length; at += cut) parts.push(...one.add(plain.subarray(at, at + cut)));
  return Buffer.concat([...parts, ...one.end()]);
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function opened(file: Buffer, open: (header: Buffer) => Promise<Buffer>, size = 33_333): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const piece of unseal(inPieces(file, size), open, "a file")) parts.push(piece);
  return Buffer.concat(parts);
}

const code = (wanted: string) => (thrown: unknown) => thrown instanceof Fault && thrown.code === wanted;

test("R-OPS-2: what is sealed here is opened by age, and the other way round, whatever its length", async () => {
  const { identity, recipient } = await newIdentity();
  const seal = await makeSeal({ kind: "recipients", recipients: [recipient] });
  const open = opener({ kind: "identities", identities: [identity] });
  const theirs = new Decrypter();
  theirs.addIdentity(identity);
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  for (const length of LENGTHS) {
    const plain = randomBytes(length);
    for (const step of STEPS) {
      const ours = sealed(seal, plain, step);
      assert.deepEqual(Buffer.from(await theirs.decrypt(ours)), plain, `${length} bytes, opened by age`);
      assert.deepEqual(await opened(ours, open, step), plain);
    }
    assert.deepEqual(
      await opened(Buffer.from(await encrypter.encrypt(plain)), open, 10),
      plain,
      `${length} bytes, sealed by age`,
    );
  }
});

test("R-OPS-2: a passphrase locks as age does it, and another one opens nothing", async () => {
  const seal = await makeSeal({ kind: "passphrase", passphrase: "four plain words here" });
  const plain = randomBytes(100_000);
  const ours = sealed(seal, plain);
  const theirs = new Decrypter();
  theirs.addPassphrase("four plain words here");
  assert.deepEqual(Buffer.from(await theirs.decrypt(ours)), plain);
  assert.deepEqual(await opened(ours, opener({ kind: "passphrase", passphrase: "four plain words here" })), plain);
  await assert.rejects(
    opened(ours, opener({ kind: "passphrase", passphrase: "other words" })),
    code("BACKUP_KEY_WRONG"),
  );
});

test("R-OPS-2: another key opens nothing, and a recipient that is none locks nothing", async () => {
  const one = await generateX25519Identity();
  const other = await generateX25519Identity();
  const seal = await makeSeal({ kind: "recipients", recipients: [await identityToRecipient(one)] });
  const file = sealed(seal, Buffer.from("x"));
  await assert.rejects(opened(file, opener({ kind: "identities", identities: [other] })), code("BACKUP_KEY_WRONG"));
  assert.equal((await opened(file, opener({ kind: "identities", identities: [other, one] }))).toString(), "x");
  for (const recipients of [[], ["age1nothing"], ["ssh-ed25519 AAAA"]])
    await assert.rejects(makeSeal({ kind: "recipients", recipients }), code("BACKUP_OFF"));
});

test("R-OPS-2: INVARIANT(nothing-unchecked): one changed byte, a cut and an exchange of segments are found", async () => {
  const { identity, recipient } = await newIdentity();
  const seal = await makeSeal({ kind: "recipients", recipients: [recipient] });
  const open = opener({ kind: "identities", identities: [identity] });
  const plain = randomBytes(2 * SEGMENT + 500);
  const file = sealed(seal, plain);
  const whole = seal.header.length + 16;
  await fc.assert(
    fc.asyncProperty(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
      const changed = Buffer.from(file);
      changed[at] = (changed[at] ?? 0) ^ mask;
      await assert.rejects(opened(changed, open), Fault);
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.nat(file.length - 1), async (end) => {
      await assert.rejects(opened(file.subarray(0, end), open), Fault);
    }),
  );
  const size = SEGMENT + 16;
  const [head, first, second, rest] = [
    file.subarray(0, whole),
    file.subarray(whole, whole + size),
    file.subarray(whole + size, whole + 2 * size),
    file.subarray(whole + 2 * size),
  ];
  await assert.rejects(opened(Buffer.concat([head, second, first, rest]), open), code("BACKUP_DAMAGED"));
  await assert.rejects(opened(Buffer.concat([file, rest]), open), code("BACKUP_DAMAGED"));
  assert.deepEqual(await opened(file, open), plain, "the honest one opens");
});

test("R-OPS-2: a header that asks for more work than there is memory for is refused", async () => {
  const seal = await makeSeal({ kind: "passphrase", passphrase: "w" });
  const greedy = Buffer.from(seal.header.toString("latin1").replace(/ 17\n/, " 40\n"), "latin1");
  await assert.rejects(opener({ kind: "passphrase", passphrase: "w" })(greedy), code("BACKUP_KEY_WRONG"));
});
