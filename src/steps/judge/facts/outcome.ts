/**
 * Outcomes: what a command leaves behind, put together from its parts.
 *
 * @module
 */
import type { Outcome } from "./analysis.ts";
import { NO_INPUT, type Stream } from "./fields.ts";
import { join, type State } from "./state.ts";

export function same(state: State, out: Stream = NO_INPUT): Outcome {
  return { ok: state, fail: state, out };
}

export function after(outcome: Outcome, before: State): State {
  return either(outcome.ok, outcome.fail) ?? before;
}

export function either(a: State | null, b: State | null): State | null {
  if (a === null || b === null) return a ?? b;
  return join(a, b);
}

/** What several commands print one after the other. */
export function together(outs: readonly Stream[]): Stream {
  const some = outs.filter((out) => out.kind !== "none");
  const [first] = some;
  if (first === undefined || some.length === 1) return first ?? NO_INPUT;
  if (some.every((out) => out.kind === "paths")) return { kind: "paths", fields: some.flatMap((out) => out.fields) };
  if (some.every((out) => out.kind === "literal"))
    return { kind: "literal", text: some.map((out) => out.text).join("") };
  return some.find((out) => out.kind === "unknown") ?? { kind: "unknown", why: "several commands print it" };
}
