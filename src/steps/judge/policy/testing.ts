/**
 * Cedar's own evaluator, to hold ours against, and requests of every kind for
 * properties.
 *
 * @module
 */
import type { EntityJson, EntityUidJson, Expr, PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import fc from "fast-check";
import { EFFECTS } from "../../../core/tool.ts";
import { type Cedar, loadCedar } from "./cedar.ts";
import type { Attributes, PolicyAnswer, PolicyRequest } from "./engine.ts";
import type { PolicySet } from "./load.ts";

/** Cedar itself, over the whole set and with every check that it has. */
export async function cedarOver(set: PolicySet): Promise<(request: PolicyRequest) => PolicyAnswer> {
  const cedar = await loadCedar();
  const staticPolicies = Object.fromEntries([...set.policies].map(([id, { json }]) => [id, json]));
  const name = `reference-${set.digest}`;
  for (const made of [cedar.preparsePolicySet(name, { staticPolicies }), cedar.preparseSchema(name, set.schema)]) {
    if (made.type === "failure") throw new Error(made.errors.map(({ message }) => message).join("; "));
  }
  return (request) =>
    answerOf(
      cedar.statefulIsAuthorized({
        ...partsOf(request),
        preparsedSchemaName: name,
        validateRequest: true,
        preparsedPolicySetId: name,
      }),
    );
}

/** Cedar itself over one condition, with neither schema nor validation: what the operators mean, wrong types included. */
export async function cedarOn(): Promise<(body: Expr, request: PolicyRequest) => "true" | "false" | "error"> {
  const cedar = await loadCedar();
  const all = { op: "All" } as const;
  return (body, request) => {
    const policy: PolicyJson = {
      effect: "permit",
      principal: all,
      action: all,
      resource: all,
      conditions: [{ kind: "when", body }],
    };
    const { decision } = answerOf(
      cedar.isAuthorized({
        ...partsOf(request),
        policies: { staticPolicies: { one: policy } },
        validateRequest: false,
      }),
    );
    if (decision === "error") return "error";
    return decision === "allow" ? "true" : "false";
  };
}

type Parts = {
  readonly principal: EntityUidJson;
  readonly action: EntityUidJson;
  readonly resource: EntityUidJson;
  readonly context: Record<string, string | number | boolean | string[]>;
  readonly entities: EntityJson[];
};

function partsOf({ principal: person, action, resource: thing, context }: PolicyRequest): Parts {
  const principal = { type: "Person", id: person.id };
  const resource = { type: thing.type, id: thing.id };
  const { trust, roles } = person;
  const parents = roles.map((id) => ({ type: "Role", id }));
  return {
    principal,
    action: { type: "Action", id: action },
    resource,
    context: plain(context),
    entities: [
      { uid: principal, attrs: { trust, hasRoles: roles.length > 0 }, parents },
      { uid: resource, attrs: plain(thing.attributes), parents: [] },
    ],
  };
}

function answerOf(answer: ReturnType<Cedar["isAuthorized"]>): PolicyAnswer {
  if (answer.type !== "success") return { decision: "error", because: [], problem: "refused" };
  const { decision, diagnostics } = answer.response;
  const because = [...diagnostics.reason].sort();
  if (diagnostics.errors.length > 0) {
    return { decision: "error", because: diagnostics.errors.map(({ policyId }) => policyId), problem: "failed" };
  }
  return { decision, because };
}

function plain(attributes: Attributes): Parts["context"] {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, typeof value === "object" ? [...value] : value]),
  );
}

const word = fc.constantFrom("", "yes", "owner-yes", "terminal", "default", "exec", "group:fs", "group:runtime", "GET");
const words = fc.uniqueArray(word, { maxLength: 6 });
const mostly = (usual: boolean): fc.Arbitrary<boolean> =>
  fc.oneof({ weight: 7, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constant(!usual) });
const level = fc.integer({ min: -1, max: 5 });

const RESOURCES: Readonly<Record<PolicyRequest["resource"]["type"], fc.Arbitrary<Attributes>>> = {
  File: fc.record({
    path: word,
    zone: fc.constantFrom("workspace", "protected", "allowed", "outside", "blocked"),
    kind: fc.constantFrom("file", "folder", "absent", "other"),
    exists: fc.boolean(),
    hasCopy: fc.boolean(),
    forbidden: fc.boolean(),
  }),
  Command: fc.record({
    programs: words,
    listed: fc.boolean(),
    opaque: fc.boolean(),
    blocked: fc.boolean(),
    destructive: fc.boolean(),
    privileged: fc.boolean(),
  }),
  Host: fc.record({
    host: word,
    port: fc.integer({ min: 0, max: 70_000 }),
    scheme: fc.constantFrom("http", "https", "ftp"),
    method: fc.constantFrom("GET", "HEAD", "POST"),
    reach: fc.constantFrom("public", "special", "unresolved"),
    listed: fc.boolean(),
    inCommand: fc.boolean(),
  }),
  Recipient: fc.record({ address: word, asker: fc.boolean(), mayKnow: fc.boolean() }),
  Memory: fc.constant({}),
  Schedule: fc.constant({}),
  Session: fc.constant({}),
  Setting: fc.constant({}),
  Tool: fc.record({ name: word }),
};

const context = fc.record({
  tool: word,
  labels: words,
  door: fc.constantFrom("terminal", "webchat", "default", "nowhere"),
  channel: word,
  inRoom: fc.boolean(),
  declared: mostly(true),
  elevated: mostly(false),
  influence: fc.oneof(fc.constant(4), level),
  confidentiality: level,
  leaves: fc.boolean(),
  planned: fc.boolean(),
  carries: fc.subarray(["known-secret", "secret", "payment-card", "email", "ip"]),
  named: fc.boolean(),
  designated: fc.boolean(),
  ownerDesignated: fc.boolean(),
  approvals: fc.uniqueArray(fc.constantFrom("yes", "owner-yes"), { maxLength: 2 }),
});

type Type = PolicyRequest["resource"]["type"];
const TYPES = ["File", "Command", "Host", "Recipient", "Memory", "Schedule", "Session", "Setting", "Tool"] as const;
const USUAL: Readonly<Partial<Record<PolicyRequest["action"], readonly [Type, ...Type[]]>>> = {
  read: ["File", "Tool"],
  write: ["File", "Tool"],
  delete: ["File", "Tool"],
  exec: ["Command"],
  fetch: ["Host", "Tool"],
  send: ["Recipient", "Host", "Tool"],
  pay: ["Recipient", "Host", "Tool"],
  remember: ["Memory"],
  schedule: ["Schedule"],
  spawn: ["Session"],
  configure: ["Setting"],
};

const thing = (type: Type): fc.Arbitrary<PolicyRequest["resource"]> =>
  RESOURCES[type].map((attributes) => ({ type, id: "it", attributes }));

const acting = fc.constantFrom(...EFFECTS, "unknown" as const).chain((action) =>
  fc
    .oneof(
      { weight: 19, arbitrary: fc.constantFrom(...(USUAL[action] ?? (["Tool"] as const))) },
      { weight: 1, arbitrary: fc.constantFrom(...TYPES) },
    )
    .chain(thing)
    .map((resource) => ({ action, resource })),
);

/** Requests in the form of the schema; now and then the action does not apply to the thing. */
export const requests: fc.Arbitrary<PolicyRequest> = fc
  .tuple(
    acting,
    fc.record({
      id: fc.constantFrom("owner", "bob"),
      trust: fc.oneof(fc.constant(4), level),
      roles: fc.uniqueArray(fc.constantFrom("developer", "viewer", "admin", "unknown"), { maxLength: 2 }),
    }),
    context,
  )
  .map(([act, principal, facts]) => ({ ...act, principal, context: facts }));

/** The same with one attribute missing, added or of another type. */
export const brokenRequests: fc.Arbitrary<PolicyRequest> = fc
  .tuple(requests, fc.constantFrom("missing", "added", "changed"), fc.nat())
  .map(([request, how, at]) => {
    const entries = Object.entries(request.context);
    const [name, value] = entries[at % entries.length] ?? ["tool", ""];
    if (how === "missing") return { ...request, context: Object.fromEntries(entries.filter(([one]) => one !== name)) };
    const other = typeof value === "number" ? "2" : 2;
    return { ...request, context: { ...request.context, ...(how === "added" ? { more: 1 } : { [name]: other }) } };
  });
