/**
 * What the ledger says of an incident: its records, the proofs that they stand
 * in it, and their reach. Of a ledger that was cut, spliced, rolled back or
 * cannot be read as much as there is, with what is wrong.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../core/fault.ts";
import { parseCheckpoint } from "../../ledger/note.ts";
import { openInclusionProver } from "../../ledger/prove.ts";
import { verifyLedger, type VerifyOptions } from "../../ledger/verify.ts";
import type { Case } from "./case.ts";
import { type Reach, reachOf } from "./reach.ts";
import { collect, type Collected } from "./timeline.ts";

export type GatherParts = {
  readonly one: Case;
  readonly ledger: string;
  /** Makes what was appended so far readable as tiles, and answers the checkpoint that speaks of it. */
  readonly publish: () => Promise<string>;
  /** What the last audit saw of it: a folder alone does not show that it was rolled back. */
  readonly seen: VerifyOptions;
  readonly progress: (line: string) => void;
};

export type Gathered = {
  readonly checkpoint: string | null;
  readonly publicKey: string | null;
  readonly records: Collected["records"];
  /** One for each record: the hashes of its proof, with spaces. Null: they could not be made. */
  readonly proofs: readonly string[] | null;
  readonly left: number;
  readonly reach: Reach;
  /** Every record that is about it was read. */
  readonly isWhole: boolean;
  /** In plain words; empty where the ledger is as it should be. */
  readonly problems: readonly string[];
};

export async function gather(parts: GatherParts): Promise<Gathered> {
  const { one, ledger, progress } = parts;
  const problems: string[] = [];
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (thrown) {
      problems.push(`${what}: ${whyOf(thrown)}`);
      return null;
    }
  };
  const checkpoint = await attempt("publish the ledger", parts.publish);
  progress("reading the ledger");
  const publicKey = await attempt("read the ledger's key", () => readFile(join(ledger, "key.pub"), "utf8"));
  const found = await attempt("read the ledger", () => collect(ledger, { session: one.session, sinceMs: one.sinceMs }));
  const size = checkpoint === null ? null : (parseCheckpoint(checkpoint)?.size ?? null);
  const records = provable(found?.records ?? [], size);
  const entries = records.map(({ entry }) => entry);
  progress(`proving ${records.length} records`);
  const indexes = entries.map(({ index }) => index);
  const proofs = await attempt("prove the records", () => proofsOf(ledger, size, indexes));
  progress("verifying the ledger");
  const report = await attempt("verify the ledger", () => verifyLedger(ledger, parts.seen));
  if (report?.problem !== undefined) problems.push(`the ledger does not verify: ${report.problem}`);
  const left = found?.left ?? 0;
  const isWhole = found !== null && left === 0 && problems.length === 0;
  return { checkpoint, publicKey, records, proofs, left, reach: reachOf(entries), isWhole, problems };
}

/** What was appended meanwhile is not in the tree that the checkpoint speaks of, so nothing could prove it. */
function provable(all: Collected["records"], size: number | null): Collected["records"] {
  return size === null ? all : all.filter(({ entry }) => entry.index < size);
}

async function proofsOf(ledger: string, size: number | null, indexes: readonly number[]): Promise<readonly string[]> {
  if (size === null) {
    throw new Fault("LEDGER_DAMAGED", {
      message: "the ledger has no checkpoint that can be read",
      hint: "run `vambrace log verify`",
    });
  }
  const prover = openInclusionProver(ledger, size);
  const proofs: string[] = [];
  for (const index of indexes)
    proofs.push((await prover.inclusion(index)).map((hash) => hash.toString("hex")).join(" "));
  return proofs;
}

/** What a person at the terminal of this machine may read of it. */
export function whyOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : "it failed, and did not say why";
}
