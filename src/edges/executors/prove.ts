/**
 * The sandbox proves itself by trying to get out, now, on this machine.
 *
 * Each attempt has a control: the same means turned on something that is
 * allowed, which must work. An attempt whose control fails proves nothing, and
 * counts as not held.
 *
 * @module
 */
import { SELF_TEST_MARK, type SelfTestMint } from "../../core/job-token.ts";
import type { Executor, Job, JobResult, ProofLine } from "../../core/ports/executor.ts";
import { type Attempt, attempts } from "./attempts.ts";

export type Probe = {
  readonly mint: SelfTestMint;
  /** Files that really exist and that no sandbox may see: state, configuration, ledger. */
  readonly secretPaths: readonly string[];
  /** A process outside, to look for. */
  readonly hostPid: number;
};

type Deps = Probe & { readonly run: Executor["run"] };

const MB = 1024 * 1024;

export async function proveSandbox(deps: Deps): Promise<readonly ProofLine[]> {
  const [walls, ...limits] = await Promise.all([proveWalls(deps), ...LIMITS.map((limit) => proveLimit(deps, limit))]);
  return [...walls, ...limits];
}

async function proveWalls(deps: Deps): Promise<ProofLine[]> {
  const all = attempts(deps);
  const result = await selfTest(deps, { argv: ["/bin/sh", "-c", all.map(tryBoth).join("\n")] });
  const answers = new Map(
    textOf(result)
      .split("\n")
      .map((line): [string, string] => {
        const [id = "", ...rest] = line.split(" ");
        return [id, rest.join(" ")];
      }),
  );
  return all.map(({ id, says }) => {
    const answer = answers.get(id) ?? "";
    return { id, says, held: answer === "shut works", evidence: evidenceOf(answer, result) };
  });
}

/** Prints `ID open|shut works|fails`; each part in a shell of its own, so that one cannot end the others. */
function tryBoth({ id, attempt, control }: Attempt): string {
  return [
    `if ( ${attempt} ) >/dev/null 2>&1 </dev/null; then a=open; else a=shut; fi`,
    `if ( ${control} ) >/dev/null 2>&1 </dev/null; then c=works; else c=fails; fi`,
    `echo "${id} $a $c"`,
  ].join("; ");
}

function evidenceOf(answer: string, result: JobResult): string {
  switch (answer) {
    case "shut works":
      return "the attempt failed; its control worked";
    case "shut fails":
    case "open fails":
      return "the control failed, so the attempt shows nothing";
    case "open works":
      return "the attempt succeeded";
    default:
      return `the self-test did not get so far: ${describeEnd(result)}`;
  }
}

type Limit = {
  readonly id: string;
  readonly says: string;
  readonly job: Partial<Job>;
  /** The same program with what it needs. */
  readonly control: Partial<Job>;
  readonly bit: (result: JobResult) => boolean;
};

const sh = (script: string): Job["argv"] => ["/bin/sh", "-c", script];
const hog = sh("head -c 150000000 /dev/zero | tail -n 1 >/dev/null");
const swarm = sh("for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 1 & done; exit 0");
const endedWell = (result: JobResult): boolean => result.end.how === "exit" && result.end.status === 0;

const LIMITS: readonly Limit[] = [
  {
    id: "limit-memory",
    says: "a program that takes more memory than its job has is stopped",
    job: { argv: hog, memoryBytes: 48 * MB },
    control: { argv: hog, memoryBytes: 400 * MB },
    bit: (result) => !endedWell(result),
  },
  {
    id: "limit-processes",
    says: "a program cannot start more processes than its job has",
    job: { argv: swarm, processes: 6 },
    control: { argv: swarm, processes: 40 },
    bit: (result) => !endedWell(result),
  },
  {
    id: "limit-file",
    says: "a program cannot write a larger file than its job has",
    job: { argv: sh("head -c 3000000 /dev/zero >/tmp/large"), fileBytes: MB },
    control: { argv: sh("head -c 3000000 /dev/zero >/tmp/large"), fileBytes: 8 * MB },
    bit: (result) => !endedWell(result),
  },
  {
    id: "limit-time",
    says: "a program is ended when its time is up",
    job: { argv: ["sleep", "30"], wallMs: 150 },
    control: { argv: ["sleep", "0"], wallMs: 10_000 },
    bit: (result) => result.end.how === "timeout",
  },
  {
    id: "limit-output",
    says: "what a program prints beyond its job's cap is counted and thrown away",
    job: { argv: sh("head -c 50000 /dev/zero"), outputBytes: 1000 },
    control: { argv: sh("head -c 50000 /dev/zero"), outputBytes: 60_000 },
    bit: (result) => result.stdout.length === 1000 && result.stdoutLost === 49_000,
  },
];

async function proveLimit(deps: Deps, { id, says, job, control, bit }: Limit): Promise<ProofLine> {
  const [tried, allowed] = [await selfTest(deps, job), await selfTest(deps, control)];
  const works = endedWell(allowed) && allowed.stdoutLost === 0;
  const evidence = `with the limit: ${describeEnd(tried)}; with room: ${describeEnd(allowed)}`;
  return { id, says, held: bit(tried) && tried.end.how !== "refused" && works, evidence };
}

function selfTest(deps: Deps, change: Partial<Job>): Promise<JobResult> {
  const job: Job = {
    argv: ["/bin/true"],
    cwd: "/tmp",
    mounts: [],
    env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", [SELF_TEST_MARK]: "1" },
    stdin: "",
    wallMs: 10_000,
    outputBytes: 65_536,
    memoryBytes: 256 * MB,
    processes: 32,
    fileBytes: 16 * MB,
    egressSocket: null,
    runtime: "command",
    ...change,
  };
  return deps.run(job, deps.mint(job), { signal: new AbortController().signal });
}

function describeEnd({ end }: JobResult): string {
  switch (end.how) {
    case "exit":
      return `it ended with status ${end.status}`;
    case "signal":
      return `it was ended by ${end.signal}`;
    case "refused":
      return end.message;
    case "timeout":
      return "its time was up";
    case "stopped":
      return "it was stopped";
  }
}

function textOf(result: JobResult): string {
  return Buffer.from(result.stdout).toString("utf8");
}
