/**
 * What is said over `/ws`, and in the event stream of `POST /api/chat`: one
 * JSON object a message, each with `v`.
 *
 * @module
 */
import { z } from "zod";
import { outcomeView, questionEventView, questionView, turnEventView } from "./events.ts";
import { answerRequest, chatRequest } from "./requests.ts";
import { WIRE_VERSION } from "./version.ts";

const v = z.literal(WIRE_VERSION);
/** Chosen by the client, to tell its turns apart. */
const id = z.string().min(1).max(64);

/** The first message of a connection that brought no bearer token: a token, or the proof of the cookie's session. */
export const authMessage = z.union([
  z.strictObject({ v, type: z.literal("auth"), token: z.string().min(1).max(512) }),
  z.strictObject({ v, type: z.literal("auth"), proof: z.string().min(1).max(128) }),
]);

export const clientMessage = z.discriminatedUnion("type", [
  z.strictObject({ v, type: z.literal("chat"), id, ...chatRequest.shape }),
  z.strictObject({ v, type: z.literal("answer"), approval: z.string().min(1).max(64), ...answerRequest.shape }),
  z.strictObject({ v, type: z.literal("stop-turn"), id }),
]);
export type ClientMessage = z.infer<typeof clientMessage>;

const fault = z.looseObject({ code: z.string(), message: z.string(), hint: z.string() });

/** What a client reads. `id` is that of the chat message that it belongs to. */
export const serverMessage = z.discriminatedUnion("type", [
  z.looseObject({ v, type: z.literal("ready"), person: z.string(), questions: z.array(questionView) }),
  z.looseObject({ v, type: z.literal("event"), id: id.optional(), event: turnEventView }),
  z.looseObject({ v, type: z.literal("question"), event: questionEventView }),
  z.looseObject({ v, type: z.literal("outcome"), id: id.optional(), outcome: outcomeView }),
  z.looseObject({ v, type: z.literal("fault"), id: id.optional(), fault }),
]);
export type ServerMessage = z.infer<typeof serverMessage>;
