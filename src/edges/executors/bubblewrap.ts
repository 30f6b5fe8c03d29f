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
import type {
  Executor,
  JobResult,
  LiveExecutor,
  Proof,
  ProofForm,
  ProofLine,
  SkippedLine,
} from "../../core/ports/executor.ts";
import { openBrokerLine } from "./broker-line.ts";
import type { Probe } from "./prove.ts";
import type { BareRun } from "./prove-stage.ts";

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

export type BubblewrapExecutor = Executor &
  LiveExecutor & {
    /** Resolves when the broker is ready. @throws Fault BROKER_UNAVAILABLE where it cannot work. */
    ready(): Promise<LimitSources>;
    /** Closes the socket; the broker ends, and everything that it started with it. */
    close(): Promise<void>;
    /** @param only these attempts alone, which are too few to be a proof */
    prove(form: ProofForm, tell?: (line: ProofLine | SkippedLine) => void, only?: readonly string[]): Promise<Proof>;
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
  const bare: BareRun = (test, { signal, onOutput } = {}) => {
    const { channel, done } = line.begin(onOutput);
    line.say({ type: "self-test", channel, test, token: deps.probe.mint.bare(test) });
    const cancel = (): void => line.say({ type: "cancel", channel });
    signal?.addEventListener("abort", cancel, { once: true });
    return done;
  };
  return {
    run,
    async start(job, token, onOutput) {
      const { channel, done } = line.begin(onOutput, false);
      line.say({ type: "run", channel, job, token });
      const ended = done.then(({ end }) => end);
      ended.catch(() => undefined); // whoever asks for it sees the loss
      return {
        write: (bytes) => line.feed(channel, bytes),
        end: () => line.say({ type: "cancel", channel }),
        ended,
      };
    },
    async prove(form, tell, only?: readonly string[]) {
      const limits = await line.ready;
      const { proveSandbox } = await import("./prove.ts");
      return proveSandbox({ run, bare, limits, ...deps.probe }, { form, tell, only });
    },
    stopAll: () => line.stopAll(),
    ready: () => line.ready,
    close: () => line.close(),
  };
}
