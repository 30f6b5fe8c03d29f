/**
 * Cedar's JSON form, built piece by piece. Configuration becomes policies only
 * through here: no value from a file is ever pasted into policy text.
 *
 * @module
 */
import type { Expr, PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import type { Effect } from "../../../core/tool.ts";

export const RESOURCE_TYPES = [
  "File",
  "Command",
  "Host",
  "Recipient",
  "Memory",
  "Schedule",
  "Session",
  "Setting",
  "Tool",
] as const;
export type ResourceType = (typeof RESOURCE_TYPES)[number];

export const value = (literal: string | number | boolean): Expr => ({ Value: literal });

export const contextFact = (attr: string): Expr => ({ ".": { left: { Var: "context" }, attr } });

export const resourceFact = (attr: string): Expr => ({ ".": { left: { Var: "resource" }, attr } });

export const principalFact = (attr: string): Expr => ({ ".": { left: { Var: "principal" }, attr } });

export const setOf = (members: Iterable<string>): Expr => ({ Set: [...members].map((member) => value(member)) });

/** Whether the thing acted on is of this kind. */
export const isA = (type: ResourceType): Expr => ({ is: { left: { Var: "resource" }, entity_type: type } });

export const not = (arg: Expr): Expr => ({ "!": { arg } });

export const below = (left: Expr, limit: number): Expr => ({ "<": { left, right: value(limit) } });

export const equal = (left: Expr, literal: string): Expr => ({ "==": { left, right: value(literal) } });

/** The strict validator refuses an empty set, whose type it cannot know: nothing is in it. */
export function oneOf(left: Expr, members: readonly string[]): Expr {
  return members.length === 0 ? value(false) : { contains: { left: setOf(members), right: left } };
}

export function containsAny(set: Expr, members: readonly string[]): Expr {
  return members.length === 0 ? value(false) : { containsAny: { left: set, right: setOf(members) } };
}

export function all(first: Expr, ...rest: readonly Expr[]): Expr {
  return rest.reduce<Expr>((left, right) => ({ "&&": { left, right } }), first);
}

export function any(first: Expr, ...rest: readonly Expr[]): Expr {
  return rest.reduce<Expr>((left, right) => ({ "||": { left, right } }), first);
}

/** Somebody who may gave this kind of yes. Only for `unless` of a forbid. */
export const approved = (kind: "yes" | "owner-yes"): Expr => ({
  contains: { left: contextFact("approvals"), right: value(kind) },
});

export type ForbidSpec = {
  readonly id: string;
  readonly says: string;
  readonly hint?: string;
  /** Empty: every action. */
  readonly actions: readonly Effect[];
  readonly resource?: ResourceType;
  readonly when?: Expr;
  readonly unless?: Expr;
};

export function forbid(spec: ForbidSpec): PolicyJson {
  const annotations: Record<string, string> = { id: spec.id, says: spec.says };
  if (spec.hint !== undefined) annotations["hint"] = spec.hint;
  return {
    effect: "forbid",
    principal: { op: "All" },
    action:
      spec.actions.length === 0
        ? { op: "All" }
        : { op: "in", entities: spec.actions.map((id) => ({ type: "Action", id })) },
    resource: spec.resource === undefined ? { op: "All" } : { op: "is", entity_type: spec.resource },
    conditions: [
      ...(spec.when === undefined ? [] : [{ kind: "when" as const, body: spec.when }]),
      ...(spec.unless === undefined ? [] : [{ kind: "unless" as const, body: spec.unless }]),
    ],
    annotations,
  };
}
