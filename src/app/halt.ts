/**
 * Stop: everything halts at once, and stays halted across a restart until
 * somebody who may says resume (R-IR-1).
 *
 * @module
 */
import type { JsonObject } from "../core/json.ts";
import type { HaltEvent } from "../core/ports/gateway.ts";
import type { StateStore } from "../core/ports/store.ts";
import type { Said } from "../core/ports/watching.ts";

const KEY = "halted";

export type Halt = {
  /** What every step asks; read from memory, so it is true the moment `stop` is said. */
  state(): "running" | "halted";
  /** Null while it runs. */
  said(): Said | null;
  stop(said: Said): Promise<void>;
  resume(): Promise<void>;
  /** Aborted at each stop, replaced at resume: whatever runs listens to it. */
  signal(): AbortSignal;
  /** Told at each stop and each resume, until the signal ends it. */
  /** Told at once where everything is stopped already. */
  watch(listener: (event: HaltEvent) => void, signal: AbortSignal): void;
};

/** Reads what the last run left: a gateway that was stopped starts stopped. */
export async function openHalt(store: StateStore): Promise<Halt> {
  const before = await store.get(KEY);
  let halted = before?.["halted"] === true ? readSaid(before) : null;
  let ending = new AbortController();
  if (halted !== null) ending.abort(new Error("stopped"));
  const watchers = new Set<(event: HaltEvent) => void>();
  const tell = (event: HaltEvent): void => watchers.forEach((listener) => listener(event));
  return {
    state: () => (halted === null ? "running" : "halted"),
    said: () => halted,
    signal: () => ending.signal,
    async stop(said) {
      // In memory first: what runs ends now, even where the disk is slow or full.
      halted = said;
      ending.abort(new Error("stopped"));
      const written = writeHalted(store, said);
      tell({ type: "stopped" });
      await written;
    },
    async resume() {
      await store.set(KEY, { halted: false });
      halted = null;
      ending = new AbortController();
      tell({ type: "resumed" });
    },
    watch(listener, signal) {
      watchers.add(listener);
      if (halted !== null) listener({ type: "stopped" });
      signal.addEventListener("abort", () => watchers.delete(listener), { once: true });
    },
  };
}

/** For the gateway that reads it next. */
export async function writeHalted(store: StateStore, { by, why, atMs }: Said): Promise<void> {
  await store.set(KEY, { halted: true, by, reason: why, atMs });
}

/** Stopped stays stopped, also where nobody can read any more who said so. */
function readSaid({ by, reason, atMs }: JsonObject): Said {
  return {
    by: typeof by === "string" ? by : "somebody",
    why: typeof reason === "string" ? reason : "no reason can be read",
    atMs: typeof atMs === "number" ? atMs : 0,
  };
}
