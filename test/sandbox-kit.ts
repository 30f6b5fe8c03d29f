/**
 * A real broker process for tests and measurements, as the app starts it.
 *
 * @module
 */
import { COMPILED } from "./first-start.ts";
import { endOrphans } from "../src/edges/broker/orphans.ts";
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import { Duplex } from "node:stream";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrokerConfig } from "../src/core/broker-wire.ts";
import { newId } from "../src/core/ids.ts";
import { createJobSigner, createSelfTestMint } from "../src/core/job-token.ts";
import { digestOf } from "../src/core/json.ts";
import type { Clock } from "../src/core/ports/clock.ts";
import type { Job, JobResult, JobSigner, OutputPiece } from "../src/core/ports/executor.ts";
import type { Random } from "../src/core/ports/random.ts";
import { type BubblewrapExecutor, openBubblewrapExecutor } from "../src/edges/executors/bubblewrap.ts";
import { randomBytes } from "node:crypto";

export const MAIN = fileURLToPath(new URL("../src/edges/broker/main.ts", import.meta.url));

export const clock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
};

export const random: Random = { bytes: (count) => randomBytes(count), uniform: () => Math.random() };

export type Kit = {
  readonly executor: BubblewrapExecutor;
  readonly child: ChildProcess;
  readonly signer: JobSigner;
  readonly config: BrokerConfig;
  /** A workspace that jobs of `job()` mount read-write. */
  readonly workspace: string;
  /** Outside every mount, forbidden: holds `secret`. */
  readonly state: string;
  job(change?: Partial<Job>): Job;
  run(
    change?: Partial<Job>,
    options?: { signal?: AbortSignal; onOutput?: (p: OutputPiece) => void },
  ): Promise<JobResult>;
  sh(script: string, change?: Partial<Job>): Promise<{ out: string; err: string; result: JobResult }>;
  close(): Promise<void>;
};

const MB = 1024 * 1024;

/** An argument of `sleep` that nobody else on this machine uses: what another run left is not this one's. */
export const seconds = (whole: number): string => `${whole}.${process.pid}${Math.floor(Math.random() * 1e6)}`;

/** How many processes on this machine have the mark in their command line. */
export function alive(mark: string): number {
  return aliveOnes(mark).length;
}

/** Their numbers. */
export function aliveOnes(mark: string): readonly string[] {
  return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name) && commandOf(name).includes(mark));
}

function commandOf(pid: string): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
    return / [ZX] /.test(stat) ? "" : fs.readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

/** A folder for a broker that is started more than once. */
export function tempRoot(name: string, within = tmpdir()): string {
  return fs.realpathSync(fs.mkdtempSync(join(within, `vambrace-${name}-`)));
}

/** Why the real sandbox cannot be tested here, or false. */
export function missing(): string | false {
  const found = ["/usr/bin/bwrap", "/usr/local/bin/bwrap"].some((path) => fs.existsSync(path));
  return found ? false : "bubblewrap is not installed";
}

/** Of a session that nobody else has. */
export function ownScratch(): NonNullable<Job["scratch"]> {
  return { session: newId("ses", random), idleMs: 600_000 };
}

export type KitOptions = {
  readonly config?: Partial<BrokerConfig>;
  readonly root?: string;
  readonly uid?: number;
  /** A command that the broker is started by. */
  readonly under?: readonly string[];
  /** Where folders are made; the machine's own place for such unless said. */
  readonly within?: string;
  /** `session`: each job of `job()` that can reach nobody gets the scratch folder of a session of its own. */
  readonly scope?: "call" | "session";
};

export async function startBroker(options: KitOptions = {}): Promise<Kit> {
  const root = options.root ?? tempRoot("sandbox", options.within);
  const workspace = join(root, "workspace");
  const state = join(root, "state");
  for (const folder of [workspace, state]) {
    fs.mkdirSync(folder, { recursive: true });
    if (options.uid !== undefined) fs.chownSync(folder, options.uid, options.uid);
  }
  fs.writeFileSync(join(state, "secret"), "canary\n");
  const { signer, publicKey } = createJobSigner({ clock });
  const config: BrokerConfig = {
    publicKey,
    folder: join(state, "broker"),
    forbiddenPaths: [state],
    nodePath: fs.realpathSync(process.execPath),
    bwrapPaths: ["/usr/bin/bwrap", "/usr/local/bin/bwrap"],
    perlPath: "/usr/bin/perl",
    systemPaths: [],
    container: null,
    ...options.config,
  };
  const line = [...(options.under ?? []), process.execPath, MAIN];
  const child = spawn(line[0] ?? "", line.slice(1), {
    env: COMPILED,
    stdio: ["ignore", "ignore", "inherit", "pipe"],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  const socket = child.stdio[3];
  if (!(socket instanceof Duplex)) throw new Error("no socket");
  const executor = openBubblewrapExecutor({
    socket,
    config,
    probe: { mint: createSelfTestMint({ signer, random }) },
  });
  await executor.ready();
  const job = (change: Partial<Job> = {}): Job => ({
    argv: ["/bin/true"],
    cwd: workspace,
    mounts: [{ path: workspace, access: "write" }],
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: "/tmp", LANG: "C.UTF-8" },
    stdin: "",
    wallMs: 20_000,
    outputBytes: MB,
    memoryBytes: 512 * MB,
    processes: 64,
    fileBytes: 64 * MB,
    egressSocket: null,
    runtime: "command",
    ...(options.scope === "session" && change.egressSocket === undefined ? { scratch: ownScratch() } : {}),
    ...change,
  });
  const run: Kit["run"] = (change, { signal, onOutput } = {}) => {
    const made = job(change);
    const token = signer.sign(newId("pmt", random), digestOf(made));
    const way = { signal: signal ?? new AbortController().signal };
    return executor.run(made, token, onOutput === undefined ? way : { ...way, onOutput });
  };
  return {
    executor,
    child,
    signer,
    config,
    workspace,
    state,
    job,
    run,
    async sh(script, change) {
      const result = await run({ argv: ["/bin/sh", "-c", script], ...change });
      return { out: Buffer.from(result.stdout).toString(), err: Buffer.from(result.stderr).toString(), result };
    },
    async close() {
      await executor.close();
      if (child.exitCode === null && child.signalCode === null)
        await new Promise((resolve) => child.once("exit", resolve));
      // One that was killed outright may have left a sandbox half made; the next broker would end it.
      if (child.signalCode !== null) endOrphans(config.folder);
      if (options.root === undefined) fs.rmSync(root, { recursive: true, force: true });
    },
  };
}
