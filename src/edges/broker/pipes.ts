/**
 * Named pipes for what a sandbox prints and what is said to it and by it, and
 * files without a name for what it reads.
 *
 * Node's own "pipes" are sockets, on which `/dev/stdout` and `/dev/stderr`
 * cannot be opened; programs that write there would fail inside only. Named
 * ones are made by a program, many at once and ahead of time. Each serves one
 * sandbox and loses its name at once: a program can hand its end to a program
 * in another sandbox, which must not read or write what a later one prints.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import type { Given, Launcher } from "./launch.ts";

/** What a sandbox prints on one of its two ways. */
export type Outflow = {
  /** Begins to read; once. After `release` everything that was printed has been given to `take`. */
  flow(take: (bytes: Buffer) => void): void;
  pause(): void;
  resume(): void;
};

/** The ends of one sandbox: what it gets (to be closed once it has them) and what the broker keeps. */
export type Pipes = {
  /** In the order of their numbers in it. */
  readonly given: readonly Given[];
  readonly stdout: Outflow;
  readonly stderr: Outflow;
  /** What bubblewrap and the waiting shell say, each on a number of its own. */
  readonly said: Outflow;
  /** When bubblewrap has ended: what was said until then is handed on. A process that it left may hold the pipe open. */
  hush(): void;
  /** Gives it what it reads, once. */
  fill(script: string, stdin: string): void;
  /** Says it to the waiting shell, once. */
  say(word: string): void;
  /** To standard input, where that stays open. Answers false where it takes no more. */
  input(bytes: Uint8Array): boolean;
  /** When nothing of the sandbox is left: empties the pipes into their takers and closes what the broker keeps. */
  release(): void;
};

/** @param live standard input stays open. */
export type PipeRack = { take(live: boolean): Pipes };

const NAMES = ["out", "err", "said", "word"];
const { O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK, O_CREAT, O_EXCL } = fs.constants;
/** Only against a program that never ends; a busy machine may take seconds for it. */
const MKFIFO = { env: { PATH: "/usr/bin:/bin" }, timeout: 60_000 };
const CHUNK = 65_536;
const MOST_HELD = 16 * 1024 * 1024;

/** @param folder empty, and closed to other users. @param count how many are made at once. */
export function openPipeRack(folder: string, count: number, launcher: Launcher): PipeRack {
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
    const nothing = { fd: fs.openSync("/dev/null", O_RDWR), flags: O_RDWR };
    const given = [nothing, nothing, nothing];
    const { taken, exited } = launcher.start({ program: "mkfifo", args, doors: [], given });
    void taken.then(() => fs.closeSync(nothing.fd));
    const end = (status: number): void => {
      making = false;
      if (status === 0) free.push(...bases); // else `makeNow` fails too, and its job is told why
    };
    void exited.then(end);
  }
  makeAhead();
  return {
    take(live) {
      if (free.length === 0) makeNow();
      const base = free.shift() ?? "";
      if (live) execFileSync("mkfifo", ["-m", "600", `${base}.in`], MKFIFO);
      const pipes = openPipes(base, most, live);
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

/** Bytes that may wait for a program that does not read its input. */
const MOST_WAITING = 16 * 1024 * 1024;

function openPipes(base: string, most: number, live: boolean): Pipes {
  const out = openFifo(`${base}.out`, most);
  const err = openFifo(`${base}.err`, most);
  const said = openFifo(`${base}.said`, most);
  const word = openWord(`${base}.word`);
  const script = openScratch(`${base}.script`);
  const stdin = live ? openInput(`${base}.in`) : openScratch(`${base}.in`);
  const saying = { fd: said.writing, flags: O_WRONLY };
  return {
    given: [
      { fd: stdin.reading, flags: O_RDONLY },
      { fd: out.writing, flags: O_WRONLY },
      { fd: err.writing, flags: O_WRONLY },
      { fd: script.reading, flags: O_RDONLY },
      saying,
      saying,
      { fd: word.reading, flags: O_RDONLY },
    ],
    stdout: out.outflow,
    stderr: err.outflow,
    said: said.outflow,
    hush: () => said.release(),
    fill(text, bytes) {
      script.fill(text);
      if ("fill" in stdin) stdin.fill(bytes);
    },
    say: (text) => word.say(text),
    input: (bytes) => "write" in stdin && stdin.write(bytes),
    release() {
      out.release();
      err.release();
      said.release();
      word.release();
      if ("release" in stdin) stdin.release();
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

type Word = { readonly reading: number; say(word: string): void; release(): void };

/** Both ways, so that nobody waits for the other: it can be opened to be read as long as this holds it. */
function openWord(path: string): Word {
  let own: number | null = fs.openSync(path, O_RDWR);
  const reading = fs.openSync(path, O_RDONLY);
  fs.unlinkSync(path);
  const release = (): void => {
    if (own !== null) fs.closeSync(own);
    own = null;
  };
  return {
    reading,
    release,
    say(word) {
      if (own !== null) fs.writeSync(own, word);
    },
  };
}

type Input = { readonly reading: number; write(bytes: Uint8Array): boolean; release(): void };

function openInput(path: string): Input {
  const socket = new Socket({ fd: fs.openSync(path, O_RDWR), readable: false, writable: true });
  const reading = fs.openSync(path, O_RDONLY);
  fs.unlinkSync(path);
  socket.on("error", () => undefined); // it ended first; its end is told apart
  return {
    reading,
    write(bytes) {
      if (socket.destroyed) return false;
      socket.write(bytes);
      return socket.writableLength <= MOST_WAITING;
    },
    release: () => void socket.destroy(),
  };
}

type Scratch = { readonly reading: number; fill(text: string): void };

/** Standard input and the script are files that have no name. */
function openScratch(path: string): Scratch {
  const filling = fs.openSync(path, O_RDWR | O_CREAT | O_EXCL, 0o600);
  const reading = fs.openSync(path, O_RDONLY);
  fs.unlinkSync(path);
  return {
    reading,
    fill(text) {
      try {
        fs.writeFileSync(filling, text);
      } finally {
        fs.closeSync(filling);
      }
    },
  };
}
