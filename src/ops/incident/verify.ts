/**
 * The verifier of a bundle: usable on its own, on another machine, against a
 * bundle that may be hostile. It needs the ledger's public key, kept elsewhere.
 *
 * It shows that the bundle is the one that was sealed; that each record in it
 * stood in the ledger whose checkpoint it holds; and that the timeline says
 * what the records say. It does not show that nothing was left out of the
 * bundle but what it says it left out: for that the ledger itself is verified.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../../core/json.ts";
import { parseRecord } from "../../ledger/entry.ts";
import { leafHash } from "../../ledger/merkle.ts";
import { type Checkpoint, openNote, parseCheckpoint, parseVerifierKey, type VerifierKey } from "../../ledger/note.ts";
import { readPlain } from "../../ledger/plain.ts";
import { inclusionHolds } from "../../ledger/proof.ts";
import { parseSeal, type Seal } from "../../ledger/seal.ts";
import { COUNTS, parseCounts } from "./counts.ts";
import { type Listed, MANIFEST, NOT_KEPT, parseManifest, SEAL } from "./manifest.ts";
import { rowOf } from "./timeline.ts";

export type BundleReport = {
  readonly holds: boolean;
  readonly files: number;
  readonly records: number;
  /** Records of the incident that it says it does not hold. */
  readonly leftOut: number;
  /** Records that the ledger had when it was sealed. */
  readonly ledgerSize: number;
  /** What could not be kept when it was made, as `not-kept.jsonl` lists it. */
  readonly notKept: number;
  readonly problem?: string;
};

/** @throws Fault LEDGER_KEY_MALFORMED for a key that is none. */
export async function verifyBundle(dir: string, keyText: string): Promise<BundleReport> {
  const key = parseVerifierKey(keyText);
  const counted = { files: 0, records: 0, leftOut: 0, ledgerSize: 0, notKept: 0 };
  try {
    const problem = await findProblem(dir, key, counted);
    return { holds: problem === undefined, ...counted, ...(problem === undefined ? {} : { problem }) };
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : "unknown";
    return { holds: false, ...counted, problem: `it cannot be read: ${why.slice(0, 200)}` };
  }
}

type Counted = { files: number; records: number; leftOut: number; ledgerSize: number; notKept: number };

async function findProblem(dir: string, key: VerifierKey, counted: Counted): Promise<string | undefined> {
  const manifest = (await readPlain(join(dir, MANIFEST))).toString("utf8");
  const seal = openSeal((await readPlain(join(dir, SEAL))).toString("utf8"), key);
  if (typeof seal === "string") return seal;
  counted.ledgerSize = seal.size;
  if (seal.digest !== sha256(manifest)) return "the manifest is not the one that was sealed";
  const files = parseManifest(manifest);
  if (files === undefined || files.length === 0) return "the manifest does not have the form of one";
  const other = await strangeFile(dir, files);
  if (other !== undefined) return other;
  for (const file of files) {
    const problem = await fileProblem(dir, file);
    if (problem !== undefined) return problem;
    counted.files += 1;
  }
  if (files.some((file) => file.path === NOT_KEPT))
    counted.notKept = linesOf((await readPlain(join(dir, NOT_KEPT))).toString("utf8")).length;
  return recordsProblem(dir, { key, seal, files }, counted);
}

function openSeal(note: string, key: VerifierKey): Seal | string {
  const opened = openNote(note, key);
  if (opened.verdict !== "holds") return `the seal: ${opened.says}`;
  const seal = parseSeal(opened.text);
  if (seal === undefined) return "the seal does not have the form of one";
  return seal.origin === key.name ? seal : "the seal is one of another ledger";
}

/** What is not listed was put there later. */
async function strangeFile(dir: string, files: readonly Listed[]): Promise<string | undefined> {
  const known = new Set([MANIFEST, SEAL, ...files.map((file) => file.path)]);
  const other = (await readdir(dir)).find((name) => !known.has(name));
  return other === undefined ? undefined : `\`${other.slice(0, 80)}\` is not in the manifest`;
}

async function fileProblem(dir: string, { path, digest, bytes }: Listed): Promise<string | undefined> {
  // Who made the bundle may be who is to be found out: a pipe in it would be waited on for ever.
  if (!(await lstat(join(dir, path))).isFile()) return `\`${path}\` is no plain file`;
  const hash = createHash("sha256");
  let size = 0;
  // In a stream: what is in a workspace may be large.
  for await (const piece of createReadStream(join(dir, path))) {
    const chunk = Buffer.isBuffer(piece) ? piece : Buffer.from(String(piece));
    hash.update(chunk);
    size += chunk.length;
  }
  return size === bytes && hash.digest("hex") === digest ? undefined : `\`${path}\` was changed`;
}

const NEEDED = ["records.jsonl", "proofs.jsonl", "checkpoint", "timeline.jsonl", "incident.json"] as const;

function missingIn(files: readonly Listed[], { notKept }: Counted): string | undefined {
  const missing = NEEDED.find((name) => !files.some((file) => file.path === name));
  if (missing === undefined) return undefined;
  return notKept === 0
    ? `\`${missing}\` is missing`
    : `every file is as it was sealed, but \`${missing}\` could not be kept (\`${NOT_KEPT}\`): no record is proved`;
}

async function recordsProblem(
  dir: string,
  { key, seal, files }: { readonly key: VerifierKey; readonly seal: Seal; readonly files: readonly Listed[] },
  counted: Counted,
): Promise<string | undefined> {
  const missing = missingIn(files, counted);
  if (missing !== undefined) return missing;
  const note = (await readPlain(join(dir, "checkpoint"))).toString("utf8");
  const opened = openNote(note, key);
  if (opened.verdict !== "holds") return `the checkpoint: ${opened.says}`;
  const checkpoint = parseCheckpoint(opened.text);
  if (checkpoint === undefined || checkpoint.origin !== key.name) return "the checkpoint is not one of this ledger";
  if (checkpoint.size > seal.size) return "the checkpoint is newer than the seal";
  const records = linesOf((await readPlain(join(dir, "records.jsonl"))).toString("utf8"));
  const proofs = linesOf((await readPlain(join(dir, "proofs.jsonl"))).toString("utf8"));
  const rows = linesOf((await readPlain(join(dir, "timeline.jsonl"))).toString("utf8"));
  if (records.length !== proofs.length || records.length !== rows.length)
    return "records, proofs and timeline are not equally many";
  for (const [i, record] of records.entries()) {
    const problem = recordProblem({ record, proof: proofs[i] ?? "", row: rows[i] ?? "" }, checkpoint);
    if (problem !== undefined) return problem;
    counted.records += 1;
  }
  return countsProblem(dir, files, counted);
}

/** Bundles of before have no such file. */
async function countsProblem(dir: string, files: readonly Listed[], counted: Counted): Promise<string | undefined> {
  if (!files.some((file) => file.path === COUNTS)) return undefined;
  const counts = parseCounts((await readPlain(join(dir, COUNTS))).toString("utf8"));
  if (counts === undefined) return `\`${COUNTS}\` does not have the form of one`;
  counted.leftOut = counts.leftOut;
  return counts.kept === counted.records ? undefined : `\`${COUNTS}\` says that it holds ${counts.kept} records`;
}

function recordProblem(
  { record, proof, row }: { readonly record: string; readonly proof: string; readonly row: string },
  { size, root }: Checkpoint,
): string | undefined {
  const bytes = Buffer.from(record, "utf8");
  const entry = parseRecord(bytes);
  if (entry === undefined) return "a record cannot be read";
  const path = proof === "" ? [] : proof.split(" ").map((hash) => Buffer.from(hash, "hex"));
  const claim = { index: entry.index, size, leaf: leafHash(bytes), root };
  if (!inclusionHolds(claim, path))
    return `record ${entry.index} does not stand in the ledger: its proof does not hold`;
  return JSON.stringify(rowOf(entry)) === row
    ? undefined
    : `the timeline says something else than record ${entry.index}`;
}

function linesOf(text: string): readonly string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}
