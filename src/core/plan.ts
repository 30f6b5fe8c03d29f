/**
 * Plans: the effects that a request needs, as a model states them that saw the
 * persons' own words and nothing else.
 *
 * INVARIANT(plan-narrows): a plan makes no call laxer than it would be without one, except that it may bind an argument
 * to a source that the person named; never one of the roles in `NEVER_BOUND`.
 *
 * @module
 */
import type { ArgumentRole } from "./tool.ts";

/** What a bound value has to look like. */
export const BOUND_TYPES = ["address", "number", "date", "name", "path"] as const;
export type BoundType = (typeof BOUND_TYPES)[number];

/** Whom, how much and what is run: only a person's own words say that. */
export const NEVER_BOUND: ReadonlySet<ArgumentRole> = new Set(["recipient", "amount", "command", "host", "url"]);

export type PlannedArgument =
  /** Known beforehand: the call has this very value. */
  | { readonly kind: "value"; readonly value: string }
  /** Comes out of a source that the person named: a path or address as it was written. */
  | { readonly kind: "from"; readonly source: string; readonly type: BoundType; readonly most: number };

export type PlannedEffect = {
  readonly tool: string;
  /** How often at most; null: it was not said. */
  readonly count: number | null;
  readonly arguments: ReadonlyMap<string, PlannedArgument>;
};

export type Plan = { readonly effects: readonly PlannedEffect[] };
