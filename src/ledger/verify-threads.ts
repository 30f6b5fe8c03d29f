/**
 * The roots of a ledger's full tiles, by as many threads as there are cores.
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
import { Worker } from "node:worker_threads";
import { Fault } from "../core/fault.ts";
import { HASH_BYTES } from "./merkle.ts";
import { tileRoot } from "./verify-bundle.ts";
import type { TileAnswer, TileRange } from "./verify-worker.ts";

/** In development the worker is the source file; once built, it is what was built of it. */
const WORKER = new URL(import.meta.url.endsWith(".ts") ? "./verify-worker.ts" : "./verify-worker.js", import.meta.url);
/** Tiles in one piece of work: 16,384 records. */
const PIECE = 64;
const MOST_THREADS = 4;
/** Below, 65,536 records, a thread takes longer to start than it saves. */
const WORTH_THREADS = 256;
/** Pieces that are under way or wait to be taken, for each thread. */
const AHEAD = 3;

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
  const threads = Math.min(availableParallelism(), MOST_THREADS, Math.ceil(tiles / PIECE));
  const env = compiledElsewhere();
  const workers = Array.from({ length: threads }, () => openThread(new Worker(worker, { env, workerData: dir })));
  const pieces: Promise<TileAnswer>[] = [];
  let told = 0;
  const tell = (): void => {
    while (told < tiles && pieces.length < threads * AHEAD) {
      const range = { from: told, to: Math.min(tiles, told + PIECE) };
      const thread = workers[(told / PIECE) % threads];
      told = range.to;
      if (thread === undefined) throw broken("there is none");
      const piece = thread.look(range);
      piece.catch(() => undefined); // whoever takes it is told
      pieces.push(piece);
    }
  };
  let index = 0;
  let now: TileAnswer | undefined;
  return {
    async next() {
      tell();
      if (now === undefined || index >= now.to) now = await pieces.shift();
      if (now === undefined || index < now.from || index >= now.to) throw broken("it answered for other tiles");
      const at = (index - now.from) * HASH_BYTES;
      const odd = now.odd.includes(index);
      index += 1;
      return odd ? undefined : Buffer.from(now.roots.subarray(at, at + HASH_BYTES));
    },
    close: async () => {
      await Promise.all(workers.map((one) => one.end()));
    },
  };
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

type Thread = { look(range: TileRange): Promise<TileAnswer>; end(): Promise<unknown> };

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
    end: () => worker.terminate(),
  };
}

function broken(why: string): Fault {
  return new Fault("LEDGER_UNAVAILABLE", {
    message: `the ledger could not be verified to its end: a thread that looks at it failed: ${why}`,
    hint: "verify it again; nothing is said of this ledger until that is done",
  });
}
