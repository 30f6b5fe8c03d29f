/** Joins the secrets with what uses them: the egress proxy, its connections, the records. @module */
import type { LedgerEntry } from "../core/ports/ledger.ts";
import type { WireUp } from "./given.ts";
import type { Helpers } from "./helpers.ts";
import type { LateWires } from "./late-wires.ts";
import type { Metrics } from "./metrics.ts";
import { reminders } from "./secrets/ages.ts";
import { createKeeper, type Keeper } from "./secrets/keeper.ts";
import { readRegistry } from "./secrets/registry.ts";
import { recordConnection } from "./wire-records.ts";

export function wireSecrets(
  { secrets, loaded, clock, log }: WireUp,
  helpers: Helpers,
  record: (entry: LedgerEntry) => Promise<void>,
  { metrics, wires }: { readonly metrics: Metrics; readonly wires: LateWires },
): Keeper {
  const keeper = createKeeper({ ...secrets, loaded, clock, log, record, bind: (all) => helpers.bindCredentials(all) });
  wires.onConnection = async (connection, owner) => {
    keeper.connected(connection);
    await recordConnection(helpers, metrics, connection, owner);
  };
  return keeper;
}

/** One line for each key that is due. */
export function remindersNow({ home, loaded, clock, random }: WireUp): readonly string[] {
  return reminders(readRegistry(home.root, random), loaded.config.secrets.rotateDays, clock.wallMs());
}
