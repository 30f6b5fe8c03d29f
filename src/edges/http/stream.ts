/**
 * Event streams (`text/event-stream`) of one turn. The status is decided by
 * the first event: a turn that is refused before it starts is a plain error,
 * not a stream that says so.
 *
 * A reader who goes away, or does not read, ends the turn's stream.
 *
 * @module
 */
import { toFault, type Fault } from "../../core/fault.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { ChatOutcome } from "../../core/ports/gateway.ts";
import type { TurnEvent } from "../../core/turn.ts";
import type { HttpLimits } from "./limits.ts";

/** How one dialect says each thing; undefined: it does not say it. */
export type Dialect = {
  event(event: TurnEvent): string | undefined;
  outcome(outcome: ChatOutcome): readonly string[];
  fault(fault: Fault): readonly string[];
};

type StreamParts = {
  readonly dialect: Dialect;
  readonly clock: Clock;
  readonly limits: HttpLimits;
  readonly signal: AbortSignal;
  /** Tells the log of a fault that came too late for the status. */
  readonly tell: (thrown: unknown) => void;
};

export type RunTurn = (emit: (event: TurnEvent) => void, signal: AbortSignal) => Promise<ChatOutcome>;

/** @throws whatever the turn throws before its first event. */
export async function streamTurn(run: RunTurn, parts: StreamParts): Promise<Response> {
  const { dialect } = parts;
  const wire = openStream(parts.limits.unreadBytes);
  const signal = AbortSignal.any([parts.signal, wire.gone]);
  const begun = Promise.withResolvers<void>();
  let isBegun = false;
  const emit = (event: TurnEvent): void => {
    isBegun = true;
    begun.resolve();
    const said = dialect.event(event);
    if (said !== undefined) wire.send(`data: ${said}\n\n`);
  };
  const follow = async (): Promise<void> => {
    try {
      for (const said of dialect.outcome(await run(emit, signal))) wire.send(`data: ${said}\n\n`);
    } catch (thrown) {
      if (!isBegun) throw thrown;
      parts.tell(thrown);
      for (const said of dialect.fault(toFault(thrown))) wire.send(`data: ${said}\n\n`);
    } finally {
      wire.end();
    }
  };
  const beating = beat(parts.clock, parts.limits.streamAliveMs, wire);
  await Promise.race([begun.promise, follow(), beating]);
  return eventStream(wire);
}

export type WatchParts = Pick<StreamParts, "clock" | "limits" | "signal"> & {
  /** How long it goes on; the reader then comes back, and is asked again who he is. */
  readonly lifeMs: number;
};

/** What comes by itself, until the reader leaves, its time is over or the gateway closes. */
export function streamWatch(
  begin: (say: (text: string) => void, signal: AbortSignal) => void,
  parts: WatchParts,
): Response {
  const wire = openStream(parts.limits.unreadBytes);
  const over = new AbortController();
  const signal = AbortSignal.any([parts.signal, wire.gone, wire.ended, over.signal]);
  signal.addEventListener("abort", () => wire.end(), { once: true });
  parts.clock.sleep(parts.lifeMs, signal).then(
    () => over.abort(),
    () => over.abort(),
  );
  begin((said) => wire.send(`data: ${said}\n\n`), signal);
  // Said at once, so that the reader knows that he is heard.
  wire.send(": watching\n\n");
  void beat(parts.clock, parts.limits.streamAliveMs, wire);
  return eventStream(wire);
}

function eventStream(wire: Wire): Response {
  return new Response(wire.body, {
    headers: { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" },
  });
}

type Wire = {
  readonly body: ReadableStream<Uint8Array>;
  send(text: string): void;
  end(): void;
  /** Aborts when the reader is gone, or has left too much unread. */
  readonly gone: AbortSignal;
  readonly ended: AbortSignal;
};

function openStream(unreadBytes: number): Wire {
  const gone = new AbortController();
  const ended = new AbortController();
  const encoder = new TextEncoder();
  let sink: ReadableStreamDefaultController<Uint8Array> | undefined;
  const close = (how: (open: ReadableStreamDefaultController<Uint8Array>) => void): void => {
    if (ended.signal.aborted) return;
    ended.abort();
    if (sink !== undefined) how(sink);
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        sink = controller;
      },
      cancel: () => {
        ended.abort();
        gone.abort(new Error("the reader went away"));
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: unreadBytes }),
  );
  return {
    body,
    gone: gone.signal,
    ended: ended.signal,
    send(text) {
      if (ended.signal.aborted || sink === undefined) return;
      sink.enqueue(encoder.encode(text));
      if ((sink.desiredSize ?? 0) >= 0) return;
      close((open) => open.error(new Error("the reader does not read")));
      gone.abort(new Error("the reader does not read"));
    },
    end: () => close((open) => open.close()),
  };
}

/** A comment now and then, so that no proxy takes a thinking model for a dead connection. Never resolves before the end. */
async function beat(clock: Clock, everyMs: number, wire: Wire): Promise<never> {
  while (!wire.ended.aborted) {
    await clock.sleep(everyMs, wire.ended).catch(() => wire.end());
    wire.send(": still here\n\n");
  }
  return new Promise<never>(() => undefined);
}
