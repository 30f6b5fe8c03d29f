/** A thread of `verify-threads.ts`: looks at the tiles that it is told, and answers in their order. @module */
import { parentPort, workerData } from "node:worker_threads";
import { type TileRange, tileRoots } from "./verify-bundle.ts";

const dir = String(workerData);

parentPort?.on("message", (range: TileRange) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(tileRoots(dir, range));
});
