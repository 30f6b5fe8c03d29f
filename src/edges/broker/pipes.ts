/**
 * Named pipes for what a sandbox reads and writes.
 *
 * Node's own "pipes" are sockets, on which `/dev/stdout` and `/dev/stderr`
 * cannot be opened; programs that write there would fail inside only. Named
 * ones are made once, by a program, and used again when both sides are closed.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";

/** The ends of one sandbox: what it gets (to be closed once it runs) and what the broker keeps. */
export type Pipes = {
  readonly stdin: number;
  readonly stdout: number;
  readonly stderr: number;
  readonly script: number;
  readonly own: {
    readonly stdin: number;
    readonly script: number;
    readonly stdout: Socket;
    readonly stderr: Socket;
  };
  /** Closes what the broker keeps; afterwards the same pipes serve another sandbox. */
  release(): void;
};

export type PipeRack = { take(): Pipes };

const NAMES = ["out", "err"];
const { O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK, O_CREAT, O_EXCL } = fs.constants;

export function openPipeRack(folder: string, count: number): PipeRack {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { mode: 0o700 });
  const free: string[] = [];
  let made = 0;
  function make(more: number): void {
    const fresh = Array.from({ length: more }, () => join(folder, String(++made)));
    const files = fresh.flatMap((base) => NAMES.map((name) => `${base}.${name}`));
    execFileSync("mkfifo", ["-m", "600", ...files], { env: { PATH: "/usr/bin:/bin" }, timeout: 5000 });
    free.push(...fresh);
  }
  make(count);
  return {
    take() {
      if (free.length === 0) make(count);
      const base = free.pop() ?? "";
      return openPipes(base, () => free.push(base));
    },
  };
}

function openPipes(base: string, onFree: () => void): Pipes {
  const [out, stdout] = openFifo(`${base}.out`);
  const [err, stderr] = openFifo(`${base}.err`);
  const [stdin, stdinEnd] = openScratch(`${base}.in`);
  const [script, scriptEnd] = openScratch(`${base}.script`);
  const own = { stdin: stdinEnd, script: scriptEnd, stdout: readable(out), stderr: readable(err) };
  return {
    stdin,
    stdout,
    stderr,
    script,
    own,
    release() {
      own.stdout.destroy();
      own.stderr.destroy();
      onFree();
    },
  };
}

/** [reading end, writing end]; the reader first, without waiting for a writer. */
function openFifo(path: string): [number, number] {
  const reading = fs.openSync(path, O_RDONLY | O_NONBLOCK);
  return [reading, fs.openSync(path, O_WRONLY)];
}

/** Standard input and the script are files that have no name: [for the program, for the broker to fill]. */
function openScratch(path: string): [number, number] {
  const filling = fs.openSync(path, O_RDWR | O_CREAT | O_EXCL, 0o600);
  const reading = fs.openSync(path, O_RDONLY);
  fs.unlinkSync(path);
  return [reading, filling];
}

function readable(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: false }).pause();
}
