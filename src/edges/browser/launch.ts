/**
 * Starts a browser: one job in a sandbox of its own, talked with over its
 * standard input and output, and a way out that leads nowhere until a call
 * says where.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { BROWSER_ARGV } from "../../core/broker-wire.ts";
import { Fault } from "../../core/fault.ts";
import { type Digest, digestOf } from "../../core/json.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type {
  Job,
  JobEnd,
  LastingEgress,
  LastingLease,
  LiveExecutor,
  LiveJob,
  SignedToken,
} from "../../core/ports/executor.ts";
import { type CdpEvent, failed, openCdp } from "./cdp.ts";
import { openTab, type Tab } from "./tab.ts";

/** What a browser may use; memory is for all of its processes where there are control groups, else for each. */
export type BrowserLimits = { readonly memoryBytes: number; readonly processes: number };

export type LaunchDeps = {
  readonly executor: LiveExecutor;
  readonly egress: LastingEgress;
  readonly clock: Clock;
  readonly limits: BrowserLimits;
};

export type Launched = {
  readonly tab: Tab;
  readonly lease: LastingLease;
  /** Resolves when nothing of it is left: why, in words. */
  readonly gone: Promise<string>;
  /** Resolves when its way out is closed too, and everything that it tried was recorded. */
  readonly closed: Promise<void>;
  /** Ends it at once. */
  end(): void;
};

/** Where Debian, Fedora, Arch and Alpine have it. The sandbox sees `/usr` only. */
export const PROGRAMS: readonly string[] = [
  "/usr/lib/chromium/chromium",
  "/usr/lib64/chromium-browser/chromium-browser",
  "/usr/lib/chromium-browser/chromium-browser",
];

/** The longest life of one browser. */
const LIFE_MS = 3_600_000;
const START_MS = 20_000;
/** All that a browser may ever say: more is a browser that only keeps its reader busy. */
const MOST_SAID = 2 * 1024 * 1024 * 1024;
/** Largest file in its own scratch space; its shared memory is made of such files. */
const FILE_BYTES = 512 * 1024 * 1024;

/** @throws Fault BROWSER_MISSING */
export function findProgram(programs: readonly string[] = PROGRAMS): string {
  const found = programs.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Fault("BROWSER_MISSING", {
    message: "the browser tools need Chromium, and it is not installed",
    hint: "install it with `sudo apt-get install chromium`, then do this again; nothing else has to be restarted",
  });
}

/** @throws Fault BROWSER_MISSING, BROWSER_FAILED */
export async function launch(
  deps: LaunchDeps,
  owner: { readonly call: string; readonly session: string; readonly sign: (job: Digest) => SignedToken },
): Promise<Launched> {
  const program = findProgram();
  const { call, session, sign } = owner;
  const lease = await deps.egress.openLasting({ call, session });
  try {
    const job = browserJob(program, lease, deps.limits);
    return await start(deps, { job, token: sign(digestOf(job)), lease });
  } catch (error) {
    await lease.close();
    throw error;
  }
}

function browserJob(program: string, { socket, ca }: LastingLease, limits: BrowserLimits): Job {
  return {
    argv: [...BROWSER_ARGV, program],
    cwd: "/tmp",
    mounts: [],
    env: { LANG: "C.UTF-8" },
    stdin: "",
    wallMs: LIFE_MS,
    outputBytes: MOST_SAID,
    ...limits,
    fileBytes: FILE_BYTES,
    egressSocket: socket,
    egressCa: ca,
    runtime: "browser",
  };
}

type Start = { readonly job: Job; readonly token: SignedToken; readonly lease: LastingLease };

async function start(deps: LaunchDeps, { job, token, lease }: Start): Promise<Launched> {
  const ready = Promise.withResolvers<void>();
  let hear = (event: CdpEvent): void => {
    if (event.method === "Vambrace.ready") ready.resolve();
  };
  // What is said before the line is open is `ready` alone, and that waits.
  const early: Uint8Array[] = [];
  let take = (bytes: Uint8Array): void => void early.push(bytes);
  const live: LiveJob = await deps.executor.start(job, token, ({ stream, bytes }) => {
    if (stream === "stdout") take(bytes);
  });
  const cdp = openCdp({
    write: (bytes) => live.write(bytes),
    onEvent: (event) => hear(event),
    onBroken: () => live.end(),
  });
  take = (bytes) => cdp.take(bytes);
  for (const bytes of early) take(bytes);
  const ended = live.ended.then(sayEnd, () => "the broker is gone");
  const gone = ended.then((why) => {
    cdp.lose(failed(why));
    return why;
  });
  // Nobody can be told any more; what it tried was recorded as it happened.
  const closed = gone.then(() => lease.close()).catch(() => undefined);
  try {
    const tab = await soon(deps.clock, gone, async () => {
      await ready.promise;
      return openTab(cdp, deps.clock, (listener) => (hear = listener));
    });
    return { tab, lease, gone, closed, end: () => live.end() };
  } catch (error) {
    live.end();
    await closed;
    throw error;
  }
}

/** @throws Fault BROWSER_FAILED where it ends first, or takes too long. */
async function soon<T>(clock: Clock, gone: Promise<string>, work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = clock.sleep(START_MS, over.signal).then(() => {
    throw failed("it did not start in time", "try it again; `vambrace doctor` shows how busy the machine is");
  });
  const ended = gone.then((why) => {
    throw failed(why, "try it again; `vambrace doctor` tries the sandbox");
  });
  for (const one of [late, ended]) one.catch(() => undefined);
  try {
    return await Promise.race([work(), late, ended]);
  } finally {
    over.abort();
  }
}

function sayEnd(end: JobEnd): string {
  switch (end.how) {
    case "exit":
      return `it ended with status ${end.status}`;
    case "signal":
      return `it was ended by ${end.signal}`;
    case "timeout":
      return "its hour is over";
    case "stopped":
      return "it was stopped";
    case "refused":
      return `${end.message} (${end.hint})`;
  }
}
