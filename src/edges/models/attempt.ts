/**
 * One request to one provider, streamed, with time-outs of its own: to the
 * first sign of life, and between two of them. Time-outs use the monotonic
 * clock, so a jump of the wall clock neither ends nor prolongs one.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { ModelEvent, ModelRequest } from "../../core/ports/model.ts";
import { type ReadyRef, isLoopback } from "./config.ts";
import { brokeOff, readPart } from "./parts.ts";
import { toOptions } from "./prompt.ts";
import { type FetchFor, loadModel } from "./providers.ts";

export type Timeouts = {
  readonly firstEventMs: number;
  readonly idleMs: number;
  /** A model on this machine may first have to be read from disk. */
  readonly firstLocalEventMs: number;
};

export const TIMEOUTS: Timeouts = { firstEventMs: 60_000, idleMs: 60_000, firstLocalEventMs: 300_000 };

export type AttemptDeps = { readonly fetchFor: FetchFor; readonly clock: Clock; readonly timeouts: Timeouts };

/**
 * @throws the signal's reason; Fault MODEL_TIMEOUT, MODEL_MALFORMED; whatever the provider's package throws.
 */
export async function* attempt(
  ref: ReadyRef,
  request: ModelRequest,
  deps: AttemptDeps,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent> {
  const watch = watchOf(ref, deps, signal);
  let reader: ReadableStreamDefaultReader<unknown> | undefined;
  try {
    const model = await loadModel(ref, deps.fetchFor);
    const most = Math.min(request.maxOutputTokens, ref.maxOutputTokens ?? request.maxOutputTokens);
    const { stream } = await watch.within(Promise.resolve(model.doStream(toOptions(request, most, watch.signal))));
    reader = stream.getReader();
    yield* events(reader, watch);
  } finally {
    watch.end();
    reader?.cancel().then(ignore, ignore);
  }
}

async function* events(reader: ReadableStreamDefaultReader<unknown>, watch: Watch): AsyncGenerator<ModelEvent> {
  let said = false;
  for (;;) {
    const next = await watch.within(reader.read());
    if (next.done) throw brokeOff();
    const part = readPart(next.value);
    if (part.type === "nothing") continue;
    watch.heard();
    if (part.type === "quiet") continue;
    // An end for no reason after nothing was said: the body was not a stream of this protocol at all.
    if (part.type === "finish" && part.reason === "other" && !said) throw brokeOff();
    said = true;
    yield part;
    if (part.type === "finish") return;
  }
}

type Watch = {
  /** Aborted with the turn, or when this attempt ends. */
  readonly signal: AbortSignal;
  within<T>(work: Promise<T>): Promise<T>;
  heard(): void;
  end(): void;
};

function watchOf(ref: ReadyRef, deps: AttemptDeps, outer: AbortSignal): Watch {
  const { clock, timeouts } = deps;
  const stop = new AbortController();
  const signal = AbortSignal.any([outer, stop.signal]);
  let deadlineMs = clock.monotonicMs() + (isLoopback(ref.baseURL) ? timeouts.firstLocalEventMs : timeouts.firstEventMs);
  return {
    signal,
    async within(work) {
      // Heard before anything can throw: a rejection that nobody hears of ends the process.
      work.then(ignore, ignore);
      outer.throwIfAborted();
      const timer = new AbortController();
      const ended = clock.sleep(deadlineMs - clock.monotonicMs(), AbortSignal.any([signal, timer.signal])).then(
        () => Promise.reject(timedOut(ref)),
        () => (outer.aborted ? Promise.reject(outer.reason) : new Promise<never>(ignore)),
      );
      try {
        return await Promise.race([work, ended]);
      } finally {
        ended.catch(ignore);
        timer.abort();
      }
    },
    heard() {
      deadlineMs = clock.monotonicMs() + timeouts.idleMs;
    },
    end: () => stop.abort(),
  };
}

/** The loser of a race has no reader. */
function ignore(): void {
  return undefined;
}

function timedOut(ref: ReadyRef): Fault {
  return new Fault("MODEL_TIMEOUT", {
    message: `the model \`${ref.provider}/${ref.model}\` did not go on in time`,
    hint: "try again, or configure a fallback model",
    facts: { provider: ref.provider, model: ref.model },
  });
}
