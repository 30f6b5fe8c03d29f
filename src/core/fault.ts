/**
 * Faults: every error that somebody outside may see.
 *
 * A fault says what went wrong and what to do next. `facts` hold what only an
 * operator may read: they go to the log, never to a reply, a page or a model.
 *
 * @module
 */
import { FAULTS, type FaultCode } from "./fault-codes.ts";

/** What kind of wrong: decides the exit status of a command and the status of an HTTP answer. */
export type FaultKind =
  | "usage"
  | "denied"
  | "unauthenticated"
  | "missing"
  | "conflict"
  | "limit"
  | "unavailable"
  | "corrupt"
  | "broken";

const STATUS = {
  usage: 400,
  denied: 403,
  unauthenticated: 401,
  missing: 404,
  conflict: 409,
  limit: 429,
  unavailable: 503,
  corrupt: 500,
  broken: 500,
} as const satisfies Record<FaultKind, number>;

const EXIT = {
  usage: 2,
  denied: 3,
  unauthenticated: 3,
  missing: 1,
  conflict: 1,
  limit: 1,
  unavailable: 1,
  corrupt: 4,
  broken: 1,
} as const satisfies Record<FaultKind, number>;

export type FaultDetails = {
  /** Lower case, no full stop, input in backticks; safe to show to the person who caused it. */
  readonly message: string;
  /** What to do next. */
  readonly hint: string;
  /** For the operator's log only. */
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
};

export class Fault extends Error {
  readonly code: FaultCode;
  readonly hint: string;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(code: FaultCode, details: FaultDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "Fault";
    this.code = code;
    this.hint = details.hint;
    this.facts = details.facts ?? {};
  }

  get kind(): FaultKind {
    return FAULTS[this.code];
  }

  /** The HTTP status that this fault answers with. */
  get status(): number {
    return STATUS[this.kind];
  }

  /** The exit status that a command ends with. */
  get exitCode(): number {
    return EXIT[this.kind];
  }

  /** What may be shown outside: no facts, no stack. */
  toJSON(): { code: FaultCode; message: string; hint: string } {
    return { code: this.code, message: this.message, hint: this.hint };
  }
}

/** Any thrown value as a Fault; one that is not a Fault already shows nothing of itself outside. */
export function toFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  return new Fault("INTERNAL", {
    message: "something went wrong inside vambrace",
    hint: "look in the log for the details: `vambrace log search --kind fault`",
    facts: { error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) },
    cause: thrown,
  });
}
