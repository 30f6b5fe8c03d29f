/**
 * `vambrace security audit`, as a person runs it: of an installation with a
 * gateway that runs, its sandbox proved that day, and of a machine where
 * nothing is set up yet, which proves the sandbox each time. Wall clock, and
 * the most memory that the command itself held. Reference: an empty Node
 * program.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Figure, median, spreadOf } from "./figure.ts";

const RUNS = 5;
const CLI = "bin/vambrace";

type Ran = { readonly seconds: number; readonly mostMb: number; readonly code: number | null };

export async function measureAudit(): Promise<readonly Figure[]> {
  const home = mkdtempSync(join(tmpdir(), "vambrace-bench-"));
  try {
    const nothing = await figuresOf(home, "security audit where nothing is set up, the sandbox proved in it");
    await must("sh", [CLI, "setup", "--trust", "none"], home);
    await must("sh", [CLI, "start", "--detach", "--port", "28811"], home);
    try {
      return [...(await figuresOf(home, "security audit of an installation that runs")), ...nothing];
    } finally {
      const { pid }: { pid: number } = JSON.parse(readFileSync(join(home, ".vambrace", "running.json"), "utf8"));
      process.kill(pid, "SIGTERM");
      while (highWaterMb(pid) > 0) await wait(20);
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function figuresOf(home: string, name: string): Promise<readonly Figure[]> {
  const audit = [CLI, "security", "audit", "--json"];
  await run("sh", audit, home); // fills the cache of compiled code, and proves the sandbox
  const audits: Ran[] = [];
  const empties: Ran[] = [];
  for (let i = 0; i < RUNS; i++) {
    empties.push(await run(process.execPath, ["-e", ""], home));
    audits.push(await run("sh", audit, home));
  }
  // 3: it has findings, which a fresh installation has.
  for (const { code } of audits) if (code !== 0 && code !== 3) throw new Error(`the audit ended with ${code}`);
  return [
    { ...figure(name, "s", audits, empties), target: "under 1 s" },
    { ...figure(`${name}, memory`, "MB", audits, empties), target: "under 150 MB" },
  ];
}

async function must(program: string, args: readonly string[], home: string): Promise<void> {
  const { code } = await run(program, args, home);
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
}

function figure(name: string, unit: "s" | "MB", runs: readonly Ran[], empties: readonly Ran[]): Figure {
  const of = (all: readonly Ran[]): number[] => all.map((one) => (unit === "s" ? one.seconds : one.mostMb));
  const [value, reference] = [median(of(runs)), median(of(empties))];
  return { name, value, unit, reference, ratio: value / reference, spread: spreadOf(of(runs)) };
}

async function run(program: string, args: readonly string[], home: string): Promise<Ran> {
  const { promise, resolve } = Promise.withResolvers<number | null>();
  const startedMs = performance.now();
  const env = { PATH: process.env["PATH"], HOME: home };
  const child = spawn(program, args, { stdio: "ignore", env });
  let mostMb = 0;
  const watching = setInterval(() => (mostMb = Math.max(mostMb, highWaterMb(child.pid))), 5);
  child.once("exit", (code) => resolve(code));
  const code = await promise;
  clearInterval(watching);
  return { seconds: (performance.now() - startedMs) / 1000, mostMb, code };
}

/** The kernel keeps the most that it was; `exec` begins anew, so the shell before it does not count. */
function highWaterMb(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid ?? 0}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0; // it ended meanwhile
  }
}
