/**
 * Outbound: the last look at everything that leaves: replies, events, errors,
 * transcripts, records. Known secrets and secret-shaped strings are replaced by
 * a word that says what stood there.
 *
 * @module
 */
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import type { TurnEvent } from "../../core/turn.ts";
import { scanSecrets } from "./scan/scan.ts";

/** What is held back of a stream until more of it is known: longer than any secret of one line that is looked for. */
const HELD_BACK = 256;
/** Values shorter than this are not looked for: they would redact ordinary words. */
const SHORTEST_KNOWN = 8;

export type Outbound = {
  text(text: string): string;
  value(value: JsonObject): JsonObject;
  event(event: TurnEvent): TurnEvent;
  stream(): OutboundStream;
};

export type OutboundStream = { push(delta: string): string; end(): string };

/** @param known values that must never leave, whatever they look like: keys of providers, the vault's values. */
export function createOutbound(known: Iterable<string>): Outbound {
  const values = [...known]
    .filter((value) => value.length >= SHORTEST_KNOWN)
    .flatMap(spellings)
    .sort((a, b) => b.length - a.length);
  const text = (input: string): string => redactShapes(redactKnown(input, values));
  const value = (input: JsonValue): JsonValue => {
    if (typeof input === "string") return text(input);
    if (isArray(input)) return input.map(value);
    return isObject(input) ? object(input) : input;
  };
  const object = (input: JsonObject): JsonObject =>
    Object.fromEntries(
      Object.entries(input).map(([key, member]) => [text(key), member === undefined ? undefined : value(member)]),
    );
  return { text, value: object, event: (event) => redactEvent(event, text, object), stream: () => createStream(text) };
}

/** The spellings in which a known value may stand: itself, base 64, hexadecimal, percent-encoded, as JSON writes it. */
function spellings(value: string): string[] {
  const bytes = Buffer.from(value, "utf8");
  const base64 = bytes.toString("base64").replaceAll("=", "");
  return [
    ...new Set([
      value,
      base64,
      bytes.toString("base64url"),
      bytes.toString("hex"),
      encodeURIComponent(value),
      JSON.stringify(value).slice(1, -1),
    ]),
  ];
}

function redactKnown(input: string, values: readonly string[]): string {
  let result = input;
  for (const value of values)
    if (result.includes(value)) result = result.replaceAll(value, "[redacted: a known secret]");
  return result;
}

function redactShapes(input: string): string {
  const findings = scanSecrets(input);
  if (findings.length === 0) return input;
  let result = "";
  let at = 0;
  for (const finding of findings) {
    result += `${input.slice(at, finding.start)}[redacted: ${finding.rule}]`;
    at = finding.end;
  }
  return result + input.slice(at);
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
function createStream(text: (input: string) => string): OutboundStream {
  let held = "";
  return {
    push(delta) {
      held += delta;
      if (held.length <= HELD_BACK || /-----BEGIN[^\n]{0,60}PRIVATE KEY/.test(held))
        return held.length > 65_536 ? this.end() : "";
      const cut = safeCut(held, held.length - HELD_BACK);
      if (cut === 0) return "";
      const ready = text(held.slice(0, cut));
      held = held.slice(cut);
      return ready;
    },
    end() {
      const ready = text(held);
      held = "";
      return ready;
    },
  };
}

/** The last line break or space at or before `limit` that does not stand inside a finding. */
function safeCut(held: string, limit: number): number {
  let cut = Math.max(held.lastIndexOf("\n", limit), held.lastIndexOf(" ", limit)) + 1;
  for (const finding of scanSecrets(held)) if (finding.start < cut && cut < finding.end) cut = finding.start;
  return cut;
}
