/**
 * What the shell knows at one point of a command: variables, functions, where
 * it stands. Where two ways lead to a point, both values are kept.
 *
 * @module
 */
import type { SyntaxNode } from "unbash";
import type { Field } from "./fields.ts";

export type FunctionNode = Extract<SyntaxNode, { type: "Function" }>;

/** One value that a variable may have; several fields are an array. `inherited`: as the environment has it. */
export type Value = { readonly fields: readonly Field[] } | "unset" | "inherited";

/** More possible values than this are one unknown value. */
export const MOST_VALUES = 12;
const MOST_PLACES = 6;

export type State = {
  readonly vars: ReadonlyMap<string, readonly Value[]>;
  /** Names that surely are associative arrays: what stands in their brackets is a key, and no arithmetic. */
  readonly keyed: ReadonlySet<string>;
  /** The bodies that a name may have; null: it may be no function. */
  readonly functions: ReadonlyMap<string, readonly (FunctionNode | null)[]>;
  /** Absolute folders that the shell may stand in; null where it cannot be known. */
  readonly places: readonly string[] | null;
  /** `$1` and so on; null where they cannot be known. */
  readonly positional: readonly Field[] | null;
  /** How programs are looked up was changed. */
  readonly lookup: "plain" | "changed";
  /** How unquoted expansions are split, or which patterns match, was changed. */
  readonly splitting: "plain" | "changed";
  /** Every value that any name was ever given, in order to follow what runs later: shared by all states of one command. */
  readonly ever: Map<string, readonly Value[]>;
};

export function firstState(cwd: string): State {
  return {
    vars: new Map(),
    keyed: new Set(),
    functions: new Map(),
    places: [cwd],
    positional: [],
    lookup: "plain",
    splitting: "plain",
    ever: new Map(),
  };
}

/** The state where either may hold. */
export function join(a: State, b: State): State {
  if (a === b) return a;
  return {
    vars: joinMaps(a.vars, b.vars, sameValue, ["inherited"]),
    keyed: a.keyed.intersection(b.keyed),
    functions: joinMaps(a.functions, b.functions, (x, y) => x === y, [null]),
    places: joinPlaces(a.places, b.places),
    positional: a.positional === b.positional ? a.positional : null,
    lookup: a.lookup === "plain" ? b.lookup : a.lookup,
    splitting: a.splitting === "plain" ? b.splitting : a.splitting,
    ever: a.ever,
  };
}

function joinPlaces(a: State["places"], b: State["places"]): State["places"] {
  if (a === null || b === null) return null;
  const all = [...new Set([...a, ...b])];
  return all.length > MOST_PLACES ? null : all;
}

function joinMaps<T>(
  a: ReadonlyMap<string, readonly T[]>,
  b: ReadonlyMap<string, readonly T[]>,
  same: (x: T, y: T) => boolean,
  missing: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  if (a === b) return a;
  const joined = new Map<string, readonly T[]>();
  for (const name of new Set([...a.keys(), ...b.keys()])) {
    const one = a.get(name) ?? missing;
    const other = b.get(name) ?? missing;
    joined.set(name, [...one, ...other.filter((value) => !one.some((known) => same(known, value)))]);
  }
  return joined;
}

export function sameValue(a: Value, b: Value): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

export function sameState(a: State, b: State): boolean {
  return JSON.stringify([[...a.vars], a.places]) === JSON.stringify([[...b.vars], b.places]);
}

/** The state in which a trap may find itself: any name may have any value that it ever had, in any folder. */
export function whenever(state: State): State {
  let later = state;
  for (const [name, values] of state.ever) later = assign(later, name, [...values, "inherited", "unset"]);
  return { ...later, positional: null };
}

/** The state after an assignment; of many possible values one unknown is made. */
export function assign(state: State, name: string, values: readonly Value[]): State {
  const kept: readonly Value[] =
    values.length > MOST_VALUES
      ? [{ fields: [{ kind: "unknown", text: "", why: `\`${name}\` may have too many values`, many: true }] }]
      : values;
  const vars = new Map(state.vars);
  vars.set(name, kept);
  const before = state.ever.get(name) ?? [];
  state.ever.set(name, [...before, ...kept.filter((value) => !before.some((known) => sameValue(known, value)))]);
  const next = { ...state, vars };
  if (name === "PATH") return { ...next, lookup: "changed" };
  return name === "IFS" || name === "GLOBIGNORE" ? { ...next, splitting: "changed" } : next;
}
