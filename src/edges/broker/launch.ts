/**
 * Starts programs: by a small process that forks (`launcher.pl`), or, where
 * there is no perl, by this one.
 *
 * Node forks itself, which is large, and waits until the child is on its way;
 * that was the greater half of the broker's own time for a sandbox.
 *
 * A program gets exactly the descriptors that it was given, as 0, 1, 2, …; the
 * caller closes its own once they are `taken`. It gets no
 * environment, and `/` to be in. It ends with the process that started it where
 * it asks the kernel for that, as bubblewrap does; the small one ends with this.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import { fileURLToPath } from "node:url";
import { quote } from "./script.ts";

export type Start = {
  readonly program: string;
  readonly args: readonly string[];
  /** Files that it writes its number to before it is the program. */
  readonly doors: readonly string[];
  readonly given: readonly Given[];
};

/** A descriptor of this process that a program gets; how it is open cannot be told from its number. */
export type Given = { readonly fd: number; readonly flags: number };

/** O_PATH, which node does not name: no right to read is needed, and nothing is opened for real. */
export const O_PATH = 0o10000000;

export type Launched = {
  /** Resolves when it has what it was given, or never will. */
  readonly taken: Promise<void>;
  /** Its number and that of the process that started it; null where it was not started. */
  readonly numbers: Promise<Numbers | null>;
  /** 137 where a signal ended it, 127 where it was not started. */
  readonly exited: Promise<number>;
  /** Nothing where it has ended: its number may be another's by then. */
  kill(): void;
};

export type Numbers = { readonly own: number; readonly parent: number };

export type Launcher = {
  start(what: Start): Launched;
  /** Ends the small process, and with it what it started; a later start makes another. */
  close(): void;
};

const LAUNCHER = fileURLToPath(new URL("launcher.pl", import.meta.url));

/** @see asm/unistd_64.h, asm-generic/unistd.h: prctl, rt_sigprocmask, signalfd4. */
const CALLS: ReadonlyMap<string, readonly string[]> = new Map([
  ["x64", ["157", "14", "289"]],
  ["arm64", ["167", "135", "74"]],
]);

/** @param perl where it would be. */
export function openLauncher(perl: string): Launcher {
  const calls = CALLS.get(process.arch);
  return calls !== undefined && fs.existsSync(perl) ? forking([perl, LAUNCHER, String(process.pid), ...calls]) : own();
}

/** Node itself. */
function own(): Launcher {
  return {
    start({ program, args, doors, given }) {
      const join = doors.map((door) => `echo $$ >${quote(door)} && `).join("");
      // A shell only where there is a group to join.
      const words = join === "" ? [program] : ["/bin/sh", "-c", `${join}exec "$@"`, "sh", program];
      const stdio = given.map(({ fd }) => fd);
      const child = spawn(words[0] ?? program, [...words.slice(1), ...args], { env: {}, cwd: "/", stdio });
      const exited = new Promise<number>((resolve) => {
        child.once("error", () => resolve(127));
        child.once("exit", (code) => resolve(code ?? 137));
      });
      return {
        taken: Promise.resolve(),
        numbers: Promise.resolve(child.pid === undefined ? null : { own: child.pid, parent: process.pid }),
        exited,
        kill: () => void child.kill("SIGKILL"),
      };
    },
    close: () => undefined,
  };
}

type Pending = {
  taken(): void;
  began(numbers: Numbers | null): void;
  ended(status: number): void;
};

type Forker = { start(what: Start): Launched; close(): void; readonly isThere: () => boolean };

function forking(words: readonly string[]): Launcher {
  let forker: Forker | null = null;
  return {
    start(what) {
      if (forker?.isThere() !== true) forker = startForker(words);
      return forker.start(what);
    },
    close() {
      forker?.close();
      forker = null;
    },
  };
}

function startForker([program = "", ...args]: readonly string[]): Forker {
  const child = spawn(program, args, { env: {}, cwd: "/", stdio: ["pipe", "pipe", "inherit"] });
  const pending = new Map<string, Pending>();
  let last = 0;
  let isThere = child.pid !== undefined;
  /** What it started ends with it, so it has ended. */
  const end = (): void => {
    isThere = false;
    for (const one of pending.values()) giveUp(one, 137);
    pending.clear();
  };
  child.once("error", end);
  child.once("close", end);
  child.stdin.on("error", () => undefined); // it ended first; its end is told apart
  hear(child, (what, id, number) => {
    const one = pending.get(id);
    if (what === "taken") one?.taken();
    else if (what === "pid") one?.began({ own: number, parent: child.pid ?? 0 });
    else if (what === "ended" && one !== undefined) {
      pending.delete(id);
      giveUp(one, number);
    }
  });
  const say = (...order: readonly (string | number)[]): void => {
    if (isThere) child.stdin.write(packed(order.map(String)));
  };
  return {
    isThere: () => isThere,
    start({ program: named, args: words, doors, given }) {
      const id = String(++last);
      const taken = Promise.withResolvers<void>();
      const numbers = Promise.withResolvers<Numbers | null>();
      const exited = Promise.withResolvers<number>();
      const one = { taken: taken.resolve, began: numbers.resolve, ended: exited.resolve };
      if (isThere) pending.set(id, one);
      else giveUp(one, 127);
      const fds = given.flatMap(({ fd, flags }) => [fd, flags]);
      say("start", id, doors.length, ...doors, given.length, ...fds, named, ...words);
      return {
        taken: taken.promise,
        numbers: numbers.promise,
        exited: exited.promise,
        kill: () => {
          if (pending.has(id)) say("kill", id);
        },
      };
    },
    close: () => void child.stdin.end(),
  };
}

function giveUp(one: Pending, status: number): void {
  one.taken();
  one.began(null);
  one.ended(status);
}

/** An order: how long it is, and its words, each after its own length. In one piece, as all of it is written at once. */
function packed(words: readonly string[]): Buffer {
  const lengths = words.map((word) => Buffer.byteLength(word));
  const order = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + 4 + length, 4));
  let at = order.writeUInt32BE(order.length - 4);
  for (const [i, word] of words.entries()) {
    at = order.writeUInt32BE(lengths[i] ?? 0, at);
    at += order.write(word, at);
  }
  return order;
}

type Answer = (what: string, id: string, number: number) => void;

function hear(child: ChildProcess, take: Answer): void {
  let rest = "";
  child.stdout?.setEncoding("latin1").on("data", (text: string) => {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [what = "", id = "", number = ""] = line.split(" ");
      take(what, id, Number(number));
    }
  });
}
