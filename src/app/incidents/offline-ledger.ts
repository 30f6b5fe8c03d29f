/**
 * The ledger where no gateway runs: its writer is started for one piece of
 * work, with the gateway's own lock held, so that no gateway starts meanwhile.
 *
 * @module
 */
import { join } from "node:path";
import { Fault } from "../../core/fault.ts";
import { holdLock } from "../../edges/store/lock.ts";
import { type LedgerClient, openLedgerClient } from "../../ledger/client.ts";
import { ledgerWriterSpec } from "../helpers.ts";
import { type Home, makeHome, ownProgram } from "../home.ts";
import { LOCK_NAME } from "../running.ts";
import { startHelper } from "../lifecycle.ts";

/** @throws Fault STATE_IN_USE where a gateway has it. */
export async function withLedger<T>(home: Home, work: (ledger: LedgerClient) => Promise<T>): Promise<T> {
  makeHome(home);
  const lock = holdLock(join(home.root, LOCK_NAME), 2_000);
  if (lock === "busy") {
    throw new Fault("STATE_IN_USE", {
      message: "a gateway has the ledger, and does not answer",
      hint: "end it (`vambrace status` shows its process), then try again",
    });
  }
  try {
    const { name, heapMiB, run } = ledgerWriterSpec(home);
    const [program, ...args] = run;
    const helper = await startHelper({ name, program: ownProgram(program), args, heapMiB, log: () => undefined });
    const ledger = openLedgerClient({ socket: helper.socket, dir: home.ledger });
    try {
      return await work(ledger);
    } finally {
      await ledger.close();
      await helper.stop();
    }
  } finally {
    lock.release();
  }
}
