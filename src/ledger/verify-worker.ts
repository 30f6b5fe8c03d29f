/** A thread of `verify-threads.ts`: looks at the tiles that it is told, and answers in their order. @module */
import { parentPort, workerData } from "node:worker_threads";
import { HASH_BYTES } from "./merkle.ts";
import { tileRoot } from "./verify-bundle.ts";

/** Tiles `from` up to, and without, `to`. */
export type TileRange = { readonly from: number; readonly to: number };
/** A root for each tile, in one piece; `odd`: those that have none. */
export type TileAnswer = TileRange & { readonly roots: Uint8Array; readonly odd: readonly number[] };

const dir = String(workerData);

parentPort?.on("message", ({ from, to }: TileRange) => {
  const roots = new Uint8Array((to - from) * HASH_BYTES);
  const odd: number[] = [];
  for (let index = from; index < to; index++) {
    const root = tileRoot(dir, index);
    if (root === undefined) odd.push(index);
    else roots.set(root, (index - from) * HASH_BYTES);
  }
  const answer: TileAnswer = { from, to, roots, odd };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(answer);
});
