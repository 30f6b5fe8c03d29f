/**
 * Counters for Prometheus. Labels are of small, fixed sets: no names, no paths,
 * no text.
 *
 * The library is read when somebody first asks, or when much has happened: a
 * start does not wait for its eighty modules. What happened before is counted
 * then.
 *
 * @module
 */
import type * as Prometheus from "prom-client";

export type Metrics = {
  turn(stop: string): void;
  call(tool: string, verdict: string): void;
  callSeconds(tool: string, seconds: number): void;
  login(result: "ok" | "failed"): void;
  tokens(direction: "in" | "out", count: number): void;
  connection(verdict: string): void;
  gauge(name: "turns_running" | "approvals_open" | "ready", value: number): void;
  text(): Promise<string>;
};

/** Everything that is counted, once the library is there. */
type Made = Omit<Metrics, "text"> & { text(): Promise<string> };

/** Updates that wait for the library, at most; more of them bring it. */
const MOST_WAITING = 200;

export function createMetrics(): Metrics {
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
    login: (result) => count((all) => all.login(result)),
    tokens: (direction, number) => count((all) => all.tokens(direction, number)),
    connection: (verdict) => count((all) => all.connection(verdict)),
    gauge: (name, value) => count((all) => all.gauge(name, value)),
    text: async () => (await load()).text(),
  };
}

function make({ Counter, Gauge, Histogram, Registry }: typeof Prometheus): Made {
  const registers = [new Registry()];
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers });
  const turns = counter("vambrace_turns_total", "Turns that ended, by how", ["stop"]);
  const calls = counter("vambrace_calls_total", "Calls that were judged", ["tool", "verdict"]);
  const logins = counter("vambrace_logins_total", "Logins and token checks", ["result"]);
  const tokens = counter("vambrace_model_tokens_total", "Tokens sent to and had from models", ["direction"]);
  const connections = counter("vambrace_connections_total", "Connections tried through the egress proxy", ["verdict"]);
  const seconds = new Histogram({
    name: "vambrace_call_seconds",
    help: "How long calls ran",
    labelNames: ["tool"],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120],
    registers,
  });
  const gauges = {
    turns_running: new Gauge({ name: "vambrace_turns_running", help: "Turns that run now", registers }),
    approvals_open: new Gauge({ name: "vambrace_approvals_open", help: "Questions that wait for a person", registers }),
    ready: new Gauge({ name: "vambrace_ready", help: "1 where every enabled control has proved itself", registers }),
  };
  return {
    turn: (stop) => turns.inc({ stop }),
    call: (tool, verdict) => calls.inc({ tool, verdict }),
    callSeconds: (tool, value) => seconds.observe({ tool }, value),
    login: (result) => logins.inc({ result }),
    tokens: (direction, count) => tokens.inc({ direction }, count),
    connection: (verdict) => connections.inc({ verdict }),
    gauge: (name, value) => gauges[name].set(value),
    text: async () => registers[0]?.metrics() ?? "",
  };
}
