/**
 * Opens the alerts of a gateway: the ledger's stream goes through them, what
 * lay in their windows is read back, and what they do is bound when there is
 * something to do it with.
 *
 * @module
 */
import { toFault } from "../../core/fault.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Ledger, LedgerEntry } from "../../core/ports/ledger.ts";
import type { StateStore } from "../../core/ports/store.ts";
import { createNet } from "../../edges/net/net.ts";
import { recentEntries } from "../../ledger/search.ts";
import type { Alert } from "../../ops/alerts/alert.ts";
import { type Alerts, createAlerts } from "../../ops/alerts/alerts.ts";
import { createHabits } from "../../ops/alerts/habits.ts";
import type { Done } from "../../ops/alerts/ports.ts";
import { createSilences, type Silences } from "../../ops/alerts/silences.ts";
import { type AlertSettings, alertSettings } from "../config/alerts.ts";
import { pricing } from "../config/settings.ts";
import type { WireUp } from "../given.ts";
import { createTell } from "./tell.ts";

export type OpenAlerts = {
  readonly alerts: Alerts;
  /** The same ledger; whatever it takes is seen. */
  readonly ledger: Ledger;
  /** What needs a gateway; before it is there, protecting fails and is recorded as failed. */
  bind(late: Late): void;
  /** Reads the windows back, without holding up a start. */
  restore(dir: string): Promise<void>;
  /** Keeps what is usual, where it changed. */
  keep(): Promise<void>;
  keepSilences(): Promise<void>;
  close(): Promise<void>;
};

export type Late = {
  readonly protect: (action: Done, alert: Alert) => Promise<void>;
  readonly operator: (text: string) => Promise<void>;
};

const HABITS = "alerts:habits";
const SILENCES = "alerts:silences";
/** Records that are read back at most; a gateway that made more in a window has raised its alerts. */
const READ_BACK = 100_000;

export async function openAlerts(
  given: WireUp,
  parts: {
    readonly ledger: Ledger;
    readonly state: StateStore;
    readonly strictness: () => number;
    readonly counted: (alert: Alert) => void;
  },
): Promise<OpenAlerts> {
  const { clock, random, outbound, log, loaded } = given;
  const settings = alertSettings(loaded.config, loaded.places);
  const secret = (reference: string, at: string): string => given.secrets.book.value(reference, at);
  haveSecrets(settings, secret);
  const habits = createHabits(await keptOf(given, parts.state, HABITS), (atMs) => new Date(atMs).getHours());
  const names = settings.rules.map((rule) => rule.name);
  const silences: Silences = createSilences(await keptOf(given, parts.state, SILENCES), names, () => clock.wallMs());
  const late: { now?: Late } = {};
  const net = createNet();
  const alerts = createAlerts({
    clock,
    random,
    ...settings,
    habits,
    silences,
    strictness: parts.strictness,
    counted: parts.counted,
    priceOf: pricing(loaded.config),
    record: (entry) => parts.ledger.append(entry),
    redact: (text) => outbound.text(text),
    tell: createTell({
      settings,
      secret,
      net,
      wallMs: () => clock.wallMs(),
      operator: async (text) => bound(late).operator(text),
    }),
    protect: async (action, alert) => bound(late).protect(action, alert),
    log: (line, facts) => log.error(line, facts),
  });
  return {
    alerts,
    ledger: tapped(parts.ledger, alerts),
    bind: (now) => void (late.now = now),
    restore: (dir) => readBack(given, alerts, dir),
    async keep() {
      const changed = habits.changed();
      if (changed !== undefined) await parts.state.set(HABITS, changed);
    },
    keepSilences: () => parts.state.set(SILENCES, silences.toJson()),
    async close() {
      await alerts.close();
      await net.close();
    },
  };
}

async function readBack({ clock }: WireUp, alerts: Alerts, dir: string): Promise<void> {
  const since = clock.wallMs() - alerts.reachMs;
  const before = await recentEntries(dir, since, READ_BACK).catch((thrown: unknown) => {
    alerts.notice("ledger_trouble", `it could not be read back: ${toFault(thrown).message}`);
    return [];
  });
  alerts.restore(before);
}

/** Asked for once, at the start: a receiver without its secret would be found out when it is needed. */
function haveSecrets(
  { email, slack, webhooks }: AlertSettings,
  secret: (reference: string, at: string) => string,
): void {
  if (email !== null && email.login !== null) secret(email.login.password, "alerts.email.password");
  for (const [name, reference] of slack) secret(reference, `alerts.slack.${name}.webhook`);
  for (const [name, hook] of webhooks) secret(hook.secret, `alerts.webhooks.${name}.secret`);
}

function bound({ now }: { readonly now?: Late }): Late {
  if (now === undefined) throw new Error("the gateway is not put together yet");
  return now;
}

/** Habits that cannot be read are learned anew; that is said. */
async function keptOf(given: WireUp, state: StateStore, key: string): Promise<JsonObject | undefined> {
  try {
    return await state.get(key);
  } catch (thrown) {
    given.log.warn(`${key} could not be read and begins anew`, { error: toFault(thrown).message });
    return undefined;
  }
}

/** Seen after it is durable; a record that could not be made is seen as trouble. */
function tapped(ledger: Ledger, alerts: Pick<Alerts, "see" | "notice">): Ledger {
  return {
    ...ledger,
    async append(entry: LedgerEntry) {
      try {
        const receipt = await ledger.append(entry);
        alerts.see(entry);
        return receipt;
      } catch (thrown) {
        const fault = toFault(thrown);
        if (fault.code === "LEDGER_UNAVAILABLE") alerts.notice("ledger_trouble", fault.message);
        throw thrown;
      }
    },
  };
}
