/**
 * Vetting in a thread of its own, which ends with what Cedar took: some 37 MB,
 * most of it code that is never needed again.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { Fault } from "../../../core/fault.ts";
import type { VetAnswer, VetRequest } from "./vet-worker.ts";
import type { Vet, Vetted } from "./vet.ts";

export type Vetter = {
  /** The same work, asked for again, is done once: it may be begun before its answer is needed. */
  readonly vet: Vet;
  /** Ends the thread. Whoever still waits for an answer is refused. */
  close(): Promise<void>;
};

/** In development the worker is the source file; once built, it is what was built of it. */
const WORKER = new URL(import.meta.url.endsWith(".ts") ? "./vet-worker.ts" : "./vet-worker.js", import.meta.url);

/** The thread starts at once, so that Cedar is there when the first set is. */
export function openVetter(): Vetter {
  const worker = new Worker(WORKER, { env: {}, execArgv: [] });
  const asked: PromiseWithResolvers<Vetted>[] = [];
  const known = new Map<string, Promise<Vetted>>();
  let lost: Fault | null = null;
  const lose = (why: string): void => {
    lost ??= unusable(why);
    for (const one of asked) one.reject(lost);
  };
  worker.on("message", ({ id, answer }: VetAnswer) => {
    if (answer.kind === "vetted") asked[id]?.resolve(answer.vetted);
    else asked[id]?.reject(new Fault("POLICY_INVALID", { message: answer.message, hint: answer.hint }));
  });
  worker.on("error", (error) => lose(error instanceof Error ? error.message : "it failed"));
  worker.on("exit", () => lose("it ended"));
  const ask: Vet = (work) => {
    const waiting = Promise.withResolvers<Vetted>();
    // Whoever waits is told; where nobody does yet, a refusal must not end the process.
    waiting.promise.catch(() => undefined);
    if (lost !== null) waiting.reject(lost);
    const request: VetRequest = { id: asked.push(waiting) - 1, work };
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage(request);
    return waiting.promise;
  };
  return {
    vet: (work) => {
      const key = JSON.stringify(work);
      const answer = known.get(key) ?? ask(work);
      known.set(key, answer);
      return answer;
    },
    close: async () => {
      await worker.terminate();
    },
  };
}

function unusable(why: string): Fault {
  return new Fault("POLICY_INVALID", {
    message: `the policies could not be checked: ${why}`,
    hint: "install again: `npm run setup`; nothing is decided by policies that were not checked",
  });
}
