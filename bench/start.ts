/**
 * From the command to a gateway that is ready, and the memory that all of its
 * processes take when nothing happens. Reference: an empty Node program.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Figure, median, spreadOf } from "./figure.ts";

const RUNS = 5;
/** As `scripts/with-node.sh` starts it. */
const SMALL_POOLS = { MALLOC_MMAP_THRESHOLD_: "32768", MALLOC_TRIM_THRESHOLD_: "32768" };
const MAIN = ["--max-semi-space-size=1", "src/cli/main.ts"];

export async function measureStart(): Promise<readonly Figure[]> {
  const home = mkdtempSync(join(tmpdir(), "vambrace-bench-"));
  try {
    await readyOnce(home, 28_801); // fills the cache of compiled code, as a first start does
    const starts: number[] = [];
    const empties: number[] = [];
    const memories: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      empties.push(await emptyNode());
      const { readyMs, pssMb } = await readyOnce(home, 28_802 + run);
      starts.push(readyMs);
      memories.push(pssMb);
    }
    const reference = median(empties);
    const ready = median(starts);
    return [
      {
        name: "start to ready",
        value: ready,
        unit: "ms",
        reference,
        ratio: ready / reference,
        spread: spreadOf(starts),
        target: "under 1000 ms",
      },
      {
        name: "memory of all processes, idle (PSS)",
        value: median(memories),
        unit: "MB",
        reference: 170,
        ratio: median(memories) / 170,
        spread: spreadOf(memories),
        target: "under 170 MB",
      },
    ];
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Size of what `npm ci --omit=dev` installs, summed from the lockfile's non-development packages. */
export function measureDependencies(): readonly Figure[] {
  const lock: { packages: Record<string, { dev?: boolean; optional?: boolean }> } = JSON.parse(
    readFileSync("package-lock.json", "utf8"),
  );
  const paths = Object.entries(lock.packages).filter(
    ([path, one]) => path !== "" && one.dev !== true && one.optional !== true,
  );
  const bytes = paths.reduce((sum, [path]) => sum + sizeOf(path), 0);
  const value = bytes / 1024 / 1024;
  return [
    {
      name: `runtime dependencies installed (${paths.length} packages)`,
      value,
      unit: "MB",
      reference: 100,
      ratio: value / 100,
      spread: [value, value],
      target: "under 100 MB",
    },
  ];
}

/** Without the packages inside, which have entries of their own. */
function sizeOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? sum : sum + sizeOf(path);
    return entry.isFile() ? sum + lstatSync(path).size : sum;
  }, 0);
}

async function emptyNode(): Promise<number> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, ["-e", ""], { stdio: "ignore" });
  const done = Promise.withResolvers<void>();
  child.once("exit", () => done.resolve());
  await done.promise;
  return performance.now() - startedMs;
}

async function readyOnce(home: string, port: number): Promise<{ readonly readyMs: number; readonly pssMb: number }> {
  const startedMs = performance.now();
  const env = { ...process.env, ...SMALL_POOLS, HOME: home, VAMBRACE_HOME: join(home, ".vambrace") };
  const child = spawn(process.execPath, [...MAIN, "start", "--port", String(port)], { stdio: "ignore", env });
  try {
    while (!(await isReady(port))) {
      if (child.exitCode !== null || performance.now() - startedMs > 30_000)
        throw new Error("the gateway did not get ready");
      await wait(15);
    }
    const readyMs = performance.now() - startedMs;
    await wait(1500);
    return { readyMs, pssMb: pssOf(child) };
  } finally {
    const gone = Promise.withResolvers<void>();
    child.once("exit", () => gone.resolve());
    child.kill("SIGTERM");
    await gone.promise;
  }
}

/** Plain requests, and not many: whoever asks must not take the cores from what is being started. */
function isReady(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const request = get({ host: "127.0.0.1", port, path: "/readyz", agent: false }, (answer) => {
    answer.resume();
    resolve(answer.statusCode === 200);
  });
  request.on("error", () => resolve(false)); // not listening yet
  return promise;
}

/** Proportional set size of a process and its children, in MB: shared pages counted once. */
function pssOf(child: ChildProcess): number {
  const parents = new Map(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => [pid, parentOf(pid)]),
  );
  const family = [String(child.pid)];
  for (const pid of family) for (const [one, parent] of parents) if (parent === pid) family.push(one);
  return family.reduce((sum, pid) => sum + pssKb(pid), 0) / 1024;
}

function parentOf(pid: string): string {
  return readOrNothing(`/proc/${pid}/stat`).split(") ")[1]?.split(" ")[1] ?? "";
}

function pssKb(pid: string): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readOrNothing(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    // A process that ended meanwhile.
    if (error instanceof Error) return "";
    throw error;
  }
}
