/**
 * Secrets: where values come from, and what the rest of the gateway may ask.
 *
 * Everything but this port knows a secret by its id. A value is handed to the
 * one thing that sends it (a model provider, the egress proxy, a search
 * service) at the moment it is sent, and to the filter that keeps it in.
 *
 * @module
 */
import type { SecretId, SecretRef } from "../secret-ref.ts";

export type SecretValue = {
  readonly value: string;
  /** When this value was put there, in milliseconds since 1970; null where the source does not say. */
  readonly setMs: number | null;
};

/** One place in which values are kept. */
export type SecretSource = {
  /**
   * The values that are there; those that are not are left out.
   *
   * @throws Fault SECRET_LOCKED, SECRET_DAMAGED, SECRET_UNSAFE, SECRET_UNAVAILABLE where the place cannot be read at all.
   */
  read(refs: readonly SecretRef[], signal: AbortSignal): Promise<ReadonlyMap<SecretId, SecretValue>>;
  /** Values that do not count any more and must still never leave. */
  retired?(signal: AbortSignal): Promise<readonly string[]>;
};

export type SecretLookup = {
  /**
   * The value behind a reference of the configuration, now.
   *
   * @param at the key that names it, for the fault.
   * @throws Fault SECRET_UNKNOWN, CONFIG_VARIABLE_MISSING where there is none; SECRET_REVOKED; SECRET_LIMIT.
   */
  value(reference: string, at: string): string;
  /** Whether there is one, usable or not. */
  has(reference: string): boolean;
};

/** What was used with one key. */
export type KeyUse = {
  readonly requests: number;
  readonly bytes: number;
  readonly tokens: number;
  /** In the currency of `models.prices`. */
  readonly money: number;
};

/** A key whose age was looked at: what `status`, `doctor` and the security audit tell. */
export type SecretAge = {
  readonly id: SecretId;
  readonly owner: string | null;
  /** Whole days since its value was set, or first seen. */
  readonly ageDays: number;
  /** Days until it should be replaced; negative: overdue. */
  readonly dueInDays: number;
  readonly state: "ready" | "revoked" | "old value kept";
};
