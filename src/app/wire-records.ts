/** What the wiring itself records: connections, and the gateway's own beginning and end. @module */
import type { Connection } from "../core/ports/executor.ts";
import type { LedgerEntry } from "../core/ports/ledger.ts";
import type { Helpers } from "./helpers.ts";
import type { WireUp } from "./given.ts";
import type { Metrics } from "./metrics.ts";

/** Every connection, with the call that made it (R-NET-2). */
export async function recordConnection(
  helpers: Helpers,
  metrics: Metrics,
  connection: Connection,
  owner: { readonly call: string; readonly session: string },
): Promise<void> {
  metrics.connection(connection.verdict);
  const { host, port, ...data } = connection;
  await helpers.ledger.append({
    kind: "connection",
    who: "egress",
    what: `connection.${connection.verdict}`,
    target: `${host}:${port}`,
    result: connection.verdict === "allowed" ? "ok" : "denied",
    ...owner,
    data,
  });
}

/** The gateway began, or ends. */
export function lifeEntry(given: WireUp, what: string, data: NonNullable<LedgerEntry["data"]>): LedgerEntry {
  return { kind: "gateway", who: "gateway", what, target: given.version, result: "ok", data };
}
