/**
 * A container's standard output and error as they come over one connection,
 * and the two marks in standard error by which its shell says that the program
 * begins and how it ended.
 *
 * A program that prints the second mark ends itself early, which it may.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import type { Outflow } from "../pipes.ts";
import { HERE } from "./inside.ts";

export type Streams = {
  readonly stdout: Outflow;
  readonly stderr: Outflow;
  /** True when the shell waits for its job; false where it ended before. */
  readonly here: Promise<boolean>;
  /** True when the program begins; false where everything ended before. */
  readonly set: Promise<boolean>;
  /** The program's status as a shell says it; null where the container ended without a word. */
  readonly ended: Promise<number | null>;
  /** When all that was printed has been handed on. */
  readonly closed: Promise<void>;
  /** From here on nothing waits for a slow reader: the taker keeps to a cap, so what comes is bounded. */
  hurry(): void;
};

const HEAD = 8;
const STDERR = 2;

export function readStreams(socket: Duplex, marks: { readonly set: string; readonly end: string }): Streams {
  const here = Promise.withResolvers<boolean>();
  const set = Promise.withResolvers<boolean>();
  const ended = Promise.withResolvers<number | null>();
  const closed = Promise.withResolvers<void>();
  const flow = openFlow(socket);
  const out = openWay(flow);
  const err = openWay(flow);
  const toOut = afterMark(HERE, { before: () => undefined, after: out.give, found: () => here.resolve(true) });
  const status = firstLine((line) => ended.resolve(Number(line)));
  const toProgram = afterMark(marks.end, { before: err.give, after: status, found: () => undefined });
  const toErr = afterMark(marks.set, {
    before: err.give,
    after: (bytes) => toProgram.push(bytes),
    found: () => set.resolve(true),
  });
  const take = unframe((stream, bytes) => (stream === STDERR ? toErr.push(bytes) : toOut.push(bytes)));
  const end = (): void => {
    for (const one of [toErr, toProgram, toOut]) one.end();
    here.resolve(false);
    set.resolve(false);
    ended.resolve(null);
    closed.resolve();
  };
  socket.on("data", take);
  socket.on("error", end); // the engine went away: what came until then counts
  socket.on("end", end);
  socket.on("close", end);
  return {
    stdout: out.outflow,
    stderr: err.outflow,
    here: here.promise,
    set: set.promise,
    ended: ended.promise,
    closed: closed.promise,
    hurry: () => flow.hurry(),
  };
}

type Flow = { hold(who: object): void; free(who: object): void; hurry(): void };

function openFlow(socket: Duplex): Flow {
  const holding = new Set<object>();
  let hurried = false;
  return {
    hold(who) {
      holding.add(who);
      if (!hurried) socket.pause();
    },
    free(who) {
      holding.delete(who);
      if (holding.size === 0) socket.resume();
    },
    hurry() {
      hurried = true;
      socket.resume();
    },
  };
}

type Way = { readonly outflow: Outflow; readonly give: (bytes: Buffer) => void };

function openWay(flow: Flow): Way {
  const early: Buffer[] = [];
  let taker: ((bytes: Buffer) => void) | null = null;
  const outflow: Outflow = {
    flow(to) {
      taker = to;
      for (const bytes of early.splice(0)) to(bytes);
    },
    pause: () => flow.hold(outflow),
    resume: () => flow.free(outflow),
  };
  const give = (bytes: Buffer): void => {
    if (bytes.length === 0) return;
    if (taker === null) early.push(bytes);
    else taker(bytes);
  };
  return { outflow, give };
}

/** The engine's frames: which stream, three zero bytes, the length, the bytes. */
function unframe(give: (stream: number, bytes: Buffer) => void): (chunk: Buffer) => void {
  let head = Buffer.alloc(0);
  let left = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (left > 0) {
        const part = chunk.subarray(at, at + left);
        left -= part.length;
        at += part.length;
        give(head[0] ?? 0, part);
        continue;
      }
      if (head.length === HEAD) head = Buffer.alloc(0);
      const part = chunk.subarray(at, at + HEAD - head.length);
      at += part.length;
      head = Buffer.concat([head, part]);
      if (head.length === HEAD) left = head.readUInt32BE(4);
    }
  };
}

type Finder = { push(bytes: Buffer): void; end(): void };

/** Hands on what comes before a mark and what comes after it. A mark may come in pieces. */
function afterMark(
  mark: string,
  to: { before(bytes: Buffer): void; after(bytes: Buffer): void; found(): void },
): Finder {
  const wanted = Buffer.from(mark, "latin1");
  let held = Buffer.alloc(0);
  let isFound = false;
  return {
    push(bytes) {
      if (isFound) {
        to.after(bytes);
        return;
      }
      const all = Buffer.concat([held, bytes]);
      const at = all.indexOf(wanted);
      isFound = at >= 0;
      const upTo = isFound ? at : all.length - begun(all, wanted);
      held = all.subarray(isFound ? all.length : upTo);
      to.before(all.subarray(0, upTo));
      if (!isFound) return;
      to.found();
      to.after(all.subarray(at + wanted.length));
    },
    end() {
      to.before(held);
      held = Buffer.alloc(0);
    },
  };
}

/** How many bytes at the end may be the beginning of the mark. */
function begun(all: Buffer, wanted: Buffer): number {
  for (let count = Math.min(wanted.length - 1, all.length); count > 0; count--) {
    if (all.subarray(all.length - count).equals(wanted.subarray(0, count))) return count;
  }
  return 0;
}

function firstLine(say: (line: string) => void): (bytes: Buffer) => void {
  let text = "";
  return (bytes) => {
    if (text.endsWith("\n")) return;
    text += bytes.toString("latin1").slice(0, 8);
    const at = text.indexOf("\n");
    if (at < 0) return;
    say(text.slice(0, at));
    text = "\n";
  };
}
