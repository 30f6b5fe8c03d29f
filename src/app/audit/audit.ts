/**
 * One audit from beginning to end: gathered, checked, kept for the next one,
 * and left for the ledger.
 *
 * @module
 */
import { existsSync } from "node:fs";
import type { JsonObject } from "../../core/json.ts";
import { CATALOGUE } from "../../ops/audit/catalogue.ts";
import { peopleOf, tokensOf } from "../../ops/audit/checks/ledger.ts";
import type { LedgerFacts, PastRun } from "../../ops/audit/facts-state.ts";
import type { Installation } from "../../ops/audit/installation.ts";
import type { Known } from "../../ops/audit/known.ts";
import { auditReport, pastFindings, type Report, summaryOf } from "../../ops/audit/report.ts";
import { gather, type GatherParts } from "./gather.ts";
import { writePast } from "./past.ts";

/** What it was run for. */
export type AuditCause = "asked" | "set-up" | "config" | "start" | "schedule" | "harden";

export type Audited = { readonly at: Installation; readonly report: Report };

export async function audit(parts: GatherParts): Promise<Audited> {
  const at = await gather(parts);
  return { at, report: auditReport(at, { name: "vambrace", families: CATALOGUE }) };
}

/** For the next run. Where there is no state folder nothing is made. */
export function keepRun({ at, report }: Audited, cause: AuditCause): void {
  const { home } = at.places;
  if (!existsSync(home)) return;
  const before = at.past.known ? at.past.value : null;
  // What changed stays a finding until a person has looked; a run by the clock does not take it away.
  const marks = cause === "asked" || before === null ? null : before;
  writePast(
    home,
    { ...pastOf(at, report, before), ...(marks === null ? {} : marksOf(marks)) },
    {
      atMs: report.atMs,
      form: report.form,
      cause,
      summary: { ...summaryOf(report) },
      fresh: [...(report.difference?.fresh ?? [])],
      gone: [...(report.difference?.gone ?? [])],
    },
  );
}

function marksOf(past: PastRun) {
  const { version, configDigest, downgrades, people, tokens, policiesDigest, programDigest, nodeDigest, bwrapDigest } =
    past;
  const { packages } = past;
  const digests = { configDigest, policiesDigest, programDigest, nodeDigest, bwrapDigest, packages };
  return { version, downgrades, people, tokens, ...digests };
}

const NOTHING: Omit<PastRun, "atMs" | "version" | "findings"> = {
  configDigest: "",
  downgrades: [],
  people: [],
  tokens: [],
  policiesDigest: "",
  programDigest: "",
  nodeDigest: "",
  bwrapDigest: "",
  packages: {},
  publicKey: null,
  checkpoint: null,
};

/** What was not looked at now stays as it was. */
function pastOf(at: Installation, report: Report, before: PastRun | null): PastRun {
  const was = before ?? NOTHING;
  return {
    atMs: report.atMs,
    version: at.version,
    configDigest: or(at.config, ({ digest }) => digest, was.configDigest),
    downgrades: [...or(at.effective, ({ downgrades }) => downgrades, was.downgrades)],
    people: [...or(at.effective, () => peopleOf(at), was.people)],
    tokens: [...or(at.store, () => tokensOf(at), was.tokens)],
    policiesDigest: or(at.policies, ({ digest }) => digest, was.policiesDigest),
    programDigest: or(at.dependencies, ({ programDigest }) => programDigest, was.programDigest),
    nodeDigest: or(at.dependencies, ({ nodeDigest }) => nodeDigest, was.nodeDigest),
    packages: or(
      at.dependencies,
      ({ packages }) => (packages === null ? was.packages : Object.fromEntries(packages)),
      was.packages,
    ),
    bwrapDigest: or(at.sandbox, ({ bwrapDigest }) => bwrapDigest, was.bwrapDigest),
    ...or(at.ledger, (ledger) => ledgerMark(ledger, was), ledgerOf(was)),
    findings: pastFindings(report, before).map((one) => ({ ...one, places: [...one.places] })),
  };
}

function or<T, R>(part: Known<T>, read: (value: T) => R, otherwise: R): R {
  return part.known ? read(part.value) : otherwise;
}

type LedgerMark = Pick<PastRun, "publicKey" | "checkpoint">;

const ledgerOf = ({ publicKey, checkpoint }: LedgerMark): LedgerMark => ({ publicKey, checkpoint });

/** INVARIANT(no-mark-from-a-bad-ledger): a ledger that was put back does not become what the next run believes. */
function ledgerMark(ledger: LedgerFacts, was: LedgerMark): LedgerMark {
  const { report, continues } = ledger;
  const isGood = report !== null && report.consistent !== false && continues?.intact !== false;
  const isSameKey = was.publicKey === null || was.publicKey === ledger.publicKey;
  return ledgerOf(isGood && isSameKey ? ledger : was);
}

/** What the ledger is told of a run. */
export function auditRecord(report: Report, cause: AuditCause): JsonObject {
  return {
    cause,
    form: report.form,
    summary: { ...summaryOf(report) },
    checks: report.ran.length,
    leftOut: report.leftOut.length,
    open: report.open.slice(0, 100).map(({ id, severity }) => `${severity} ${id}`),
    fresh: [...(report.difference?.fresh ?? [])].slice(0, 100),
    gone: [...(report.difference?.gone ?? [])].slice(0, 100),
  };
}
