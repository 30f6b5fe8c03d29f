/**
 * What a provider package streams, as our events. Every part is read as
 * unknown: what has not the form that it should have is never guessed at.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import { isObject, type JsonObject } from "../../core/json.ts";
import type { ModelEvent } from "../../core/ports/model.ts";

/** What a part means. `quiet`: the provider is alive, there is nothing to say. `nothing`: not even that. */
export type Part = ModelEvent | { readonly type: "quiet" } | { readonly type: "nothing" };

/** An error that came inside the stream, to be classified like one that was thrown. */
export class StreamError extends Error {
  readonly error: unknown;
  constructor(error: unknown) {
    super("the provider reported an error in its answer");
    this.error = error;
  }
}

const QUIET: Part = { type: "quiet" };

type FinishReason = (ModelEvent & { readonly type: "finish" })["reason"];

const REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ["stop", "stop"],
  ["length", "length"],
  ["content-filter", "filtered"],
  ["tool-calls", "calls"],
  ["other", "other"],
]);

/** @throws StreamError for an error part; Fault MODEL_MALFORMED for an answer that broke off. */
export function readPart(part: unknown): Part {
  if (!isRecord(part)) return QUIET;
  switch (part["type"]) {
    case "text-delta":
      return typeof part["delta"] === "string" ? { type: "text", delta: part["delta"] } : QUIET;
    case "tool-call":
      return readCall(part);
    case "finish":
      return readFinish(part);
    case "error":
      throw new StreamError(part["error"]);
    case "stream-start":
      return { type: "nothing" };
    default:
      return QUIET;
  }
}

function readCall(part: Record<string, unknown>): Part {
  const id = textOf(part["toolCallId"]);
  const tool = textOf(part["toolName"]);
  const input = part["input"];
  if (tool === "") return { type: "bad-call", id, tool, problem: "the call names no tool" };
  const args = typeof input === "string" ? parseArguments(input) : undefined;
  if (args === undefined) return { type: "bad-call", id, tool, problem: "the arguments are not a JSON object" };
  return { type: "call", call: { id, tool, arguments: args } };
}

function parseArguments(input: string): JsonObject | undefined {
  if (input.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(input);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function readFinish(part: Record<string, unknown>): Part {
  const finish = isRecord(part["finishReason"]) ? part["finishReason"] : {};
  const reason = REASONS.get(textOf(finish["unified"]));
  if (reason === undefined) throw brokeOff();
  const usage = isRecord(part["usage"]) ? part["usage"] : {};
  return {
    type: "finish",
    reason,
    usage: { inputTokens: totalOf(usage["inputTokens"]), outputTokens: totalOf(usage["outputTokens"]) },
  };
}

function totalOf(tokens: unknown): number {
  const total = isRecord(tokens) ? tokens["total"] : undefined;
  return typeof total === "number" && Number.isFinite(total) && total > 0 ? total : 0;
}

export function brokeOff(): Fault {
  return new Fault("MODEL_MALFORMED", {
    message: "the model's answer broke off, or is not of the form that it should have",
    hint: "ask again; check that the base URL speaks this provider's protocol",
  });
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
