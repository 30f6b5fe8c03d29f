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
import * as fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Job } from "../../core/ports/executor.ts";
import { bwrapLine, type Shape } from "./bwrap-line.ts";
import type { Cgroup } from "./cgroup.ts";
import type { Groups } from "./groups.ts";
import { type Hatch, makeHatch } from "./hatch.ts";
import { firstProcess } from "./first-process.ts";
import type { Given, Launched, Launcher } from "./launch.ts";
import { OWN_PROCESSES } from "./limits.ts";
import type { Outflow, PipeRack, Pipes } from "./pipes.ts";
import { Refused } from "./refusal.ts";
import { hear } from "./heard.ts";
import { GO, HERE, SET } from "./script.ts";
import type { SystemView } from "./system.ts";

export type Workshop = {
  readonly bwrap: string;
  readonly launcher: Launcher;
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

/** How long bubblewrap may take to say who its first process is before it is killed without that. */
const SPEAK_MS = 5000;

/** @throws where bubblewrap cannot even be started. */
export function makeSandbox(shop: Workshop, shape: Shape): Sandbox {
  using half = new DisposableStack();
  const hatch = shape.egress === null ? null : makeHatch(shop.hatches);
  half.defer(() => hatch?.remove());
  const line = bwrapLine(shape, shop.system, { seccompFile: shop.seccompFile, hatch: hatch?.path ?? null });
  half.defer(() => closeAll(line.given));
  const { groups } = shop;
  const cgroup = groups === null ? null : groups.take(shape.cpus);
  half.defer(() => (cgroup === null ? undefined : groups?.giveBack(cgroup)));
  const pipes = shop.pipes.take(shape.live);
  half.defer(() => discard(pipes));
  const given = [...pipes.given, ...line.given];
  const launched = shop.launcher.start({ program: shop.bwrap, args: line.args, doors: cgroup?.doors ?? [], given });
  half.move();
  void launched.taken.then(() => closeAll(given));
  return assemble(launched, shop, { cgroup, pipes, hatch });
}

/** Of a sandbox that was not started. */
function discard(pipes: Pipes): void {
  closeAll(pipes.given);
  pipes.fill("", "");
  pipes.release();
}

function closeAll(given: readonly Given[]): void {
  for (const fd of new Set(given.map((one) => one.fd))) fs.closeSync(fd);
}

type Held = { readonly cgroup: Cgroup | null; readonly pipes: Pipes; readonly hatch: Hatch | null };

function assemble(launched: Launched, shop: Workshop, { cgroup, pipes, hatch }: Held): Sandbox {
  const { exited, taken, numbers } = launched;
  const said = hear(
    pipes.said,
    exited.then(() => pipes.hush()),
  );
  const first = said
    .until("}")
    .then((text) => /"child-pid": (\d+)/.exec(text)?.[1])
    .then((pid) => (pid === undefined ? null : firstProcess(Number(pid))));
  let fed = false;
  function fill(script: string, stdin: string): void {
    fed = true;
    pipes.fill(script, stdin);
  }
  return {
    stdout: pipes.stdout,
    stderr: pipes.stderr,
    ready: said.until(SET).then((text) => text.endsWith(SET)),
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
      if (!(await said.until(HERE)).endsWith(HERE)) return;
      const [bwrap, inside] = [await numbers, await first];
      if (bwrap === null || !(await inside?.bound(bwrap))) throw notBound();
      pipes.say(GO);
    },
    input: (bytes) => pipes.input(bytes),
    async gone() {
      // What it is about to open must be there until then.
      await taken;
      if (!fed) fill("", "");
      // Killed between its two processes, bubblewrap would leave the inner one to wait for the outer one for ever.
      await Promise.race([first, sleep(SPEAK_MS, null, { ref: false })]);
      launched.kill();
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
