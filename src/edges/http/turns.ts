/**
 * Turns that callers wait for: so many at once, and all told when the gateway
 * closes.
 *
 * @module
 */
import type { Caller, ChatOutcome, ChatRequest, Gateway } from "../../core/ports/gateway.ts";
import type { TurnEvent } from "../../core/turn.ts";
import { rateLimited } from "./errors.ts";

export type Turns = {
  /** @throws Fault RATE_LIMITED where as many run as may. */
  chat(
    caller: Caller,
    request: ChatRequest,
    emit: (event: TurnEvent) => void,
    signal: AbortSignal,
  ): Promise<ChatOutcome>;
  /** Aborts when the gateway closes. */
  readonly closing: AbortSignal;
};

export function createTurns(gateway: Gateway, most: number, closing: AbortSignal): Turns {
  let running = 0;
  return {
    closing,
    async chat(caller, request, emit, signal) {
      if (running >= most) throw rateLimited("too many turns run at once", 5);
      running++;
      try {
        return await gateway.chat(caller, request, emit, AbortSignal.any([signal, closing]));
      } finally {
        running--;
      }
    },
  };
}
