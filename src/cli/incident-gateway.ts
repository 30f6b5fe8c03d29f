/**
 * What an incident needs of a gateway, with one and without: where none runs,
 * the next starts stopped, and the ledger's writer is started for the seal.
 *
 * @module
 */
import { join } from "node:path";
import { z } from "zod";
import type { Home } from "../app/home.ts";
import type { Reachable } from "../app/incidents/open.ts";
import { withLedger } from "../app/incidents/offline-ledger.ts";
import { Fault } from "../core/fault.ts";
import { CHECKPOINT } from "../ledger/layout.ts";
import { endedAnswer, frozenAnswer, sealAnswer } from "../wire/watching.ts";
import { connect, type GatewayClient, runningOf } from "./client.ts";
import type { Io } from "./command.ts";
import { stopNow } from "./control.ts";
import { readPlainText } from "../app/plain-file.ts";

const Any = z.looseObject({});
/** One that takes longer to say how it is does not answer. */
const PATIENCE_MS = 5_000;

export async function reachGateway(io: Io, home: Home): Promise<Reachable> {
  const found = await answering(io, home);
  const stop = (reason: string): Promise<void> => stopNow(io, reason);
  if (found === "none") return { ...alone(home), stop, freeze: async () => undefined };
  if (typeof found === "string") {
    io.err(`a gateway runs and does not answer (${found})`);
    const refuse = (): Promise<never> => Promise.reject(silent(found));
    return { ...alone(home), stop, freeze: refuse, endAccess: refuse, publish: async () => checkpointOf(home) };
  }
  return {
    stop,
    async freeze(session, why) {
      await found.post("/api/freeze", { session, why }, frozenAnswer);
    },
    endAccess: async (why) => (await found.post("/api/tokens/end-all", { why }, endedAnswer)).ended,
    async publish() {
      // Asking for the status publishes what was appended.
      await found.get("/api/status", Any);
      return checkpointOf(home);
    },
    seal: async (digest) => (await found.post("/api/seal", { digest }, sealAnswer)).note,
  };
}

const checkpointOf = (home: Home): string => readPlainText(join(home.ledger, CHECKPOINT));

/** Nothing runs; the case file keeps a session frozen from the next start on. */
function alone(home: Home): Pick<Reachable, "endAccess" | "publish" | "seal"> {
  return {
    endAccess: async () => undefined,
    publish: () => withLedger(home, async (ledger) => (await ledger.head()).checkpoint),
    seal: (digest) => withLedger(home, (ledger) => ledger.seal(digest)),
  };
}

function silent(why: string): Fault {
  return new Fault("GATEWAY_UNREACHABLE", {
    message: `the gateway does not answer (${why}); \`vambrace stop\` ends everything, by a signal where it has to`,
    hint: "then start it again: what the case file says is in force from its start on",
  });
}

/** `none` where none runs; why, where one runs and does not answer: it is contained all the same. */
async function answering(io: Io, home: Home): Promise<GatewayClient | string> {
  try {
    runningOf(home);
  } catch (thrown) {
    if (thrown instanceof Fault) return "none";
    throw thrown;
  }
  try {
    const client = connect(io);
    await client.get("/api/status", Any, AbortSignal.timeout(PATIENCE_MS));
    return client;
  } catch (thrown) {
    return thrown instanceof Fault ? thrown.message : "no answer";
  }
}
