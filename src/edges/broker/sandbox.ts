/**
 * One sandbox: bubblewrap with everything closed off, in which a shell waits
 * for the few lines that make it become the job's program. Until those come,
 * nothing that anybody chose has run.
 *
 * It ends whole: bubblewrap dies with the broker, its first process inside
 * dies with bubblewrap, and with that one the kernel ends every process of the
 * sandbox. `gone` resolves only when none is left.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Job } from "../../core/ports/executor.ts";
import { bwrapLine, type Line, type Shape } from "./bwrap-line.ts";
import type { Cgroup } from "./cgroup.ts";
import type { Groups } from "./groups.ts";
import { type Hatch, makeHatch } from "./hatch.ts";
import { firstProcess } from "./first-process.ts";
import { OWN_PROCESSES } from "./limits.ts";
import type { Outflow, PipeRack, Pipes } from "./pipes.ts";
import { Refused } from "./refusal.ts";
import { GO, HERE, quote, SET } from "./script.ts";
import type { SystemView } from "./system.ts";

export type Workshop = {
  readonly bwrap: string;
  readonly system: SystemView;
  readonly seccompFile: string;
  readonly groups: Groups | null;
  readonly pipes: PipeRack;
  /** The lines that make a waiting shell the job's program. */
  readonly script: (job: Job) => string;
  /** Where hatches are made. */
  readonly hatches: string;
};

export type Sandbox = {
  readonly stdout: Outflow;
  readonly stderr: Outflow;
  /** Resolves true when the limits are set and the program takes over; false when it ended before. */
  readonly ready: Promise<boolean>;
  /** Bubblewrap's exit status. */
  readonly exited: Promise<number>;
  limit(limits: { readonly memoryBytes: number; readonly processes: number }): void;
  /** Lets it at the egress proxy by the socket of its call. Once. */
  admit(socket: string): void;
  /** Makes it the job's program. Once. */
  feed(job: Job): Promise<void>;
  /** To the program's standard input, where that stays open. Answers false where it takes no more. */
  input(bytes: Uint8Array): boolean;
  /** Ends what is left and resolves when nothing is and all that it printed was handed on. */
  gone(): Promise<void>;
  /** Why it ended before the program began. @param words what was said until then. */
  broken(status: number, words: string): Refused;
};

/** Bytes that may wait for a program that does not read its input. */
const MOST_WAITING = 16 * 1024 * 1024;

/** How long bubblewrap may take to say who its first process is before it is killed without that. */
const SPEAK_MS = 5000;

/** @throws where bubblewrap cannot even be started. */
export function makeSandbox(shop: Workshop, shape: Shape): Sandbox {
  const hatch = shape.egress === null ? null : makeHatch(shop.hatches);
  try {
    return makeBehind(shop, shape, hatch);
  } catch (error) {
    hatch?.remove();
    throw error;
  }
}

function makeBehind(shop: Workshop, shape: Shape, hatch: Hatch | null): Sandbox {
  const line = bwrapLine(shape, shop.system, { seccompFile: shop.seccompFile, hatch: hatch?.path ?? null });
  const cgroup = shop.groups?.take(shape.cpus) ?? null;
  const pipes = shop.pipes.take();
  try {
    return assemble(start(shop.bwrap, { line, cgroup, pipes, live: shape.live }), shop, { cgroup, pipes, hatch });
  } finally {
    for (const fd of [pipes.stdin, pipes.stdout, pipes.stderr, pipes.script, ...line.fds]) fs.closeSync(fd);
  }
}

type Parts = { readonly line: Line; readonly cgroup: Cgroup | null; readonly pipes: Pipes; readonly live: boolean };

function start(bwrap: string, { line, cgroup, pipes, live }: Parts): ChildProcess {
  const join = (cgroup?.doors ?? []).map((door) => `echo $$ >${quote(door)} && `).join("");
  // A shell only where there is a group to join.
  const words = join === "" ? [bwrap] : ["/bin/sh", "-c", `${join}exec "$@"`, "sh", bwrap];
  return spawn(words[0] ?? bwrap, [...words.slice(1), ...line.args], {
    env: {},
    cwd: "/",
    stdio: [live ? "pipe" : pipes.stdin, pipes.stdout, pipes.stderr, pipes.script, "pipe", "pipe", ...line.fds],
  });
}

type Held = { readonly cgroup: Cgroup | null; readonly pipes: Pipes; readonly hatch: Hatch | null };

function assemble(child: ChildProcess, shop: Workshop, { cgroup, pipes, hatch }: Held): Sandbox {
  const exited = new Promise<number>((resolve) => {
    child.once("error", () => resolve(127));
    child.once("exit", (code) => resolve(code ?? 137));
  });
  child.stdin?.on("error", () => undefined); // it ended first; its end is told apart
  const shell = listen(child, 4);
  const first = listen(child, 5)
    .heard("}")
    .then((text) => /"child-pid": (\d+)/.exec(text)?.[1])
    .then((pid) => (pid === undefined ? null : firstProcess(Number(pid))));
  let fed = false;
  function fill(script: string, stdin: string): void {
    fed = true;
    writeAndClose(pipes.own.stdin, stdin);
    writeAndClose(pipes.own.script, script);
  }
  return {
    stdout: pipes.own.stdout,
    stderr: pipes.own.stderr,
    ready: shell.heard(SET).then((text) => text.endsWith(SET)),
    exited,
    limit: (limits) => cgroup?.limit({ ...limits, processes: limits.processes + OWN_PROCESSES }),
    admit(socket) {
      if (hatch === null) throw new Refused("SANDBOX_BROKEN", "the sandbox has no hatch", "run the job again");
      hatch.admit(socket);
    },
    async feed(job) {
      if (fed) throw new Refused("SANDBOX_BROKEN", "the sandbox was used already", "run the job again");
      fill(shop.script(job), job.stdin);
      // A broker that dies before bubblewrap watches it would leave a program that nobody watches. When the shell
      // inside speaks, bubblewrap does; when the first process is bound, that one goes with bubblewrap.
      if (!(await shell.heard(HERE)).endsWith(HERE)) return;
      if (!(await (await first)?.bound(child.pid ?? 0))) throw notBound();
      const door = child.stdio[4];
      if (door && "write" in door) door.write(GO);
    },
    input: (bytes) => {
      if (child.stdin === null || child.stdin.destroyed) return false;
      child.stdin.write(bytes);
      return child.stdin.writableLength <= MOST_WAITING;
    },
    async gone() {
      if (!fed) fill("", "");
      // Killed between its two processes, bubblewrap would leave the inner one to wait for the outer one for ever.
      await Promise.race([first, sleep(SPEAK_MS, null, { ref: false })]);
      child.kill("SIGKILL");
      await exited;
      const inside = await first;
      if (inside !== null) await inside.end();
      else if (cgroup !== null) await shop.groups?.end(cgroup);
      pipes.release();
      hatch?.remove();
      if (cgroup !== null) shop.groups?.giveBack(cgroup);
    },
    broken,
  };
}

function broken(status: number, words: string): Refused {
  return new Refused(
    "SANDBOX_BROKEN",
    `bubblewrap could not make the sandbox (status ${status}): ${words.slice(0, 400) || "it said nothing"}`,
    "run `vambrace doctor`; user namespaces may be switched off (`sysctl kernel.unprivileged_userns_clone=1`)",
  );
}

function notBound(): Refused {
  return new Refused("SANDBOX_BROKEN", "bubblewrap ended while it made the sandbox", "run the job again");
}

function writeAndClose(fd: number, text: string): void {
  try {
    fs.writeFileSync(fd, text);
  } finally {
    fs.closeSync(fd);
  }
}

type Heard = { heard(words: string): Promise<string> };

/** What a process says on a descriptor of its own: all of it up to certain words, or up to its end. */
function listen(child: ChildProcess, fd: number): Heard {
  const stream = child.stdio[fd];
  const waiting = new Set<() => void>();
  let text = "";
  let ended = stream === null || stream === undefined;
  const tell = (): void => {
    for (const look of waiting) look();
  };
  const end = (): void => {
    ended = true;
    tell();
  };
  stream?.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    tell();
  });
  stream?.on("error", end); // it ended first; what it said until then counts
  stream?.on("close", end);
  return {
    heard: (words) =>
      new Promise((resolve) => {
        const look = (): void => {
          const at = text.indexOf(words);
          if (at < 0 && !ended) return;
          waiting.delete(look);
          resolve(at < 0 ? text : text.slice(0, at + words.length));
        };
        waiting.add(look);
        look();
      }),
  };
}
