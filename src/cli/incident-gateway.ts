/**
 * What an incident needs of a gateway, with one and without: where none runs,
 * the next starts stopped, and the ledger's writer is started for the seal.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Home } from "../app/home.ts";
import type { Reachable } from "../app/incidents/open.ts";
import { withLedger } from "../app/incidents/offline-ledger.ts";
import { Fault } from "../core/fault.ts";
import { CHECKPOINT } from "../ledger/layout.ts";
import { endedAnswer, frozenAnswer, sealAnswer } from "../wire/watching.ts";
import { connect } from "./client.ts";
import type { Io } from "./command.ts";
import { stopNow } from "./control.ts";

const Any = z.looseObject({});

export async function reachGateway(io: Io, home: Home): Promise<Reachable> {
  const client = await answering(io);
  const checkpoint = (): string => readFileSync(join(home.ledger, CHECKPOINT), "utf8");
  const stop = (reason: string): Promise<void> => stopNow(io, reason);
  if (client === undefined) {
    return {
      isRunning: false,
      stop,
      // Nothing runs; the case file keeps it frozen from the next start on.
      freeze: async () => undefined,
      endAccess: async () => undefined,
      publish: () => withLedger(home, async (ledger) => (await ledger.head()).checkpoint),
      seal: (digest) => withLedger(home, (ledger) => ledger.seal(digest)),
    };
  }
  return {
    isRunning: true,
    stop,
    async freeze(session, why) {
      await client.post("/api/freeze", { session, why }, frozenAnswer);
    },
    endAccess: async (why) => (await client.post("/api/tokens/end-all", { why }, endedAnswer)).ended,
    async publish() {
      // Asking for the status publishes what was appended.
      await client.get("/api/status", Any);
      return checkpoint();
    },
    seal: async (digest) => (await client.post("/api/seal", { digest }, sealAnswer)).note,
  };
}

/** Undefined where none runs. @throws Fault where one runs and does not answer. */
async function answering(io: Io): Promise<ReturnType<typeof connect> | undefined> {
  try {
    const client = connect(io);
    await client.get("/api/status", Any);
    return client;
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "GATEWAY_UNREACHABLE") return undefined;
    throw thrown;
  }
}
