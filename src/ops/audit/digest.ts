/**
 * The review of a week or a month: what is open, what came and went, and what
 * was done meanwhile, by the audits and the ledger (R-OPS-6). Pure.
 *
 * @module
 */
import type { StoredEntry } from "../../core/ports/ledger.ts";
import type { JsonObject } from "../../core/json.ts";
import { SEVERITIES } from "../../core/finding.ts";
import type { PastFinding } from "./facts-state.ts";

export type RunSummary = {
  readonly atMs: number;
  readonly cause: string;
  readonly summary: Readonly<Record<string, number>>;
  readonly fresh: readonly string[];
  readonly gone: readonly string[];
};

/** Things that a reviewer wants to have seen one by one. */
const LISTED: ReadonlySet<string> = new Set([
  "config",
  "token",
  "stop",
  "policy",
  "secret",
  "backup",
  "migration",
  "incident",
]);
const LISTED_MOST = 50;

export type Digest = {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly runs: {
    readonly count: number;
    readonly first: Readonly<Record<string, number>> | null;
    readonly last: Readonly<Record<string, number>> | null;
  };
  readonly fresh: readonly string[];
  readonly gone: readonly string[];
  /** Worst first. */
  readonly open: readonly PastFinding[];
  /** `call denied` → how many. */
  readonly counts: ReadonlyMap<string, number>;
  readonly listed: readonly string[];
  readonly records: number;
};

export type DigestParts = {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly runs: readonly RunSummary[];
  readonly open: readonly PastFinding[];
};

/** @param entries of any order and time; what is outside is not counted. */
export async function digestOf(
  parts: DigestParts,
  entries: AsyncIterable<StoredEntry> | Iterable<StoredEntry>,
): Promise<Digest> {
  const { sinceMs, untilMs } = parts;
  const within = parts.runs.filter(({ atMs }) => atMs >= sinceMs && atMs <= untilMs);
  const counts = new Map<string, number>();
  const listed: string[] = [];
  let records = 0;
  for await (const entry of entries) {
    const atMs = Date.parse(entry.time);
    if (!(atMs >= sinceMs && atMs <= untilMs)) continue;
    records += 1;
    const key = `${entry.kind} ${entry.result}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    if (LISTED.has(entry.kind) && listed.length < LISTED_MOST && entry.result !== "begun")
      listed.push(`${entry.time.slice(0, 16)} ${entry.who} ${entry.what} ${entry.target}`);
  }
  return {
    sinceMs,
    untilMs,
    runs: { count: within.length, first: within[0]?.summary ?? null, last: within.at(-1)?.summary ?? null },
    fresh: [...new Set(within.flatMap(({ fresh }) => fresh))],
    gone: [...new Set(within.flatMap(({ gone }) => gone))],
    open: [...parts.open].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)),
    counts: new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    listed,
    records,
  };
}

export function digestJson(digest: Digest): JsonObject {
  return {
    since: new Date(digest.sinceMs).toISOString(),
    until: new Date(digest.untilMs).toISOString(),
    audits: { count: digest.runs.count, first: digest.runs.first, last: digest.runs.last },
    new: [...digest.fresh],
    gone: [...digest.gone],
    open: digest.open.map(({ id, severity, title, firstMs }) => ({
      id,
      severity,
      title,
      firstSeen: new Date(firstMs).toISOString(),
    })),
    records: digest.records,
    counts: Object.fromEntries(digest.counts),
    listed: [...digest.listed],
  };
}
