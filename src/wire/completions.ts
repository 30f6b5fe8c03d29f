/**
 * `/v1/chat/completions` as OpenAI's clients speak it: what is understood of
 * it, and the shape of the answers.
 *
 * What would hand the model tools, pictures or several answers is refused by
 * name. What only tunes sampling is accepted and has no effect: the operator's
 * configuration decides.
 *
 * @module
 */
import { z } from "zod";
import { LONGEST_TEXT } from "./requests.ts";

const text = z.string().max(LONGEST_TEXT);
const content = z.union([text, z.array(z.strictObject({ type: z.literal("text"), text })).max(100)]);
const name = z.string().max(128).optional();

const toolCall = z.strictObject({
  id: z.string().max(128),
  type: z.literal("function"),
  function: z.strictObject({ name: z.string().max(128), arguments: text }),
});

const part = z.discriminatedUnion("role", [
  z.strictObject({ role: z.literal("system"), content, name }),
  z.strictObject({ role: z.literal("developer"), content, name }),
  z.strictObject({ role: z.literal("user"), content, name }),
  z.strictObject({
    role: z.literal("assistant"),
    content: content.nullish(),
    name,
    refusal: text.nullish(),
    tool_calls: z.array(toolCall).max(100).optional(),
  }),
  z.strictObject({ role: z.literal("tool"), content, tool_call_id: z.string().max(128), name }),
]);
export type CompletionPart = z.infer<typeof part>;

const refused = (why: string) => z.undefined({ error: why }).optional();
const NO_TOOLS = "tools are the gateway's own here: leave this out, and ask for what is to be done in words";
const tuning = z.number().nullish();

export const completionRequest = z.strictObject({
  model: z.string().min(1).max(128).default("vambrace"),
  messages: z.array(part).min(1).max(500),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_usage: z.boolean().optional() }).nullish(),
  n: z.literal(1, { error: "only one answer is given" }).nullish(),
  response_format: z.strictObject({ type: z.literal("text", { error: "only `text` is given" }) }).nullish(),
  temperature: tuning,
  top_p: tuning,
  max_tokens: tuning,
  max_completion_tokens: tuning,
  presence_penalty: tuning,
  frequency_penalty: tuning,
  seed: tuning,
  user: z.string().max(256).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  tools: refused(NO_TOOLS),
  tool_choice: refused(NO_TOOLS),
  parallel_tool_calls: refused(NO_TOOLS),
  functions: refused(NO_TOOLS),
  function_call: refused(NO_TOOLS),
});
export type CompletionBody = z.infer<typeof completionRequest>;

export type CompletionUsage = {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
};

export type FinishReason = "stop" | "length" | "content_filter";
