/**
 * Counters for Prometheus. Labels are of small, fixed sets: no names, no paths,
 * no text. Most are counted from what the ledger took, so that they say what
 * was recorded and nothing else.
 *
 * The library is read when somebody first asks, or when much has happened: a
 * start does not wait for its eighty modules. What happened before is counted
 * then.
 *
 * @module
 */
import type * as Prometheus from "prom-client";
import type { LedgerEntry } from "../core/ports/ledger.ts";
import { type Tallies, tallyOf } from "./metrics-tally.ts";

export type GaugeName = keyof typeof GAUGES;

export type Metrics = {
  turn(stop: string): void;
  call(tool: string, verdict: string): void;
  callSeconds(tool: string, seconds: number): void;
  tokens(direction: "in" | "out", count: number): void;
  connection(verdict: string): void;
  /** What the ledger took. */
  record(entry: LedgerEntry): void;
  /** What it did not take. */
  recordFailed(): void;
  alert(severity: string): void;
  gauge(name: GaugeName, value: number): void;
  text(): Promise<string>;
};

/** Everything that is counted, once the library is there. */
type Made = Omit<Metrics, "text" | "record"> & { tally(tallies: Tallies): void; text(): Promise<string> };

/** Updates that wait for the library, at most; more of them bring it. */
const MOST_WAITING = 200;

const GAUGES = {
  turns_running: "Turns that run now",
  approvals_open: "Questions that wait for a person",
  ready: "1 where every enabled control has proved itself",
  halted: "1 where everything is stopped",
  sessions_frozen: "Sessions that are frozen",
  incidents_open: "Incidents that are open",
  close_watch: "1 in the close watch after an incident",
  alerts_undelivered: "Alerts that nobody took since the start",
  ledger_entries: "Records in the ledger",
  disk_free_bytes: "Free on the disk of the state folder",
} as const;

/** @param priceOf money for tokens, by `models.prices`. */
export function createMetrics(priceOf: (model: string, input: number, output: number) => number): Metrics {
  const waiting: ((made: Made) => void)[] = [];
  let made: Made | undefined;
  let loading: Promise<Made> | undefined;
  const load = (): Promise<Made> => {
    loading ??= import("prom-client").then((library) => {
      made = make(library);
      for (const update of waiting.splice(0)) update(made);
      return made;
    });
    return loading;
  };
  const count = (update: (made: Made) => void): void => {
    if (made !== undefined) return update(made);
    waiting.push(update);
    // Where it cannot be read, whoever asks for the metrics is told.
    if (waiting.length > MOST_WAITING) load().catch(() => waiting.splice(0));
  };
  return {
    turn: (stop) => count((all) => all.turn(stop)),
    call: (tool, verdict) => count((all) => all.call(tool, verdict)),
    callSeconds: (tool, value) => count((all) => all.callSeconds(tool, value)),
    tokens: (direction, number) => count((all) => all.tokens(direction, number)),
    connection: (verdict) => count((all) => all.connection(verdict)),
    record(entry) {
      const tallies = tallyOf(entry, priceOf);
      count((all) => all.tally(tallies));
    },
    recordFailed: () => count((all) => all.recordFailed()),
    alert: (severity) => count((all) => all.alert(severity)),
    gauge: (name, value) => count((all) => all.gauge(name, value)),
    text: async () => (await load()).text(),
  };
}

function make(library: typeof Prometheus): Made {
  const { Counter, Gauge, Histogram, Registry } = library;
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name, help, labelNames, registers });
  const turns = counter("vambrace_turns_total", "Turns that ended, by how", ["stop"]);
  const calls = counter("vambrace_calls_total", "Calls that were judged", ["tool", "verdict"]);
  const tokens = counter("vambrace_model_tokens_total", "Tokens sent to and had from models", ["direction"]);
  const connections = counter("vambrace_connections_total", "Connections tried through the egress proxy", ["verdict"]);
  const alerts = counter("vambrace_alerts_total", "Alerts that were raised", ["severity"]);
  const lost = counter("vambrace_records_lost_total", "Records that the ledger did not take");
  const seconds = new Histogram({
    name: "vambrace_call_seconds",
    help: "How long calls ran",
    labelNames: ["tool"],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120],
    registers,
  });
  const tallied = {
    records: counter("vambrace_records_total", "Records in the ledger since the start, by kind", ["kind"]),
    logins: counter("vambrace_logins_total", "Logins and token checks", ["result"]),
    lockouts: counter("vambrace_lockouts_total", "Addresses, tokens and persons that were locked out"),
    requests: counter("vambrace_model_requests_total", "Requests to model providers", ["result"]),
    messages: counter("vambrace_messages_total", "Messages that were taken", ["channel"]),
    files: counter("vambrace_file_access_total", "Paths that calls named and were not refused", ["access"]),
    blocked: counter("vambrace_blocked_paths_total", "Calls that were refused because of a blocked path"),
    floor: counter("vambrace_floor_refusals_total", "Calls that a floor policy refused"),
    approvals: counter("vambrace_approvals_total", "Questions to persons, by answer", ["answer"]),
    faults: counter("vambrace_faults_total", "Turns that failed"),
    undelivered: counter("vambrace_alerts_undelivered_total", "Alerts that a receiver did not take"),
    spent: counter("vambrace_spent_total", "Money spent on models, by models.prices"),
  };
  const gauges = new Map(
    Object.entries(GAUGES).map(([name, help]) => [name, new Gauge({ name: `vambrace_${name}`, help, registers })]),
  );
  resources(library, registry);
  return {
    turn: (stop) => turns.inc({ stop }),
    call: (tool, verdict) => calls.inc({ tool, verdict }),
    callSeconds: (tool, value) => seconds.observe({ tool }, value),
    tokens: (direction, count) => tokens.inc({ direction }, count),
    connection: (verdict) => connections.inc({ verdict }),
    alert: (severity) => alerts.inc({ severity }),
    recordFailed: () => lost.inc(),
    tally(tallies) {
      for (const { name, labels, amount } of tallies) tallied[name].inc(labels, amount);
    },
    gauge: (name, value) => gauges.get(name)?.set(value),
    text: () => registry.metrics(),
  };
}

/** Looked at when somebody asks; the names are those that Prometheus uses everywhere. */
function resources({ Gauge, Counter }: typeof Prometheus, registry: Prometheus.Registry): void {
  const registers = [registry];
  const at = (name: string, help: string, look: () => number): void => {
    const gauge: Prometheus.Gauge = new Gauge({ name, help, registers, collect: () => gauge.set(look()) });
  };
  at("process_resident_memory_bytes", "Memory of the gateway", () => process.memoryUsage.rss());
  at("process_heap_bytes", "Of it, used by JavaScript", () => process.memoryUsage().heapUsed);
  const processor: Prometheus.Counter = new Counter({
    name: "process_cpu_seconds_total",
    help: "Processor time of the gateway",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      processor.reset();
      processor.inc((user + system) / 1_000_000);
    },
  });
  const startedSeconds = Date.now() / 1_000 - process.uptime();
  at("process_start_time_seconds", "When it was started", () => startedSeconds);
}
