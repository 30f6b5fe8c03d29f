/**
 * The chain: one signed note for each backup that was ever made in a folder.
 *
 * A note says what belongs to its backup and which backups are still kept. It
 * holds the root of the one before it, so none can be taken out, exchanged or
 * put into another order. Notes stay when their backup is removed: a note that
 * was kept elsewhere is found again in every later state of the folder, and an
 * older state put back is known by its being missing. Its first three lines
 * have the form of a checkpoint, and the newest one is what to keep elsewhere.
 *
 *     vambrace-backup/<folder>       whose chain
 *     7                              how many there were
 *     <root>                         base 64, SHA-256 of the line that follows
 *     {"kept":[…],"previous":…}      canonical JSON
 *
 * @module
 */
import { hash } from "node:crypto";
import { z } from "zod";
import { canonicalJson, type Digest, type JsonObject, parseDigest } from "../../core/json.ts";
import {
  checkpointText,
  openNote,
  parseCheckpoint,
  type SigningKey,
  signNote,
  type VerifierKey,
} from "../../ledger/note.ts";

const digest = z.string().transform((text) => parseDigest(text));
const part = z.strictObject({ sha256: digest, bytes: z.int().min(0) });
const LINK = z.strictObject({
  /** ISO 8601. */
  time: z.iso.datetime(),
  /** Root of the note before; null in the first. */
  previous: digest.nullable(),
  /** The list of its packs, which anybody may read. */
  packs: part,
  /** What is in it, locked. */
  manifest: part,
  /** Numbers of the backups that are there when this one is, itself among them. */
  kept: z.array(z.int().min(1)).min(1).max(10_000),
});
export type Link = z.infer<typeof LINK>;

export type ChainNote = Link & {
  /** From 1. */
  readonly number: number;
  readonly root: Digest;
  /** The whole signed note. */
  readonly note: string;
};

const FORM = 4;
export const NOTE_BYTES = 128 * 1024;

export function notePath(number: number): string {
  return `chain/${String(number).padStart(6, "0")}`;
}

export function makeNote(number: number, link: Link, key: SigningKey): ChainNote {
  const body = canonicalJson(json(link));
  const root = hash("sha256", body, "buffer");
  const text = `${checkpointText({ origin: key.verifier.name, size: number, root })}${body}\n`;
  return { ...link, number, root: parseDigest(root.toString("hex")), note: signNote(text, key) };
}

/** The note, or in words what is wrong with it. */
export function readNote(note: string, key: VerifierKey): ChainNote | { readonly says: string } {
  const opened = openNote(note, key);
  if (opened.verdict !== "holds") return { says: opened.says };
  const lines = opened.text.split("\n");
  const head = parseCheckpoint(opened.text);
  const body = lines[3] ?? "";
  if (head === undefined || head.origin !== key.name || lines.length !== FORM + 1) {
    return { says: "it does not have the form of a backup's note" };
  }
  const link = parsedLink(body);
  const root = hash("sha256", body, "buffer");
  if (link === undefined || !root.equals(head.root)) return { says: "its root is not that of what it says" };
  return { ...link, number: head.size, root: parseDigest(root.toString("hex")), note };
}

/** Number and root of a note that was kept elsewhere. */
export function headOf(
  note: string,
): { readonly number: number; readonly root: Digest; readonly origin: string } | undefined {
  const head = parseCheckpoint(note);
  if (head === undefined) return undefined;
  return { number: head.size, root: parseDigest(head.root.toString("hex")), origin: head.origin };
}

function parsedLink(body: string): Link | undefined {
  try {
    const value: unknown = JSON.parse(body);
    const link = LINK.safeParse(value);
    return link.success && canonicalJson(json(link.data)) === body ? link.data : undefined;
  } catch {
    // Not JSON: the same as another form.
    return undefined;
  }
}

function json({ time, previous, packs, manifest, kept }: Link): JsonObject {
  return { time, previous, packs: { ...packs }, manifest: { ...manifest }, kept: [...kept] };
}

/** Which pack is how large and has which hash, so that it can be checked without a key. */
const PACKS = z.array(
  z.strictObject({ name: z.string().regex(/^[0-9a-f]{32}$/), sha256: digest, bytes: z.int().min(0) }),
);
export type PackFacts = z.infer<typeof PACKS>[number];

export function packsText(packs: readonly PackFacts[]): string {
  return canonicalJson(packs.map((pack) => ({ ...pack })));
}

/** @throws where it is not such a list. */
export function parsePacks(text: string): readonly PackFacts[] {
  return PACKS.parse(JSON.parse(text));
}

export const packPath = (name: string): string => `packs/${name}.age`;
export const packsPath = (number: number): string => `runs/${String(number).padStart(6, "0")}.packs`;
export const manifestPath = (number: number): string => `runs/${String(number).padStart(6, "0")}.manifest.age`;
