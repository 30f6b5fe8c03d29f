/**
 * A gateway as a process of its own that tests may kill, the client that talks
 * to it whatever happens, and the count of what came of it all.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { isObject, type JsonObject, type JsonValue } from "../src/core/json.ts";
import type { StoredEntry } from "../src/core/ports/ledger.ts";
import { searchLedger } from "../src/ledger/search.ts";
import { COMPILED, seedState } from "./first-start.ts";

export type Place = {
  readonly root: string;
  /** What `HOME` says; holds the canary `.ssh/id_canary`. */
  readonly home: string;
  readonly state: string;
  readonly workspace: string;
  readonly env: NodeJS.ProcessEnv;
  remove(): void;
};

export const HOME_CANARY = "CANARY-HOME-6d1f0c";

/** A machine's worth of folders: home with a canary in it, state, workspace, configuration. */
export function makePlace(config: JsonObject | ((place: Place) => JsonObject) = {}): Place {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "vambrace-gateway-")));
  const [home, state, workspace] = [join(root, "home"), join(root, "state"), join(root, "work")];
  for (const folder of [home, join(home, ".ssh"), state, workspace]) mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(home, ".ssh", "id_canary"), `${HOME_CANARY}\n`, { mode: 0o600 });
  seedState(state);
  const env = { PATH: process.env["PATH"], HOME: home, VAMBRACE_HOME: state, ...COMPILED };
  const place = { root, home, state, workspace, env, remove: () => rmSync(root, { recursive: true, force: true }) };
  const base = {
    agents: { defaults: { workspace } },
    folders: [{ path: workspace, trust: "full", confidentiality: "internal" }],
  };
  writeConfig(state, { ...base, ...(typeof config === "function" ? config(place) : config) });
  return place;
}

export function writeConfig(state: string, config: JsonObject): void {
  writeFileSync(join(state, "config.yaml"), stringify(config), { mode: 0o600 });
}

export type Running = {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly url: string;
  /** What it wrote on standard error so far. */
  said(): string;
  /** Resolves when it is gone. */
  readonly gone: Promise<void>;
  /** SIGTERM, and waits. */
  stop(): Promise<void>;
  kill(): void;
};

export const MARKING_GATEWAY = fileURLToPath(new URL("gateway-process.ts", import.meta.url));
export const CLI = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));

/** Starts `program` (the marking gateway unless said) and resolves when it listens, or undefined where it ended first. */
export async function startProcess(
  place: Place,
  args: readonly string[] = [MARKING_GATEWAY],
  env: NodeJS.ProcessEnv = {},
): Promise<Running> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {
    env: { ...place.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await gone;
  };
  const listening = async (): Promise<string> => {
    for (let waitedMs = 0; waitedMs < 30_000 && child.exitCode === null && child.signalCode === null; waitedMs += 10) {
      const url = runningUrl(place, child.pid ?? -1);
      if (url !== undefined) return url;
      await wait(10);
    }
    child.kill("SIGKILL");
    throw new Error(`the gateway did not start: ${text}`);
  };
  const url = await listening();
  return { child, pid: child.pid ?? -1, url, said: () => text, gone, stop, kill: () => void child.kill("SIGKILL") };
}

function runningUrl(place: Place, pid: number): string | undefined {
  try {
    const running: unknown = JSON.parse(readFileSync(join(place.state, "running.json"), "utf8"));
    return isObject(running as JsonValue) && (running as JsonObject)["pid"] === pid
      ? String((running as JsonObject)["url"])
      : undefined;
  } catch {
    return undefined; // not there yet, or half written
  }
}

/** The pids of the helpers of a gateway, by the program that each runs. */
export function helpersOf(gatewayPid: number): ReadonlyMap<"writer" | "broker" | "egress", number> {
  const found = new Map<"writer" | "broker" | "egress", number>();
  for (const pid of childrenOf(gatewayPid)) {
    const line = readProc(pid, "cmdline");
    if (line.includes("writer-main")) found.set("writer", pid);
    if (line.includes("broker/main")) found.set("broker", pid);
    if (line.includes("egress/main")) found.set("egress", pid);
  }
  return found;
}

function childrenOf(parent: number): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => new RegExp(`^\\d+ \\(.*\\) [A-Y] ${parent} `, "s").test(readProc(pid, "stat")));
}

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch {
    return ""; // it ended meanwhile
  }
}

/** Whether any process of this machine has `mark` in its command line. */
export function runs(mark: string): boolean {
  return readdirSync("/proc").some(
    (name) =>
      /^\d+$/.test(name) &&
      Number(name) !== process.pid &&
      readProc(Number(name), "cmdline").replaceAll("\0", " ").includes(mark),
  );
}

export function tokenOf(place: Place): string {
  return readFileSync(join(place.state, "cli-token"), "utf8").trim();
}

export type Answer = { readonly status: number; readonly body: JsonObject };

/** One request with a bearer token. @throws where the gateway does not answer */
export async function call(url: string, token: string, path: string, body?: JsonObject): Promise<Answer> {
  const answer = await fetch(new URL(path, url), {
    method: body === undefined ? "GET" : "POST",
    headers: {
      accept: "application/json",
      connection: "close",
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(60_000),
  });
  const text = await answer.text();
  const parsed: unknown = text.startsWith("{") ? JSON.parse(text) : { text };
  return { status: answer.status, body: parsed as JsonObject };
}

/** Every record, oldest first. */
export async function recordsOf(state: string): Promise<readonly StoredEntry[]> {
  const folder = join(state, "ledger");
  return [...(await searchLedger(folder, { limit: 10_000 }))].reverse();
}

/**
 * What must hold of any ledger, whatever happened while it was written.
 *
 * INVARIANT(one-gate): every outcome follows exactly one prepared record of its call, every prepared record follows a
 * decision of the same call and digest that allowed, or asked and got a person's yes.
 *
 * @returns the sentences that do not hold, and how much was looked at.
 */
export function checkLedger(records: readonly StoredEntry[]): {
  readonly problems: readonly string[];
  readonly prepared: number;
  readonly outcomes: number;
  /** Prepared, and nobody ever said what came of it. */
  readonly open: readonly string[];
} {
  const problems: string[] = [];
  const prepared = new Map<string, StoredEntry>();
  const ended = new Set<string>();
  const decided = new Map<string, StoredEntry>();
  const yes = new Set<string>();
  for (const record of records) {
    const { call: id, kind } = record;
    if (id === undefined) continue;
    if (kind === "call" && record.what === "call.decided") decided.set(id, record);
    if (kind === "approval" && record.what === "approval.answered" && record.result === "ok")
      yes.add(`${id} ${String(record.data?.["digest"])}`);
    if (kind === "prepared") {
      problems.push(...problemsOfPrepared(record, { prepared, decided, yes }));
      prepared.set(id, record);
    }
    if (kind === "outcome") {
      if (!prepared.has(id)) problems.push(`${id}: an outcome of ${record.target} without a prepared record`);
      if (ended.has(id)) problems.push(`${id}: a second outcome`);
      ended.add(id);
    }
  }
  const open = [...prepared.keys()].filter((id) => !ended.has(id));
  return { problems, prepared: prepared.size, outcomes: ended.size, open };
}

function problemsOfPrepared(
  record: StoredEntry,
  seen: {
    readonly prepared: ReadonlyMap<string, StoredEntry>;
    readonly decided: ReadonlyMap<string, StoredEntry>;
    readonly yes: ReadonlySet<string>;
  },
): readonly string[] {
  const id = record.call ?? "";
  const digest = String(record.data?.["digest"]);
  const decision = seen.decided.get(id);
  if (seen.prepared.has(id)) return [`${id}: prepared twice`];
  if (decision === undefined) return [`${id}: prepared without a decision`];
  if (decision.data?.["digest"] !== digest) return [`${id}: prepared with another digest than was judged`];
  if (decision.result === "ok") return [];
  if (decision.result === "asked" && seen.yes.has(`${id} ${digest}`)) return [];
  return [`${id}: prepared after \`${decision.result}\` and no yes`];
}

export type Said = { readonly key: string; readonly outcome: JsonObject; readonly tries: number };

/** Says one message until somebody answers it: the same id each time, to whichever gateway runs by then. */
export async function sayUntilAnswered(
  at: () => { readonly url: string; readonly token: string } | undefined,
  message: { readonly key: string; readonly text: string },
  untilMs: number,
): Promise<Said> {
  let last = "nobody was there";
  for (let tries = 1; performance.now() < untilMs; tries++) {
    const gateway = at();
    try {
      if (gateway !== undefined) {
        const body = { text: message.text, messageId: message.key };
        const answer = await call(gateway.url, gateway.token, "/api/chat", body);
        if (answer.status === 200) return { key: message.key, outcome: answer.body, tries };
        last = JSON.stringify(answer);
      }
    } catch (error) {
      last = String(error);
    }
    await wait(40);
  }
  throw new Error(`\`${message.key}\` was never answered: ${last}`);
}

/** A repeatable stream of numbers in [0, 1), from a seed that the test prints. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
