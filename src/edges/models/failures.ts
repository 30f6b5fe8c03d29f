/**
 * What went wrong with a request to a provider, and what to do then.
 *
 * Nothing of the provider's error reaches the fault but its status, and a
 * scrubbed piece of its body in the facts: the packages' errors hold the whole
 * request, and providers repeat parts of the key in theirs. So no `cause`.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import { factsOf, type ReadyRef } from "./config.ts";
import { brokeOff, isRecord, StreamError, textOf } from "./parts.ts";

/** `again`: the same model, after a while. `next`: another model may do better. `no`: somebody has to mend it. */
export type Failure = {
  readonly fault: Fault;
  readonly remedy: "again" | "next" | "no";
  /** What the provider asked for; undefined: it said nothing. */
  readonly retryAfterMs: number | undefined;
  /** For the list of what was tried. */
  readonly short: string;
};

const TRANSIENT = /overloaded|rate.?limit|server.?error|api.?error|unavailable|timeout|too many requests/i;
const CONNECTION = /^(?:E[A-Z]{3,}|UND_ERR_\w+)$/;
/** Longest chain of causes that is looked through. */
const MAX_CAUSES = 6;

export function classify(thrown: unknown, ref: ReadyRef, nowMs: number): Failure {
  const error = thrown instanceof StreamError ? thrown.error : thrown;
  const own = causes(error).find((cause) => cause instanceof Fault);
  if (own !== undefined) return ownFailure(own);
  return providersFailure(isRecord(error) ? error : {}, thrown, ref, nowMs);
}

function providersFailure(record: Record<string, unknown>, thrown: unknown, ref: ReadyRef, nowMs: number): Failure {
  const status = typeof record["statusCode"] === "number" ? record["statusCode"] : undefined;
  const facts = { provider: ref.provider, model: ref.model, status, detail: scrub(detailOf(record, status), ref) };
  if (status !== undefined) {
    // A good status with an error: its body was not of the protocol.
    if (status < 300) return malformed(facts);
    return { ...byStatus(status, ref, facts), retryAfterMs: retryAfter(record["responseHeaders"], nowMs) };
  }
  const said = `${textOf(record["type"])} ${textOf(record["code"])} ${textOf(record["message"])}`;
  const passes = isConnection(record) || (thrown instanceof StreamError && TRANSIENT.test(said));
  // Whatever else a package throws is its way of saying that it could not make sense of the answer.
  return passes ? unavailable(ref, facts, "it cannot be reached") : malformed(facts);
}

function isConnection(error: unknown): boolean {
  return causes(error).some(
    (cause) =>
      isRecord(cause) && (CONNECTION.test(textOf(cause["code"])) || textOf(cause["message"]) === "fetch failed"),
  );
}

/** Faults of ours: time-outs, floods, what the network port refused, a key that is revoked or used up. */
function ownFailure(fault: Fault): Failure {
  const transient = fault.kind === "unavailable";
  const isOver = fault.code.startsWith("SECRET_") || fault.code === "MODEL_TIMEOUT" || fault.code === "MODEL_MALFORMED";
  const remedy = isOver ? "next" : transient ? "again" : "no";
  return {
    fault,
    remedy,
    retryAfterMs: undefined,
    short: fault.code === "MODEL_TIMEOUT" ? "no answer in time" : fault.message,
  };
}

type Facts = Readonly<Record<string, unknown>>;

function byStatus(status: number, ref: ReadyRef, facts: Facts): Omit<Failure, "retryAfterMs"> {
  if (status === 401 || status === 403) {
    return refused(
      ref,
      facts,
      "does not accept the key",
      `check ${factsOf(ref.provider).keyName}, and that the key may use this model`,
    );
  }
  if (status === 402)
    return refused(ref, facts, "wants to be paid first", "add credit to the account, or choose another provider");
  if (status === 404)
    return refused(ref, facts, "does not know this model or address", "check the name of the model and the base URL");
  if (status === 408 || status === 409 || status === 425 || status === 429 || status >= 500) {
    const why = status === 429 ? "too many requests (429)" : `status ${status}`;
    return unavailable(ref, facts, why);
  }
  if (status < 400)
    return refused(ref, facts, "answers with a redirect", "set the base URL to where it redirects, if you trust that");
  return refused(
    ref,
    facts,
    `refuses the request (${status})`,
    "check the model's name and limits; the log has the details",
  );
}

function refused(ref: ReadyRef, facts: Facts, what: string, hint: string): Omit<Failure, "retryAfterMs"> {
  const fault = new Fault("MODEL_REFUSED", { message: `the provider \`${ref.provider}\` ${what}`, hint, facts });
  return { fault, remedy: "no", short: what };
}

function unavailable(ref: ReadyRef, facts: Facts, why: string): Failure {
  const fault = new Fault("MODEL_UNAVAILABLE", {
    message: `the model \`${ref.provider}/${ref.model}\` does not answer: ${why}`,
    hint: "try again later, or configure a fallback model",
    facts,
  });
  return { fault, remedy: "again", retryAfterMs: undefined, short: why };
}

function malformed(facts: Facts): Failure {
  const { message, hint } = brokeOff();
  const fault = new Fault("MODEL_MALFORMED", { message, hint, facts });
  return { fault, remedy: "next", retryAfterMs: undefined, short: "it answers nonsense" };
}

/** Bodies of 401 and 403 repeat pieces of the key, so they are not looked at. */
function detailOf(record: Record<string, unknown>, status: number | undefined): string {
  if (status === 401 || status === 403) return "";
  return textOf(record["responseBody"]).slice(0, 500) || textOf(record["message"]).slice(0, 500);
}

const WORD = /[A-Za-z0-9_+/=.-]{6,}/g;

/** Takes out the key and every longer piece of it. */
function scrub(text: string, ref: ReadyRef): string {
  const key = ref.apiKey ?? "";
  if (key === "") return text;
  return text
    .replaceAll(key, "[key]")
    .replace(WORD, (word) => (key.includes(word) || word.includes(key) ? "[key]" : word));
}

function retryAfter(headers: unknown, nowMs: number): number | undefined {
  if (!isRecord(headers)) return undefined;
  const ms = Number.parseFloat(textOf(headers["retry-after-ms"]));
  if (Number.isFinite(ms) && ms >= 0) return ms;
  const value = textOf(headers["retry-after"]);
  if (/^\d+(\.\d+)?$/.test(value)) return Number.parseFloat(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

function causes(error: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  let next = error;
  while (next !== undefined && next !== null && chain.length < MAX_CAUSES) {
    chain.push(next);
    next = next instanceof Error ? next.cause : undefined;
  }
  return chain;
}
