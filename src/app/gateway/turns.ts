/**
 * Running turns: one at a time in a session, in the order in which they came,
 * each with its own way to be ended.
 *
 * @module
 */
import type { SessionId, TurnId } from "../../core/ids.ts";
import { Fault } from "../../core/fault.ts";

/** Turns that may wait in one session; one more is refused, so that a flood cannot fill the memory. */
export const WAITING_LIMIT = 32;

export type Turns = {
  /** Runs `work` when the session's earlier turns are over. Its signal ends with `ending`, with `stopTurn`, or with `stopAll`. */
  run<T>(session: SessionId, turn: TurnId, ending: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  stopTurn(turn: TurnId): boolean;
  /** Resolves when every turn of these sessions has ended. */
  stopSessions(sessions: readonly SessionId[], reason: string): Promise<void>;
  /** Resolves when this turn is over, however; at once where it does not run. */
  over(turn: TurnId): Promise<void>;
  /** Resolves when every turn that was told to end has ended. */
  stopAll(reason: string): Promise<void>;
  isRunning(turn: TurnId): boolean;
  readonly running: number;
};

export function createTurns(): Turns {
  const queues = new Map<SessionId, { last: Promise<unknown>; waiting: number }>();
  const running = new Map<
    TurnId,
    { readonly session: SessionId; readonly end: AbortController; readonly over: Promise<unknown> }
  >();
  return {
    async run(session, turn, ending, work) {
      const queue = queues.get(session) ?? { last: Promise.resolve(), waiting: 0 };
      if (queue.waiting >= WAITING_LIMIT) throw tooMany();
      queues.set(session, queue);
      queue.waiting += 1;
      const end = new AbortController();
      const signal = AbortSignal.any([ending, end.signal]);
      const over = queue.last.then(() => work(signal));
      queue.last = over.then(ignore, ignore);
      running.set(turn, { session, end, over });
      try {
        return await over;
      } finally {
        running.delete(turn);
        queue.waiting -= 1;
        if (queue.waiting === 0) queues.delete(session);
      }
    },
    stopTurn(turn) {
      const one = running.get(turn);
      one?.end.abort(new Error("stopped"));
      return one !== undefined;
    },
    async stopSessions(sessions, reason) {
      const all = [...running.values()].filter((one) => sessions.includes(one.session));
      for (const one of all) one.end.abort(new Error(reason));
      await Promise.allSettled(all.map((one) => one.over));
    },
    async over(turn) {
      await Promise.allSettled([running.get(turn)?.over]);
    },
    async stopAll(reason) {
      const all = [...running.values()];
      for (const one of all) one.end.abort(new Error(reason));
      await Promise.allSettled(all.map((one) => one.over));
    },
    isRunning: (turn) => running.has(turn),
    get running() {
      return running.size;
    },
  };
}

/** Whoever began a turn hears of its failure from `run`; the one behind it only waits for its end. */
function ignore(): undefined {
  return undefined;
}

function tooMany(): Fault {
  return new Fault("SESSION_BUSY", {
    message: `${WAITING_LIMIT} messages wait in this conversation already`,
    hint: "wait for the answers, or end the one that runs",
  });
}
