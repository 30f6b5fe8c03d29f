/**
 * Deciding by the policies of a set. They are compiled once and sliced by
 * action and resource type, which is exact: a policy whose scope names another
 * action or type cannot apply.
 *
 * Cedar skips a policy whose evaluation fails, even a forbid. Here any policy
 * that fails, and any request that does not keep to the schema, denies (R-WHO-6).
 *
 * @module
 */
import type { ActionConstraint, Clause, PolicyJson, ResourceConstraint } from "@cedar-policy/cedar-wasm/nodejs";
import type { PolicyId } from "../../../core/decision.ts";
import { Fault } from "../../../core/fault.ts";
import type { Effect } from "../../../core/tool.ts";
import { type Conformance, conformanceTo } from "./conform.ts";
import { compile, isIn, refOf, type Scene, truth, UnknownExpression } from "./evaluate.ts";
import type { ResourceType } from "./expressions.ts";
import type { PolicySet } from "./load.ts";
import { EntityRef, RecordValue, SetValue, type Value } from "./values.ts";
import type { LoadedPolicy } from "./vet.ts";

export type Attributes = { readonly [name: string]: string | number | boolean | readonly string[] };

export type PolicyRequest = {
  readonly principal: { readonly id: string; readonly trust: number; readonly roles: readonly string[] };
  readonly action: Effect;
  readonly resource: { readonly type: ResourceType; readonly id: string; readonly attributes: Attributes };
  readonly context: Attributes;
};

export type PolicyAnswer =
  | { readonly decision: "allow"; readonly because: readonly PolicyId[] }
  | { readonly decision: "deny"; readonly because: readonly PolicyId[] }
  /** Something could not be evaluated: counts as denied, and names it. */
  | { readonly decision: "error"; readonly because: readonly PolicyId[]; readonly problem: string };

export type Engine = { readonly set: PolicySet; ask(request: PolicyRequest): PolicyAnswer };

type Test = (scene: Scene) => boolean;
type Compiled = {
  readonly id: PolicyId;
  readonly effect: "permit" | "forbid";
  readonly holds: Test;
  readonly json: PolicyJson;
};

/** @throws Fault POLICY_INVALID where a policy or the schema uses what this engine does not know. */
export function openEngine(set: PolicySet): Engine {
  const compiled = [...set.policies.values()].map(compilePolicy);
  const conformance = readSchema(set);
  const slices = new Map<string, readonly Compiled[]>();
  const sliceFor = ({ action, resource: { type } }: PolicyRequest): readonly Compiled[] => {
    const name = `${action} ${type}`;
    const known = slices.get(name);
    if (known !== undefined) return known;
    const slice = compiled.filter(({ json }) => mayApply(json, action, type));
    slices.set(name, slice);
    return slice;
  };
  return {
    set,
    ask(request) {
      const problem = conformance(request);
      if (problem !== undefined) return { decision: "error", because: [], problem };
      return answer(sliceFor(request), sceneOf(request));
    },
  };
}

function answer(slice: readonly Compiled[], scene: Scene): PolicyAnswer {
  const holding = { permit: [] as PolicyId[], forbid: [] as PolicyId[] };
  const failed: PolicyId[] = [];
  const problems: string[] = [];
  for (const { id, effect, holds } of slice) {
    try {
      if (holds(scene)) holding[effect].push(id);
    } catch (thrown) {
      failed.push(id);
      problems.push(thrown instanceof Error ? thrown.message : "it could not be evaluated");
    }
  }
  if (failed.length > 0) return { decision: "error", because: failed, problem: problems.join("; ") };
  if (holding.forbid.length > 0 || holding.permit.length === 0) {
    return { decision: "deny", because: holding.forbid.sort() };
  }
  return { decision: "allow", because: holding.permit.sort() };
}

export function sceneOf({ principal, action, resource, context }: PolicyRequest): Scene {
  const { id, trust, roles } = principal;
  return {
    principal: {
      ref: new EntityRef("Person", id),
      attributes: record({ trust, hasRoles: roles.length > 0 }),
      parents: roles.map((role) => new EntityRef("Role", role)),
    },
    action: new EntityRef("Action", action),
    resource: { ref: new EntityRef(resource.type, resource.id), attributes: record(resource.attributes), parents: [] },
    context: record(context),
  };
}

function record(attributes: Attributes): RecordValue {
  const fields = new Map<string, Value>();
  for (const [name, value] of Object.entries(attributes)) {
    fields.set(name, typeof value === "object" ? new SetValue(value) : value);
  }
  return new RecordValue(fields);
}

function compilePolicy({ id, file, json }: LoadedPolicy): Compiled {
  try {
    const tests = [
      scopeTest(json.principal, (scene) => scene.principal.ref),
      scopeTest(json.action, (scene) => scene.action),
      scopeTest(json.resource, (scene) => scene.resource.ref),
      ...json.conditions.map(conditionTest),
    ];
    return { id, effect: json.effect, json, holds: (scene) => tests.every((test) => test(scene)) };
  } catch (thrown) {
    if (!(thrown instanceof UnknownExpression)) throw thrown;
    throw unusable(`policy \`${id}\` in \`${file}\` uses ${thrown.message}, which is not evaluated here`);
  }
}

function conditionTest({ kind, body }: Clause): Test {
  const test = truth(compile(body));
  return kind === "when" ? test : (scene) => !test(scene);
}

type Constraint = PolicyJson["principal"] | ActionConstraint | ResourceConstraint;

function scopeTest(constraint: Constraint, subject: (scene: Scene) => EntityRef): Test {
  switch (constraint.op) {
    case "All":
      return () => true;
    case "==": {
      const wanted = refOf(entityOf(constraint));
      return (scene) => subject(scene).equals(wanted);
    }
    case "in": {
      const groups = "entities" in constraint ? constraint.entities.map(refOf) : [refOf(entityOf(constraint))];
      return (scene) => groups.some((group) => isIn(subject(scene), group, scene));
    }
    case "is": {
      const { entity_type: type, in: within } = constraint;
      const group = within === undefined ? undefined : refOf(entityOf(within));
      return (scene) => subject(scene).type === type && (group === undefined || isIn(subject(scene), group, scene));
    }
  }
}

/** A slot instead of an entity belongs to a template; there are none here. */
function entityOf(constraint: object): unknown {
  return "entity" in constraint ? constraint.entity : undefined;
}

/** Only scopes that surely name something else leave a policy out. */
function mayApply(policy: PolicyJson, action: Effect, type: ResourceType): boolean {
  const { resource } = policy;
  if (resource.op === "is" && resource.entity_type !== type) return false;
  const named = policy.action;
  if (named.op === "==") return refOf(entityOf(named)).id === action;
  if (named.op === "in" && "entities" in named) return named.entities.some((one) => refOf(one).id === action);
  return true;
}

function readSchema({ schemaJson }: PolicySet): Conformance {
  try {
    return conformanceTo(schemaJson);
  } catch (thrown) {
    throw unusable(`the schema cannot be kept to: ${thrown instanceof Error ? thrown.message : "it cannot be read"}`);
  }
}

function unusable(problem: string): Fault {
  return new Fault("POLICY_INVALID", {
    message: problem,
    hint: "mend the file and load it again; the policies that were loaded before stay in force",
  });
}
