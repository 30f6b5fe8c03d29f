/**
 * For tests: files as sops writes them, and a disk on which one call after
 * another fails.
 *
 * @module
 */
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import * as nodeFs from "node:fs";
import { armor, Encrypter } from "age-encryption";
import type { Disk } from "./private-file.ts";

type Plain = { readonly [key: string]: unknown };

const MODIFIED = "2026-11-01T10:00:00Z";

/** The tree encrypted by the protocol that sops documents, as JSON. `isEncrypted` by the keys on the way. */
export async function sopsText(
  tree: Plain,
  recipients: readonly string[],
  options: {
    readonly isEncrypted?: (path: readonly string[]) => boolean;
    readonly metadata?: Plain;
    readonly macOver?: (hash: Buffer) => Buffer;
  } = {},
): Promise<string> {
  const key = randomBytes(32);
  const isEncrypted = options.isEncrypted ?? (() => true);
  const isOnly = options.metadata?.["mac_only_encrypted"] === true;
  const mac = createHash("sha512");
  if (isOnly) mac.update(createHash("sha256").update("sops").digest());
  const walk = (value: unknown, path: readonly string[]): unknown => {
    if (value === null || value === "") return value;
    if (Array.isArray(value)) return value.map((one) => walk(one, path));
    if (typeof value === "object") {
      const entries = Object.entries(value ?? {});
      return Object.fromEntries(entries.map(([name, one]) => [name, walk(one, [...path, name])]));
    }
    const [type, text] = spelled(value);
    const encrypted = isEncrypted(path);
    if (encrypted || !isOnly) mac.update(text);
    return encrypted ? seal(text, type, key, `${path.join(":")}:`) : value;
  };
  const body = Object.fromEntries(Object.entries(tree).map(([name, one]) => [name, walk(one, [name])]));
  const digest = (options.macOver ?? ((hash) => hash))(mac.digest());
  const age = await Promise.all(
    recipients.map(async (recipient) => ({ recipient, enc: await sealed(key, recipient) })),
  );
  const sops = {
    age,
    lastmodified: MODIFIED,
    mac: seal(digest.toString("hex").toUpperCase(), "str", key, MODIFIED),
    version: "3.9.2",
    ...options.metadata,
  };
  return JSON.stringify({ ...body, sops }, null, 2);
}

function spelled(value: unknown): readonly [string, string] {
  if (typeof value === "boolean") return ["bool", value ? "True" : "False"];
  if (typeof value === "number") return [Number.isInteger(value) ? "int" : "float", String(value)];
  return ["str", String(value)];
}

function seal(text: string, type: string, key: Uint8Array, place: string): string {
  const iv = randomBytes(32);
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  cipher.setAAD(Buffer.from(place));
  const data = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  const parts = [data, iv, cipher.getAuthTag()].map((one) => one.toString("base64"));
  return `ENC[AES256_GCM,data:${parts[0]},iv:${parts[1]},tag:${parts[2]},type:${type}]`;
}

async function sealed(key: Uint8Array, recipient: string): Promise<string> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return armor.encode(await encrypter.encrypt(key));
}

export class DiskFailed extends Error {
  readonly code = "EIO";
}

/**
 * The real disk; call number `at` fails. `crash`: nothing that comes after it is done either, as where the power went.
 * `late`: the call is done, and fails all the same.
 */
export function failingDisk(at: number, how: "fail" | "crash" | "late"): Disk & { readonly calls: () => number } {
  let calls = 0;
  const wrapped = <A extends readonly unknown[], R>(call: (...given: A) => R): ((...given: A) => R) => {
    return (...given) => {
      calls += 1;
      if (calls === at && how === "late") call(...given);
      if (calls === at || (how === "crash" && calls > at)) throw new DiskFailed(`call ${calls} failed`);
      return call(...given);
    };
  };
  return {
    calls: () => calls,
    openSync: wrapped((...given: Parameters<Disk["openSync"]>) => nodeFs.openSync(...given)),
    closeSync: wrapped((file: number) => nodeFs.closeSync(file)),
    fstatSync: wrapped((file: number) => nodeFs.fstatSync(file)),
    readFileSync: wrapped((file: number) => nodeFs.readFileSync(file)),
    writeFileSync: wrapped((...given: Parameters<Disk["writeFileSync"]>) => nodeFs.writeFileSync(...given)),
    fsyncSync: wrapped((file: number) => nodeFs.fsyncSync(file)),
    renameSync: wrapped((from: string, to: string) => nodeFs.renameSync(from, to)),
    rmSync: wrapped((...given: Parameters<Disk["rmSync"]>) => nodeFs.rmSync(...given)),
  };
}
