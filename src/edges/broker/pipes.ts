/**
 * Named pipes for what a sandbox prints, and files without a name for what it
 * reads.
 *
 * Node's own "pipes" are sockets, on which `/dev/stdout` and `/dev/stderr`
 * cannot be opened; programs that write there would fail inside only. Named
 * ones are made by a program, many at once and ahead of time. Each serves one
 * sandbox and loses its name at once: a program can hand its end to a program
 * in another sandbox, which must not read or write what a later one prints.
 *
 * @module
 */
import { execFile, execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";

/** What a sandbox prints on one of its two ways. */
export type Outflow = {
  /** Begins to read; once. After `release` everything that was printed has been given to `take`. */
  flow(take: (bytes: Buffer) => void): void;
  pause(): void;
  resume(): void;
};

/** The ends of one sandbox: what it gets (to be closed once it runs) and what the broker keeps. */
export type Pipes = {
  readonly stdin: number;
  readonly stdout: number;
  readonly stderr: number;
  readonly script: number;
  readonly own: {
    readonly stdin: number;
    readonly script: number;
    readonly stdout: Outflow;
    readonly stderr: Outflow;
  };
  /** When nothing of the sandbox is left: empties the pipes into their takers and closes what the broker keeps. */
  release(): void;
};

export type PipeRack = { take(): Pipes };

const NAMES = ["out", "err"];
const { O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK, O_CREAT, O_EXCL } = fs.constants;
/** Only against a program that never ends; a busy machine may take seconds for it. */
const MKFIFO = { env: { PATH: "/usr/bin:/bin" }, timeout: 60_000 };
const CHUNK = 65_536;
const MOST_HELD = 16 * 1024 * 1024;

/** @param folder empty, and closed to other users. @param count how many are made at once. */
export function openPipeRack(folder: string, count: number): PipeRack {
  const most = mostHeld();
  const free: string[] = [];
  let made = 0;
  let making = false;
  function next(): { readonly bases: string[]; readonly args: string[] } {
    const bases = Array.from({ length: count }, () => join(folder, String(++made)));
    return { bases, args: ["-m", "600", ...bases.flatMap((base) => NAMES.map((name) => `${base}.${name}`))] };
  }
  function makeNow(): void {
    const { bases, args } = next();
    execFileSync("mkfifo", args, MKFIFO);
    free.push(...bases);
  }
  function makeAhead(): void {
    if (making || free.length > count / 2) return;
    making = true;
    const { bases, args } = next();
    execFile("mkfifo", args, MKFIFO, (error) => {
      making = false;
      if (error === null) free.push(...bases); // else `makeNow` fails too, and its job is told why
    });
  }
  makeAhead();
  return {
    take() {
      if (free.length === 0) makeNow();
      const pipes = openPipes(free.shift() ?? "", most);
      makeAhead();
      return pipes;
    },
  };
}

/** Bytes: a pipe holds no more than this, whatever a program without privileges asks of it. */
function mostHeld(): number {
  try {
    return Number.parseInt(fs.readFileSync("/proc/sys/fs/pipe-max-size", "latin1"), 10) || MOST_HELD;
  } catch {
    return MOST_HELD; // hidden on this machine: more than the kernel allows by itself
  }
}

function openPipes(base: string, most: number): Pipes {
  const out = openFifo(`${base}.out`, most);
  const err = openFifo(`${base}.err`, most);
  const [stdin, stdinEnd] = openScratch(`${base}.in`);
  const [script, scriptEnd] = openScratch(`${base}.script`);
  const own = { stdin: stdinEnd, script: scriptEnd, stdout: out.outflow, stderr: err.outflow };
  return {
    stdin,
    stdout: out.writing,
    stderr: err.writing,
    script,
    own,
    release() {
      out.release();
      err.release();
    },
  };
}

type Fifo = { readonly writing: number; readonly outflow: Outflow; release(): void };

function openFifo(path: string, most: number): Fifo {
  // The readers first: without one, a writer would wait.
  const reading = fs.openSync(path, O_RDONLY | O_NONBLOCK);
  const rest = fs.openSync(path, O_RDONLY | O_NONBLOCK);
  const writing = fs.openSync(path, O_WRONLY);
  fs.unlinkSync(path);
  const socket = new Socket({ fd: reading, readable: true, writable: false }).pause();
  socket.on("error", () => undefined); // what it did not read is read at the release
  let take: ((bytes: Buffer) => void) | null = null;
  let released = false;
  return {
    writing,
    outflow: {
      flow(to) {
        take = to;
        socket.on("data", to);
        socket.resume();
      },
      pause: () => void socket.pause(),
      resume: () => void socket.resume(),
    },
    release() {
      if (released) return;
      released = true;
      // All in one turn, so nothing comes in between: first what the socket read already (its takers hear of it),
      // then what is still in the pipe.
      socket.pause();
      while (socket.read() !== null);
      for (const bytes of emptied(rest, most)) take?.(bytes);
      fs.closeSync(rest);
      socket.destroy();
    },
  };
}

/**
 * What a pipe holds now. Its end need not come: a program in another sandbox may have been given a way in. What that
 * one writes comes last, so the first `most` bytes hold all that this sandbox wrote.
 */
function* emptied(fd: number, most: number): Generator<Buffer> {
  for (let left = most; left > 0; ) {
    const chunk = Buffer.allocUnsafe(Math.min(left, CHUNK));
    const count = readNow(fd, chunk);
    if (count === 0) return;
    left -= count;
    yield chunk.subarray(0, count);
  }
}

/** @returns 0 where there is nothing, now or ever. */
function readNow(fd: number, into: Buffer): number {
  try {
    return fs.readSync(fd, into);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") return 0;
    throw error;
  }
}

/** Standard input and the script are files that have no name: [for the program, for the broker to fill]. */
function openScratch(path: string): [number, number] {
  const filling = fs.openSync(path, O_RDWR | O_CREAT | O_EXCL, 0o600);
  const reading = fs.openSync(path, O_RDONLY);
  fs.unlinkSync(path);
  return [reading, filling];
}
