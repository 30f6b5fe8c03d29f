/** Talking to the agent: a stream of the turn's events, or its end alone. @module */
import { newId, parseId } from "../../../core/ids.ts";
import type { ChatRequest } from "../../../core/ports/gateway.ts";
import type { Random } from "../../../core/ports/random.ts";
import { type ChatBody, chatRequest } from "../../../wire/requests.ts";
import { WIRE_VERSION } from "../../../wire/version.ts";
import type { Head } from "../head.ts";
import { callerRoute, type Route } from "../route.ts";
import { type Dialect, streamTurn, streamWatch } from "../stream.ts";
import type { RouteParts } from "./parts.ts";

const say = (message: object): string => JSON.stringify({ v: WIRE_VERSION, ...message });

/** The same envelopes as over `/ws`. */
const OWN: Dialect = {
  event: (event) => say({ type: "event", event }),
  outcome: (outcome) => [say({ type: "outcome", outcome })],
  fault: (fault) => [say({ type: "fault", fault })],
};

export function chatRoutes(parts: RouteParts): readonly Route[] {
  const { turns, random, clock, limits } = parts;
  return [
    callerRoute({
      method: "POST",
      path: "/api/chat",
      says: "send a message; the answer is a stream of events, or JSON where only that is accepted",
      needs: "chat",
      body: chatRequest,
      run: async (ask, caller, { body }) => {
        const request = toChatRequest(body, random);
        if (wantsJson(ask.head)) {
          return Response.json(await turns.chat(caller, request, () => undefined, ask.signal));
        }
        return streamTurn(async (emit, signal) => turns.chat(caller, request, emit, signal), {
          dialect: OWN,
          clock,
          limits,
          signal: ask.signal,
          tell: (thrown) => parts.tell(thrown, ask),
        });
      },
    }),
    callerRoute({
      method: "GET",
      path: "/api/events",
      says: "what comes by itself, as a stream of events: notices, stops, and questions that open and close; come back when it ends",
      needs: "chat",
      run: async (ask, caller) =>
        streamWatch(
          (tell, signal) => parts.gateway.watch(caller, (event) => tell(say({ type: "question", event })), signal),
          {
            clock,
            limits,
            signal: AbortSignal.any([ask.signal, turns.closing]),
            lifeMs: limits.heartbeatMs,
          },
        ),
    }),
  ];
}

/** @throws Fault ID_MALFORMED */
export function toChatRequest(body: ChatBody, random: Random): ChatRequest {
  return {
    messageId: body.messageId ?? newId("msg", random),
    text: body.text,
    ...(body.session === undefined ? {} : { session: parseId("ses", body.session) }),
    ...(body.agent === undefined ? {} : { agent: body.agent }),
  };
}

function wantsJson(head: Head): boolean {
  const accept = head.header("accept") ?? "";
  return accept.includes("application/json") && !accept.includes("text/event-stream");
}
