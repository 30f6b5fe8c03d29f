/**
 * One answer of a model, read from its stream and bounded: a model that never
 * ends, floods, or ignores the signal costs no more than was agreed.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import type { Model, ModelCall, ModelEvent, ModelIdentity, ModelRequest, Usage } from "../../core/ports/model.ts";

export type AnswerCall =
  | { readonly kind: "call"; readonly call: ModelCall }
  | { readonly kind: "bad"; readonly tool: string; readonly problem: string };

/** Filled while the answer streams, so that what was already said is known when it breaks off. */
export type Draft = {
  text: string;
  readonly calls: AnswerCall[];
  identity: ModelIdentity;
  usage: Usage | undefined;
  reason: "stop" | "calls" | "length" | "filtered" | "other" | undefined;
};

export type AnswerPorts = {
  readonly model: Model;
  readonly signal: AbortSignal;
  onText(delta: string): void;
  /** Awaited before the next pull: nothing leaves for that model earlier. */
  onSending(identity: ModelIdentity): Promise<void>;
};

/** Characters that a token may weigh, generously: beyond this the model broke its limit. */
const CHARACTERS_A_TOKEN = 16;
const MAX_CALLS = 64;
/** However short the answer may be. */
const FEWEST_EVENTS = 10_000;

export function newDraft(identity: ModelIdentity): Draft {
  return { text: "", calls: [], identity, usage: undefined, reason: undefined };
}

/**
 * Reads one answer into the draft.
 *
 * @throws Fault of the model, MODEL_MALFORMED where the stream ends without `finish`; the signal's reason.
 */
export async function readAnswer(draft: Draft, request: ModelRequest, ports: AnswerPorts): Promise<void> {
  const longest = Math.max(4096, request.maxOutputTokens * CHARACTERS_A_TOKEN);
  // Each piece has a character at least; more pieces than that say nothing.
  const most = Math.max(FEWEST_EVENTS, longest);
  const iterator = ports.model.stream(request, ports.signal)[Symbol.asyncIterator]();
  try {
    for (let events = 0; draft.reason === undefined; events++) {
      const next = await orAbort(iterator.next(), ports.signal);
      if (next.done === true) throw endedEarly();
      await take(draft, next.value, ports);
      if (draft.text.length > longest || draft.calls.length > MAX_CALLS || events > most) draft.reason ??= "length";
    }
  } finally {
    // Not awaited: a stream that hangs would hang here too. It was told by the signal, or has finished.
    iterator.return?.().then(ignore, ignore);
  }
}

async function take(draft: Draft, event: ModelEvent, ports: AnswerPorts): Promise<void> {
  switch (event.type) {
    case "sending":
      draft.identity = event.identity;
      await ports.onSending(event.identity);
      return;
    case "text":
      if (event.delta === "") return;
      draft.text += event.delta;
      ports.onText(event.delta);
      return;
    case "call":
      draft.calls.push({ kind: "call", call: event.call });
      return;
    case "bad-call":
      draft.calls.push({ kind: "bad", tool: event.tool, problem: event.problem });
      return;
    case "finish":
      draft.usage = event.usage;
      draft.reason = event.reason;
  }
}

async function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  // Heard before anything can throw: a rejection that nobody hears of ends the process.
  promise.then(ignore, ignore);
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** The loser of a race: its outcome has no reader, and its failure is the abort that ended the race. */
function ignore(): void {
  return undefined;
}

function endedEarly(): Fault {
  return new Fault("MODEL_MALFORMED", {
    message: "the model's answer broke off before its end",
    hint: "ask again; if it happens often, choose another model or provider",
  });
}
