/**
 * The gateway's side of the broker: jobs over the socket pair that the broker
 * was born with.
 *
 * Where the socket is lost, whether a job's program started is unknown, and
 * that is what the caller is told; of a job that comes after, it is known that
 * it did not. Nothing is tried again here.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import type { BrokerConfig, LimitSources } from "../../core/broker-wire.ts";
import { FRAME_LIMIT } from "../../core/frame.ts";
import type { Executor, JobResult } from "../../core/ports/executor.ts";
import { openBrokerLine } from "./broker-line.ts";
import { type Probe, proveSandbox } from "./prove.ts";

/** Bytes, with room for what stands round a job in its frame. */
const MOST_JOB = FRAME_LIMIT - 4096;

/** A job of which nothing ran. */
const nothing = (end: JobResult["end"]): JobResult => ({
  end,
  stdout: new Uint8Array(),
  stderr: new Uint8Array(),
  stdoutLost: 0,
  stderrLost: 0,
  wallMs: 0,
});

const TOO_LARGE = nothing({
  how: "refused",
  code: "JOB_TOO_LARGE",
  message: "the call is larger than the sandbox takes at once (8 MiB)",
  hint: "do it in smaller pieces; `write` can append",
});
const NEVER_STARTED = nothing({ how: "stopped" });

export type BubblewrapExecutor = Executor & {
  /** Resolves when the broker is ready. @throws Fault BROKER_UNAVAILABLE where it cannot work. */
  ready(): Promise<LimitSources>;
  /** Closes the socket; the broker ends, and everything that it started with it. */
  close(): Promise<void>;
};

export function openBubblewrapExecutor(deps: {
  readonly socket: Duplex;
  readonly config: BrokerConfig;
  readonly probe: Probe;
}): BubblewrapExecutor {
  const line = openBrokerLine(deps.socket);
  line.say({ type: "configure", config: deps.config });
  const run: Executor["run"] = (job, token, { signal, onOutput }) => {
    if (Buffer.byteLength(JSON.stringify(job)) > MOST_JOB) return Promise.resolve(TOO_LARGE);
    // Not sent at all: a short program could be through before a cancellation behind it is heard.
    if (signal.aborted) return Promise.resolve(NEVER_STARTED);
    const { channel, done } = line.begin(onOutput);
    line.say({ type: "run", channel, job, token });
    const cancel = (): void => line.say({ type: "cancel", channel });
    signal.addEventListener("abort", cancel, { once: true });
    return done.finally(() => signal.removeEventListener("abort", cancel));
  };
  return {
    run,
    prove: () => proveSandbox({ run, ...deps.probe }),
    stopAll: () => line.stopAll(),
    ready: () => line.ready,
    close: () => line.close(),
  };
}
