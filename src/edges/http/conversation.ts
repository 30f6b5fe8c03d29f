/**
 * One WebSocket's conversation: who is at the other end, his messages and
 * answers in, events and questions out.
 *
 * Whoever is there is asked again at every message, so that a token revoked in
 * the middle is the end of it. A frame that breaks the form is answered with a
 * fault, and nothing after it is read.
 *
 * @module
 */
import { Fault, toFault } from "../../core/fault.ts";
import type { Caller, Gateway, QuestionEvent } from "../../core/ports/gateway.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Random } from "../../core/ports/random.ts";
import { authMessage, type ClientMessage, clientMessage } from "../../wire/socket.ts";
import { WIRE_VERSION } from "../../wire/version.ts";
import { takeAnswer } from "./answering.ts";
import { parseJson, parseWith } from "./body.ts";
import { rateLimited } from "./errors.ts";
import { demand } from "./guard.ts";
import type { HttpLimits } from "./limits.ts";
import { createSocketTurns } from "./socket-turns.ts";
import type { Turns } from "./turns.ts";

/** Close codes of RFC 6455. */
export const POLICY_VIOLATION = 1008;
export const GOING_AWAY = 1001;

export type Line = {
  send(text: string): void;
  /** Bytes that the other side has not taken yet. */
  unread(): number;
  close(code: number, reason: string): void;
};

/** Says who is there now, or throws. */
export type Who = () => Promise<Caller>;

export type ConversationParts = {
  readonly line: Line;
  readonly gateway: Gateway;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: HttpLimits;
  /** Absent: the first message says it. */
  readonly who?: Who;
  /** Makes a `Who` of the first message. */
  readonly introduce: (message: { readonly token: string } | { readonly proof: string }) => Who;
  readonly onKnown: () => void;
  readonly tell: (thrown: unknown) => void;
};

export type Conversation = {
  receive(data: Uint8Array, isBinary: boolean): void;
  /** Asks again who is there; ends the conversation where nobody is any more. */
  recheck(): Promise<void>;
  ended(): void;
};

export function createConversation(parts: ConversationParts): Conversation {
  const state = { who: parts.who, over: new AbortController() };
  const { line, limits } = parts;
  const desk = createSocketTurns({ ...parts, send, over: state.over.signal });
  const mayReceive = createBucket(parts.clock, limits.framesPerSecond);

  function send(message: object): void {
    if (state.over.signal.aborted) return;
    if (line.unread() > limits.unreadBytes) return end(new Error("the reader does not read"));
    line.send(JSON.stringify({ v: WIRE_VERSION, ...message }));
  }

  function end(thrown: unknown): void {
    if (state.over.signal.aborted) return;
    parts.tell(thrown);
    if (thrown instanceof Fault) send({ type: "fault", fault: thrown });
    state.over.abort(thrown);
    line.close(POLICY_VIOLATION, thrown instanceof Fault ? thrown.code : "INTERNAL");
  }

  async function welcome(who: Who): Promise<void> {
    const caller = await who();
    demand(caller, "chat");
    state.who = who;
    parts.onKnown();
    greet(parts.gateway, caller, send, state.over.signal);
  }

  async function handle(value: unknown): Promise<void> {
    if (state.who === undefined) return welcome(parts.introduce(parseWith(authMessage, value, "first message")));
    const caller = await state.who();
    await obey(parseWith(clientMessage, value, "message"), caller);
  }

  async function obey(message: ClientMessage, caller: Caller): Promise<void> {
    if (message.type === "chat") return desk.start(message, caller);
    if (message.type === "stop-turn") return desk.stop(message.id);
    const refused = await answerQuestion(parts, message, caller);
    if (refused !== undefined) send({ type: "fault", id: message.approval, fault: refused });
  }

  let tail: Promise<void> = parts.who === undefined ? Promise.resolve() : welcome(parts.who).catch(end);
  return {
    receive(data, isBinary) {
      if (state.over.signal.aborted) return;
      if (!mayReceive()) return end(rateLimited("too many messages", 1));
      tail = tail
        .then(async () => (state.over.signal.aborted ? undefined : handle(parseFrame(data, isBinary))))
        .catch(end);
    },
    async recheck() {
      await state.who?.().catch(end);
    },
    ended: () => state.over.abort(new Error("the other side is gone")),
  };
}

/** Questions are for those who may answer; a notice is for the person, and a stop for everybody. */
function greet(gateway: Gateway, caller: Caller, send: (message: object) => void, over: AbortSignal): void {
  const mayAnswer = caller.permissions.has("approve");
  send({ type: "ready", person: caller.person, questions: mayAnswer ? gateway.questions(caller) : [] });
  const tell = (event: QuestionEvent): void => {
    const isQuestion = event.type === "opened" || event.type === "closed";
    if (mayAnswer || !isQuestion) send({ type: "question", event });
  };
  gateway.watch(caller, tell, over);
}

/** @returns why not, where it was not taken: one wrong answer does not end the conversation. */
async function answerQuestion(
  parts: ConversationParts,
  message: ClientMessage & { type: "answer" },
  caller: Caller,
): Promise<Fault | undefined> {
  try {
    demand(caller, "approve");
    await takeAnswer(parts.gateway, caller, message.approval, message);
    return undefined;
  } catch (thrown) {
    parts.tell(thrown);
    return toFault(thrown);
  }
}

function parseFrame(data: Uint8Array, isBinary: boolean): unknown {
  if (!isBinary) return parseJson(data);
  throw new Fault("BODY_MALFORMED", { message: "a message is binary", hint: "send JSON as text" });
}

/** Whether one more fits into this second. */
function createBucket(clock: Clock, perSecond: number): () => boolean {
  let startedMs = clock.monotonicMs();
  let taken = 0;
  return () => {
    if (clock.monotonicMs() - startedMs >= 1000) {
      startedMs = clock.monotonicMs();
      taken = 0;
    }
    return ++taken <= perSecond;
  };
}
