/**
 * Asking Cedar. The set is sliced by action and resource type, which is exact:
 * a policy whose scope names another action or type cannot apply.
 *
 * Cedar skips a policy whose evaluation fails, even a forbid. Here any
 * diagnostic error, and any answer that is not a success, denies (R-WHO-6).
 *
 * @module
 */
import type { CedarValueJson, EntityUidJson, PolicyJson, TypeAndId } from "@cedar-policy/cedar-wasm/nodejs";
import type { PolicyId } from "../../../core/decision.ts";
import { Fault } from "../../../core/fault.ts";
import type { Effect } from "../../../core/tool.ts";
import { type Cedar, loadCedar } from "./cedar.ts";
import type { ResourceType } from "./expressions.ts";
import type { PolicySet } from "./load.ts";

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
  /** A policy could not be evaluated: counts as denied, and names it. */
  | { readonly decision: "error"; readonly because: readonly PolicyId[]; readonly problem: string };

export type Engine = { readonly set: PolicySet; ask(request: PolicyRequest): PolicyAnswer };

export async function openEngine(set: PolicySet): Promise<Engine> {
  const cedar = await loadCedar();
  // Equal sets share what Cedar keeps of them.
  const name = `vambrace-${set.digest}`;
  const schema = cedar.preparseSchema(name, set.schema);
  if (schema.type === "failure") throw unusable(schema.errors.map((error) => error.message));
  const slices = new Set<string>();
  return {
    set,
    ask(request) {
      const slice = `${name}/${request.action}/${request.resource.type}`;
      if (!slices.has(slice)) {
        prepare(cedar, slice, set, request);
        slices.add(slice);
      }
      return evaluate(cedar, name, slice, request);
    },
  };
}

function prepare(cedar: Cedar, slice: string, set: PolicySet, { action, resource }: PolicyRequest): void {
  const staticPolicies: Record<PolicyId, PolicyJson> = {};
  for (const [id, policy] of set.policies) {
    if (mayApply(policy.json, action, resource.type)) staticPolicies[id] = policy.json;
  }
  const answer = cedar.preparsePolicySet(slice, { staticPolicies });
  if (answer.type === "failure") throw unusable(answer.errors.map((error) => error.message));
}

/** Only scopes that surely name something else leave a policy out. */
function mayApply(policy: PolicyJson, action: Effect, type: ResourceType): boolean {
  const { resource } = policy;
  if (resource.op === "is" && resource.entity_type !== type) return false;
  const named = policy.action;
  if (named.op === "==" && "entity" in named) return idOf(named.entity) === action;
  if (named.op === "in" && "entities" in named) return named.entities.some((one) => idOf(one) === action);
  return true;
}

function idOf(uid: EntityUidJson): string {
  return asTyped(uid).id;
}

function asTyped(uid: EntityUidJson): TypeAndId {
  return "__entity" in uid ? uid.__entity : uid;
}

function evaluate(cedar: Cedar, schema: string, slice: string, request: PolicyRequest): PolicyAnswer {
  const principal = { type: "Person", id: request.principal.id };
  const resource = { type: request.resource.type, id: request.resource.id };
  const { trust, roles } = request.principal;
  const answer = cedar.statefulIsAuthorized({
    principal,
    action: { type: "Action", id: request.action },
    resource,
    context: plain(request.context),
    preparsedSchemaName: schema,
    validateRequest: true,
    preparsedPolicySetId: slice,
    entities: [
      {
        uid: principal,
        attrs: { trust, hasRoles: roles.length > 0 },
        parents: roles.map((id) => ({ type: "Role", id })),
      },
      { uid: resource, attrs: plain(request.resource.attributes), parents: [] },
    ],
  });
  if (answer.type !== "success") {
    return { decision: "error", because: [], problem: answer.errors.map((error) => error.message).join("; ") };
  }
  const { decision, diagnostics } = answer.response;
  if (diagnostics.errors.length > 0) {
    return {
      decision: "error",
      because: diagnostics.errors.map((error) => error.policyId),
      problem: diagnostics.errors.map((error) => error.error.message).join("; "),
    };
  }
  if (decision === "allow") return { decision: "allow", because: [...diagnostics.reason].sort() };
  return { decision: "deny", because: [...diagnostics.reason].sort() };
}

function plain(attributes: Attributes): Record<string, CedarValueJson> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, typeof value === "object" ? [...value] : value]),
  );
}

function unusable(problems: readonly string[]): Fault {
  return new Fault("POLICY_INVALID", {
    message: `the policies cannot be prepared: ${problems.join("; ")}`,
    hint: "run `vambrace doctor`; nothing is decided until they can",
  });
}
