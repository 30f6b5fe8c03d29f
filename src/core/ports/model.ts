/**
 * Models: one request in, a stream of events out. Providers' own types stay
 * behind this port.
 *
 * @module
 */
import type { JsonObject } from "../json.ts";

export type ModelMessage =
  | { readonly role: "system"; readonly text: string }
  | { readonly role: "user"; readonly text: string }
  | { readonly role: "assistant"; readonly text: string; readonly calls: readonly ModelCall[] }
  | {
      readonly role: "tool";
      readonly callId: string;
      readonly tool: string;
      readonly text: string;
      /** `false`: the call was refused, failed, or never ran. */
      readonly ok?: boolean;
    };

/** The provider's own id of a call; mapped to ours by the loop. */
export type ModelCall = { readonly id: string; readonly tool: string; readonly arguments: JsonObject };

export type ModelTool = { readonly name: string; readonly description: string; readonly parameters: JsonObject };

export type ModelRequest = {
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ModelTool[];
  readonly maxOutputTokens: number;
};

export type Usage = { readonly inputTokens: number; readonly outputTokens: number };

export type ModelEvent =
  /** A model other than `identity` is asked next; nothing leaves for it before the following pull, so it can be recorded first. */
  | { readonly type: "sending"; readonly identity: ModelIdentity }
  | { readonly type: "text"; readonly delta: string }
  | { readonly type: "call"; readonly call: ModelCall }
  /** The model wrote a call that cannot be read: said back to it, never run. */
  | { readonly type: "bad-call"; readonly id: string; readonly tool: string; readonly problem: string }
  | {
      readonly type: "finish";
      readonly reason: "stop" | "calls" | "length" | "filtered" | "other";
      readonly usage: Usage;
    };

export type ModelIdentity = {
  /** `anthropic`, `openai`, …, `offline`, `scripted`. */
  readonly provider: string;
  readonly model: string;
  /** Whether what is sent to it leaves this machine. */
  readonly remote: boolean;
};

export type Model = {
  readonly identity: ModelIdentity;
  /**
   * Streams one answer. Ends with exactly one `finish`, or throws.
   *
   * @throws Fault MODEL_UNAVAILABLE, MODEL_REFUSED, MODEL_MALFORMED, MODEL_TIMEOUT.
   */
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent>;
};
