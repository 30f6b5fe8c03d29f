/**
 * A ledger of a million records: verified, and the timelines of incidents in it.
 *
 * The reference is reading the same files and doing nothing. Processor time is
 * measured too, which says what a quiet machine would do.
 *
 * @module
 */
import { generateKeyPairSync } from "node:crypto";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { systemClock } from "../src/app/system.ts";
import type { LedgerEntry } from "../src/core/ports/ledger.ts";
import { nodeFiles } from "../src/ledger/files.ts";
import { openLog } from "../src/ledger/log.ts";
import { verifyLedger } from "../src/ledger/verify.ts";
import type { About } from "../src/ops/incident/scope.ts";
import { collect, MOST_ON_PAGE, rowOf } from "../src/ops/incident/timeline.ts";
import { type Figure, median, spreadOf } from "./figure.ts";

const RECORDS = Number(process.env["BENCH_RECORDS"] ?? 1_000_000);
const RUNS = 5;

/** One record of 500 is about the first; every other is about one of the rest, or all of them about the second. */
const FEW = "ses_0123456789abcdefghjkmnpqrs";
const MOST = "ses_0123456789abcdefghjkmnpqrt";

export function record(i: number, isOfOne = false): LedgerEntry {
  const session = i % 500 === 0 ? FEW : isOfOne ? MOST : `ses_${String(i % 9_973).padStart(26, "0")}`;
  const paths = [{ access: "read", resolved: `/home/ana/vambrace/file-${i % 5_000}.txt`, zone: "workspace" }];
  const data = {
    agent: "main",
    arguments: { path: `file-${i}.txt` },
    because: ["flow.permit.inside"],
    facts: { effect: "read", paths, trust: "full" },
    says: "Allowed.",
  };
  return {
    kind: "call",
    who: "owner",
    what: "call.decided",
    target: "read",
    result: "ok",
    session,
    call: `call_${i}`,
    data,
  };
}

export async function measureMillion(): Promise<readonly Figure[]> {
  mkdirSync(".cache", { recursive: true });
  const dir = mkdtempSync(join(process.cwd(), ".cache", "million-bench-"));
  try {
    const begun = Date.now();
    const sinceMs = fill(dir);
    const few = Math.ceil(RECORDS / 500);
    const figures: Figure[] = [...(await verification(dir))];
    for (const [name, about, count] of [
      ["of a session, few of", { session: FEW, sinceMs }, few],
      ["of a session, nearly all of", { session: MOST, sinceMs: begun }, RECORDS - few],
      ["of everything, all of", { session: null, sinceMs: begun }, RECORDS],
    ] as const)
      figures.push(...(await timelineOf(dir, name, about, count)));
    return figures;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function timelineOf(dir: string, of: string, about: About, count: number): Promise<readonly Figure[]> {
  const [values, references]: [Cost[], Cost[]] = [[], []];
  for (let run = 0; run < RUNS; run++) {
    references.push(await costOf(() => readAll(dir)));
    values.push(
      await costOf(async () => {
        const { entries, left } = await collect(dir, about);
        const rows = entries.map(rowOf);
        const isRight = rows.length === Math.min(count, MOST_ON_PAGE) && rows.length + left === count;
        if (!isRight) throw new Error(`${rows.length} rows and ${left} more, not ${count}`);
      }),
    );
  }
  return (["wall", "processor"] as const).map((clock) => {
    const spread = spreadOf(values.map((one) => one[clock]));
    const [value, reference] = [values, references].map((all) => median(all.map((one) => one[clock]))) as [
      number,
      number,
    ];
    const name = `timeline ${of} ${RECORDS.toLocaleString("en")} records, ${clock} time`;
    return { name, value, unit: "s", reference, ratio: value / reference, spread, target: "under 3 s" };
  });
}

async function verification(dir: string): Promise<readonly Figure[]> {
  const [costs, references]: [Cost[], Cost[]] = [[], []];
  for (let run = 0; run < RUNS; run++) {
    references.push(await costOf(() => readAll(dir)));
    costs.push(
      await costOf(async () => {
        const { consistent, entries, problem } = await verifyLedger(dir);
        if (!consistent || entries !== RECORDS) throw new Error(`it does not verify: ${problem ?? entries}`);
      }),
    );
  }
  return (["wall", "processor"] as const).map((clock) => {
    const rates = costs.map((one) => RECORDS / one[clock]);
    const reference = median(references.map((one) => RECORDS / one[clock]));
    const name = `verification of ${RECORDS.toLocaleString("en")} records, ${clock} time`;
    const [value, spread] = [median(rates), spreadOf(rates)];
    const target = clock === "wall" ? { target: "at least 300,000" } : {};
    return { name, value, unit: "records/s", reference, ratio: value / reference, spread, ...target };
  });
}

/** In seconds. */
type Cost = { readonly wall: number; readonly processor: number };

async function costOf(work: () => void | Promise<void>): Promise<Cost> {
  const before = process.cpuUsage();
  const started = performance.now();
  await work();
  const wall = (performance.now() - started) / 1_000;
  const { user, system } = process.cpuUsage(before);
  return { wall, processor: (user + system) / 1_000_000 };
}

function readAll(dir: string): void {
  for (const file of globSync(join(dir, "tile/entries/**/*"), { withFileTypes: true }))
    if (file.isFile()) readFileSync(join(file.parentPath, file.name));
}

/** @returns when nine tenths of it were written: where the incident is said to begin. */
function fill(dir: string): number {
  let sinceMs = 0;
  const makeKey = () => generateKeyPairSync("ed25519").privateKey;
  const log = openLog({
    files: nodeFiles(dir),
    origin: "vambrace.bench/million",
    clock: systemClock,
    makeKey,
  });
  const batch = 1_000;
  for (let i = 0; i < RECORDS; i += batch) {
    if (i <= RECORDS * 0.9) sinceMs = Date.now();
    log.append(Array.from({ length: Math.min(batch, RECORDS - i) }, (_, j) => record(i + j, true)));
    log.publish();
  }
  log.close();
  return sinceMs;
}
