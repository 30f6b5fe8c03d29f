/**
 * The ledger as the pipeline sees it: append, and know that it is durable.
 *
 * @module
 */
import type { Digest, JsonObject } from "../json.ts";

/** What kinds of things are recorded (R-LOG-1). */
export const RECORD_KINDS = [
  "gateway", // start, stop, helper lost, downgrade named
  "message", // received or sent
  "turn", // begun, finished
  "model", // a request to a provider: which, tokens, no content
  "call", // proposed and decided
  "prepared", // the intent, durable before the effect
  "outcome", // what came of it
  "approval", // asked, answered
  "connection", // one of the egress proxy
  "login", // token or one-time login, good or bad
  "token", // made, revoked
  "config", // changed
  "backup", // made, tried by a drill, put back; or failed
  "memory", // sealed, opened, sealed anew; one forgotten by a person's word
  "migration", // what was brought over from another system
  "policy", // set loaded, or refused
  "secret", // set, rotated, revoked, used up, used much more than before; never a value
  "audit", // a security audit, a hardening
  "stop", // everything halted or resumed; a session frozen
  "alert", // raised, acted on, not delivered; silenced
  "incident", // opened, a step of it, closed
  "fault",
] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

/** What is written. The writer adds index and time. Never holds a secret or a message's clear text beyond what the redactor left. */
export type LedgerEntry = {
  readonly kind: RecordKind;
  /** Who: a person id, `gateway`, a token id; `-` where nobody. */
  readonly who: string;
  /** What was done, a verb: `call.decided`, `login.failed`. */
  readonly what: string;
  /** On what: a path, host, tool, session, …. */
  readonly target: string;
  /** `ok`, `failed`, `denied`, `asked`, `unknown`, `begun`. */
  readonly result: string;
  readonly session?: string;
  readonly turn?: string;
  readonly call?: string;
  readonly data?: JsonObject;
};

/** Proof that an entry is durable. Known by identity: only the ledger client makes one. */
export type Receipt = { readonly index: number; readonly leaf: Digest; readonly entry: LedgerEntry };

export type StoredEntry = LedgerEntry & { readonly index: number; readonly time: string };

export type LedgerQuery = {
  readonly kind?: RecordKind;
  readonly who?: string;
  readonly session?: string;
  readonly turn?: string;
  readonly call?: string;
  readonly target?: string;
  readonly result?: string;
  /** ISO 8601 times, inclusive. */
  readonly since?: string;
  readonly until?: string;
  readonly limit?: number;
};

export type Ledger = {
  /**
   * Resolves once the entry is on disk (fsync).
   *
   * @throws Fault LEDGER_UNAVAILABLE where that cannot be had: nothing may be done then.
   */
  append(entry: LedgerEntry): Promise<Receipt>;
  /** Whether this very object was given by `append`. */
  gave(receipt: Receipt): boolean;
  /** Newest first. */
  search(query: LedgerQuery): Promise<readonly StoredEntry[]>;
  /** Size and root of the newest signed checkpoint. */
  head(): Promise<{ readonly size: number; readonly rootHex: string; readonly checkpoint: string }>;
};
