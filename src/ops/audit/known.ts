/**
 * What could be gathered, and what could not: `known: false` with the reason. A
 * check that needs it becomes a finding of its own.
 *
 * @module
 */

export type NotKnown = {
  readonly known: false;
  readonly why: string;
  /** Not asked for in this form; nothing went wrong. */
  readonly leftOut: boolean;
};
export type Known<T> = { readonly known: true; readonly value: T } | NotKnown;

export const known = <T>(value: T): Known<T> => ({ known: true, value });
export const unknown = (why: string): NotKnown => ({ known: false, why, leftOut: false });
export const leftOut = (why: string): NotKnown => ({ known: false, why, leftOut: true });

/** Thrown where a check needs what could not be gathered; the runner makes a finding of it. */
export class Unknown extends Error {
  readonly leftOut: boolean;

  constructor(why: string, leftOut = false) {
    super(why);
    this.leftOut = leftOut;
  }
}

export function need<T>(part: Known<T>): T {
  if (part.known) return part.value;
  throw new Unknown(part.why, part.leftOut);
}
