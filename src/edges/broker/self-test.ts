/**
 * Self-tests: the one thing that the broker starts without walls.
 *
 * What runs is chosen here, from the catalogue that ships: a test names
 * attempts and a mark, and nothing else. It needs a fresh token that was
 * signed for exactly this test; a job's token is for a job, and a job always
 * gets its walls (INVARIANT(walls-stay)).
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Attempt, batchOf, scriptOf } from "../../core/break-out/attempt.ts";
import { attemptOf } from "../../core/break-out/catalogue.ts";
import type { JobSummary } from "../../core/broker-wire.ts";
import type { JobEnd } from "../../core/ports/executor.ts";
import type { SelfTest } from "../../core/self-test.ts";
import type { Outlet } from "./output.ts";
import { Refused } from "./refusal.ts";
import { quote } from "./script.ts";
import { openStage, type Stage, type StagePlace, sweepStages } from "./stage.ts";

export type SelfTestRun = { readonly stdout: Outlet; readonly stop: AbortSignal };

export type SelfTests = {
  /** @throws Refused where there is no such stage. */
  run(test: SelfTest, run: SelfTestRun): Promise<JobSummary>;
};

const STAGE_STANDS_MS = 120_000;
const TRY_MS = 10_000;
const MOST_OUTPUT = 300_000;
const PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

export function openSelfTests(place: StagePlace): SelfTests {
  const stages = new Map<string, Stage>();
  sweepStages(place.folder);

  async function stand(decoys: boolean, { stdout, stop }: SelfTestRun): Promise<JobEnd> {
    const stage = await openStage(place, decoys);
    stages.set(stage.name, stage);
    try {
      stdout.send(Buffer.from(`${JSON.stringify({ name: stage.name, facts: stage.facts })}\n`, "utf8"));
      await sleep(STAGE_STANDS_MS, null, { signal: stop, ref: false }).catch(() => undefined); // the gateway is done
    } finally {
      stages.delete(stage.name);
      await stage.end();
    }
    return stop.aborted ? { how: "stopped" } : { how: "timeout" };
  }

  function tryOut(test: Extract<SelfTest, { do: "try" }>, run: SelfTestRun): Promise<JobEnd> {
    const stage = stages.get(test.stage);
    if (stage === undefined) throw new Refused("JOB_MALFORMED", "the self-test has no stage", "set it up first");
    return runBare(stage, { script: scriptFor(test), mark: test.mark }, run);
  }

  return {
    async run(test, run) {
      const startMs = performance.now();
      const end = await (test.do === "stage" ? stand(test.decoys, run) : tryOut(test, run));
      return { end, stdoutLost: 0, stderrLost: 0, wallMs: performance.now() - startMs };
    },
  };
}

function scriptFor({ attempts: ids, part }: Extract<SelfTest, { do: "try" }>): string {
  const attempts = ids
    .map((id) => attemptOf(id)?.attempt)
    .filter((attempt): attempt is Attempt => attempt !== undefined);
  const [first, ...others] = attempts;
  if (first === undefined || attempts.length !== ids.length || (part === "after" && others.length > 0))
    throw new Refused("JOB_MALFORMED", "the self-test names no attempts", "report it: this is a bug");
  if (part === "after") return scriptOf(first, first.after?.script ?? "exit 1");
  return others.length === 0 ? scriptOf(first, first.script) : batchOf(attempts);
}

/** A fixed script as the broker's own user, in a process group of its own that is killed when its time is up. */
async function runBare(
  stage: Stage,
  what: { readonly script: string; readonly mark: string },
  { stdout, stop }: SelfTestRun,
): Promise<JobEnd> {
  // A file and no pipe: what an attempt leaves behind holds nobody up.
  const path = join(stage.folder, `out-${what.mark}`);
  const out = fs.openSync(path, "w+", 0o600);
  try {
    const child = start(stage, what, out);
    const { promise: late, resolve: over } = Promise.withResolvers<void>();
    const timer = setTimeout(over, TRY_MS);
    stop.addEventListener("abort", () => over(), { once: true });
    const end = await Promise.race([endOf(child), late.then((): JobEnd => ({ how: "timeout" }))]);
    clearTimeout(timer);
    killGroup(child);
    stdout.send(readUpTo(out));
    return end;
  } finally {
    fs.closeSync(out);
    fs.rmSync(path, { force: true });
  }
}

function start(
  stage: Stage,
  { script, mark }: { readonly script: string; readonly mark: string },
  out: number,
): ChildProcess {
  const join = (stage.cgroup?.doors ?? []).map((door) => `echo $$ >${quote(door)}; `).join("");
  return spawn("/bin/sh", ["-c", `${join}exec /bin/sh -c "$0"`, script], {
    cwd: stage.facts.SCRATCH,
    env: { PATH, ...stage.facts, ...stage.secret.env, MARK: mark },
    stdio: ["ignore", out, out, stage.secret.fd],
    detached: true,
  });
}

function endOf(child: ChildProcess): Promise<JobEnd> {
  return new Promise((resolve) => {
    child.once("error", () => resolve({ how: "exit", status: 127 }));
    child.once("exit", (status, signal) =>
      resolve(signal === null ? { how: "exit", status: status ?? 127 } : { how: "signal", signal }),
    );
  });
}

/** Only one that did not end by itself; what it left behind is looked for first, and ended with the stage. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    return; // it ended in this moment
  }
}

function readUpTo(fd: number): Buffer {
  const bytes = Buffer.alloc(Math.min(MOST_OUTPUT, fs.fstatSync(fd).size));
  return bytes.subarray(0, fs.readSync(fd, bytes, 0, bytes.length, 0));
}
