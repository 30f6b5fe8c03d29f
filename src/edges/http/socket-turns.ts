/** The turns of one WebSocket: each under the id that the client chose, a few at once. @module */
import { toFault } from "../../core/fault.ts";
import type { Caller } from "../../core/ports/gateway.ts";
import type { Random } from "../../core/ports/random.ts";
import type { ClientMessage } from "../../wire/socket.ts";
import { rateLimited } from "./errors.ts";
import { toChatRequest } from "./routes/chat.ts";
import type { Turns } from "./turns.ts";

const TURNS_EACH = 4;

export type SocketTurns = {
  start(message: ClientMessage & { type: "chat" }, caller: Caller): void;
  stop(id: string): void;
};

export function createSocketTurns(parts: {
  readonly turns: Turns;
  readonly random: Random;
  readonly send: (message: object) => void;
  readonly tell: (thrown: unknown) => void;
  /** Aborts when the connection is over, and every turn with it. */
  readonly over: AbortSignal;
}): SocketTurns {
  const running = new Map<string, AbortController>();

  async function run(message: ClientMessage & { type: "chat" }, caller: Caller, stop: AbortSignal): Promise<void> {
    const { id } = message;
    try {
      const emit = (event: object): void => parts.send({ type: "event", id, event });
      const request = toChatRequest(message, parts.random);
      const outcome = await parts.turns.chat(caller, request, emit, AbortSignal.any([stop, parts.over]));
      parts.send({ type: "outcome", id, outcome });
    } catch (thrown) {
      parts.tell(thrown);
      parts.send({ type: "fault", id, fault: toFault(thrown) });
    } finally {
      running.delete(id);
    }
  }

  return {
    start(message, caller) {
      if (running.has(message.id) || running.size >= TURNS_EACH) {
        return parts.send({ type: "fault", id: message.id, fault: rateLimited("too many turns at once here", 1) });
      }
      const stop = new AbortController();
      running.set(message.id, stop);
      // Everything that it can reject with was answered inside.
      void run(message, caller, stop.signal);
    },
    stop: (id) => running.get(id)?.abort(new Error("stopped by its person")),
  };
}
