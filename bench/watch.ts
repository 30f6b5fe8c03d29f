/**
 * Watching: from a cause to its alert, what it costs to see a record, and the
 * timeline of an incident in a ledger of a million records.
 *
 * The reference of the last is reading the same files and doing nothing.
 *
 * @module
 */
import { generateKeyPairSync } from "node:crypto";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
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
import { collect, rowOf } from "../src/ops/incident/timeline.ts";
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

const SESSION = "ses_0123456789abcdefghjkmnpqrs";

function record(i: number): LedgerEntry {
  const session = i % 500 === 0 ? SESSION : `ses_${String(i % 9_973).padStart(26, "0")}`;
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
  const dir = mkdtempSync(join(process.cwd(), ".cache", "timeline-bench-"));
  try {
    const sinceMs = fill(dir);
    const values: number[] = [];
    const references: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const bare = performance.now();
      for (const file of globSync(join(dir, "tile/entries/**/*"), { withFileTypes: true }))
        if (file.isFile()) readFileSync(join(file.parentPath, file.name));
      references.push((performance.now() - bare) / 1_000);
      const started = performance.now();
      const { records } = await collect(dir, { session: SESSION, sinceMs });
      const rows = records.map(({ entry }) => rowOf(entry));
      values.push((performance.now() - started) / 1_000);
      if (rows.length !== Math.ceil(RECORDS / 500)) throw new Error(`${rows.length} rows`);
    }
    const [value, reference] = [median(values), median(references)];
    const name = `timeline of a session in ${RECORDS.toLocaleString("en")} records`;
    return [
      { name, value, unit: "s", reference, ratio: value / reference, spread: spreadOf(values), target: "under 3 s" },
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
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
    log.append(Array.from({ length: Math.min(batch, RECORDS - i) }, (_, j) => record(i + j)));
    log.publish();
  }
  log.close();
  return sinceMs;
}
