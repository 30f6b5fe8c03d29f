/**
 * What a state folder keeps of its own backups: the key that signs the chain,
 * the newest note to keep elsewhere, the catalogue, what the last drill said.
 *
 * @module
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Fault } from "../../core/fault.ts";
import { type SigningKey, verifierKey } from "../../ledger/note.ts";
import type { CatalogueFile } from "../../ops/backup/catalogue.ts";
import { makeFile, makeFolder, replaceFile } from "../config/durable.ts";
import { readPlainText } from "../plain-file.ts";

export const BACKUP_NAME = "backup";

/** The chain's key, made where there is none. @throws Fault BACKUP_DAMAGED where it cannot be read. */
export function chainKey(home: string): SigningKey {
  const folder = join(home, BACKUP_NAME);
  const path = join(folder, "key");
  makeFolder(folder);
  if (!existsSync(path)) {
    const { privateKey } = generateKeyPairSync("ed25519");
    const origin = `vambrace-backup/${randomBytes(6).toString("hex")}`;
    makeFile(path, `${origin}\n${privateKey.export({ type: "pkcs8", format: "pem" }).toString()}`);
  }
  const text = readPlainText(path);
  const end = text.indexOf("\n");
  const key = keyFrom(text.slice(0, end), text.slice(end + 1));
  if (!existsSync(join(folder, "key.pub"))) makeFile(join(folder, "key.pub"), `${key.verifier.text}\n`);
  return key;
}

function keyFrom(origin: string, pem: string): SigningKey {
  try {
    const privateKey: KeyObject = createPrivateKey(pem);
    const { x } = createPublicKey(privateKey).export({ format: "jwk" });
    return { privateKey, verifier: verifierKey(origin, Buffer.from(x ?? "", "base64url")) };
  } catch (cause) {
    throw new Fault("BACKUP_DAMAGED", {
      message: "the key that signs backups (`backup/key` in the state folder) cannot be read",
      hint: "move the folder `backup` of the state folder away and give backups a new destination: a new chain begins there",
      cause,
    });
  }
}

export function catalogueFile(home: string): CatalogueFile {
  const path = join(home, BACKUP_NAME, "catalogue.json");
  return {
    load: () => (existsSync(path) ? readPlainText(path) : undefined),
    save: (text) => replaceFile(path, text),
  };
}

export const checkpointFile = (home: string): string => join(home, BACKUP_NAME, "checkpoint");

/** The newest note, to be kept elsewhere. */
export function writeCheckpoint(home: string, note: string): void {
  replaceFile(checkpointFile(home), note);
}

const LAST = z.strictObject({ time: z.iso.datetime(), number: z.int(), ok: z.boolean(), skipped: z.array(z.string()) });
export type LastDrill = z.infer<typeof LAST>;

/** When a backup was last tried by restoring it; undefined where none was, or it cannot be read. For the audit too. */
export function lastDrill(home: string): LastDrill | undefined {
  return readForm(join(home, BACKUP_NAME, "drill.json"), LAST);
}

export function writeDrill(home: string, drill: LastDrill): void {
  makeFolder(join(home, BACKUP_NAME));
  replaceFile(join(home, BACKUP_NAME, "drill.json"), `${JSON.stringify(drill)}\n`);
}

function readForm<T>(path: string, schema: z.ZodType<T>): T | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return schema.parse(JSON.parse(readPlainText(path)));
  } catch (thrown) {
    // Whatever it is, it does not say when a drill was.
    if (thrown instanceof Error) return undefined;
    throw thrown;
  }
}
