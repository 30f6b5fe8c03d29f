/**
 * The broker's own order: check the shape, check the token, remember it, run.
 *
 * @module
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { BrokerConfig, FromBroker, JobSummary, LimitSources } from "../../core/broker-wire.ts";
import { createJobVerifier, type JobVerifier } from "../../core/job-token.ts";
import { type Digest, digestOf, type JsonObject, type JsonValue } from "../../core/json.ts";
import { selfTestDigest } from "../../core/self-test.ts";
import type { Backend } from "./backend.ts";
import { openBubblewrap } from "./bubblewrap.ts";
import { findCgroups } from "./cgroup.ts";
import { sweepHatches } from "./hatch.ts";
import { parseJob, parseToken } from "./job-parse.ts";
import type { Outlet } from "./output.ts";
import { Refused, refusedEnd } from "./refusal.ts";
import { runJob, type Runner } from "./run-job.ts";
import type { parseSelfTest } from "./self-test-parse.ts";
import type { SelfTests } from "./self-test.ts";
import { openScratches } from "./scratch.ts";
import { openSpentTokens, type SpentTokens } from "./spent.ts";
import { openSystemView, sweepSystemViews } from "./system.ts";

export type Link = {
  say(message: FromBroker): void;
  /** Where the output of a channel goes: `2n` and `2n + 1`. */
  outlet(channel: number): Outlet;
};

export type Broker = {
  run(message: JsonObject, what: "run" | "self-test"): Promise<void>;
  cancel(channel: number): void;
  /** To the standard input of a job that takes some; a job that does not is ended. */
  input(channel: number, bytes: Uint8Array): void;
  stopAll(): Promise<void>;
};

const MOST_JOBS = 64;

type Take = (bytes: Uint8Array) => boolean;
/** `takes`: where its input goes, once it takes some. */
type Open = { readonly stop: AbortController; readonly done: Promise<void>; readonly takes: Take[] };

/** @throws Error where the broker could not remember what was spent, or cannot prepare its folder. */
export function openBroker(config: BrokerConfig, link: Link): Broker {
  fs.mkdirSync(config.folder, { recursive: true, mode: 0o700 });
  const spent = openSpentTokens(join(config.folder, "spent"), () => Date.now());
  const stage = makeStage(config);
  const jobs = new Map<number, Open>();
  link.say({ type: "ready", limits: stage.sources });
  for (const backend of stage.backends) void backend.then((one) => setImmediate(() => one.warmUp()));

  const means = { verify: createJobVerifier(config.publicKey), spent, stage, selfTests: lazySelfTests(config) };

  async function runOne(channel: number, message: JsonObject, stop: AbortController, begin: Begin): Promise<void> {
    const onInput: Way["onInput"] = (take) => jobs.get(channel)?.takes.push(take);
    const summary = await begin(message, means, { link, channel, stop: stop.signal, onInput });
    jobs.delete(channel);
    link.say({ type: "ended", channel, ...summary });
  }

  return {
    run(message, what) {
      const channel = Number(message["channel"]);
      if (jobs.has(channel) || jobs.size >= MOST_JOBS) {
        const busy = new Refused("SANDBOX_BUSY", `${jobs.size} jobs are running`, "wait until one has ended");
        link.say({ type: "ended", channel, end: refusedEnd(busy), stdoutLost: 0, stderrLost: 0, wallMs: 0 });
        return Promise.resolve();
      }
      const stop = new AbortController();
      const done = runOne(channel, message, stop, what === "run" ? start : startSelfTest);
      jobs.set(channel, { stop, done, takes: [] });
      return done;
    },
    cancel: (channel) => jobs.get(channel)?.stop.abort(),
    input(channel, bytes) {
      const job = jobs.get(channel);
      if (job !== undefined && job.takes[0]?.(bytes) !== true) job.stop.abort();
    },
    async stopAll() {
      for (const { stop } of jobs.values()) stop.abort();
      await Promise.all([...jobs.values()].map(({ done }) => done));
      // A job that has just ended makes its spare in this turn; after it, no more are made.
      await nextTurn();
      await Promise.all(stage.backends.map((backend) => backend.then((one) => one.clear())));
      await stage.runner.scratches.clear();
    },
  };
}

type Stage = {
  readonly runner: Runner;
  readonly backends: readonly Promise<Backend>[];
  readonly sources: LimitSources;
};
type Means = {
  readonly verify: JobVerifier;
  readonly spent: SpentTokens;
  readonly stage: Stage;
  readonly selfTests: () => Promise<Lazy>;
};
type Way = {
  readonly link: Link;
  readonly channel: number;
  readonly stop: AbortSignal;
  readonly onInput: (take: Take) => void;
};

type Begin = (message: JsonObject, means: Means, way: Way) => Promise<JobSummary>;

async function start(message: JsonObject, means: Means, way: Way): Promise<JobSummary> {
  try {
    const job = parseJob(message["job"]);
    const durable = spendToken(message["token"], digestOf(job), means);
    durable.catch(() => undefined); // awaited before the program starts; this only keeps an early refusal quiet
    return await runJob(means.stage.runner, {
      job,
      durable,
      stdout: way.link.outlet(way.channel * 2),
      stderr: way.link.outlet(way.channel * 2 + 1),
      stop: way.stop,
      onInput: way.onInput,
    });
  } catch (error) {
    return { end: refusedEnd(error), stdoutLost: 0, stderrLost: 0, wallMs: 0 };
  }
}

type Lazy = { readonly parse: typeof parseSelfTest; readonly tests: SelfTests };

/** The catalogue is read when it is needed: most brokers are asked once, at the start. */
function lazySelfTests(config: BrokerConfig): () => Promise<Lazy> {
  let loaded: Promise<Lazy> | null = null;
  const load = async (): Promise<Lazy> => {
    const [{ parseSelfTest: parse }, { openSelfTests }] = await Promise.all([
      import("./self-test-parse.ts"),
      import("./self-test.ts"),
    ]);
    const { folder, forbiddenPaths: forbidden, nodePath } = config;
    return { parse, tests: openSelfTests({ folder, forbidden, nodePath, cgroups: findCgroups() }) };
  };
  return () => (loaded ??= load());
}

/** Without walls: only what the catalogue holds, and only on a token that was signed for this very test. */
async function startSelfTest(message: JsonObject, means: Means, way: Way): Promise<JobSummary> {
  try {
    const { parse, tests } = await means.selfTests();
    const test = parse(message["test"]);
    if (test === null) throw new Refused("JOB_MALFORMED", "this is no self-test", "report it: this is a bug");
    await spendToken(message["token"], selfTestDigest(test), means);
    return await tests.run(test, { stdout: way.link.outlet(way.channel * 2), stop: way.stop });
  } catch (error) {
    return { end: refusedEnd(error), stdoutLost: 0, stderrLost: 0, wallMs: 0 };
  }
}

/** @throws Refused TOKEN_REFUSED unless the token is for exactly this, unexpired and never spent. */
function spendToken(value: JsonValue | undefined, job: Digest, { verify, spent }: Means): Promise<void> {
  const token = parseToken(value);
  const verdict = verify(token, { job, nowMs: Date.now() });
  if (verdict.verdict !== "good") throw tokenRefused(verdict.why);
  const record = spent.spend(token.permit, token.notAfterMs);
  if (!record.fresh) throw tokenRefused("spent");
  return record.durable;
}

function tokenRefused(why: string): Refused {
  return new Refused(
    "TOKEN_REFUSED",
    `the job's token was refused: ${why.replaceAll("-", " ")}`,
    "propose the call again; each run needs a permit of its own",
  );
}

/**
 * Bubblewrap is there in either case: the file tools' helper needs Node and the person's files and no image, and
 * starts fastest there. Commands have one back-end; the other is no way out where it is missing.
 */
function makeStage(config: BrokerConfig): Stage {
  const { folder, nodePath, container } = config;
  sweepSystemViews(folder);
  sweepHatches(folder);
  const place = { folder, nodePath, system: openSystemView(folder, config.systemPaths) };
  const bubblewrap = openBubblewrap(config, place);
  const forbidden = [...config.forbiddenPaths, folder];
  const only = { backends: [Promise.resolve(bubblewrap)], sources: bubblewrap.sources };
  const scratches = openScratches(folder);
  if (container === null) return { ...only, runner: { folder, forbidden, scratches, backendFor: () => bubblewrap } };
  const containers = import("./container/backend.ts").then(({ openContainers }) => openContainers(container, place));
  containers.catch(() => undefined); // each job that needs it is told
  return {
    runner: {
      folder,
      scratches,
      forbidden: [...forbidden, container.socket],
      backendFor: ({ runtime }) => (runtime === "command" ? containers : bubblewrap),
    },
    backends: [...only.backends, containers],
    // Of each container; one that has them not in force is refused.
    sources: { memory: "cgroup", processes: "cgroup", fileBytes: "rlimit" },
  };
}
