/**
 * Outbound: the last look at everything that leaves: replies, events, errors,
 * transcripts, records, and what the model's provider is sent. Known secrets,
 * and what the rules say, are replaced by a word that says what stood there.
 *
 * @module
 */
import { type DataKind, type DlpRule, type FindSensitive, kindsFor } from "../../core/dlp.ts";
import { Fault } from "../../core/fault.ts";
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import type { TurnEvent } from "../../core/turn.ts";
import { type FindKnown, knownFinder } from "./known.ts";
import { type Redactor, redactor, sensitiveOf } from "./redact.ts";

/** What is held back of a stream until more of it is known: longer than any secret of one line that is looked for. */
const HELD_BACK = 256;

export type Outbound = {
  /** For logs, records and errors. */
  text(text: string): string;
  value(value: JsonObject): JsonObject;
  /** For what is kept after a request: without secrets, and with all else, whatever the rules for logs say. */
  readonly kept: { text(text: string): string; value(value: JsonObject): JsonObject };
  /** For the person whose turn it is. */
  reply(text: string): string;
  event(event: TurnEvent): TurnEvent;
  stream(): OutboundStream;
  /** A tool's result, before the model reads it. */
  result(text: string): string;
  /** A person's message, before it is kept and read. @throws Fault DLP_BLOCKED */
  message(text: string): string;
  /** What is sensitive in a text that a call would carry away. */
  find: FindSensitive;
};

export type OutboundStream = { push(delta: string): string; end(): string };

/**
 * @param known values that must never leave, whatever they look like: keys of providers, the vault's values; or what
 *   finds them, where more become known while the gateway runs.
 * @param rules the configured ones; those that ship come after them.
 */
export function createOutbound(known: Iterable<string> | FindKnown, rules: readonly DlpRule[] = []): Outbound {
  const finder = typeof known === "function" ? known : knownFinder(known);
  const log = redactor(finder, rules, { direction: "log" });
  const kept = redactor(finder, [], { direction: "log" });
  const reply = redactor(finder, rules, { direction: "out", to: "asker" });
  return {
    text: log.text,
    value: (value) => walk(value, log.text),
    kept: { text: kept.text, value: (value) => walk(value, kept.text) },
    reply: reply.text,
    event: (event) => redactEvent(event, reply.text, (value) => walk(value, reply.text)),
    stream: () => createStream(reply),
    ...incoming(finder, rules),
    find: (text) => sensitiveOf(text, finder),
  };
}

/** What comes in, on its way to the model. */
function incoming(
  finder: ReturnType<typeof knownFinder>,
  rules: readonly DlpRule[],
): Pick<Outbound, "result" | "message"> {
  const places = {
    result: { direction: "in", from: "result" },
    message: { direction: "in", from: "message" },
  } as const;
  const result = redactor(finder, rules, places.result);
  const message = redactor(finder, rules, places.message);
  const blockedIn = {
    result: kindsFor(rules, places.result, ["block"]),
    message: kindsFor(rules, places.message, ["block"]),
  };
  const blocked = (text: string, kinds: readonly DataKind[]): string | undefined => {
    if (kinds.length === 0) return undefined;
    const found = sensitiveOf(text, finder).map(({ kind }) => kind);
    return kinds.find((kind) => found.includes(kind));
  };
  return {
    result(text) {
      const kind = blocked(text, blockedIn.result);
      return kind === undefined ? result.text(text) : `[withheld: it holds ${kind}, which a rule keeps from the model]`;
    },
    message(text) {
      const kind = blocked(text, blockedIn.message);
      if (kind === undefined) return message.text(text);
      throw new Fault("DLP_BLOCKED", {
        message: `the message holds something that must not go to a model here: ${kind}`,
        hint: "take it out and send the message again; `dlp.rules` says what is kept back",
      });
    },
  };
}

function walk(value: JsonObject, text: (input: string) => string): JsonObject {
  const member = (input: JsonValue): JsonValue => {
    if (typeof input === "string") return text(input);
    if (isArray(input)) return input.map(member);
    return isObject(input) ? walk(input, text) : input;
  };
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [text(key), one === undefined ? undefined : member(one)]),
  );
}

function redactEvent(
  event: TurnEvent,
  text: (input: string) => string,
  object: (input: JsonObject) => JsonObject,
): TurnEvent {
  switch (event.type) {
    case "call.proposed":
      return { ...event, arguments: object(event.arguments) };
    case "call.decided":
      return { ...event, says: text(event.says) };
    case "call.output":
      return { ...event, text: text(event.text) };
    case "call.finished":
      return { ...event, summary: text(event.summary) };
    case "fault":
      return { ...event, message: text(event.message), hint: text(event.hint) };
    case "turn.finished":
      return { ...event, text: text(event.text) };
    case "text":
      return { ...event, delta: text(event.delta) };
    // A question shows the exact call: a person cannot judge what is hidden from him. It goes to those asked only.
    case "approval.asked":
    case "approval.answered":
    case "turn.started":
      return event;
  }
}

/**
 * Lets text go at white space, keeping the last piece back: what is redacted in the whole is redacted in the pieces.
 */
function createStream(reply: Redactor): OutboundStream {
  let held = "";
  return {
    push(delta) {
      held += delta;
      if (held.length <= HELD_BACK || /-----BEGIN[^\n]{0,60}PRIVATE KEY/.test(held))
        return held.length > 65_536 ? this.end() : "";
      const cut = safeCut(reply, held, held.length - HELD_BACK);
      if (cut === 0) return "";
      const ready = reply.text(held.slice(0, cut));
      held = held.slice(cut);
      return ready;
    },
    end() {
      const ready = reply.text(held);
      held = "";
      return ready;
    },
  };
}

/** The last line break or space at or before `limit` that does not stand inside a finding. */
function safeCut(reply: Redactor, held: string, limit: number): number {
  let cut = Math.max(held.lastIndexOf("\n", limit), held.lastIndexOf(" ", limit)) + 1;
  for (const mark of reply.marks(held)) if (mark.start < cut && cut < mark.end) cut = mark.start;
  return cut;
}
