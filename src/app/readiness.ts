/**
 * Readiness: every control that is on has to prove itself, not to say that it
 * is there. What has not proved itself yet is not ready.
 *
 * @module
 */
import { plural } from "../core/plural.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { Readiness } from "../core/ports/gateway.ts";
import type { Helpers } from "./helpers.ts";
import type { SandboxProof } from "./sandbox-proof.ts";

export type Prover = {
  /** The newest word of every control. */
  now(): Promise<readonly Readiness[]>;
  /** Proves all that has to be tried out, again. */
  prove(): Promise<void>;
};

const STORE_HOLDS_MS = 1_000;
const PATIENCE_MS = 2_000;

export function createProver(parts: {
  readonly helpers: Helpers;
  readonly sandbox: Pick<SandboxProof, "now" | "prove">;
  readonly clock: Clock;
  /** Writes something: a store that cannot keep a message takes none. */
  readonly tryStore: () => Promise<void>;
  readonly policies: () => { readonly count: number; readonly digest: string };
  readonly model: () => string;
}): Prover {
  const { helpers, sandbox, clock } = parts;
  const storeReadiness = storeProbe(clock, parts.tryStore);

  return {
    prove: () => sandbox.prove(),
    async now() {
      const lost = new Set(helpers.lost());
      return [
        lost.has("ledger") ? down("ledger") : await within(clock, "ledger", ledgerReadiness(helpers)),
        await within(clock, "store", storeReadiness()),
        lost.has("broker") ? down("sandbox") : await sandbox.now(),
        lost.has("egress")
          ? down("egress")
          : { control: "egress", ready: true, says: "the proxy runs; nothing else leaves a sandbox" },
        policyReadiness(parts.policies()),
        { control: "model", ready: true, says: parts.model() },
      ];
    },
  };
}

function down(control: string): Readiness {
  return { control, ready: false, says: "its process was lost and is being started again" };
}

/** Nobody needs a token to ask, so asking often must not write often. */
function storeProbe(clock: Clock, tryStore: () => Promise<void>): () => Promise<Readiness> {
  let last: { readonly word: Promise<Readiness>; readonly sinceMs: number } | undefined;
  return () => {
    if (last === undefined || clock.monotonicMs() - last.sinceMs > STORE_HOLDS_MS)
      last = { word: tryToWrite(tryStore), sinceMs: clock.monotonicMs() };
    return last.word;
  };
}

async function tryToWrite(tryStore: () => Promise<void>): Promise<Readiness> {
  try {
    await tryStore();
    return { control: "store", ready: true, says: "it can be written" };
  } catch (error) {
    return { control: "store", ready: false, says: error instanceof Error ? error.message : "it cannot be written" };
  }
}

/** What hangs is not ready: a supervisor that asks wants an answer. */
async function within(clock: Clock, control: string, word: Promise<Readiness>): Promise<Readiness> {
  const timer = new AbortController();
  const late = clock.sleep(PATIENCE_MS, timer.signal).then(
    (): Readiness => ({ control, ready: false, says: "it does not answer" }),
    (): Promise<Readiness> => word, // the word came first
  );
  try {
    return await Promise.race([word, late]);
  } finally {
    timer.abort();
  }
}

/** Asks the writer itself: a process that runs but cannot write is not ready. */
async function ledgerReadiness(helpers: Helpers): Promise<Readiness> {
  try {
    const { size } = await helpers.ledger.head();
    return { control: "ledger", ready: true, says: plural(size, "entry", "entries") };
  } catch (error) {
    return { control: "ledger", ready: false, says: error instanceof Error ? error.message : "it does not answer" };
  }
}

function policyReadiness({ count, digest }: { readonly count: number; readonly digest: string }): Readiness {
  const ready = count > 0;
  return {
    control: "policies",
    ready,
    says: ready ? `${count} policies, set ${digest.slice(0, 12)}` : "no policy is loaded",
  };
}
