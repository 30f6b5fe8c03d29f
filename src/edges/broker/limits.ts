/**
 * Which limits this machine can give, found by trying, and the shell words
 * that set them inside a sandbox.
 *
 * Memory and processes come from a control group where there is one. Without
 * one, memory is a limit on each process's own data (address space would stop
 * Node, which reserves more than it uses), and processes are counted per
 * sandbox, which the kernel does for everybody but real root: there, no
 * control group means that no job starts.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import type { LimitSources } from "../../core/broker-wire.ts";
import type { Job } from "../../core/ports/executor.ts";
import type { CgroupHome } from "./cgroup.ts";
import { Refused } from "./refusal.ts";

export type LimitPlan = {
  readonly sources: LimitSources;
  /** Bytes in one unit of `ulimit -f`; shells differ. */
  readonly fileUnit: number;
  /** The letter of `ulimit` for processes; shells differ. */
  readonly processLetter: string;
};

/** What bubblewrap and the forwarder themselves need of a sandbox's processes. */
export const OWN_PROCESSES = 4;

const PROBE = `
for l in u p; do if (ulimit -$l 4321) 2>/dev/null; then ulimit -$l 4321 && echo "letter $l"; break; fi; done
ulimit -c 0 && ulimit -f 8 && ulimit -d 65536 && while read -r line; do echo "$line"; done </proc/self/limits`;

/** Only against a shell that never ends: what is not found out here is refused as long as the broker lives. */
const PROBE_MS = 60_000;

export function planLimits(home: CgroupHome | null): LimitPlan {
  const probe = spawnSync("/bin/sh", ["-c", PROBE], { env: {}, encoding: "utf8", timeout: PROBE_MS });
  const tried = readProbe(typeof probe.stdout === "string" ? probe.stdout : "");
  const without = (works: boolean): "rlimit" | "none" => (works ? "rlimit" : "none");
  return {
    sources: {
      memory: home !== null ? "cgroup" : without(tried.dataWorks),
      processes: home !== null ? "cgroup" : without(tried.processesWork && process.getuid?.() !== 0),
      fileBytes: without(tried.fileUnit === 512 || tried.fileUnit === 1024),
    },
    fileUnit: tried.fileUnit,
    processLetter: tried.letter,
  };
}

function readProbe(out: string): {
  readonly letter: string;
  readonly fileUnit: number;
  readonly dataWorks: boolean;
  readonly processesWork: boolean;
} {
  const row = (name: string): number => Number(new RegExp(`^${name} +(\\d+)`, "m").exec(out)?.[1] ?? "0");
  const letter = /^letter ([up])$/m.exec(out)?.[1] ?? "";
  return {
    letter,
    fileUnit: row("Max file size") / 8,
    dataWorks: row("Max data size") === 65_536 * 1024,
    processesWork: letter !== "" && row("Max processes") === 4321,
  };
}

/** @throws Refused SANDBOX_LIMIT where a required limit cannot be given. */
export function requireLimits(sources: LimitSources): void {
  for (const [limit, source] of Object.entries(sources)) {
    if (source !== "none") continue;
    throw new Refused(
      "SANDBOX_LIMIT",
      `this machine cannot limit the sandbox's ${limit === "fileBytes" ? "file size" : limit}`,
      "run vambrace under systemd with `Delegate=memory pids`, or as a user other than root",
    );
  }
}

const PROCESSORS = availableParallelism();

/**
 * Seconds of processor time of each process: more than it can use until its time is up on every processor at once, so it
 * ends only what the broker, for whatever reason, did not.
 */
export function processorSeconds({ wallMs }: Job): number {
  return (Math.ceil(wallMs / 1000) + 1) * PROCESSORS;
}

/** Shell words that set the limits of a job; each failure stops the shell before the program. */
export function limitWords(plan: LimitPlan, job: Job): string {
  const words = [
    "ulimit -c 0",
    `ulimit -t ${processorSeconds(job)}`,
    `ulimit -f ${Math.floor(job.fileBytes / plan.fileUnit)}`,
  ];
  if (plan.sources.memory === "rlimit") words.push(`ulimit -d ${Math.floor(job.memoryBytes / 1024)}`);
  if (plan.sources.processes === "rlimit") words.push(`ulimit -${plan.processLetter} ${job.processes + OWN_PROCESSES}`);
  return words.join(" && ");
}
