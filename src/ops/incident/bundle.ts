/**
 * Bundles: the evidence of an incident as files that an independent verifier
 * can check, sealed with the ledger's key.
 *
 * The order is the contract: everything is written first, the manifest of it
 * last, and sealed; a bundle without a seal is none. What cannot be kept is
 * listed among the rest and sealed with it: it keeps nothing else from being kept.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, sha256 } from "../../core/json.ts";
import type { DurableFiles } from "../../core/ports/disk.ts";
import { type Case, writeCase } from "./case.ts";
import { type Gathered, whyOf } from "./gather.ts";
import { type Listed, MANIFEST, NOT_KEPT, SEAL, writeManifest } from "./manifest.ts";
import type { ToRotate } from "./rotate.ts";
import { writeReview } from "./review.ts";
import { type Snapped, snapshot, type SnapshotLimits } from "./tar.ts";
import { COUNTS, countsOf, writeCounts } from "./counts.ts";

export type Kept = {
  readonly name: string;
  readonly roots: readonly { readonly name: string; readonly path: string }[];
  readonly without?: readonly string[];
  readonly limits?: SnapshotLimits;
};

export type BundleParts = {
  readonly one: Case;
  /** Not there yet. */
  readonly folder: string;
  readonly files: DurableFiles;
  readonly gathered: Gathered;
  readonly rotate: readonly ToRotate[];
  /** What went wrong before. */
  readonly problems: readonly string[];
  readonly seal: (digest: Digest) => Promise<string>;
  /** What is kept whole: state, and workspaces. */
  readonly snapshots: readonly Kept[];
  readonly progress: (line: string) => void;
};

export type Bundle = {
  readonly folder: string;
  /** Null: it has no seal, so it is none. */
  readonly manifest: Digest | null;
  readonly leftOut: readonly Snapped[];
  /** What could not be kept. */
  readonly problems: readonly string[];
};

/** @throws Fault STATE_FULL, STATE_UNAVAILABLE where not even the folder can be made. */
export async function makeBundle(parts: BundleParts): Promise<Bundle> {
  const { folder, files } = parts;
  const problems: string[] = [];
  const attempt = async <T>(what: string, work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (thrown) {
      problems.push(`${what}: ${whyOf(thrown)}`);
      return undefined;
    }
  };
  const put = (name: string, text: string): Promise<void> =>
    attempt(`keep ${name}`, () => files.makeFile(join(folder, name), text));
  files.makeFolder(folder);
  for (const [name, text] of textsOf(parts)) await put(name, text);
  const leftOut: Snapped[] = [];
  for (const kept of parts.snapshots) {
    parts.progress(`keeping ${kept.name}`);
    const found = await attempt(`keep ${kept.name}`, () => keep(parts, kept));
    if (found === undefined) continue;
    await put(`${kept.name}.jsonl`, lines(found.map((one) => JSON.stringify(one))));
    leftOut.push(...found.filter((one) => one.kind === "left out"));
  }
  const lost = [...parts.problems, ...problems];
  if (lost.length > 0) await put(NOT_KEPT, lines(lost.map((line) => JSON.stringify(line))));
  const manifest = await attempt("seal the bundle", async () => {
    const text = writeManifest(await listed(folder));
    files.makeFile(join(folder, MANIFEST), text);
    files.makeFile(join(folder, SEAL), await parts.seal(sha256(text)));
    return sha256(text);
  });
  return { folder, manifest: manifest ?? null, leftOut, problems };
}

function textsOf({ one, gathered, rotate }: BundleParts): readonly (readonly [string, string])[] {
  const { checkpoint, publicKey, records, foremost, proofs, left, reach } = gathered;
  const rows = records.map(({ row }) => row);
  const counts = countsOf(one, rows.length, left);
  return [
    ...(checkpoint === null ? [] : [["checkpoint", checkpoint] as const]),
    ...(publicKey === null ? [] : [["key.pub", publicKey] as const]),
    ["records.jsonl", lines(records.map(({ text }) => text))],
    ["timeline.jsonl", lines(rows.map((row) => JSON.stringify(row)))],
    ...(proofs === null ? [] : [["proofs.jsonl", lines(proofs)] as const]),
    [COUNTS, writeCounts(counts)],
    ["reach.json", `${JSON.stringify(reach, null, 2)}\n`],
    ["rotate.json", `${JSON.stringify(rotate, null, 2)}\n`],
    ["incident.json", writeCase(one)],
    ["review.md", writeReview({ one, rows: rows.filter(({ index }) => foremost.has(index)), counts, reach, rotate })],
  ];
}

/** All of it or nothing: half an archive takes the room that the seal needs. */
async function keep({ folder, files }: BundleParts, kept: Kept): Promise<readonly Snapped[]> {
  const { name, roots, without, limits } = kept;
  const path = join(folder, `${name}.tar`);
  const archive = files.create(path);
  let isOpen = true;
  const close = (): void => {
    if (isOpen) archive.close();
    isOpen = false;
  };
  try {
    const found = await snapshot(archive, roots, {
      ...(without === undefined ? {} : { without }),
      ...(limits === undefined ? {} : { limits }),
    });
    archive.sync();
    close();
    return found;
  } catch (thrown) {
    giveUp(files, close, path);
    throw thrown;
  }
}

/** What cannot be taken away stays, and stands in the manifest like all else: the first failure is what is told. */
function giveUp(files: DurableFiles, close: () => void, path: string): boolean {
  try {
    close();
    files.remove(path);
    return true;
  } catch {
    return false;
  }
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
