/**
 * Findings of the security audit, and what mends them. Audit and harden know
 * these words and not each other.
 *
 * @module
 */
import type { JsonValue } from "./json.ts";

/** Worst first. */
export const SEVERITIES = ["critical", "high", "medium", "low", "info"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One step that puts something right, and that can be taken back. */
export type Mend =
  /** A key of the configuration, as `config set` and `config unset` take it. */
  | { readonly op: "set"; readonly path: string; readonly value: JsonValue }
  | { readonly op: "unset"; readonly path: string }
  /** Entries of a list in the configuration: whatever place they have by then. */
  | { readonly op: "drop"; readonly path: string; readonly values: readonly JsonValue[] }
  /** Permissions of a file or folder: these bits are taken away. */
  | { readonly op: "mode"; readonly path: string; readonly take: number }
  /** A file that should not be there: moved into the record of the hardening. */
  | { readonly op: "away"; readonly path: string };

export type Finding = {
  /** Of the check: `gateway.bind.wide`. Never changes its meaning. */
  readonly id: string;
  readonly family: string;
  readonly severity: Severity;
  readonly title: string;
  /** What was seen, one place a string. Never the value of a secret. */
  readonly places: readonly string[];
  readonly why: string;
  readonly fix: string;
  readonly references: readonly string[];
  /** Empty: a person has to. */
  readonly mends: readonly Mend[];
};

/** Whether `a` is at least as bad as `b`. */
export function atLeast(a: Severity, b: Severity): boolean {
  return SEVERITIES.indexOf(a) <= SEVERITIES.indexOf(b);
}

export function parseSeverity(text: string): Severity | undefined {
  return SEVERITIES.find((one) => one === text);
}
