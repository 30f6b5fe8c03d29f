/**
 * Wires what watches: the alerts on the ledger's stream, what stands because of
 * incidents, frozen sessions; and what alerts may do, when there is a gateway
 * to do it with.
 *
 * @module
 */
import { parsePersonId } from "../core/ids.ts";
import type { Ledger, LedgerEntry } from "../core/ports/ledger.ts";
import type { Store } from "../core/ports/store.ts";
import { type OpenAlerts, openAlerts } from "./alerts/open.ts";
import { type Freeze, openFreeze } from "./freeze.ts";
import { haltAll, type Notices } from "./gateway/gateway.ts";
import type { EngineParts } from "./gateway/engine.ts";
import type { Turns } from "./gateway/turns.ts";
import { freezeSession } from "./gateway/watching.ts";
import { OWNER, type WireUp } from "./given.ts";
import type { Helpers } from "./helpers.ts";
import { strictnessOf } from "./incidents/close-watch.ts";
import { openStanding, type Standing } from "./incidents/standing.ts";
import type { LateWires } from "./late-wires.ts";
import type { Metrics } from "./metrics.ts";

export type Watch = { readonly alerts: OpenAlerts; readonly standing: Standing; readonly freeze: Freeze };

/** @returns with helpers whose ledger is watched. */
export async function openWatch(
  given: WireUp,
  parts: { readonly helpers: Helpers; readonly store: Store; readonly metrics: Metrics; readonly wires: LateWires },
): Promise<{ readonly watch: Watch; readonly helpers: Helpers }> {
  const { store, metrics, wires } = parts;
  const standing = openStanding(given.home.root, given.clock);
  const alerts = await openAlerts(given, {
    ledger: counted(parts.helpers.ledger, metrics),
    state: store.state,
    strictness: () => strictnessOf(standing.now()),
    counted: ({ severity }) => metrics.alert(severity),
  });
  const freeze = await openFreeze(store.state, (session) => standing.now().frozenSessions.includes(session));
  const { ledger } = alerts;
  const tell = (entry: LedgerEntry): void => {
    // A ledger that cannot take it is what is watched for itself.
    ledger
      .append(entry)
      .catch((thrown: unknown) => given.log.error("not recorded", { what: entry.what, error: String(thrown) }));
  };
  wires.onHelper = (name, state, why) => {
    if (name === "ledger writer" && state === "lost") alerts.alerts.notice("ledger_trouble", why);
    else
      tell({
        kind: "gateway",
        who: "gateway",
        what: `helper.${state}`,
        target: name,
        result: state === "lost" ? "failed" : "ok",
        data: { why },
      });
  };
  wires.onProof((isReady, says) =>
    tell({
      kind: "gateway",
      who: "gateway",
      what: isReady ? "sandbox.proved" : "sandbox.unproved",
      target: "sandbox",
      result: isReady ? "ok" : "failed",
      data: { says },
    }),
  );
  return { watch: { alerts, standing, freeze }, helpers: { ...parts.helpers, ledger } };
}

/** What alerts may do from here on; the windows are read back beside everything else. */
export function bindWatch(
  given: WireUp,
  watch: Watch,
  works: { readonly parts: EngineParts; readonly turns: Turns; readonly notices: Notices },
): void {
  const { parts, turns, notices } = works;
  watch.alerts.bind({
    async protect(action, alert) {
      const why = `the alert ${alert.rule}`;
      if (action.kind === "freeze") {
        const session = alert.cause?.session;
        if (session === undefined) throw new Error("the alert is about no session, so none was frozen");
        await freezeSession({ ...parts, turns }, session, { by: "alerts", why });
        return;
      }
      await haltAll({ ...parts, turns }, "alerts", why);
      const entry = { kind: "stop", who: "alerts", what: "stop.said", target: "gateway", result: "ok" } as const;
      await parts.helpers.ledger.append({ ...entry, data: { reason: why } });
    },
    async operator(text) {
      // About no conversation: it must not begin one.
      notices.tell({ to: parsePersonId(OWNER), from: "alerts", text }, "keep");
    },
  });
  watch.alerts
    .restore(given.home.ledger)
    .catch((thrown: unknown) => given.log.error("alerts could not be read back", { error: String(thrown) }));
}

/** Metrics are counted from what was really recorded. */
function counted(ledger: Ledger, metrics: Metrics): Ledger {
  return {
    ...ledger,
    async append(entry) {
      try {
        const receipt = await ledger.append(entry);
        metrics.record(entry);
        return receipt;
      } catch (thrown) {
        metrics.recordFailed();
        throw thrown;
      }
    },
  };
}
