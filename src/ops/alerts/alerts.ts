/**
 * Alerts: the watch, what it raises, and who is told. What a rule does comes
 * first and in any case; whom it tells comes after, within limits.
 *
 * @module
 */
import { Fault, toFault } from "../../core/fault.ts";
import type { JsonObject } from "../../core/json.ts";
import { didYouMean } from "../../core/nearest.ts";
import type { LedgerEntry, StoredEntry } from "../../core/ports/ledger.ts";
import type { AlertsState, Tried } from "../../core/ports/watching.ts";
import { writeAction } from "./actions.ts";
import { type Alert, alertOf, plain } from "./alert.ts";
import { LONGEST_MS, writeCondition } from "./condition.ts";
import { type Courier, createCourier, type CourierLimits, recorded } from "./courier.ts";
import type { Habits } from "./habits.ts";
import type { PriceOf } from "./measures.ts";
import type { AlertPorts, Done, Told } from "./ports.ts";
import type { Rule } from "./rules.ts";
import type { Silence, Silences } from "./silences.ts";
import { createWatch } from "./watch.ts";

export type Alerts = {
  see(entry: LedgerEntry): void;
  /** What the ledger cannot say. */
  notice(measure: string, detail: string): void;
  restore(entries: readonly StoredEntry[]): void;
  state(): AlertsState;
  silence(silence: Silence): Silence;
  unsilence(rule: string): boolean;
  /** Sends a test alert of this rule to all whom it tells; nothing is frozen or stopped. @throws Fault ALERT_UNKNOWN */
  test(rule: string): Promise<readonly Tried[]>;
  /** How far back the ledger has to be read at a start, in milliseconds. */
  readonly reachMs: number;
  close(): Promise<void>;
};

export type AlertsParts = AlertPorts & {
  readonly rules: readonly Rule[];
  readonly habits: Habits;
  readonly silences: Silences;
  readonly priceOf: PriceOf;
  readonly strictness: () => number;
  readonly counted: (alert: Alert) => void;
  readonly limits?: CourierLimits;
};

const RECENT = 200;
/** Alerts that are raised one by one in a minute; what a rule does is done beyond that too. */
const RAISED_PER_MINUTE = 60;
const MINUTE_MS = 60_000;
/** So long the record of an alert may take before what protects is done without it. */
const RECORD_MS = 2_000;

type Storm = { sinceMs: number; raised: number; swallowed: number; total: number };

export function createAlerts(parts: AlertsParts): Alerts {
  const courier = createCourier(parts, parts.limits);
  const recent: { readonly alert: Alert; readonly isTold: boolean }[] = [];
  const storm: Storm = { sinceMs: Number.NEGATIVE_INFINITY, raised: 0, swallowed: 0, total: 0 };
  const working = new Set<Promise<void>>();

  function raise(alert: Alert, rule: Rule): void {
    parts.counted(alert);
    const isOne = isWithinLimits(parts, storm);
    const isTold = isOne && !parts.silences.isSilent(rule.name);
    if (isOne) {
      recent.push({ alert, isTold });
      recent.splice(0, Math.max(0, recent.length - RECENT));
    }
    const work = act(parts, courier, { alert, rule, isOne, isTold })
      .catch((thrown: unknown) => parts.log("an alert failed", { rule: rule.name, error: toFault(thrown).message }))
      .finally(() => working.delete(work));
    working.add(work);
  }

  const watch = createWatch({
    ...parts,
    nowMs: () => parts.clock.wallMs(),
    raise,
    failed: (rule, why) => parts.log("a rule could not be counted", { rule, why }),
  });

  return {
    ...watch,
    reachMs: Math.max(
      MINUTE_MS,
      ...parts.rules.map(({ condition }) => (condition.kind === "more" ? Math.min(condition.withinMs, LONGEST_MS) : 0)),
    ),
    state: () => stateOf(parts, courier, { recent, storm }),
    silence: (silence) => parts.silences.add(silence),
    unsilence: (rule) => parts.silences.remove(rule),
    test: (rule) => test(parts, courier, rule),
    async close() {
      await Promise.all(working);
      await courier.close();
    },
  };
}

/** A storm is told of once a minute, with its number, and never fills the ledger. */
function isWithinLimits(parts: AlertsParts, storm: Storm): boolean {
  const now = parts.clock.monotonicMs();
  if (now - storm.sinceMs >= MINUTE_MS) {
    const { swallowed } = storm;
    Object.assign(storm, { sinceMs: now, raised: 0, swallowed: 0 });
    if (swallowed > 0) {
      void recorded(parts, {
        kind: "alert",
        who: "gateway",
        what: "alert.storm",
        target: "alerts",
        result: "ok",
        data: { swallowed },
      });
    }
  }
  if (storm.raised >= RAISED_PER_MINUTE) {
    storm.swallowed += 1;
    storm.total += 1;
    return false;
  }
  storm.raised += 1;
  return true;
}

type Raised = { readonly alert: Alert; readonly rule: Rule; readonly isOne: boolean; readonly isTold: boolean };

async function act(parts: AlertsParts, courier: Courier, { alert, rule, isOne, isTold }: Raised): Promise<void> {
  const doing = rule.actions.filter((action): action is Done => action.kind === "freeze" || action.kind === "stop");
  if (isOne || doing.length > 0)
    await Promise.race([recorded(parts, raisedEntry(alert, isTold)), parts.clock.sleep(RECORD_MS)]);
  for (const action of doing) await protect(parts, action, alert);
  if (!isTold) return;
  for (const action of rule.actions) if (isTelling(action)) courier.post(action, alert);
}

function isTelling(action: Rule["actions"][number]): action is Told {
  return action.kind !== "freeze" && action.kind !== "stop" && action.kind !== "record";
}

async function protect(parts: AlertsParts, action: Done, alert: Alert): Promise<void> {
  const entry = { kind: "alert", who: "gateway", what: "alert.acted", target: action.kind } as const;
  const session = alert.cause?.session === undefined ? {} : { session: alert.cause.session };
  try {
    await parts.protect(action, alert);
    await recorded(parts, { ...entry, ...session, result: "ok", data: { rule: alert.rule } });
  } catch (thrown) {
    const why = plain(parts.redact(toFault(thrown).message));
    await recorded(parts, { ...entry, ...session, result: "failed", data: { rule: alert.rule, why } });
  }
}

function raisedEntry(alert: Alert, isTold: boolean): LedgerEntry {
  const { rule, severity, condition, count, group, cause, detail, isLate, again } = alert;
  const data: JsonObject = {
    severity,
    condition,
    count,
    told: isTold,
    ...(group === null ? {} : { by: group.by, group: group.is.slice(0, 200) }),
    ...(detail === undefined ? {} : { detail: plain(detail) }),
    ...(isLate ? { late: true } : {}),
    ...(again === 0 ? {} : { again }),
  };
  const about = cause === undefined ? {} : definedOnly(cause);
  return { kind: "alert", who: "gateway", what: "alert.raised", target: rule, result: "ok", ...about, data };
}

function definedOnly({
  session,
  turn,
  call,
}: NonNullable<Alert["cause"]>): Pick<LedgerEntry, "session" | "turn" | "call"> {
  return {
    ...(session === undefined ? {} : { session }),
    ...(turn === undefined ? {} : { turn }),
    ...(call === undefined ? {} : { call }),
  };
}

async function test(parts: AlertsParts, courier: Courier, name: string): Promise<readonly Tried[]> {
  const rule = parts.rules.find((known) => known.name === name);
  if (rule === undefined) {
    throw new Fault("ALERT_UNKNOWN", {
      message: `there is no rule \`${name.slice(0, 80)}\``,
      hint: didYouMean(
        name,
        parts.rules.map((known) => known.name),
      ),
    });
  }
  const atMs = parts.clock.wallMs();
  const alert: Alert = {
    ...alertOf(rule, { count: 0, firstMs: atMs, atMs, again: 0, isLate: false, group: null }),
    isTest: true,
  };
  const results: Tried[] = [];
  for (const action of rule.actions) {
    if (!isTelling(action)) {
      results.push({ to: writeAction(action), ok: true, says: "not done in a test" });
      continue;
    }
    const to = writeAction(action);
    try {
      await courier.once(action, alert);
      results.push({ to, ok: true, says: "taken" });
    } catch (thrown) {
      const fault = toFault(thrown);
      const says = fault.code === "INTERNAL" && thrown instanceof Error ? thrown.message : fault.message;
      results.push({ to, ok: false, says: plain(parts.redact(says)) });
    }
  }
  const failed = results.filter((one) => !one.ok).map((one) => one.to);
  const data = { told: results.map((one) => one.to), failed };
  await recorded(parts, {
    kind: "alert",
    who: "gateway",
    what: "alert.tested",
    target: name,
    result: failed.length === 0 ? "ok" : "failed",
    data,
  });
  return results;
}

function stateOf(
  parts: AlertsParts,
  courier: Courier,
  {
    recent,
    storm,
  }: { readonly recent: readonly { readonly alert: Alert; readonly isTold: boolean }[]; readonly storm: Storm },
): AlertsState {
  const silent = new Map(parts.silences.now().map((one) => [one.rule, one.untilMs]));
  return {
    rules: parts.rules.map(({ name, condition, severity, actions, explains, isBuiltIn }) => ({
      name,
      condition: writeCondition(condition),
      severity,
      actions: actions.map(writeAction),
      explains,
      isBuiltIn,
      silentUntilMs: silent.get(name) ?? null,
    })),
    recent: recent.toReversed().map(({ alert, isTold }) => ({
      rule: alert.rule,
      severity: alert.severity,
      atMs: alert.atMs,
      count: alert.count,
      group: alert.group === null ? null : plain(alert.group.is),
      session: alert.cause?.session ?? null,
      detail: alert.detail === undefined ? null : plain(alert.detail),
      isTold,
    })),
    undelivered: courier.dead(),
    delivered: courier.delivered(),
    swallowed: storm.total,
  };
}
