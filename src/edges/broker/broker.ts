/**
 * The broker's own order: check the shape, check the token, remember it, run.
 *
 * @module
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { BrokerConfig, FromBroker, JobSummary } from "../../core/broker-wire.ts";
import { verifyJobToken } from "../../core/job-token.ts";
import { type Digest, digestOf, type JsonObject, type JsonValue } from "../../core/json.ts";
import { selfTestDigest } from "../../core/self-test.ts";
import { findCgroups, sweepCgroups } from "./cgroup.ts";
import { sweepHatches } from "./hatch.ts";
import { parseJob, parseToken } from "./job-parse.ts";
import { planLimits } from "./limits.ts";
import type { Outlet } from "./output.ts";
import { endOrphans } from "./orphans.ts";
import { openPipeRack } from "./pipes.ts";
import { Refused, refusedEnd } from "./refusal.ts";
import { runJob, type Runner } from "./run-job.ts";
import { seccompFilter } from "./seccomp.ts";
import type { parseSelfTest } from "./self-test-parse.ts";
import type { SelfTests } from "./self-test.ts";
import { openSpares, type Spares } from "./spare.ts";
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
  const made = makeRunner(config);
  const jobs = new Map<number, Open>();
  link.say({ type: "ready", limits: made.runner.plan.sources });
  setImmediate(made.warmUp);

  const selfTests = lazySelfTests(config);

  async function runOne(channel: number, message: JsonObject, stop: AbortController, begin: Begin): Promise<void> {
    const means = { config, spent, made, selfTests };
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
      await made.spares?.clear();
    },
  };
}

type Made = { readonly runner: Runner; readonly spares: Spares | null; readonly warmUp: () => void };
type Means = {
  readonly config: BrokerConfig;
  readonly spent: SpentTokens;
  readonly made: Made;
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
    requireBwrap(means);
    return await runJob(means.made.runner, {
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
function spendToken(value: JsonValue | undefined, job: Digest, { config, spent }: Means): Promise<void> {
  const token = parseToken(value);
  const verdict = verifyJobToken(token, { job, publicKey: config.publicKey, nowMs: Date.now() });
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

function requireBwrap({ config, made }: Means): void {
  if (made.spares !== null) return;
  throw new Refused(
    "SANDBOX_MISSING",
    `bubblewrap is not installed (looked for ${config.bwrapPaths.join(", ")})`,
    "install it: `apt-get install bubblewrap`, `dnf install bubblewrap` or `apk add bubblewrap`, then restart",
  );
}

function makeRunner(config: BrokerConfig): Made {
  const cgroups = findCgroups();
  const bwrap = config.bwrapPaths.find((path) => fs.existsSync(path));
  const seccompFile = join(config.folder, "seccomp.bpf");
  fs.writeFileSync(seccompFile, seccompFilter(process.arch === "arm64" ? "arm64" : "x64"), { mode: 0o600 });
  endOrphans(config.folder);
  sweepSystemViews(config.folder);
  sweepHatches(config.folder);
  if (cgroups !== null) sweepCgroups(cgroups);
  const shop = {
    bwrap: bwrap ?? "",
    system: openSystemView(config.folder, config.systemPaths),
    seccompFile,
    cgroups,
    pipes: openPipeRack(join(config.folder, "pipes"), 8),
    hatches: config.folder,
  };
  const spares = openSpares(shop);
  const runner: Runner = {
    folder: config.folder,
    forbidden: [...config.forbiddenPaths, config.folder],
    nodePath: config.nodePath,
    plan: planLimits(cgroups),
    forwarder: fs.existsSync("/usr/bin/perl") ? "perl" : "node",
    spares,
  };
  return { runner, spares: bwrap === undefined ? null : spares, warmUp: () => void shop.system.etc() };
}
