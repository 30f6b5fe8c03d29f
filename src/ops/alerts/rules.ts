/**
 * Rules: a condition, how bad it is, what is done, and why anybody should care.
 * Those that ship are here; the configuration adds its own and may change what
 * a shipped one does, or turn it off by name.
 *
 * @module
 */
import type { Action } from "./actions.ts";
import { type Condition, parseCondition } from "./condition.ts";

/** `low`: recorded, and shown when somebody looks. The others are told to somebody. */
export type Severity = "low" | "medium" | "high" | "critical";

export type Rule = {
  readonly name: string;
  readonly condition: Condition;
  readonly severity: Severity;
  readonly actions: readonly Action[];
  /** What it means, and what to look at: stands in each alert. */
  readonly explains: string;
  readonly isBuiltIn: boolean;
};

type Shipped = {
  readonly name: string;
  readonly condition: string;
  readonly severity: Severity;
  readonly explains: string;
};

const SHIPPED: readonly Shipped[] = [
  {
    name: "failed-logins",
    condition: "failed_auth > 5 in 5m by address",
    severity: "high",
    explains:
      "Somebody guesses at tokens or logins from one address. It is locked out after ten. If you do not know the address, look at who can reach the gateway.",
  },
  {
    name: "failed-logins-everywhere",
    condition: "failed_auth > 20 in 15m",
    severity: "high",
    explains: "Many logins failed, from several addresses together. A guesser who changes addresses looks like this.",
  },
  {
    name: "lock-out",
    condition: "lockouts > 0 in 1m by address",
    severity: "high",
    explains: "An address, a token or a person was locked out for 15 minutes after ten failures.",
  },
  {
    name: "blocked-paths",
    condition: "blocked_paths > 0 in 10m by session",
    severity: "medium",
    explains:
      "The agent wanted credentials, system files or the gateway's own state, and was refused. What it had read before that is worth reading: `vambrace log session SESSION`.",
  },
  {
    name: "floor-refusals",
    condition: "floor_refusals > 2 in 10m by session",
    severity: "high",
    explains:
      "The agent tried several things in one session that nobody may do. A model that obeys a stranger looks like this.",
  },
  {
    name: "bulk-file-access",
    condition: "file_access > 200 in 5m by session",
    severity: "medium",
    explains: "Very many files were named in one session. That is how data is collected before it leaves.",
  },
  {
    name: "refused-connections",
    condition: "connections_denied > 5 in 10m by session",
    severity: "medium",
    explains: "Programs in the sandbox wanted to reach hosts that they may not reach.",
  },
  {
    name: "injection-signs",
    condition: "injection_signs > 2 in 10m by session",
    severity: "medium",
    explains:
      "What was read holds signs of orders to the model. It changes no label: what such text may cause is limited all the same.",
  },
  {
    name: "question-flood",
    condition: "questions > 20 in 10m by session",
    severity: "medium",
    explains: "Very many questions in one session. Somebody who is asked often says yes without reading.",
  },
  {
    name: "new-destination",
    condition: "new_destinations > 0 in 1m by target",
    severity: "low",
    explains: "A host was reached that was never reached before.",
  },
  {
    name: "unusual-hours",
    condition: "unusual_hours > 0 in 1h by person",
    severity: "medium",
    explains: "Somebody writes at an hour at which he never wrote before. Ask him whether it was he.",
  },
  {
    name: "spike",
    condition: "spikes > 0 in 1h by target",
    severity: "medium",
    explains: "Much more of this happened in the last hour than in the hours before it.",
  },
  {
    name: "key-spike",
    condition: "key_spikes > 0 in 1h by target",
    severity: "high",
    explains:
      "A key was used much more than in the hours before. `vambrace secrets show NAME` has its use; `vambrace secrets revoke NAME` ends it here.",
  },
  {
    name: "key-used-up",
    condition: "keys_used_up > 0 in 1h by target",
    severity: "medium",
    explains: "A key reached the limit that its owner set, and is refused until the next day.",
  },
  {
    name: "sandbox-unproved",
    condition: "sandbox_unproved > 0 in 1m",
    severity: "critical",
    explains:
      "The sandbox no longer proves itself, so nothing runs in it. `vambrace security prove` shows what is open.",
  },
  {
    name: "ledger-trouble",
    condition: "ledger_trouble > 0 in 1m",
    severity: "critical",
    explains:
      "A record could not be made, or the last writing was cut. Nothing happens unrecorded, so nothing happens now. Look at the disk, then `vambrace log verify`.",
  },
  {
    name: "helper-lost",
    condition: "helper_losses > 0 in 1m by target",
    severity: "high",
    explains:
      "A process of the gateway ended by itself. It is started again; if it happens often, look into the gateway's log.",
  },
  {
    name: "stop-or-resume",
    condition: "stops > 0 in 1m",
    severity: "high",
    explains: "Everything was halted, or goes on after it was.",
  },
  {
    name: "config-changed",
    condition: "config_changes > 0 in 1m",
    severity: "low",
    explains: "The configuration was changed. `vambrace config history` shows what.",
  },
  {
    name: "token-made",
    condition: "tokens_made > 0 in 1m by person",
    severity: "medium",
    explains: "A new access token was made. `vambrace token list` shows it, `vambrace token revoke` ends it.",
  },
];

export const SHIPPED_NAMES: readonly string[] = SHIPPED.map((rule) => rule.name);

/** @param actions what a shipped rule of each severity does. */
export function shippedRules(actions: (severity: Severity) => readonly Action[]): readonly Rule[] {
  return SHIPPED.map(({ condition, ...rest }) => ({
    ...rest,
    condition: parseCondition(condition),
    actions: actions(rest.severity),
    isBuiltIn: true,
  }));
}
