/**
 * Errors to the outside: code, message and hint of a Fault, and nothing of what
 * was not made for outside. The details go to the log, under the request's id.
 *
 * @module
 */
import { Fault, toFault } from "../../core/fault.ts";
import type { FaultCode } from "../../core/fault-codes.ts";
import type { ErrorAnswer } from "../../wire/answers.ts";

/** One line for the operator. May hold anything; whoever keeps it redacts it first. */
export type HttpLogEntry = {
  readonly what: "refused" | "failed" | "dropped";
  readonly request: string;
  readonly method: string;
  readonly path: string;
  readonly from: string;
  readonly status: number;
  readonly code: FaultCode;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
};
export type HttpLog = (entry: HttpLogEntry) => void;

const STATUS: Partial<Record<FaultCode, number>> = {
  BODY_TOO_LARGE: 413,
  CONTENT_TYPE_UNSUPPORTED: 415,
  METHOD_UNSUPPORTED: 405,
};

export function statusOf(fault: Fault): number {
  return STATUS[fault.code] ?? fault.status;
}

export function errorAnswer(fault: Fault, request: string): ErrorAnswer {
  return { error: { ...fault.toJSON(), request } };
}

/** Headers that tell a client what to do about it. */
export function errorHeaders(fault: Fault): Record<string, string> {
  const headers: Record<string, string> = {};
  if (fault.kind === "unauthenticated") headers["www-authenticate"] = 'Bearer realm="vambrace"';
  const retryAfter = fault.facts["retryAfterSeconds"];
  if (typeof retryAfter === "number") headers["retry-after"] = String(Math.max(1, Math.ceil(retryAfter)));
  const allow = fault.facts["allow"];
  if (typeof allow === "string") headers["allow"] = allow;
  return headers;
}

export type Where = { readonly request: string; readonly method: string; readonly path: string; readonly from: string };

/** Any thrown value as a Fault, told to the log. */
export function tellFault(thrown: unknown, where: Where, log: HttpLog): Fault {
  const fault = toFault(thrown);
  const cause = fault.cause instanceof Error ? { cause: fault.cause.stack ?? fault.cause.message } : {};
  log({
    what: statusOf(fault) >= 500 ? "failed" : "refused",
    ...where,
    status: statusOf(fault),
    code: fault.code,
    message: fault.message,
    facts: { ...fault.facts, ...cause },
  });
  return fault;
}

export function faultResponse(fault: Fault, request: string): Response {
  return Response.json(errorAnswer(fault, request), { status: statusOf(fault), headers: errorHeaders(fault) });
}

export function rateLimited(message: string, retryAfterSeconds: number): Fault {
  return new Fault("RATE_LIMITED", { message, hint: "wait a moment and try again", facts: { retryAfterSeconds } });
}
