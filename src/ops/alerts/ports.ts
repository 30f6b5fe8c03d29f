/**
 * What alerts need of the world; joined in `app`.
 *
 * @module
 */
import type { JsonObject } from "../../core/json.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { LedgerEntry } from "../../core/ports/ledger.ts";
import type { Random } from "../../core/ports/random.ts";
import type { Action } from "./actions.ts";
import type { Alert } from "./alert.ts";

/** A message for one receiver: a single alert, or several put together. */
export type Letter = {
  readonly subject: string;
  readonly text: string;
  readonly alerts: readonly Alert[];
};

/** An action that tells somebody. */
export type Told = Extract<Action, { readonly kind: "email" | "slack" | "webhook" | "operator" }>;
/** An action that does something. */
export type Done = Extract<Action, { readonly kind: "freeze" | "stop" }>;

export type AlertPorts = {
  readonly clock: Clock;
  readonly random: Random;
  /** Appends to the ledger; rejects where that cannot be had. */
  readonly record: (entry: LedgerEntry) => Promise<unknown>;
  /** Takes out what must not leave (R-DLP-2). */
  readonly redact: (text: string) => string;
  /** Rejects where it was not taken, with a word that may be shown. Ends with the signal. */
  readonly tell: (to: Told, letter: Letter, signal: AbortSignal) => Promise<void>;
  readonly protect: (action: Done, alert: Alert) => Promise<void>;
  /** For the gateway's log: the last resort where nothing can be recorded. */
  readonly log: (line: string, facts?: JsonObject) => void;
};
