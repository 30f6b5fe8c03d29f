/** Fakes for the tests of alerts: ports that note what was done. Nothing in the product imports this file. @module */
import type { JsonObject } from "../../core/json.ts";
import type { LedgerEntry } from "../../core/ports/ledger.ts";
import { type FakeClock, fakeClock, seededRandom } from "../../core/testing.ts";
import { type Action, parseActions, writeAction } from "./actions.ts";
import { type Alerts, type AlertsParts, createAlerts } from "./alerts.ts";
import { parseCondition } from "./condition.ts";
import { createHabits } from "./habits.ts";
import type { Letter, Told } from "./ports.ts";
import type { Rule } from "./rules.ts";
import { createSilences } from "./silences.ts";

export type Bench = {
  readonly alerts: Alerts;
  readonly clock: FakeClock;
  readonly records: LedgerEntry[];
  readonly told: { readonly to: string; readonly letter: Letter }[];
  readonly done: { readonly action: Action; readonly session: string | undefined }[];
  readonly logged: string[];
  raised(): readonly LedgerEntry[];
  /** Lets everything that is under way come to where it waits. */
  settle(): Promise<void>;
};

export function ruleOf(
  name: string,
  condition: string,
  action = "operator",
  severity: Rule["severity"] = "high",
): Rule {
  const actions = parseActions(action);
  return {
    name,
    condition: parseCondition(condition),
    severity,
    actions,
    explains: `${name} explained`,
    isBuiltIn: false,
  };
}

export function bench(rules: readonly Rule[], change: Partial<AlertsParts> = {}, habits?: JsonObject): Bench {
  const clock = fakeClock();
  const records: LedgerEntry[] = [];
  const told: Bench["told"] = [];
  const done: Bench["done"] = [];
  const logged: string[] = [];
  const names = rules.map((rule) => rule.name);
  const alerts = createAlerts({
    clock,
    random: seededRandom(7),
    rules,
    habits: createHabits(habits, (atMs) => new Date(atMs).getUTCHours()),
    silences: createSilences(undefined, names, () => clock.wallMs()),
    priceOf: () => 0,
    strictness: () => 1,
    counted: () => undefined,
    record: async (entry) => records.push(entry),
    redact: (text) => text.replaceAll("sk-secret", "[secret]"),
    tell: async (to: Told, letter) => void told.push({ to: writeAction(to), letter }),
    protect: async (action, alert) => void done.push({ action, session: alert.cause?.session }),
    log: (line) => void logged.push(line),
    ...change,
  });
  return {
    alerts,
    clock,
    records,
    told,
    done,
    logged,
    raised: () => records.filter((entry) => entry.what === "alert.raised"),
    async settle() {
      for (let i = 0; i < 30; i++) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

export const failedLogin = (address = "192.0.2.1"): LedgerEntry => ({
  kind: "login",
  who: "-",
  what: "login.failed",
  target: address,
  result: "denied",
});

export const decided = (change: Partial<LedgerEntry> = {}): LedgerEntry => ({
  kind: "call",
  who: "owner",
  what: "call.decided",
  target: "read",
  result: "ok",
  session: "ses_1",
  call: "call_1",
  ...change,
});
