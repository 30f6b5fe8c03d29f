/**
 * The sandbox proves itself by trying to get out, now, on this machine.
 *
 * Each attempt of the catalogue runs twice: in the sandbox, by the same port
 * and the same way as every command, and without walls in a throw-away of the
 * broker's. Where it gets out of the throw-away and not out of the sandbox,
 * the walls held. Where it fails in both it shows nothing, and is counted apart.
 *
 * @module
 */
import { type Attempt, type AttemptEnv, batchOf, LACKS, scriptOf } from "../../core/break-out/attempt.ts";
import { attemptOf, attemptsOf } from "../../core/break-out/catalogue.ts";
import type { LimitSources } from "../../core/broker-wire.ts";
import { SELF_TEST_MARK, type SelfTestMint } from "../../core/job-token.ts";
import type { Executor, Job, JobResult, Proof, ProofForm, ProofLine, SkippedLine } from "../../core/ports/executor.ts";
import { type BareRun, openStage, type Stage } from "./prove-stage.ts";

export type Probe = { readonly mint: SelfTestMint };

export type ProofParts = Probe & {
  readonly run: Executor["run"];
  /** Runs something of the catalogue without walls. */
  readonly bare: BareRun;
  readonly limits: LimitSources;
};

/** Attempts that have to count. An ordinary user without rights on an ordinary machine is above both. */
export const FLOORS: Readonly<Record<ProofForm, number>> = { short: 10, full: 60 };

const MB = 1024 * 1024;
const AT_ONCE = 3;
const PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

type Line = ProofLine | SkippedLine;
type Tell = (line: Line) => void;

export type ProofAsk = {
  readonly form: ProofForm;
  readonly tell?: Tell | undefined;
  /** These attempts alone: to look at a few, and too few to be a proof. */
  readonly only?: readonly string[] | undefined;
};

export async function proveSandbox(
  parts: ProofParts,
  { form, tell = () => undefined, only }: ProofAsk,
): Promise<Proof> {
  const stage = await openStage(parts, form === "full");
  try {
    const attempts = attemptsOf(form).filter(({ id }) => only?.includes(id) ?? true);
    const lines = await (form === "full" ? proveAll(parts, stage, { attempts, tell }) : proveAtOnce(parts, stage));
    if (form === "short") for (const line of lines) tell(line);
    return {
      form,
      attempts: lines.filter((line) => "held" in line),
      skipped: lines.filter((line) => "why" in line),
      floor: FLOORS[form],
    };
  } finally {
    await stage.close();
  }
}

/** What became of one script: whether it got out, and a few words. */
type Outcome = { readonly got: "out" | "nowhere" | "lacks" | "not so far"; readonly words: string };

/** The short form: everything in one shell, once in a sandbox and once without walls, both at the same time. */
async function proveAtOnce(parts: ProofParts, stage: Stage): Promise<Line[]> {
  const attempts = attemptsOf("short");
  const [first, ...rest] = attempts.map(({ id }) => id);
  if (first === undefined) return [];
  const [bare, confined] = await Promise.all([
    parts.bare({ do: "try", stage: stage.name, attempts: [first, ...rest], part: "script", mark: "short" }),
    inSandbox(parts, { script: batchOf(attempts), env: stage.facts, mark: "short" }),
  ]);
  const outside = statuses(bare);
  const inside = statuses(confined);
  return attempts.map((attempt) =>
    lineOf(attempt, batchOutcome(outside.get(attempt.id), bare), batchOutcome(inside.get(attempt.id), confined)),
  );
}

function statuses(result: JobResult): Map<string, number> {
  const lines = Buffer.from(result.stdout).toString("utf8").split("\n");
  return new Map(
    lines.flatMap((line): [string, number][] => {
      const [, id, status] = /^([a-z0-9_-]+) (\d+)$/.exec(line) ?? [];
      return id === undefined ? [] : [[id, Number(status)]];
    }),
  );
}

function batchOutcome(status: number | undefined, result: JobResult): Outcome {
  if (status === undefined) return { got: "not so far", words: describeEnd(result) };
  return outcomeOf(status, `it ended with status ${status}`);
}

async function proveAll(
  parts: ProofParts,
  stage: Stage,
  { attempts, tell }: { readonly attempts: readonly Attempt[]; readonly tell: Tell },
): Promise<Line[]> {
  const waiting = [...attempts.entries()];
  const lines: Line[] = [];
  async function work(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [i, attempt] = next;
      const line = await proveOne(parts, stage, attempt, String(i));
      lines[i] = line;
      tell(line);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return lines;
}

/** Without walls first: what does not get out there need not be tried inside. */
async function proveOne(parts: ProofParts, stage: Stage, attempt: Attempt, number: string): Promise<Line> {
  const { withoutGroup, id } = attempt;
  if (withoutGroup !== undefined && parts.limits.memory !== "cgroup") return skipped(attempt, withoutGroup);
  const where = { stage: stage.name, attempts: [id], mark: `u${number}` } as const;
  const look = (mark: string): Promise<JobResult> => parts.bare({ do: "try", ...where, part: "after", mark });
  const tried = await parts.bare({ do: "try", ...where, part: "script" });
  const outside = reached(attempt, attempt.after === undefined ? tried : await look(where.mark));
  if (outside.got !== "out") return lineOf(attempt, reached(attempt, tried), { got: "nowhere", words: "" });
  const mark = `c${number}`;
  const env = stage.facts;
  const confined = await inSandbox(parts, { script: scriptOf(attempt, attempt.script), env, mark, ...attempt.limits });
  if (attempt.after === undefined || lacks(confined)) return lineOf(attempt, outside, reached(attempt, confined));
  const { where: place, script } = attempt.after;
  const after = await (place === "outside" ? look(mark) : inSandbox(parts, { script, env, mark }));
  return lineOf(attempt, outside, reached(attempt, after));
}

function lacks({ end }: JobResult): boolean {
  return end.how === "exit" && end.status === LACKS;
}

function reached({ prints = 0 }: Attempt, result: JobResult): Outcome {
  const said = Buffer.from(result.stdout.subarray(0, 120))
    .toString("utf8")
    .replaceAll(/[^\x20-\x7e]+/g, " ")
    .trim();
  const words = `${describeEnd(result)}${said === "" ? "" : ` (${said})`}`;
  if (result.end.how === "refused") return { got: "not so far", words };
  if (result.end.how !== "exit") return { got: "nowhere", words };
  if (result.end.status === 0 && result.stdout.length < prints)
    return { got: "nowhere", words: `${result.stdout.length} bytes came out` };
  return outcomeOf(result.end.status, words);
}

/** A program that is missing, or a script that a shell does not understand, shows nothing. */
function outcomeOf(status: number, words: string): Outcome {
  if (status === 0) return { got: "out", words };
  if (status === LACKS) return { got: "lacks", words };
  return { got: status === 127 ? "not so far" : "nowhere", words };
}

/** INVARIANT(both-ways): an attempt counts only where it got out without walls; it held only where it then ran inside and failed. */
function lineOf(attempt: Attempt, outside: Outcome, inside: Outcome): Line {
  if (outside.got === "lacks") return skipped(attempt, `this machine has not what it needs: ${outside.words}`);
  if (outside.got !== "out")
    return skipped(attempt, `it fails without walls too, so the machine itself does not allow it: ${outside.words}`);
  if (inside.got === "lacks") return skipped(attempt, `the sandbox has not what it needs: ${inside.words}`);
  const { id, says } = attempt;
  const evidence =
    inside.got === "out"
      ? `it got out of the sandbox: ${inside.words}`
      : `without walls it got out; in the sandbox ${inside.words}`;
  return { id, family: familyOf(attempt), says, held: inside.got === "nowhere", evidence };
}

function skipped(attempt: Attempt, why: string): SkippedLine {
  return { id: attempt.id, family: familyOf(attempt), says: attempt.says, why };
}

function familyOf({ id }: Attempt): string {
  return attemptOf(id)?.family ?? "";
}

type Confined = Partial<Attempt["limits"]> & {
  readonly script: string;
  readonly env: AttemptEnv;
  readonly mark: string;
};

function inSandbox(parts: ProofParts, { script, env, mark, ...limits }: Confined): Promise<JobResult> {
  const job: Job = {
    argv: ["/bin/sh", "-c", script],
    cwd: "/tmp",
    mounts: [],
    env: { PATH, ...env, SCRATCH: "/tmp", MARK: mark, [SELF_TEST_MARK]: "1" },
    stdin: "",
    wallMs: 10_000,
    outputBytes: 1 * MB,
    memoryBytes: 256 * MB,
    processes: 32,
    fileBytes: 16 * MB,
    egressSocket: null,
    runtime: "command",
    ...limits,
  };
  return parts.run(job, parts.mint.job(job), { signal: new AbortController().signal });
}

function describeEnd({ end }: JobResult): string {
  switch (end.how) {
    case "exit":
      return `it ended with status ${end.status}`;
    case "signal":
      return `it was ended by ${end.signal}`;
    case "refused":
      return `nothing ran: ${end.message}`;
    case "timeout":
      return "its time was up";
    case "stopped":
      return "it was stopped";
  }
}
