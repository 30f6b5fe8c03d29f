/**
 * The model that the agent is given: the configured one, tried again with
 * jitter, then the configured fallbacks in their order.
 *
 * Once a word or a call of an answer went out, nothing is tried again: the
 * same thing would be said, or done, twice. A fallback is announced before
 * anything is sent to it, so that it is recorded first.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Model, ModelEvent, ModelIdentity, ModelRequest, Usage } from "../../core/ports/model.ts";
import type { Random } from "../../core/ports/random.ts";
import { attempt, type Timeouts, TIMEOUTS } from "./attempt.ts";
import { identityOf, type ModelsConfig, readyRef, type ReadyRef } from "./config.ts";
import { classify, type Failure } from "./failures.ts";
import { offlineModel } from "./offline.ts";
import type { FetchFor } from "./providers.ts";

export type ModelDeps = {
  readonly fetchFor: FetchFor;
  readonly clock: Clock;
  readonly random: Random;
  readonly timeouts?: Timeouts;
  /** Keys that are looked up for each request, and told what was used with them; absent: those that were handed in. */
  readonly keys?: ModelKeys;
};

export type ModelKeys = {
  /** The value now. @throws Fault SECRET_REVOKED, SECRET_LIMIT, SECRET_UNKNOWN: this model is not asked then. */
  value(keyId: string): string;
  /** A request that was answered. */
  used(keyId: string, identity: ModelIdentity, usage: Usage): void;
};

const ATTEMPTS = 3;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
/** A provider that wants more is passed over. */
const LONGEST_RETRY_AFTER_MS = 30_000;

/**
 * @throws Fault CONFIG_MALFORMED, MODEL_REFUSED where a configured model could never be asked: said at start, not
 *   in the middle of a turn, and never mended by another model.
 */
export function createModel(config: ModelsConfig, deps: ModelDeps): Model {
  if (
    config.fallbacks.some((ref) => ref.provider === "offline") ||
    (isOffline(config) && config.fallbacks.length > 0)
  ) {
    throw new Fault("CONFIG_MALFORMED", {
      message: "the offline planner cannot stand in for a configured model, nor have a fallback",
      hint: "take `offline` out of the list of models, or make it the only one",
    });
  }
  if (isOffline(config)) return offlineModel(deps.clock);
  const refs = [config.primary, ...config.fallbacks].map(readyRef);
  return {
    identity: identityOf(config.primary),
    stream: (request, signal) => streamFrom(refs, request, deps, signal),
  };
}

/** The same without every model that is not on this machine; null where none is left. @throws as `createModel` */
export function createLocalModel({ primary, fallbacks }: ModelsConfig, deps: ModelDeps): Model | null {
  const [first, ...rest] = [primary, ...fallbacks].filter((ref) => !identityOf(ref).remote);
  return first === undefined ? null : createModel({ primary: first, fallbacks: rest }, deps);
}

function isOffline(config: ModelsConfig): boolean {
  return config.primary.provider === "offline";
}

async function* streamFrom(
  refs: readonly ReadyRef[],
  request: ModelRequest,
  deps: ModelDeps,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent> {
  const failures: string[] = [];
  let last: Fault | undefined;
  for (const [index, ref] of refs.entries()) {
    if (index > 0) yield { type: "sending", identity: identityOf(ref) };
    const failure = yield* tryModel(ref, request, deps, signal);
    if (failure === undefined) return;
    if (failure.remedy === "no") throw failure.fault;
    failures.push(`${ref.provider}/${ref.model} (${failure.short})`);
    last = failure.fault;
  }
  throw refs.length === 1 && last !== undefined ? last : noneAnswers(failures);
}

/** @returns why another model should be tried; undefined where it answered. */
async function* tryModel(
  ref: ReadyRef,
  request: ModelRequest,
  deps: ModelDeps,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, Failure | undefined> {
  const timeouts = deps.timeouts ?? TIMEOUTS;
  for (let failures = 1; ; failures++) {
    let spoke = false;
    let sent = ref;
    try {
      sent = withKey(ref, deps);
      for await (const event of attempt(sent, request, { ...deps, timeouts }, signal)) {
        spoke = true;
        if (event.type === "finish") tellUse(ref, deps, event.usage);
        yield event;
      }
      return undefined;
    } catch (thrown) {
      signal.throwIfAborted();
      // With the key, which a provider may repeat: it is taken out of what is kept of the error.
      const failure = classify(thrown, sent, deps.clock.wallMs());
      if (spoke) throw failure.fault;
      const waitMs = failure.retryAfterMs ?? retryWaitMs(failures, deps.random.uniform());
      if (failure.remedy !== "again" || failures >= ATTEMPTS || waitMs > LONGEST_RETRY_AFTER_MS) return failure;
      await deps.clock.sleep(waitMs, signal);
    }
  }
}

/** The key is in nobody's hands between two requests. */
function withKey(ref: ReadyRef, { keys }: ModelDeps): ReadyRef {
  return ref.keyId === undefined || keys === undefined ? ref : { ...ref, apiKey: keys.value(ref.keyId) };
}

function tellUse(ref: ReadyRef, { keys }: ModelDeps, usage: Usage): void {
  if (ref.keyId !== undefined) keys?.used(ref.keyId, identityOf(ref), usage);
}

/**
 * How long to wait before asking a provider again.
 *
 * @param failures failures in a row, counting from 1.
 * @param uniform  in [0, 1).
 * @returns milliseconds, 250 to 8000.
 * @see M. Brooker, "Exponential Backoff And Jitter", 2015 ("equal jitter").
 */
export function retryWaitMs(failures: number, uniform: number): number {
  const whole = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1));
  return whole / 2 + (whole / 2) * uniform;
}

function noneAnswers(failures: readonly string[]): Fault {
  return new Fault("MODEL_UNAVAILABLE", {
    message: `none of the configured models answers: ${failures.join(", ")}`,
    hint: "try again later; `vambrace doctor` tries each of them",
  });
}
