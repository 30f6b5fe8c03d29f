/**
 * The roots of a ledger's full tiles, by as many threads as there are cores, of which the one that asks is one.
 *
 * A thread answers for exactly the tiles that it was told; one that fails, ends
 * or answers otherwise fails the whole verification: what nobody looked at is
 * never taken for good.
 *
 * @module
 */
import { getCompileCacheDir } from "node:module";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { Fault } from "../core/fault.ts";
import { HASH_BYTES } from "./merkle.ts";
import { type TileAnswer, type TileRange, tileRoot, tileRoots } from "./verify-bundle.ts";

/** In development the worker is the source file; once built, it is what was built of it. */
const WORKER = new URL(import.meta.url.endsWith(".ts") ? "./verify-worker.ts" : "./verify-worker.js", import.meta.url);
/** Tiles in one piece of a thread's work: 8,192 records. */
const PIECE = 32;
/** In one piece of what is done here: few, so that whatever else waits here comes in between. */
const PIECE_HERE = 4;
/** Threads that look, this one among them. */
const MOST_THREADS = 4;
/** Below, 65,536 records, a thread takes longer to start than it saves. */
const WORTH_THREADS = 256;
/** Pieces that are under way or wait to be taken, for each thread. */
const AHEAD = 2;
/** Pieces that were told and are not taken yet: answers that are kept in memory. */
const MOST_PIECES = 256;

export type TileRoots = {
  /** Of each tile in turn, from the first; undefined where something about it is odd. @throws Fault LEDGER_UNAVAILABLE */
  next(): Promise<Buffer | undefined>;
  /** Ends the threads. */
  close(): Promise<void>;
};

/** For tests: another program in the place of the worker; from how many tiles on there are threads. */
export type ThreadOptions = { readonly worker?: URL; readonly threadsFrom?: number };

export function openTileRoots(
  dir: string,
  tiles: number,
  { worker = WORKER, threadsFrom = WORTH_THREADS }: ThreadOptions = {},
): TileRoots {
  if (tiles < threadsFrom) return rootsHere(dir);
  const others = Math.max(1, Math.min(availableParallelism(), MOST_THREADS) - 1);
  const env = compiledElsewhere();
  const threads = Array.from({ length: others }, () => openThread(new Worker(worker, { env, workerData: dir })));
  const work = new Work(dir, tiles, threads);
  let index = 0;
  let now: TileAnswer | undefined;
  return {
    async next() {
      if (now === undefined || index >= now.to) now = await work.take();
      if (now === undefined || index < now.from || index >= now.to) throw broken("it answered for other tiles");
      const at = (index - now.from) * HASH_BYTES;
      const odd = now.odd.includes(index);
      index += 1;
      return odd ? undefined : Buffer.from(now.roots.subarray(at, at + HASH_BYTES));
    },
    close: async () => {
      await Promise.all(threads.map((one) => one.end()));
    },
  };
}

type Piece = { readonly answer: Promise<TileAnswer>; settled: boolean };

/** Tiles are told in their order, and answers are taken in it, whoever gave them. */
class Work {
  readonly dir: string;
  readonly tiles: number;
  readonly threads: readonly Thread[];
  told = 0;
  readonly pieces: Piece[] = [];

  constructor(dir: string, tiles: number, threads: readonly Thread[]) {
    [this.dir, this.tiles, this.threads] = [dir, tiles, threads];
  }

  /** Where the next piece is not there yet, this thread looks at tiles too: also while the others are starting. */
  async take(): Promise<TileAnswer | undefined> {
    for (;;) {
      this.tell();
      const [next] = this.pieces;
      if (next === undefined || next.settled || this.told === this.tiles || this.pieces.length >= MOST_PIECES) break;
      await setImmediate(); // what the threads answered comes in
      if (next.settled) break;
      const range = this.range(PIECE_HERE);
      this.pieces.push({ answer: Promise.resolve(tileRoots(this.dir, range)), settled: true });
    }
    return this.pieces.shift()?.answer;
  }

  tell(): void {
    for (const thread of this.threads)
      while (this.told < this.tiles && this.pieces.length < MOST_PIECES && thread.waiting() < AHEAD) {
        const piece: Piece = { answer: thread.look(this.range(PIECE)), settled: false };
        const settle = (): void => {
          piece.settled = true;
        };
        piece.answer.then(settle, settle); // whoever takes it is told
        this.pieces.push(piece);
      }
  }

  range(most: number): TileRange {
    const from = this.told;
    this.told = Math.min(this.tiles, from + most);
    return { from, to: this.told };
  }
}

/** A thread begins in half the time where it takes compiled code from where this process does. */
function compiledElsewhere(): { NODE_COMPILE_CACHE?: string } {
  const cache = getCompileCacheDir();
  // What is answered lies one folder below what is asked for: one for each version of Node.
  return cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) };
}

function rootsHere(dir: string): TileRoots {
  let index = 0;
  return { next: () => Promise.resolve(tileRoot(dir, index++)), close: () => Promise.resolve() };
}

type Thread = { look(range: TileRange): Promise<TileAnswer>; waiting(): number; end(): Promise<unknown> };

/** Answers come in the order of the questions. */
function openThread(worker: Worker): Thread {
  const waiting: { readonly range: TileRange; readonly answer: PromiseWithResolvers<TileAnswer> }[] = [];
  let lost: Fault | undefined;
  const lose = (why: string): void => {
    lost ??= broken(why);
    for (const { answer } of waiting.splice(0)) answer.reject(lost);
  };
  worker.on("message", (answer: TileAnswer) => {
    const asked = waiting.shift();
    const { from, to } = asked?.range ?? { from: -1, to: -1 };
    const fits = answer.from === from && answer.to === to && answer.roots.length === (to - from) * HASH_BYTES;
    if (fits) asked?.answer.resolve(answer);
    else {
      asked?.answer.reject(broken("it answered for other tiles"));
      lose("it answered for other tiles");
    }
  });
  worker.on("error", (error) => lose(error instanceof Error ? error.message : "it failed"));
  worker.on("exit", () => lose("it ended"));
  return {
    look(range) {
      if (lost !== undefined) return Promise.reject(lost);
      const answer = Promise.withResolvers<TileAnswer>();
      waiting.push({ range, answer });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage(range);
      return answer.promise;
    },
    waiting: () => waiting.length,
    end: () => worker.terminate(),
  };
}

function broken(why: string): Fault {
  return new Fault("LEDGER_UNAVAILABLE", {
    message: `the ledger could not be verified to its end: a thread that looks at it failed: ${why}`,
    hint: "verify it again; nothing is said of this ledger until that is done",
  });
}
