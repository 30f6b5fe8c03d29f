/**
 * Watching: from a cause to its alert, what it costs to see a record, and the
 * timeline of an incident in a ledger of a million records.
 *
 * The reference of the last is reading the same files and doing nothing. It is
 * measured in processor time too, which says what a quiet machine would do.
 *
 * @module
 */
import { generateKeyPairSync } from "node:crypto";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { systemClock, systemRandom } from "../src/app/system.ts";
import type { LedgerEntry } from "../src/core/ports/ledger.ts";
import { nodeFiles } from "../src/ledger/files.ts";
import { openLog } from "../src/ledger/log.ts";
import { parseActions } from "../src/ops/alerts/actions.ts";
import { createAlerts } from "../src/ops/alerts/alerts.ts";
import { createHabits } from "../src/ops/alerts/habits.ts";
import { shippedRules } from "../src/ops/alerts/rules.ts";
import { createSilences } from "../src/ops/alerts/silences.ts";
import { type About, collect, MOST_RECORDS, rowOf } from "../src/ops/incident/timeline.ts";
import { type Figure, median, spreadOf } from "./figure.ts";

const RECORDS = Number(process.env["BENCH_RECORDS"] ?? 1_000_000);
const RUNS = 5;

export async function measureWatch(): Promise<readonly Figure[]> {
  return [await fromCause(), seeing(), ...(await timeline())];
}

function watching(told: () => void): ReturnType<typeof createAlerts> {
  const alerts = createAlerts({
    clock: systemClock,
    random: systemRandom,
    rules: shippedRules(() => parseActions("operator")),
    habits: createHabits(undefined, () => 12),
    silences: createSilences(undefined, [], () => 0),
    priceOf: () => 0,
    strictness: () => 1,
    counted: () => undefined,
    record: async () => undefined,
    redact: (text) => text,
    tell: async () => told(),
    protect: async () => undefined,
    log: () => undefined,
  });
  alerts.restore([]);
  return alerts;
}

async function fromCause(): Promise<Figure> {
  const values: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const alerts = watching(() => resolve(undefined));
    const started = performance.now();
    alerts.see({ kind: "stop", who: "owner", what: "stop.said", target: "gateway", result: "ok" });
    await promise;
    values.push(performance.now() - started);
    await alerts.close();
  }
  const figure = { name: "alert from its record to its receiver", value: median(values), unit: "ms" } as const;
  return { ...figure, reference: 1_000, ratio: median(values) / 1_000, spread: spreadOf(values), target: "under 1 s" };
}

function seeing(): Figure {
  const alerts = watching(() => undefined);
  const values: number[] = [];
  const count = 50_000;
  for (let run = 0; run < RUNS; run++) {
    const started = performance.now();
    for (let i = 0; i < count; i++) alerts.see(record(i));
    values.push(((performance.now() - started) / count) * 1_000);
  }
  const value = median(values);
  return { name: "all rules on one record", value, unit: "µs", reference: 1, ratio: value, spread: spreadOf(values) };
}

/** One record of 500 is about the first; every other is about one of the rest, or all of them about the second. */
const FEW = "ses_0123456789abcdefghjkmnpqrs";
const MOST = "ses_0123456789abcdefghjkmnpqrt";

function record(i: number, isOfOne = false): LedgerEntry {
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

async function timeline(): Promise<readonly Figure[]> {
  mkdirSync(".cache", { recursive: true });
  const dir = mkdtempSync(join(process.cwd(), ".cache", "timeline-bench-"));
  try {
    const begun = Date.now();
    const sinceMs = fill(dir);
    const few = Math.ceil(RECORDS / 500);
    const figures: Figure[] = [];
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
        const { records, left } = await collect(dir, about);
        const rows = records.map(({ entry }) => rowOf(entry));
        const isRight = rows.length === Math.min(count, MOST_RECORDS) && rows.length + left === count;
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
    origin: "vambrace.bench/watch",
    clock: systemClock,
    makeKey,
    journalBytes: 64 * 1024 * 1024,
  });
  const batch = 10_000;
  for (let i = 0; i < RECORDS; i += batch) {
    if (i <= RECORDS * 0.9) sinceMs = Date.now();
    log.append(Array.from({ length: Math.min(batch, RECORDS - i) }, (_, j) => record(i + j, true)));
    log.publish();
  }
  log.close();
  return sinceMs;
}
