/**
 * An alert, and how it reads. Whatever came out of the ledger is a stranger's
 * text: one line, no control characters, short.
 *
 * @module
 */
import { spelledOut } from "../../core/hidden.ts";
import type { LedgerEntry } from "../../core/ports/ledger.ts";
import { writeCondition, writeSpan } from "./condition.ts";
import type { Rule, Severity } from "./rules.ts";

export type Alert = {
  readonly rule: string;
  readonly severity: Severity;
  readonly condition: string;
  readonly explains: string;
  /** What it was grouped by, and its value; null: all together. */
  readonly group: { readonly by: string; readonly is: string } | null;
  readonly count: number;
  readonly firstMs: number;
  readonly atMs: number;
  /** The record that it was one too many with; absent where there is none, as where the ledger itself is gone. */
  readonly cause?: Pick<LedgerEntry, "what" | "who" | "target" | "result" | "session" | "turn" | "call">;
  /** What a detector says of it. */
  readonly detail?: string;
  /** How often it was true again while it was quiet. */
  readonly again: number;
  /** Found when the ledger was read back at a start. */
  readonly isLate: boolean;
  readonly isTest: boolean;
};

const LONGEST = 200;

/** On one line, each hidden character spelled out. */
export function plain(text: string, most = LONGEST): string {
  const line = spelledOut(text).replaceAll(/\s+/g, " ").trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}

export function titleOf(alert: Alert): string {
  const about = alert.group === null ? "" : `, ${alert.group.by} ${plain(alert.group.is, 80)}`;
  return `${alert.isTest ? "TEST: " : ""}[${alert.severity}] ${plain(alert.rule, 80)}${about}`;
}

/** What a person reads, of any receiver. */
export function textOf(alert: Alert): string {
  const { cause } = alert;
  const span = Math.max(0, alert.atMs - alert.firstMs);
  const lines = [
    titleOf(alert),
    alert.isTest ? "This is a test; nothing happened." : alert.explains,
    "",
    `condition  ${plain(alert.condition)}`,
    `counted    ${Number(alert.count.toFixed(2))}${span > 0 ? ` in ${writeSpan(Math.max(1_000, Math.round(span / 1_000) * 1_000))}` : ""}`,
    `time       ${new Date(alert.atMs).toISOString()}${alert.isLate ? " (found when the gateway started)" : ""}`,
    ...(alert.detail === undefined ? [] : [`detail     ${plain(alert.detail)}`]),
    ...(cause === undefined
      ? []
      : [
          `last       ${plain(cause.what, 60)}, ${plain(cause.target)}: ${plain(cause.result, 40)} (${plain(cause.who, 80)})`,
        ]),
    ...(cause?.session === undefined ? [] : [`session    ${plain(cause.session, 60)}`]),
    ...(cause?.call === undefined ? [] : [`call       ${plain(cause.call, 60)}`]),
    ...(alert.again === 0 ? [] : [`again      ${alert.again} times since the last alert of this rule`]),
    "",
    nextOf(alert),
  ];
  return lines.join("\n");
}

function nextOf({ rule, cause }: Alert): string {
  const look =
    cause?.session === undefined ? "vambrace log search" : `vambrace log session ${plain(cause.session, 60)}`;
  return `next: ${look} · vambrace alerts silence ${plain(rule, 80)} --for 1h · vambrace stop`;
}

/** The alert of a rule that was found true. */
export function alertOf(
  rule: Rule,
  found: Pick<Alert, "count" | "firstMs" | "atMs" | "again" | "isLate" | "cause" | "detail"> & {
    readonly group: string | null;
  },
): Alert {
  const { group, ...rest } = found;
  const by = rule.condition.kind === "more" ? rule.condition.by : "session";
  return {
    ...rest,
    rule: rule.name,
    severity: rule.severity,
    condition: writeCondition(rule.condition),
    explains: rule.explains,
    group: group === null || by === null ? null : { by, is: group },
    isTest: false,
  };
}
