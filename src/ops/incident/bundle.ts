/**
 * Bundles: the evidence of an incident as files that an independent verifier
 * can check, sealed with the ledger's key.
 *
 * The order is the contract: everything is written first, the manifest of it
 * last, and sealed; a bundle without a seal is none.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../core/fault.ts";
import { type Digest, sha256 } from "../../core/json.ts";
import { type Checkpoint, parseCheckpoint } from "../../ledger/note.ts";
import { openInclusionProver } from "../../ledger/prove.ts";
import { type Case, writeCase } from "./case.ts";
import { type Listed, MANIFEST, SEAL, writeManifest } from "./manifest.ts";
import { type Reach, reachOf } from "./reach.ts";
import type { ToRotate } from "./rotate.ts";
import { writeReview } from "./review.ts";
import { type Snapped, snapshot, type SnapshotLimits } from "./tar.ts";
import { collect, rowOf } from "./timeline.ts";

export type BundleParts = {
  readonly one: Case;
  /** Not there yet. */
  readonly folder: string;
  readonly ledger: string;
  /** Makes what was appended so far readable as tiles, and answers the checkpoint that speaks of it. */
  readonly publish: () => Promise<string>;
  readonly seal: (digest: Digest) => Promise<string>;
  /** What is kept whole: state, and workspaces. */
  readonly snapshots: readonly {
    readonly name: string;
    readonly roots: readonly { readonly name: string; readonly path: string }[];
    readonly without?: readonly string[];
    readonly limits?: SnapshotLimits;
  }[];
  readonly rotate: (reach: Reach) => Promise<readonly ToRotate[]>;
  readonly progress: (line: string) => void;
};

export type Bundle = {
  readonly folder: string;
  readonly manifest: Digest;
  readonly records: number;
  readonly left: number;
  readonly reach: Reach;
  readonly rotate: readonly ToRotate[];
  readonly leftOut: readonly Snapped[];
};

export async function makeBundle(parts: BundleParts): Promise<Bundle> {
  const { one, folder } = parts;
  await mkdir(folder, { mode: 0o700 });
  const put = (name: string, text: string): Promise<void> =>
    writeFile(join(folder, name), text, { mode: 0o600, flag: "wx" });
  const checkpoint = await parts.publish();
  parts.progress("reading the ledger");
  const { size } = treeOf(checkpoint);
  const found = await collect(parts.ledger, { session: one.session, sinceMs: one.sinceMs });
  // What was appended meanwhile is not in the tree that the checkpoint speaks of, so nothing could prove it.
  const records = found.records.filter(({ entry }) => entry.index < size);
  const { left } = found;
  const entries = records.map((record) => record.entry);
  const rows = entries.map(rowOf);
  const reach = reachOf(entries);
  const rotate = await parts.rotate(reach);
  await put("checkpoint", checkpoint);
  await put("key.pub", await readFile(join(parts.ledger, "key.pub"), "utf8"));
  await put("records.jsonl", lines(records.map(({ bytes }) => bytes.toString("utf8"))));
  await put("timeline.jsonl", lines(rows.map((row) => JSON.stringify(row))));
  parts.progress(`proving ${records.length} records`);
  await put(
    "proofs.jsonl",
    lines(
      await proofsOf(
        parts.ledger,
        size,
        entries.map((entry) => entry.index),
      ),
    ),
  );
  await put("reach.json", `${JSON.stringify(reach, null, 2)}\n`);
  await put("rotate.json", `${JSON.stringify(rotate, null, 2)}\n`);
  await put("incident.json", writeCase(one));
  await put("review.md", writeReview({ one, rows, left, reach, rotate }));
  const leftOut = await keepAll(parts, put);
  const manifest = writeManifest(await listed(folder));
  await put(MANIFEST, manifest);
  await put(SEAL, await parts.seal(sha256(manifest)));
  return { folder, manifest: sha256(manifest), records: records.length, left, reach, rotate, leftOut };
}

async function keepAll(
  { folder, snapshots, progress }: BundleParts,
  put: (name: string, text: string) => Promise<void>,
): Promise<readonly Snapped[]> {
  const leftOut: Snapped[] = [];
  for (const { name, roots, without, limits } of snapshots) {
    progress(`keeping ${name}`);
    const archive = await open(join(folder, `${name}.tar`), "wx", 0o600);
    try {
      const found = await snapshot(archive, roots, {
        ...(without === undefined ? {} : { without }),
        ...(limits === undefined ? {} : { limits }),
      });
      await archive.sync();
      await put(`${name}.jsonl`, lines(found.map((one) => JSON.stringify(one))));
      leftOut.push(...found.filter((one) => one.kind === "left out"));
    } finally {
      await archive.close();
    }
  }
  return leftOut;
}

function treeOf(note: string): Checkpoint {
  const checkpoint = parseCheckpoint(note);
  if (checkpoint !== undefined) return checkpoint;
  throw new Fault("LEDGER_DAMAGED", {
    message: "the ledger has no checkpoint that can be read",
    hint: "run `vambrace log verify`",
  });
}

/** One line a record: the hashes of its proof, with spaces. */
async function proofsOf(ledger: string, size: number, indexes: readonly number[]): Promise<readonly string[]> {
  const prover = openInclusionProver(ledger, size);
  const proofs: string[] = [];
  for (const index of indexes)
    proofs.push((await prover.inclusion(index)).map((hash) => hash.toString("hex")).join(" "));
  return proofs;
}

async function listed(folder: string): Promise<readonly Listed[]> {
  const files: Listed[] = [];
  for (const path of await readdir(folder)) {
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const piece of createReadStream(join(folder, path))) {
      const chunk = Buffer.isBuffer(piece) ? piece : Buffer.from(String(piece));
      hash.update(chunk);
      bytes += chunk.length;
    }
    files.push({ path, digest: hash.digest("hex"), bytes });
  }
  return files;
}

function lines(all: readonly string[]): string {
  return all.length === 0 ? "" : `${all.join("\n")}\n`;
}
