/**
 * What the ledger says of an incident: its records, the proofs that they stand
 * in it, and their reach. Of a ledger that was cut, spliced, rolled back or
 * cannot be read as much as there is, with what is wrong.
 *
 * @module
 */
import { join } from "node:path";
import { Fault } from "../../core/fault.ts";
import { parseCheckpoint } from "../../ledger/note.ts";
import { readPlain } from "../../ledger/plain.ts";
import { openInclusionProver } from "../../ledger/prove.ts";
import { verifyLedger, type VerifyOptions } from "../../ledger/verify.ts";
import type { Case } from "./case.ts";
import type { Left } from "./choice.ts";
import { type Reach, ReachTally } from "./reach.ts";
import { type Kept, survey } from "./survey.ts";

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
  /** Those that are kept, oldest first. */
  readonly records: readonly Kept[];
  /** Of them, those for whoever reads only a few. */
  readonly foremost: ReadonlySet<number>;
  /** One for each record: the hashes of its proof, with spaces. Null: they could not be made. */
  readonly proofs: readonly string[] | null;
  /** What is not kept, by kind. */
  readonly left: readonly Left[];
  readonly reach: Reach;
  /** Every record that is about it was read, and no secret that was used is missing in the reach. */
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
  progress("reading and verifying the ledger");
  // In threads, while it is read.
  const verified = attempt("verify the ledger", () => verifyLedger(ledger, parts.seen));
  const publicKey = await attempt("read the ledger's key", async () =>
    (await readPlain(join(ledger, "key.pub"))).toString("utf8"),
  );
  const size = checkpoint === null ? null : (parseCheckpoint(checkpoint)?.size ?? null);
  // What was appended meanwhile is not in the tree that the checkpoint speaks of.
  const most = size === null ? {} : { provable: size };
  const found = await attempt("read the ledger", () => survey(ledger, one, most));
  const { records, foremost, left, reach } = found ?? NOTHING;
  progress(`proving ${records.length} records`);
  const indexes = records.map(({ index }) => index);
  const proofs = await attempt("prove the records", () => proofsOf(ledger, size, indexes));
  const report = await verified;
  if (report?.problem !== undefined) problems.push(`the ledger does not verify: ${report.problem}`);
  const isWhole = found !== null && reach.more.secrets === undefined && problems.length === 0;
  return { checkpoint, publicKey, records, foremost, proofs, left, reach, isWhole, problems };
}

const NOTHING = { records: [], foremost: new Set<number>(), left: [], reach: new ReachTally().reach() };

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
