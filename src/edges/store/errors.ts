/**
 * What SQLite and the file system say, as faults.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";

const BUSY = 5;
const READONLY = 8;
const IO = 10;
const CORRUPT = 11;
const FULL = 13;
const CANNOT_OPEN = 14;
const CONSTRAINT = 19;
const NOT_A_DATABASE = 26;

/** The primary result code of an SQLite error; null where it is none. */
function resultCode(thrown: unknown): number | null {
  if (!(thrown instanceof Error) || !("errcode" in thrown) || typeof thrown.errcode !== "number") return null;
  // An extended code carries the primary one in its low byte.
  return thrown.errcode & 0xff;
}

export function isBusy(thrown: unknown): boolean {
  return resultCode(thrown) === BUSY;
}

export function isErrno(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === code;
}

/** Any failure of the database or its files, as a Fault; faults stay as they are. */
export function translate(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const facts = { error: thrown instanceof Error ? thrown.message : String(thrown) };
  const code = resultCode(thrown);
  if (code === FULL || isErrno(thrown, "ENOSPC") || isErrno(thrown, "EDQUOT")) return full(facts, thrown);
  if (code === CORRUPT || code === NOT_A_DATABASE)
    return corrupt("it cannot be read as a database", { facts, cause: thrown });
  if (code === CONSTRAINT) return refusedRow(facts, thrown);
  return new Fault("STATE_UNAVAILABLE", {
    message: `the state folder cannot be used: ${reason(code, thrown)}`,
    hint: "look at the disk and at the permissions of the state folder (`vambrace doctor`), then start again",
    facts,
    cause: thrown,
  });
}

function refusedRow(facts: Readonly<Record<string, unknown>>, cause: unknown): Fault {
  return new Fault("ROW_REFUSED", {
    message: "the store holds this already, or it names something that the store does not hold",
    hint: "store each thing once, and what it belongs to first",
    facts,
    cause,
  });
}

function full(facts: Readonly<Record<string, unknown>>, cause: unknown): Fault {
  return new Fault("STATE_FULL", {
    message: "the disk that holds the state folder is full; nothing was changed",
    hint: "make room on that disk; the next write that fits succeeds, no restart is needed",
    facts,
    cause,
  });
}

export function corrupt(
  what: string,
  details: { readonly facts?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
): Fault {
  return new Fault("STATE_CORRUPT", {
    message: `the state database is damaged: ${what}`,
    hint: "keep the folder as it is, and put back `vambrace.db` from a backup; nothing is made anew by itself",
    ...details,
  });
}

function reason(code: number | null, thrown: unknown): string {
  if (code === BUSY) return "another program holds the database";
  if (code === READONLY) return "it is read-only";
  if (code === IO) return "the disk reports an error";
  if (code === CANNOT_OPEN || isErrno(thrown, "EACCES") || isErrno(thrown, "EPERM")) return "it cannot be opened";
  return "the database refused";
}

/** After these the connection is not to be trusted: a failed fsync may be reported once only, and a retry then lies. */
export function isFatal(thrown: unknown): boolean {
  const code = resultCode(thrown);
  return code === IO || code === CORRUPT || code === NOT_A_DATABASE;
}
