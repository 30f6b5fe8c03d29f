/**
 * What the gateway streams: the events of a turn and the questions that open
 * and close, as a reader on the other side of a socket sees them.
 *
 * A reader is lenient where a writer is strict: unknown fields are kept, so
 * that an old page and a new gateway understand each other.
 *
 * @module
 */
import { z } from "zod";
import { TRUST_LEVELS } from "../core/label.ts";

const source = z.looseObject({ kind: z.string(), id: z.string(), trust: z.enum(TRUST_LEVELS) });

/** A question as it is drawn for a person: the exact call, its folder, why it asks, where each argument came from. */
export const questionView = z.looseObject({
  id: z.string(),
  call: z.string(),
  tool: z.string(),
  effect: z.string(),
  arguments: z.record(z.string(), z.json()),
  cwd: z.string(),
  because: z.array(z.string()),
  says: z.string(),
  needs: z.string(),
  origins: z.array(
    z.looseObject({
      pointer: z.string(),
      argument: z.string(),
      role: z.string(),
      value: z.string(),
      designated: z.boolean(),
      sources: z.array(source),
    }),
  ),
  origin: z.looseObject({ session: z.string(), turn: z.string(), channel: z.string() }),
  expiresMs: z.number(),
  quotes: z.array(z.looseObject({ argument: z.string(), value: z.string(), source, text: z.string() })).optional(),
  leaving: z
    .looseObject({
      confidentiality: z.string(),
      carries: z.array(z.string()),
      to: z.array(z.looseObject({ name: z.string(), mayKnow: z.boolean() })),
    })
    .optional(),
  found: z.record(z.string(), z.number()).optional(),
  covers: z.string().optional(),
  grouped: z.looseObject({ id: z.string(), at: z.number(), of: z.number() }).optional(),
  sources: z
    .array(
      z.looseObject({
        item: z.string(),
        from: z.string(),
        trust: z.enum(TRUST_LEVELS),
        confidentiality: z.string(),
        as: z.array(z.string()),
        text: z.string(),
        characters: z.number(),
      }),
    )
    .optional(),
});
export type QuestionView = z.infer<typeof questionView>;

const usage = z.looseObject({ inputTokens: z.number(), outputTokens: z.number() });
const verdict = z.enum(["allow", "ask", "deny"]);
const stop = z.enum(["done", "refused", "budget", "loop", "stopped", "failed"]);

export const turnEventView = z.discriminatedUnion("type", [
  z.looseObject({
    type: z.literal("turn.started"),
    turn: z.string(),
    session: z.string(),
    model: z.looseObject({ provider: z.string(), model: z.string(), remote: z.boolean() }),
  }),
  z.looseObject({ type: z.literal("text"), delta: z.string() }),
  z.looseObject({
    type: z.literal("call.proposed"),
    call: z.string(),
    tool: z.string(),
    arguments: z.record(z.string(), z.json()),
  }),
  z.looseObject({
    type: z.literal("call.decided"),
    call: z.string(),
    verdict,
    says: z.string(),
    because: z.array(z.string()),
  }),
  z.looseObject({ type: z.literal("approval.asked"), question: questionView }),
  z.looseObject({
    type: z.literal("approval.answered"),
    call: z.string(),
    answer: z.enum(["yes", "no", "endorse"]),
    by: z.string(),
  }),
  z.looseObject({
    type: z.literal("call.output"),
    call: z.string(),
    stream: z.enum(["stdout", "stderr"]),
    text: z.string(),
  }),
  z.looseObject({
    type: z.literal("call.finished"),
    call: z.string(),
    ok: z.boolean(),
    summary: z.string(),
    wallMs: z.number(),
  }),
  z.looseObject({ type: z.literal("fault"), code: z.string(), message: z.string(), hint: z.string() }),
  z.looseObject({ type: z.literal("turn.finished"), turn: z.string(), stop, text: z.string(), usage }),
]);
export type TurnEventView = z.infer<typeof turnEventView>;

export const questionEventView = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("opened"), question: questionView }),
  z.looseObject({
    type: z.literal("closed"),
    id: z.string(),
    answer: z.enum(["yes", "no", "endorse"]),
    by: z.string(),
  }),
  z.looseObject({ type: z.literal("notice"), from: z.string(), text: z.string(), session: z.string().optional() }),
  z.looseObject({ type: z.literal("stopped") }),
  z.looseObject({ type: z.literal("resumed") }),
]);
export type QuestionEventView = z.infer<typeof questionEventView>;

export const outcomeView = z.looseObject({
  turn: z.string(),
  session: z.string(),
  stop,
  text: z.string(),
  usage,
});
export type OutcomeView = z.infer<typeof outcomeView>;
