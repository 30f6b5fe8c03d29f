/**
 * The line to the broker: messages out, messages in, and which job each
 * belongs to. Once lost it stays lost.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import type { FromBroker, LimitSources, ToBroker } from "../../core/broker-wire.ts";
import { Fault } from "../../core/fault.ts";
import { bytesFrame, type Frame, frameReader, jsonFrame } from "../../core/frame.ts";
import { isObject } from "../../core/json.ts";
import type { JobResult } from "../../core/ports/executor.ts";
import { parseFromBroker } from "./from-broker.ts";
import { collectJob, type OpenJob } from "./open-job.ts";

export type BrokerLine = {
  readonly ready: Promise<LimitSources>;
  /** Says nothing where the line is lost. */
  say(message: ToBroker): void;
  /** A channel for one job; its promise rejects with BROKER_GONE where the line is lost, with BROKER_UNAVAILABLE where it gets lost meanwhile. */
  begin(
    onOutput: OpenJob["onOutput"],
    keeps?: boolean,
  ): { readonly channel: number; readonly done: Promise<JobResult> };
  /** To the standard input of a job; says nothing where the line is lost. */
  feed(channel: number, bytes: Uint8Array): void;
  stopAll(): Promise<void>;
  close(): Promise<void>;
};

/** What waits for an answer. */
type Waiting = {
  readonly jobs: Map<number, OpenJob>;
  readonly stops: Map<number, () => void>;
  readonly ready: PromiseWithResolvers<LimitSources>;
  lost: Fault | null;
};

export function openBrokerLine(socket: Duplex): BrokerLine {
  const waiting: Waiting = { jobs: new Map(), stops: new Map(), ready: Promise.withResolvers(), lost: null };
  waiting.ready.promise.catch(() => undefined); // whoever asks for it sees the refusal
  let last = 0;
  const lose = (why: string): void => {
    loseAll(waiting, why);
    socket.destroy();
  };
  const read = frameReader();
  socket.on("data", (chunk: Buffer) => {
    try {
      for (const frame of read(chunk)) hear(frame, waiting, lose);
    } catch {
      lose("it sent something that is not a message"); // nothing after that has a meaning
    }
  });
  socket.on("error", () => lose("its socket failed"));
  socket.on("close", () => lose("it ended"));
  const say = (message: ToBroker): void => {
    if (waiting.lost === null) socket.write(jsonFrame(message));
  };
  return {
    ready: waiting.ready.promise,
    say,
    feed(channel, bytes) {
      if (waiting.lost === null) socket.write(bytesFrame(channel, bytes));
    },
    begin(onOutput, keeps = true) {
      if (waiting.lost !== null) return { channel: 0, done: Promise.reject(gone(waiting.lost)) };
      const channel = ++last;
      const { job, done } = collectJob(onOutput, keeps);
      waiting.jobs.set(channel, job);
      return { channel, done };
    },
    async stopAll() {
      if (waiting.lost !== null) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.stops.set(++last, resolve);
      say({ type: "stop-all", id: last });
      await promise;
    },
    async close() {
      if (waiting.lost !== null) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      socket.once("close", () => resolve());
      socket.end();
      await promise;
    },
  };
}

function loseAll(waiting: Waiting, why: string): void {
  if (waiting.lost !== null) return;
  waiting.lost = unavailable(why);
  waiting.ready.reject(waiting.lost);
  for (const job of waiting.jobs.values()) job.fail(waiting.lost);
  // A broker that is gone took everything with it: what was to be stopped is.
  for (const stopped of waiting.stops.values()) stopped();
  waiting.jobs.clear();
  waiting.stops.clear();
}

function hear(frame: Frame, waiting: Waiting, lose: (why: string) => void): void {
  if (frame.kind === "bytes") {
    const stream = frame.channel % 2 === 0 ? "stdout" : "stderr";
    // A copy: the frame is a view of a buffer that holds its neighbours too.
    waiting.jobs.get(Math.floor(frame.channel / 2))?.take({ stream, bytes: Uint8Array.from(frame.bytes) });
    return;
  }
  if (!isObject(frame.value)) throw new Error("not a message");
  act(parseFromBroker(frame.value), waiting, lose);
}

function act(message: FromBroker, { jobs, stops, ready }: Waiting, lose: (why: string) => void): void {
  switch (message.type) {
    case "ready":
      ready.resolve(message.limits);
      break;
    case "failed":
      lose(message.message);
      break;
    case "ended":
      jobs.get(message.channel)?.end(message);
      jobs.delete(message.channel);
      break;
    case "stopped":
      stops.get(message.id)?.();
      stops.delete(message.id);
      break;
  }
}

function unavailable(why: string): Fault {
  return new Fault("BROKER_UNAVAILABLE", {
    message: `the broker, which starts every program, is not there: ${why}`,
    hint: "restart the gateway with `vambrace start`; whether a running command finished is not known",
  });
}

/** Of a job that was never said: that much is known. */
function gone(lost: Fault): Fault {
  return new Fault("BROKER_GONE", {
    message: `nothing was started: ${lost.message}`,
    hint: "restart the gateway with `vambrace start`",
  });
}
