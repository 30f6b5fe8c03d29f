/**
 * Keeps one helper running. A helper that dies is started again after a pause
 * that grows; until then whoever asks for its client gets the lost one, which
 * refuses. Nothing that was under way is tried again.
 *
 * @module
 */
import type { Clock } from "../core/ports/clock.ts";
import type { Helper } from "./lifecycle.ts";

export type Supervised<Client> = {
  /** The newest client. */
  client(): Client;
  /** The process id of the newest helper. */
  pid(): number;
  /** Whether the helper runs now. */
  state(): "running" | "lost";
  /** Closes the client and ends the helper for good. */
  stop(): Promise<void>;
};

type Pair<Client> = { readonly helper: Helper; readonly client: Client };

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
/** A helper that ran this long had not failed at its start: the pause begins anew. */
const STEADY_MS = 60_000;

export async function supervise<Client>(parts: {
  readonly start: () => Promise<Pair<Client>>;
  readonly close: (client: Client) => Promise<void>;
  readonly clock: Clock;
  /** Told of each loss, and of each start that failed. */
  readonly lost: (why: string) => void;
  /** Told when it runs again. */
  readonly back: () => void;
}): Promise<Supervised<Client>> {
  let current = await parts.start();
  let state: "running" | "lost" = "running";
  const ending = new AbortController();

  const watch = async (): Promise<void> => {
    let pauseMs = FIRST_PAUSE_MS;
    while (!ending.signal.aborted) {
      const sinceMs = parts.clock.monotonicMs();
      const how = await current.helper.gone;
      if (ending.signal.aborted) return;
      state = "lost";
      parts.lost(`${current.helper.name} ended: ${how}`);
      if (parts.clock.monotonicMs() - sinceMs > STEADY_MS) pauseMs = FIRST_PAUSE_MS;
      const started = await startAgain(pauseMs);
      if (started === undefined) return;
      current = started;
      state = "running";
      parts.back();
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  };

  const startAgain = async (firstPauseMs: number): Promise<Pair<Client> | undefined> => {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        await parts.clock.sleep(pauseMs, ending.signal);
        return await parts.start();
      } catch (error) {
        if (ending.signal.aborted) return undefined;
        parts.lost(error instanceof Error ? error.message : "could not be started again");
      }
    }
  };

  const watching = watch();
  return {
    client: () => current.client,
    pid: () => current.helper.pid,
    state: () => state,
    async stop() {
      ending.abort(new Error("the gateway ends"));
      await parts.close(current.client);
      await current.helper.stop();
      await watching;
    },
  };
}
