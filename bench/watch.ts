/**
 * Watching: from a cause to its alert, and what it costs to see a record.
 *
 * @module
 */
import { performance } from "node:perf_hooks";
import { systemClock, systemRandom } from "../src/app/system.ts";
import { parseActions } from "../src/ops/alerts/actions.ts";
import { createAlerts } from "../src/ops/alerts/alerts.ts";
import { createHabits } from "../src/ops/alerts/habits.ts";
import { shippedRules } from "../src/ops/alerts/rules.ts";
import { createSilences } from "../src/ops/alerts/silences.ts";
import { type Figure, median, spreadOf } from "./figure.ts";
import { record } from "./million.ts";

const RUNS = 5;

export async function measureWatch(): Promise<readonly Figure[]> {
  return [await fromCause(), seeing()];
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
