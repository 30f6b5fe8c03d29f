/**
 * Watching, as the doors see it: alerts, frozen sessions, and what an incident
 * needs of a running gateway.
 *
 * @module
 */
import type { Digest } from "../json.ts";
import type { Caller } from "./gateway.ts";

export type RuleView = {
  readonly name: string;
  readonly condition: string;
  readonly severity: string;
  readonly actions: readonly string[];
  readonly explains: string;
  readonly isBuiltIn: boolean;
  readonly silentUntilMs: number | null;
};

export type AlertView = {
  readonly rule: string;
  readonly severity: string;
  readonly atMs: number;
  readonly count: number;
  readonly group: string | null;
  readonly session: string | null;
  readonly detail: string | null;
  /** Whether it went to whom its rule tells: not where the rule is silent. */
  readonly isTold: boolean;
};

/** A message that nobody took. */
export type DeadLetter = { readonly to: string; readonly subject: string; readonly why: string; readonly atMs: number };

/** Since the gateway was started; the ledger has them all. */
export type AlertsState = {
  readonly rules: readonly RuleView[];
  /** Newest first. */
  readonly recent: readonly AlertView[];
  readonly undelivered: readonly DeadLetter[];
  readonly delivered: number;
  /** Alerts that a storm kept from being raised one by one. */
  readonly swallowed: number;
};

export type Tried = { readonly to: string; readonly ok: boolean; readonly says: string };

/** Who had something protected, why and when: whoever comes next has to know. */
export type Said = { readonly by: string; readonly why: string; readonly atMs: number };

/** What stands, for `status`. */
export type WatchStatus = {
  readonly alerts: { readonly raised: number; readonly undelivered: number; readonly silent: readonly string[] };
  /** Null: not stopped. */
  readonly stopped: Said | null;
  readonly frozen: readonly (Said & { readonly session: string })[];
  readonly openIncidents: readonly string[];
  readonly servicesOff: readonly string[];
  /** Milliseconds since 1970; null: no close watch. */
  readonly closeWatchUntilMs: number | null;
};

/** Each needs the permission `operate`. */
export type Watching = {
  alerts(caller: Caller): AlertsState;
  /** @throws Fault ALERT_UNKNOWN, ALERT_MALFORMED */
  silence(
    caller: Caller,
    request: { readonly rule: string; readonly untilMs: number; readonly why: string },
  ): Promise<void>;
  unsilence(caller: Caller, rule: string): Promise<boolean>;
  /** Tells everybody whom this rule tells; nothing is frozen or stopped. @throws Fault ALERT_UNKNOWN */
  test(caller: Caller, rule: string): Promise<readonly Tried[]>;
  /** Ends what runs in a session and those that it spawned, and takes nothing more. @returns what is frozen now and was not. */
  freeze(caller: Caller, session: string, why: string): Promise<readonly string[]>;
  thaw(caller: Caller, session: string): Promise<boolean>;
  /** Ends every token but the terminal's own, and every session of a browser. @returns the tokens. */
  endAccess(caller: Caller, why: string): Promise<readonly string[]>;
  /** Signed with the ledger's key, together with the tree as it is now. */
  seal(caller: Caller, digest: Digest): Promise<string>;
};
