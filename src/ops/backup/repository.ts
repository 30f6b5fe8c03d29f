/**
 * The folder as a whole: whose it is, which backups are in it, and what was
 * left in it by one that did not end.
 *
 *     vambrace-backup.json   the format, and the key that signs the chain
 *     chain/000001           a signed note for each backup that was ever made
 *     runs/000001.packs      which packs it needs, in the clear: names, sizes, hashes
 *     runs/000001.manifest.age   what is in it
 *     packs/<random>.age     the contents
 *
 * A backup is there from the moment on in which its note is. Everything that
 * no kept backup needs is left over, and cleared away by the next one.
 *
 * @module
 */
import { z } from "zod";
import { Fault } from "../../core/fault.ts";
import { sha256 } from "../../core/json.ts";
import { parseVerifierKey, type VerifierKey } from "../../ledger/note.ts";
import {
  type ChainNote,
  NOTE_BYTES,
  notePath,
  type PackFacts,
  packPath,
  packsPath,
  parsePacks,
  readNote,
  manifestPath,
} from "./chain.ts";
import type { Depot } from "./depot.ts";
import { damaged } from "./payload.ts";

export const FORMAT_NAME = "vambrace-backup.json";
const FORMAT = z.strictObject({ format: z.literal(1), key: z.string().max(1_000) });
const FOLDERS = ["chain", "runs", "packs"] as const;
/** Of a list of packs: some hundred thousand of them. */
const PACKS_BYTES = 64 * 1024 * 1024;

export type Chain = {
  readonly notes: readonly ChainNote[];
  readonly problems: readonly string[];
};

/** Whose folder it is. @throws Fault BACKUP_MISSING, BACKUP_DAMAGED */
export async function keyOfDepot(depot: Depot): Promise<VerifierKey> {
  const text = await depot.read(FORMAT_NAME, 4_096);
  if (text === undefined) {
    throw new Fault("BACKUP_MISSING", {
      message: `there are no backups in \`${depot.name}\``,
      hint: "name the folder that `backup.destination` had (--from), or make one: `vambrace backup create`",
    });
  }
  try {
    const key = parseVerifierKey(FORMAT.parse(JSON.parse(text.toString("utf8"))).key);
    if (text.toString("utf8") !== formatText(key)) throw new Error("it is spelled otherwise");
    return key;
  } catch (cause) {
    throw damaged(FORMAT_NAME, "it does not have its form", cause);
  }
}

const formatText = (key: VerifierKey): string => `${JSON.stringify({ format: 1, key: key.text })}\n`;

/** Makes the folder where it is new. @throws Fault BACKUP_FOREIGN where it holds something else. */
export async function openDepot(depot: Depot, key: VerifierKey): Promise<void> {
  const names = await depot.names(".");
  if (!names.includes(FORMAT_NAME)) {
    const own: readonly string[] = [...FOLDERS, `${FORMAT_NAME}.draft`];
    const other = names.find((name) => !own.includes(name) && !name.startsWith("lost+found"));
    if (other !== undefined) throw foreign(`the folder of the backups holds other things (\`${other.slice(0, 60)}\`)`);
    await depot.makeFolder(".");
    for (const folder of FOLDERS) await depot.makeFolder(folder);
    await putWhole(depot, FORMAT_NAME, formatText(key));
    return;
  }
  if ((await keyOfDepot(depot)).text !== key.text)
    throw foreign("the folder holds the backups of another installation");
}

/** A file that appears whole or not at all. */
export async function putWhole(depot: Depot, path: string, text: string): Promise<void> {
  const draft = `${path}.draft`;
  await depot.remove(draft);
  const file = await depot.create(draft);
  try {
    await file.write([Buffer.from(text, "utf8")]);
    await file.sync();
  } finally {
    await file.close();
  }
  await depot.rename(draft, path);
  await depot.syncFolder(path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".");
}

/** Every note, from the first on; what is wrong with them in words. */
export async function readChain(depot: Depot, key: VerifierKey): Promise<Chain> {
  const names = (await depot.names("chain")).filter((name) => /^[0-9]{6}$/.test(name));
  const notes: ChainNote[] = [];
  const problems: string[] = [];
  for (const [i, name] of names.entries()) {
    const path = `chain/${name}`;
    const text = (await depot.read(path, NOTE_BYTES))?.toString("utf8") ?? "";
    const note = readNote(text, key);
    const number = i + 1;
    if ("says" in note) problems.push(`\`${path}\`: ${note.says}`);
    else if (path !== notePath(number)) problems.push(`\`${notePath(number)}\` is missing: a backup was taken out`);
    else if (note.number !== number)
      problems.push(`\`${path}\` is the note of backup ${note.number}: the order was changed`);
    else if (note.previous !== (notes.at(-1)?.root ?? null))
      problems.push(`\`${path}\` does not follow the one before it`);
    else {
      notes.push(note);
      continue;
    }
    break;
  }
  return { notes, problems };
}

/** Those that are there, oldest first. */
export function keptNotes(notes: readonly ChainNote[]): readonly ChainNote[] {
  const kept = new Set(notes.at(-1)?.kept);
  return notes.filter(({ number }) => kept.has(number));
}

/** @throws Fault BACKUP_MISSING, BACKUP_DAMAGED where it is not the list that the note speaks of. */
export async function packsOf(depot: Depot, { number, packs }: ChainNote): Promise<readonly PackFacts[]> {
  const path = packsPath(number);
  const bytes = await depot.read(path, PACKS_BYTES);
  if (bytes === undefined) throw missing(path);
  if (sha256(bytes) !== packs.sha256) throw damaged(path, "it is not what the note of its backup says");
  try {
    return parsePacks(bytes.toString("utf8"));
  } catch (cause) {
    throw damaged(path, "it does not have its form", cause);
  }
}

/** Files that no kept backup needs: those of removed ones, and of one that did not end. */
export async function strays(
  depot: Depot,
  kept: readonly ChainNote[],
  packs: ReadonlySet<string>,
): Promise<readonly string[]> {
  const runs = new Set(kept.flatMap(({ number }) => [packsPath(number), manifestPath(number)]));
  const found: string[] = [];
  for (const name of await depot.names("runs")) if (!runs.has(`runs/${name}`)) found.push(`runs/${name}`);
  for (const name of await depot.names("packs")) if (!packs.has(`packs/${name}`)) found.push(`packs/${name}`);
  for (const name of await depot.names("chain")) if (name.endsWith(".draft")) found.push(`chain/${name}`);
  return found;
}

export function packPaths(packs: Iterable<PackFacts>): ReadonlySet<string> {
  return new Set([...packs].map(({ name }) => packPath(name)));
}

function foreign(what: string): Fault {
  return new Fault("BACKUP_FOREIGN", {
    message: what,
    hint: "give backups an empty folder of their own: `vambrace config set backup.destination DIR`",
  });
}

function missing(path: string): Fault {
  return new Fault("BACKUP_MISSING", {
    message: `the backup's file \`${path}\` is missing`,
    hint: "`vambrace backup verify` names everything that is missing; restore another backup, or from a copy",
  });
}
