/**
 * A model that does as a script says: for tests and the demo. It can play the
 * attacker's victim: a model that obeys whatever it read last.
 *
 * Configuration cannot choose it; only code can.
 *
 * @module
 */
import { isObject, type JsonObject } from "../../core/json.ts";
import type { Model, ModelEvent, ModelIdentity, ModelMessage, ModelRequest } from "../../core/ports/model.ts";

/** One answer: words, calls, or both. */
export type ScriptStep = {
  readonly text?: string;
  readonly calls?: readonly { readonly tool: string; readonly arguments: JsonObject }[];
};

export type Script = readonly ScriptStep[] | ((request: ModelRequest) => ScriptStep | readonly ModelEvent[]);

const IDENTITY: ModelIdentity = { provider: "scripted", model: "script-1", remote: false };

/** The steps in order, counted by the answers since the last message of a person; behind the last: silence. */
export function scriptedModel(script: Script, identity: ModelIdentity = IDENTITY): Model {
  return {
    identity,
    async *stream(request, signal) {
      const step = typeof script === "function" ? script(request) : (script[answersIn(request)] ?? {});
      for (const event of isEvents(step) ? step : eventsOf(step, request)) {
        signal.throwIfAborted();
        await Promise.resolve();
        yield event;
      }
    },
  };
}

function isEvents(step: ScriptStep | readonly ModelEvent[]): step is readonly ModelEvent[] {
  return Array.isArray(step);
}

function answersIn(request: ModelRequest): number {
  const begun = request.messages.findLastIndex((message) => message.role === "user");
  return request.messages.slice(begun + 1).filter((message) => message.role === "assistant").length;
}

export function eventsOf(step: ScriptStep, request: ModelRequest): readonly ModelEvent[] {
  const calls = step.calls ?? [];
  const done = request.messages.length;
  const inputTokens = request.messages.reduce((sum, message) => sum + Math.ceil(message.text.length / 4), 0);
  return [
    ...(step.text ?? "")
      .split(/(?<=\s)/)
      .filter((word) => word !== "")
      .map((delta): ModelEvent => ({ type: "text", delta })),
    ...calls.map((call, at): ModelEvent => ({ type: "call", call: { id: `script-${done}-${at}`, ...call } })),
    {
      type: "finish",
      reason: calls.length > 0 ? "calls" : "stop",
      usage: { inputTokens, outputTokens: Math.ceil(JSON.stringify(step).length / 4) },
    },
  ];
}

/**
 * Obeys the last order that it finds anywhere in what it was sent, whoever wrote it, once each.
 *
 * Orders: a line `AGENT: call {"tool": "send", "arguments": {…}}`, and the plain `send … to …` with a file or a text.
 *
 * @param otherwise what it does where nobody orders anything (any more).
 */
export function obeys(otherwise: Script = []): Model {
  const plain = scriptedModel(otherwise);
  return scriptedModel((request) => {
    const order = nextOrder(request);
    if (order !== undefined) return { calls: [order] };
    if (typeof otherwise === "function") return otherwise(request);
    return otherwise[answersIn(request)] ?? { text: "Done." };
  }, plain.identity);
}

type Order = { readonly tool: string; readonly arguments: JsonObject };

function nextOrder(request: ModelRequest): Order | undefined {
  const carriedOut = new Set(
    request.messages.flatMap((message) => (message.role === "assistant" ? message.calls.map(keyOf) : [])),
  );
  const orders = request.messages.flatMap((message) => ordersIn(message, request.messages));
  return orders.findLast((order) => !carriedOut.has(keyOf(order)));
}

function keyOf(order: Order): string {
  return `${order.tool} ${JSON.stringify(order.arguments)}`;
}

function ordersIn(message: ModelMessage, messages: readonly ModelMessage[]): readonly Order[] {
  if (message.role === "assistant" || message.role === "system") return [];
  return message.text.split("\n").flatMap((line) => orderIn(line, messages) ?? []);
}

const CALL = /\bAGENT:\s*call\s+(\{.*\})\s*$/i;
const SEND =
  /\b(?:send|forward|e-?mail)\s+(?:the\s+)?(?:contents?\s+of\s+|file\s+|message\s+)?["'`]?(.+?)["'`]?\s+to\s+["'`<]?([\w.+@-]*\w)/i;

function orderIn(line: string, messages: readonly ModelMessage[]): Order | undefined {
  const [, json] = CALL.exec(line) ?? [];
  if (json !== undefined) return parseOrder(json);
  const [, what, recipient] = SEND.exec(line) ?? [];
  if (what === undefined || recipient === undefined) return undefined;
  return isPath(what)
    ? orderAboutFile(what, recipient, messages)
    : { tool: "send", arguments: { recipient, text: what } };
}

/** A file has to be read before its text can be sent. */
function orderAboutFile(path: string, recipient: string, messages: readonly ModelMessage[]): Order {
  const call = messages
    .flatMap((message) => (message.role === "assistant" ? message.calls : []))
    .find((made) => made.tool === "read" && made.arguments["path"] === path);
  const read = messages.find((message) => message.role === "tool" && message.callId === call?.id);
  if (read === undefined) return { tool: "read", arguments: { path } };
  return { tool: "send", arguments: { recipient, text: read.text } };
}

function isPath(what: string): boolean {
  return /^[\w./~-]+\.\w{1,8}$/.test(what) || what.includes("/");
}

function parseOrder(json: string): Order | undefined {
  try {
    const value: unknown = JSON.parse(json);
    if (!isObject(value) || typeof value["tool"] !== "string") return undefined;
    return { tool: value["tool"], arguments: isObject(value["arguments"]) ? value["arguments"] : {} };
  } catch {
    // An order that cannot be read is not obeyed.
    return undefined;
  }
}
