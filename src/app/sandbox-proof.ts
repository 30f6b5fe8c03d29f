/**
 * The sandbox is used only while it is proved. Whoever wants to run something
 * waits for the proof; where that did not hold, nothing runs, and it is tried
 * again when somebody next asks.
 *
 * A proof is of one broker and holds for a while: a broker that was started
 * again has proved nothing.
 *
 * @module
 */
import { Fault, toFault } from "../core/fault.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { Executor, LiveExecutor } from "../core/ports/executor.ts";
import type { Readiness } from "../core/ports/gateway.ts";
import { verdictOf } from "../core/proof.ts";

export type SandboxProof = {
  /** The one that every tool is given: it runs nothing while the sandbox is unproved. */
  readonly executor: Executor & LiveExecutor;
  /** The newest word; proves first where there is none that holds. */
  now(): Promise<Readiness>;
  /** Proves it now, whatever was known. */
  prove(): Promise<void>;
};

/** A proof holds this long; then it is tried again by whoever asks. */
const HOLDS_MS = 10 * 60_000;
/** Asking often, which anybody may, must not start programs often. */
const AGAIN_MS = 1000;

type Known = { readonly of: object; readonly ready: boolean; readonly says: string; readonly sinceMs: number };

export function createSandboxProof(parts: {
  readonly executor: Executor & LiveExecutor;
  /** Which broker would run it. */
  readonly broker: () => object;
  readonly clock: Clock;
  /** Told when the word changes, and of the first. */
  readonly changed?: (isReady: boolean, says: string) => void;
}): SandboxProof {
  const { executor, broker, clock } = parts;
  let told: boolean | undefined;
  let known: Known = { of: {}, ready: false, says: "not proved yet", sinceMs: 0 };
  let proving: Promise<void> | undefined;

  async function tryOut(): Promise<void> {
    const of = broker();
    const { ready, says } = await word(executor);
    known = { of, ready, says, sinceMs: clock.monotonicMs() };
    if (told !== ready) parts.changed?.(ready, says);
    told = ready;
  }

  function prove(): Promise<void> {
    proving ??= tryOut().finally(() => {
      proving = undefined;
    });
    return proving;
  }

  async function current(): Promise<Known> {
    const ageMs = clock.monotonicMs() - known.sinceMs;
    const fresh = known.of === broker() && ageMs <= (known.ready ? HOLDS_MS : AGAIN_MS);
    if (proving !== undefined || !fresh) await prove();
    // Another broker may have taken its place meanwhile.
    return known.of === broker() ? known : { ...known, ready: false, says: "it was started again; not proved yet" };
  }

  return {
    prove,
    async now() {
      const { ready, says } = await current();
      return { control: "sandbox", ready, says };
    },
    executor: {
      ...executor,
      async run(job, token, options) {
        requireProof(await current());
        return executor.run(job, token, options);
      },
      async start(job, token, onOutput) {
        requireProof(await current());
        return executor.start(job, token, onOutput);
      },
    },
  };
}

/** @throws Fault SANDBOX_UNPROVED */
function requireProof({ ready, says }: Known): void {
  if (ready) return;
  throw new Fault("SANDBOX_UNPROVED", {
    message: `nothing was started, because the sandbox has not proved itself: ${says}`,
    hint: "`vambrace security prove` shows what is open; everything that needs the sandbox works again when it holds",
  });
}

async function word(executor: Executor): Promise<{ readonly ready: boolean; readonly says: string }> {
  try {
    const verdict = verdictOf(await executor.prove("short"));
    return { ready: verdict.holds, says: verdict.says };
  } catch (thrown) {
    return { ready: false, says: toFault(thrown).message };
  }
}
