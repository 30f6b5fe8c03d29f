/**
 * What audits leave in the state folder for the next one: findings with their
 * first day, marks to compare with, proofs. The ledger has each run too; this
 * is what a command without a gateway can read and write.
 *
 * @module
 */
import { join } from "node:path";
import { z } from "zod";
import { SEVERITIES } from "../../core/finding.ts";
import type { PastRun } from "../../ops/audit/facts-state.ts";
import type { ProofFacts } from "../../ops/audit/facts-host.ts";
import { makeFolder, replaceFile } from "../config/durable.ts";
import { textOf } from "./paths.ts";

const AUDIT_FOLDER = "audit";
const RUNS_MOST = 400;

const words = z.array(z.string());
const LAST = z.strictObject({
  atMs: z.number(),
  version: z.string(),
  configDigest: z.string(),
  downgrades: words,
  people: words,
  tokens: words,
  policiesDigest: z.string(),
  programDigest: z.string(),
  nodeDigest: z.string(),
  bwrapDigest: z.string(),
  packages: z.record(z.string(), z.string()).default({}),
  publicKey: z.string().nullable(),
  checkpoint: z.string().nullable(),
  findings: z.array(
    z.strictObject({
      id: z.string(),
      severity: z.enum(SEVERITIES),
      title: z.string(),
      places: words,
      firstMs: z.number(),
    }),
  ),
});

/** Null: there was no run. @throws Error where what it left cannot be read: nothing may look unchanged then. */
export function readPast(home: string): PastRun | null {
  const text = textOf(join(home, AUDIT_FOLDER, "last.json"), 16 * 1_048_576);
  return text === undefined ? null : LAST.parse(JSON.parse(text));
}

const RUN = z.strictObject({
  atMs: z.number(),
  form: z.string(),
  /** `audit`, `gateway`, `config`: what it was run for. */
  cause: z.string(),
  summary: z.record(z.string(), z.number()),
  fresh: words,
  gone: words,
});
export type RunLine = z.infer<typeof RUN>;

/** Oldest first. What cannot be read is left out: the ledger has them all. */
export function readRuns(home: string): readonly RunLine[] {
  const text = textOf(join(home, AUDIT_FOLDER, "runs.jsonl"), 16 * 1_048_576) ?? "";
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [RUN.parse(JSON.parse(line))];
    } catch (error) {
      if (error instanceof Error) return [];
      throw error;
    }
  });
}

export function writePast(home: string, past: PastRun, run: RunLine): void {
  const folder = join(home, AUDIT_FOLDER);
  makeFolder(folder);
  replaceFile(join(folder, "last.json"), `${JSON.stringify(past)}\n`);
  const lines = [...readRuns(home), run].slice(-RUNS_MOST);
  replaceFile(join(folder, "runs.jsonl"), `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`);
}

const PROOF = z.strictObject({
  of: z.string(),
  atMs: z.number(),
  form: z.string(),
  attempts: z.number(),
  floor: z.number(),
  broken: words,
  weakLimits: words,
});

/** The last proof of the sandbox, where it is of this very kernel, bubblewrap, back-end and program. */
export function readProof(home: string, of: string): ProofFacts | undefined {
  try {
    const { of: was, ...proof } = PROOF.parse(JSON.parse(textOf(join(home, AUDIT_FOLDER, "proof.json")) ?? "null"));
    return was === of ? proof : undefined;
  } catch (error) {
    // None, or one that nobody understands: it is tried out anew.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

export function writeProof(home: string, of: string, proof: ProofFacts): void {
  const folder = join(home, AUDIT_FOLDER);
  makeFolder(folder);
  replaceFile(join(folder, "proof.json"), `${JSON.stringify({ of, ...proof })}\n`);
}

const PROVED = z.strictObject({ atMs: z.number() });

/** When `log verify` last said intact with key and checkpoint from outside the state folder. */
export function readProved(home: string): number | null {
  try {
    return PROVED.parse(JSON.parse(textOf(join(home, AUDIT_FOLDER, "proved.json")) ?? "null")).atMs;
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
}

export function writeProved(home: string, atMs: number): void {
  makeFolder(join(home, AUDIT_FOLDER));
  replaceFile(join(home, AUDIT_FOLDER, "proved.json"), `${JSON.stringify({ atMs })}\n`);
}
