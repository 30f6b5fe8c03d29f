/** The ledger: verified, compared with what the last audit saw, and what it says of the last day. @module */
import { join } from "node:path";
import type { AuditForm } from "../../ops/audit/installation.ts";
import type { LedgerFacts, PastRun } from "../../ops/audit/facts-state.ts";
import { CHECKPOINT, PUBLIC_KEY } from "../../ledger/layout.ts";
import { type Checkpoint, parseCheckpoint } from "../../ledger/note.ts";
import { scanRecords, startingAt } from "../../ledger/search.ts";
import { verifyLedger, type VerifyReport } from "../../ledger/verify.ts";
import type { Home } from "../home.ts";
import { PENDING_NAME, readPending } from "../pending.ts";
import { namesIn, textOf } from "./paths.ts";
import { readProved } from "./past.ts";

/** Longer ledgers are verified only where somebody asks (`--deep`). */
const VERIFIED_MOST = 60_000;
/** Newest records that are looked through for the last day. */
const LOOKED_THROUGH = 100_000;
const DAY_MS = 86_400_000;

export type LedgerParts = {
  readonly home: Home;
  readonly nowMs: number;
  readonly form: AuditForm;
  readonly past: PastRun | null;
};

export async function gatherLedger(parts: LedgerParts): Promise<LedgerFacts> {
  const { home, nowMs } = parts;
  const checkpoint = textOf(join(home.ledger, CHECKPOINT)) ?? null;
  const publicKey = textOf(join(home.ledger, PUBLIC_KEY))?.trim() ?? null;
  const isThere = checkpoint !== null || namesIn(join(home.ledger, "journal")).length > 0;
  const pending = pendingOf(home.root);
  const provedMs = readProved(home.root);
  if (!isThere) {
    const nothing = { failedLogins: 0, faults: 0, unknownOutcomes: 0 };
    return { report: null, continues: null, publicKey, checkpoint, provedMs, ...nothing, pending };
  }
  const verified = await verifiedOf(parts, checkpoint);
  return { ...verified, publicKey, checkpoint, provedMs, ...(await lastDay(home.ledger, nowMs)), pending };
}

type Verified = Pick<LedgerFacts, "report" | "continues">;

async function verifiedOf({ home, form, past }: LedgerParts, checkpoint: string | null): Promise<Verified> {
  const now = parsedNote(checkpoint);
  if (form === "cheap" || (form === "usual" && (now?.size ?? 0) > VERIFIED_MOST)) {
    return compared(now, parsedNote(past?.checkpoint ?? null));
  }
  const report = await verifyLedger(home.ledger, keptElsewhere(past));
  return { report: reportOf(report), continues: continuesOf(report, past) };
}

const parsedNote = (note: string | null): Checkpoint | undefined => (note === null ? undefined : parseCheckpoint(note));

/** Two checkpoints without the records between them: what is shorter, or another tree of the same size, is not continued. */
function compared(now: Checkpoint | undefined, before: Checkpoint | undefined): Verified {
  const report = { consistent: null, entries: now?.size ?? 0, problem: null };
  if (now === undefined || before === undefined) return { report, continues: null };
  const isShorter = now.size < before.size;
  const isOther = now.size === before.size && !now.root.equals(before.root);
  const problem = isShorter
    ? `it holds ${now.size} published records, and held ${before.size}`
    : "its root is another one for as many records";
  return { report, continues: { intact: !isShorter && !isOther, problem } };
}

function keptElsewhere(past: PastRun | null): { publicKey?: string; checkpoint?: string } {
  if (past === null || past.publicKey === null || past.checkpoint === null) return {};
  return { publicKey: past.publicKey, checkpoint: past.checkpoint };
}

function reportOf({ consistent, entries, problem }: VerifyReport): NonNullable<LedgerFacts["report"]> {
  // Of a folder without a checkpoint nothing was published yet: the first start is under way.
  return { consistent, entries, problem: problem ?? null };
}

function continuesOf({ consistent, intact, problem }: VerifyReport, past: PastRun | null): LedgerFacts["continues"] {
  if (past === null || past.checkpoint === null || !consistent || intact === null) return null;
  return { intact, problem: problem ?? "" };
}

async function lastDay(
  dir: string,
  nowMs: number,
): Promise<Pick<LedgerFacts, "failedLogins" | "faults" | "unknownOutcomes">> {
  const since = startingAt(nowMs - DAY_MS);
  const counts = { failedLogins: 0, faults: 0, unknownOutcomes: 0 };
  let seen = 0;
  for await (const bundle of scanRecords(dir)) {
    for (const record of bundle) {
      seen += 1;
      if (!since.has(record)) continue;
      const { kind, result } = record;
      if (kind === "login" && result !== "ok") counts.failedLogins += 1;
      if (kind === "fault") counts.faults += 1;
      if (kind === "outcome" && result === "unknown") counts.unknownOutcomes += 1;
    }
    if (since.isPassed() || seen > LOOKED_THROUGH) break;
  }
  return counts;
}

function pendingOf(home: string): LedgerFacts["pending"] {
  const found = readPending(home);
  const times = found.flatMap(({ pending }) => (pending === undefined ? [] : [pending.atMs]));
  const unreadable = found.filter(({ pending }) => pending === undefined).length;
  const kept = namesIn(join(home, PENDING_NAME)).filter((name) => name.endsWith(".unreadable")).length;
  return {
    count: found.length,
    oldestMs: times.length === 0 ? null : Math.min(...times),
    unreadable: unreadable + kept,
  };
}
