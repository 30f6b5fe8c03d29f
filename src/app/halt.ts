/**
 * Stop: everything halts at once, and stays halted across a restart until
 * somebody who may says resume (R-IR-1).
 *
 * @module
 */
import type { HaltEvent } from "../core/ports/gateway.ts";
import type { StateStore } from "../core/ports/store.ts";

const KEY = "halted";

export type Halt = {
  /** What every step asks; read from memory, so it is true the moment `stop` is said. */
  state(): "running" | "halted";
  stop(by: string, reason: string, nowMs: number): Promise<void>;
  resume(): Promise<void>;
  /** Aborted at each stop, replaced at resume: whatever runs listens to it. */
  signal(): AbortSignal;
  /** Told at each stop and each resume, until the signal ends it. */
  watch(listener: (event: HaltEvent) => void, signal: AbortSignal): void;
};

/** Reads what the last run left: a gateway that was stopped starts stopped. */
export async function openHalt(store: StateStore): Promise<Halt> {
  const before = await store.get(KEY);
  let halted = before?.["halted"] === true;
  let ending = new AbortController();
  if (halted) ending.abort(new Error("stopped"));
  const watchers = new Set<(event: HaltEvent) => void>();
  const tell = (event: HaltEvent): void => watchers.forEach((listener) => listener(event));
  return {
    state: () => (halted ? "halted" : "running"),
    signal: () => ending.signal,
    async stop(by, reason, nowMs) {
      // In memory first: what runs ends now, even where the disk is slow or full.
      halted = true;
      ending.abort(new Error("stopped"));
      const written = writeHalted(store, { by, reason, atMs: nowMs });
      tell({ type: "stopped" });
      await written;
    },
    async resume() {
      await store.set(KEY, { halted: false });
      halted = false;
      ending = new AbortController();
      tell({ type: "resumed" });
    },
    watch(listener, signal) {
      watchers.add(listener);
      signal.addEventListener("abort", () => watchers.delete(listener), { once: true });
    },
  };
}

/** For the gateway that reads it next. */
export async function writeHalted(
  store: StateStore,
  said: { readonly by: string; readonly reason: string; readonly atMs: number },
): Promise<void> {
  await store.set(KEY, { halted: true, ...said });
}
