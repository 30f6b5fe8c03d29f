/**
 * One job from its checked token to its end.
 *
 * @module
 */
import * as fs from "node:fs";
import type { JobSummary } from "../../core/broker-wire.ts";
import { digestOf } from "../../core/json.ts";
import type { Job, JobEnd } from "../../core/ports/executor.ts";
import type { Backend } from "./backend.ts";
import { changedSince } from "./changed.ts";
import type { Shape } from "./bwrap-line.ts";
import { fullDisk, requireRoom } from "./disk.ts";
import { trustFile } from "./hatch.ts";
import { requireLimits } from "./limits.ts";
import { closeMounts, openMounts } from "./mounts.ts";
import { type Outlet, pumpOutput } from "./output.ts";
import { pause } from "./pause.ts";
import { findProtected, type Found } from "./protected.ts";
import { quarantineNew } from "./quarantine.ts";
import { refusedEnd } from "./refusal.ts";
import type { Sandbox } from "./sandbox.ts";
import { type HeldScratch, type Scratch, SCRATCH_INSIDE, type Scratches } from "./scratch.ts";

export type Runner = {
  readonly folder: string;
  readonly forbidden: readonly string[];
  readonly scratches: Scratches;
  readonly backendFor: (job: Job) => Backend | Promise<Backend>;
};

export type Running = {
  readonly job: Job;
  /** Resolves when the token is on the disk; the program does not start before. */
  readonly durable: Promise<void>;
  readonly stdout: Outlet;
  readonly stderr: Outlet;
  readonly stop: AbortSignal;
  /** Called when the program takes over, where its standard input stays open. */
  readonly onInput: (take: (bytes: Uint8Array) => boolean) => void;
};

/** Never rejects: what goes wrong before the program starts is the job's end. */
export async function runJob(runner: Runner, running: Running): Promise<JobSummary> {
  const startMs = performance.now();
  const nothing = { stdoutLost: 0, stderrLost: 0 };
  let shaped: Shaped | null = null;
  let held: HeldScratch | null = null;
  try {
    const backend = await runner.backendFor(running.job);
    requireLimits(backend.sources);
    await requireRoom(writable(running.job));
    held = await scratchOf(runner, running.job);
    shaped = await shapeOf(runner, { backend, job: running.job, scratch: held?.scratch ?? null });
    const sandbox = await backend.take(shaped.shape, shaped.key);
    const done = await runIn(sandbox, { runner, running, shaped, held });
    const isGone = (await held?.release()) === true;
    held = null;
    if (isGone) say(running, `${OVERFULL}; all that was in it is gone`);
    afterwards(backend, shaped, done.end.how === "exit" && !isGone);
    return { ...done, wallMs: performance.now() - startMs };
  } catch (error) {
    if (shaped !== null) closeMounts(shaped.shape.mounts);
    await held?.release();
    return { end: refusedEnd(error), ...nothing, wallMs: performance.now() - startMs };
  }
}

const OVERFULL = `the session's ${SCRATCH_INSIDE} holds more than it may (256 MB, 20,000 names)`;

async function scratchOf({ scratches }: Runner, { scratch }: Job): Promise<HeldScratch | null> {
  return scratch === undefined ? null : scratches.take(scratch);
}

type Shaped = { readonly shape: Shape; readonly key: string; readonly known: ReadonlySet<string> };

type Shaping = { readonly backend: Backend; readonly job: Job; readonly scratch: Scratch | null };

async function shapeOf(runner: Runner, { backend, job, scratch }: Shaping): Promise<Shaped> {
  const mounts = openMounts(job, runner.forbidden);
  try {
    const gitFolders: Found[] = [];
    const readOnly: Found[] = [];
    for (const root of writable(job)) {
      const found = await findProtected(root);
      gitFolders.push(...found.gitFolders);
      readOnly.push(...found.found);
    }
    const shape: Shape = {
      mounts,
      gitFolders,
      readOnly: readOnly.filter(({ kind }) => kind !== "link"),
      egress: egressOf(job),
      scratch,
      ...backend.shapeFor(job),
    };
    return { shape, key: keyOf(shape), known: new Set(readOnly.map(({ key }) => key)) };
  } catch (error) {
    closeMounts(mounts);
    throw error;
  }
}

function egressOf({ egressSocket, egressCa }: Job): Shape["egress"] {
  if (egressSocket === null) return null;
  return { trust: egressCa === undefined ? null : trustFile(egressSocket, egressCa) };
}

function writable(job: Job): string[] {
  return job.mounts.filter(({ access }) => access === "write").map(({ path }) => path);
}

/** Two shapes with one key mount the very same things in the same places. */
function keyOf(shape: Shape): string {
  const mounts = shape.mounts.map(({ path, access, fd }) => {
    const { dev, ino } = fs.fstatSync(fd);
    return `${path} ${access} ${dev}:${ino}`;
  });
  const found = [...shape.gitFolders, ...shape.readOnly].map(({ path, key }) => `${path} ${key}`);
  const { egress, scratch, node, live: isLive, beginning, limits, cpus } = shape;
  return digestOf([mounts, found, egress, scratch, node, isLive, beginning, limits, cpus]);
}

type Parts = {
  readonly runner: Runner;
  readonly running: Running;
  readonly shaped: Shaped;
  readonly held: HeldScratch | null;
};

async function runIn(sandbox: Sandbox, parts: Parts): Promise<Omit<JobSummary, "wallMs">> {
  const { running, runner, shaped } = parts;
  const { job } = running;
  // What the sandbox itself complains of comes this way too, before the program starts.
  const complaint = keepFirst(running.stderr);
  const stdout = pumpOutput(sandbox.stdout, job.outputBytes, running.stdout);
  const stderr = pumpOutput(sandbox.stderr, job.outputBytes, complaint.outlet);
  const sinceMs = Date.now();
  let end: JobEnd;
  try {
    sandbox.limit(job);
    await running.durable;
    if (job.egressSocket !== null) sandbox.admit(job.egressSocket);
    end = await live(sandbox, parts, complaint);
  } catch (error) {
    end = refusedEnd(error);
  }
  await sandbox.gone();
  const changed = await changedBy(job, sinceMs);
  await report(runner, running, shaped);
  return { end, stdoutLost: stdout.lost(), stderrLost: stderr.lost(), ...changed };
}

/** File tools say themselves what they did. */
async function changedBy(job: Job, sinceMs: number): Promise<Pick<JobSummary, "changed">> {
  const roots = writable(job);
  return job.runtime === "command" && roots.length > 0 ? { changed: await changedSince(roots, sinceMs) } : {};
}

async function live(sandbox: Sandbox, parts: Parts, complaint: FirstWords): Promise<JobEnd> {
  const over = new AbortController();
  try {
    return await firstEnd(sandbox, { ...parts, over: over.signal }, complaint);
  } finally {
    over.abort();
  }
}

type Over = { readonly over: AbortSignal };

async function firstEnd(
  sandbox: Sandbox,
  { running, held, over }: Parts & Over,
  complaint: FirstWords,
): Promise<JobEnd> {
  const ends = [
    sandbox.exited.then((status): JobEnd => endOf(status)),
    pause(running.job.wallMs, over).then((): JobEnd => ({ how: "timeout" })),
    aborted(running.stop),
    overfull({ running, held, over }),
  ];
  for (const end of ends) end.catch(() => undefined);
  if (running.stop.aborted) return { how: "stopped" };
  const ready = await Promise.race([sandbox.feed(running.job).then(() => sandbox.ready), ...ends.slice(1)]);
  if (ready === false) throw sandbox.broken(await sandbox.exited, complaint.words());
  complaint.pass();
  if (running.job.runtime === "browser") running.onInput((bytes) => sandbox.input(bytes));
  return Promise.race(ends);
}

/** The kernel bounds each file; what bounds them all is that somebody looks. */
const LOOK_MS = 250;
/** A session's folder is walked through, which takes longer. */
const WALK_EVERY = 4;

/** As a program ends that writes more than it may. */
async function overfull({ running, held, over }: Pick<Parts, "running" | "held"> & Over): Promise<JobEnd> {
  const folders = writable(running.job);
  for (let look = 1; ; look++) {
    await pause(LOOK_MS, over);
    const full = await fullDisk(folders);
    if (full !== null) say(running, `the disk of ${full} is nearly full, so the command was ended`);
    const isOver = look % WALK_EVERY === 0 && (await held?.isFull()) === true;
    if (full !== null || isOver) return { how: "signal", signal: "SIGXFSZ" };
  }
}

function aborted(signal: AbortSignal): Promise<JobEnd> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve({ how: "stopped" }), { once: true });
  });
}

type FirstWords = { readonly outlet: Outlet; words(): string; pass(): void };

/** Holds standard error back until the program runs: what comes before is the sandbox's, and tells why it failed. */
function keepFirst(outlet: Outlet): FirstWords {
  const held: Uint8Array[] = [];
  let passing = false;
  return {
    outlet: {
      send: (bytes) => (passing ? outlet.send(bytes) : held.push(bytes) > 0),
      drained: () => outlet.drained(),
    },
    words: () => Buffer.concat(held).toString("utf8").trim(),
    pass() {
      passing = true;
      for (const bytes of held) outlet.send(bytes);
    },
  };
}

const SIGNALS: ReadonlyMap<number, string> = new Map([
  [1, "SIGHUP"],
  [2, "SIGINT"],
  [4, "SIGILL"],
  [5, "SIGTRAP"],
  [6, "SIGABRT"],
  [7, "SIGBUS"],
  [8, "SIGFPE"],
  [9, "SIGKILL"],
  [11, "SIGSEGV"],
  [13, "SIGPIPE"],
  [15, "SIGTERM"],
  [24, "SIGXCPU"],
  [25, "SIGXFSZ"],
  [31, "SIGSYS"],
]);

/** Sandboxes say 128 + n for signal n, as a shell does; a program that exits with that status looks the same. */
function endOf(status: number): JobEnd {
  const signal = SIGNALS.get(status - 128);
  return signal === undefined ? { how: "exit", status } : { how: "signal", signal };
}

async function report(runner: Runner, running: Running, shaped: Shaped): Promise<void> {
  const lines = await quarantineNew(writable(running.job), shaped.known, runner.folder).catch((error: unknown) => [
    `could not look for new start-up files: ${error instanceof Error ? error.message : String(error)}`,
  ]);
  for (const line of lines) say(running, line);
}

function say({ stderr }: Running, line: string): void {
  stderr.send(Buffer.from(`vambrace: ${line}\n`, "utf8"));
}

/** When the answer is on its way: a spare for the next job like this one. */
function afterwards(backend: Backend, { shape, key }: Shaped, fits: boolean): void {
  setImmediate(() => {
    try {
      if (fits && !shape.live) backend.restock(shape, key);
    } catch {
      return; // the next job makes its own sandbox and says what is wrong
    } finally {
      closeMounts(shape.mounts);
    }
  });
}
