/**
 * The OpenAI-compatible door.
 *
 * The last user part is the message. Earlier user, system and developer parts
 * are the caller's own words, with his trust; assistant and tool parts are
 * anybody's, with none.
 *
 * @module
 */
import { Fault } from "../../../core/fault.ts";
import { newId, parseAgentId } from "../../../core/ids.ts";
import type { ChatOutcome, ChatRequest } from "../../../core/ports/gateway.ts";
import type { TurnEvent, TurnStop } from "../../../core/turn.ts";
import {
  type CompletionBody,
  type CompletionPart,
  completionRequest,
  type CompletionUsage,
  type FinishReason,
} from "../../../wire/completions.ts";
import { messageId } from "../../../wire/requests.ts";
import { parseWith } from "../body.ts";
import { errorAnswer } from "../errors.ts";
import { type Ask, callerRoute, type Route } from "../route.ts";
import { type Dialect, streamTurn } from "../stream.ts";
import type { RouteParts } from "./parts.ts";

const MODEL = "vambrace";

export function completionRoutes(parts: RouteParts): readonly Route[] {
  const { turns, clock, limits } = parts;
  return [
    callerRoute({
      method: "GET",
      path: "/v1/models",
      says: "the one model there is: the agent",
      needs: "chat",
      run: async () =>
        Response.json({ object: "list", data: [{ id: MODEL, object: "model", created: 0, owned_by: MODEL }] }),
    }),
    callerRoute({
      method: "POST",
      path: "/v1/chat/completions",
      says: "OpenAI-compatible chat, streamed or not",
      needs: "chat",
      body: completionRequest,
      maxBytes: limits.bodyBytes,
      run: async (ask, caller, { body }) => {
        const request = toRequest(ask, body, parts);
        const made = {
          id: `chatcmpl-${request.messageId}`,
          created: Math.floor(clock.wallMs() / 1000),
          model: modelOf(request),
        };
        if (body.stream !== true) {
          const events = watchFaults();
          const outcome = await turns.chat(caller, request, events.see, ask.signal);
          if (outcome.stop === "failed") throw events.fault();
          return Response.json(completion(made, outcome));
        }
        return streamTurn(async (emit, signal) => turns.chat(caller, request, emit, signal), {
          dialect: openAi(made, ask.id, body.stream_options?.include_usage === true),
          clock,
          limits,
          signal: ask.signal,
          tell: (thrown) => parts.tell(thrown, ask),
        });
      },
    }),
  ];
}

function toRequest(ask: Ask, body: CompletionBody, { random }: RouteParts): ChatRequest {
  const last = body.messages.findLastIndex((part) => part.role === "user");
  const message = body.messages[last];
  if (message === undefined) throw noMessage("there is no part of the role `user`");
  const text = textOf(message);
  if (text === "") throw noMessage("the last part of the role `user` is empty");
  const key = ask.head.header("idempotency-key");
  return {
    messageId: key === undefined ? newId("msg", random) : parseWith(messageId, key, "Idempotency-Key"),
    text,
    ...agentOf(body.model),
    history: body.messages
      .filter((_, index) => index !== last)
      .map((part) => ({ role: roleOf(part), text: textOf(part) })),
  };
}

function noMessage(why: string): Fault {
  return new Fault("BODY_MALFORMED", {
    message: `there is no message: ${why}`,
    hint: "end `messages` with a user part",
  });
}

/**
 * `vambrace/research` is that agent. Clients insist on a name of some model; any other means the default agent, and the
 * answer's `model` says who it was.
 *
 * @throws Fault ID_MALFORMED
 */
function agentOf(model: string): { readonly agent?: string } {
  return model.startsWith(`${MODEL}/`) ? { agent: parseAgentId(model.slice(MODEL.length + 1)) } : {};
}

function modelOf({ agent }: ChatRequest): string {
  return agent === undefined ? MODEL : `${MODEL}/${agent}`;
}

/** System text comes from the caller like everything else: his own words, never the gateway's. */
function roleOf(part: CompletionPart): "user" | "assistant" | "tool" {
  return part.role === "assistant" || part.role === "tool" ? part.role : "user";
}

function textOf(part: CompletionPart): string {
  const { content } = part;
  const said = typeof content === "string" ? content : (content ?? []).map((piece) => piece.text).join("\n");
  const calls = part.role === "assistant" && part.tool_calls !== undefined ? JSON.stringify(part.tool_calls) : "";
  return [said, calls].filter((piece) => piece !== "").join("\n");
}

type Made = { readonly id: string; readonly created: number; readonly model: string };

function completion(made: Made, outcome: ChatOutcome): object {
  const message = { role: "assistant", content: outcome.text, refusal: null };
  return {
    ...made,
    object: "chat.completion",
    choices: [{ index: 0, message, logprobs: null, finish_reason: FINISH[outcome.stop] }],
    usage: usageOf(outcome),
  };
}

function openAi(made: Made, request: string, withUsage: boolean): Dialect {
  const events = watchFaults();
  let isBegun = false;
  let hasText = false;
  const chunk = (delta: object, finish: FinishReason | null): string => {
    const role = isBegun ? {} : { role: "assistant" };
    isBegun = true;
    const choice = { index: 0, delta: { ...role, ...delta }, logprobs: null, finish_reason: finish };
    return JSON.stringify({ ...made, object: "chat.completion.chunk", choices: [choice] });
  };
  const fault = (thrown: Fault): readonly string[] => [JSON.stringify(errorAnswer(thrown, request)), "[DONE]"];
  return {
    event(event) {
      events.see(event);
      hasText ||= event.type === "text";
      if (event.type === "text") return chunk({ content: event.delta }, null);
      return event.type === "turn.started" ? chunk({ content: "" }, null) : undefined;
    },
    outcome(outcome) {
      if (outcome.stop === "failed") return fault(events.fault());
      const usage = { ...made, object: "chat.completion.chunk", choices: [], usage: usageOf(outcome) };
      const whole = hasText || outcome.text === "" ? [] : [chunk({ content: outcome.text }, null)];
      return [...whole, chunk({}, FINISH[outcome.stop]), ...(withUsage ? [JSON.stringify(usage)] : []), "[DONE]"];
    },
    fault,
  };
}

const FINISH: Record<TurnStop, FinishReason> = {
  done: "stop",
  refused: "content_filter",
  budget: "length",
  loop: "length",
  stopped: "stop",
  failed: "stop",
};

function usageOf({ usage }: ChatOutcome): CompletionUsage {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
}

/** A turn that fails says why in an event; an OpenAI client knows errors only. */
function watchFaults(): { see(this: void, event: TurnEvent): void; fault(): Fault } {
  let last: Fault | undefined;
  return {
    see(event) {
      if (event.type === "fault") last = new Fault(event.code, { message: event.message, hint: event.hint });
    },
    fault: () =>
      last ?? new Fault("MODEL_UNAVAILABLE", { message: "the turn failed", hint: "ask again, or look in the log" }),
  };
}
