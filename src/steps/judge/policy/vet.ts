/**
 * Vetting: Cedar itself reads every policy and validates the whole set against
 * the schema. What is wrong is refused with the file, the policy and the reason.
 *
 * Cedar's build is large, and is needed for this only: the gateway vets in a
 * thread that ends (`vet-apart.ts`), short commands in their own.
 *
 * @module
 */
import type { DetailedError, PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import type { PolicyId } from "../../../core/decision.ts";
import { Fault } from "../../../core/fault.ts";
import { isObject, type JsonObject } from "../../../core/json.ts";
import { approvalMisuse } from "./approvals.ts";
import { type Cedar, loadCedar } from "./cedar.ts";

export type Layer = "floor" | "flow" | "config" | "operator";

/** One file of policies as text. */
export type PolicyFile = { readonly name: string; readonly text: string };

export type LoadedPolicy = {
  readonly id: PolicyId;
  readonly layer: Layer;
  readonly file: string;
  /** The sentence that a refused person reads. */
  readonly says: string;
  readonly hint?: string;
  readonly json: PolicyJson;
};

export type VetWork = {
  /** Cedar's schema syntax. */
  readonly schema: string;
  readonly files: readonly (PolicyFile & { readonly layer: Layer })[];
  /** What configuration compiled to. */
  readonly config: readonly PolicyJson[];
};

export type Vetted = {
  readonly policies: readonly LoadedPolicy[];
  /** The schema in Cedar's JSON form, its types resolved. */
  readonly schemaJson: JsonObject;
};

/** @throws Fault POLICY_INVALID, naming file, policy and reason. */
export type Vet = (work: VetWork) => Promise<Vetted>;

const ID = /^[a-z0-9][a-z0-9_.+:-]{0,120}$/i;
const MINE: readonly Layer[] = ["floor", "flow", "config"];

/** In this thread. Cedar stays in memory afterwards. */
export const vetHere: Vet = async ({ schema, files, config }) => {
  const cedar = await loadCedar();
  const policies = new Map<PolicyId, LoadedPolicy>();
  const add = (policy: LoadedPolicy): void => {
    const other = policies.get(policy.id);
    if (other !== undefined) throw invalid(policy.file, policy.id, `the same @id is in ${other.file}`);
    policies.set(policy.id, policy);
  };
  for (const file of files) for (const policy of parseFile(cedar, file, file.layer)) add(policy);
  for (const json of config) add(describe(json, "config", "configuration"));
  validate(cedar, schema, policies);
  return { policies: [...policies.values()], schemaJson: schemaAsJson(cedar, schema) };
};

function parseFile(cedar: Cedar, file: PolicyFile, layer: Layer): readonly LoadedPolicy[] {
  const parts = cedar.policySetTextToParts(file.text);
  if (parts.type === "failure") throw invalid(file.name, undefined, reasonOf(parts.errors));
  if (parts.policy_templates.length > 0) {
    throw invalid(file.name, undefined, "templates are not used here; write the policy out");
  }
  return parts.policies.map((text) => {
    const parsed = cedar.policyToJson(text);
    if (parsed.type === "failure") throw invalid(file.name, undefined, reasonOf(parsed.errors));
    return describe(parsed.json, layer, file.name);
  });
}

function describe(json: PolicyJson, layer: Layer, file: string): LoadedPolicy {
  const { id, says, hint } = json.annotations ?? {};
  if (id === undefined || !ID.test(id)) throw invalid(file, id, 'it has no usable @id("…")');
  if (says === undefined || says.trim() === "") throw invalid(file, id, 'it has no @says("…") for the refused person');
  const problem = problemOf(json, id, layer);
  if (problem !== undefined) throw invalid(file, id, problem);
  return { id, layer, file, says, json, ...(hint === undefined ? {} : { hint }) };
}

/** Cedar's integers have 64 bits, those of JSON here 53: a larger one would silently become another number. */
function hasUnsafeNumber(value: unknown): boolean {
  if (typeof value === "bigint") return true;
  if (typeof value === "number") return !Number.isSafeInteger(value);
  return typeof value === "object" && value !== null && Object.values(value).some(hasUnsafeNumber);
}

function problemOf(json: PolicyJson, id: PolicyId, layer: Layer): string | undefined {
  if (layer === "floor" && json.effect !== "forbid") return "the floor only forbids";
  if (hasUnsafeNumber(json)) return "a number in it is larger than can be carried exactly (2^53)";
  return misplaced(id, layer) ?? approvalMisuse(json, layer === "floor" ? "floor" : "other");
}

/** An operator's policy must not look like one of the other layers. */
function misplaced(id: string, layer: Layer): string | undefined {
  const prefix = id.slice(0, Math.max(0, id.indexOf(".")));
  const owner = MINE.find((mine) => mine === prefix);
  if (owner === (layer === "operator" ? undefined : layer)) return undefined;
  return "ids that start with floor., flow. or config. belong to vambrace's own layers, and each to its own";
}

function validate(cedar: Cedar, schema: string, policies: ReadonlyMap<PolicyId, LoadedPolicy>): void {
  const staticPolicies = Object.fromEntries([...policies].map(([id, policy]) => [id, policy.json]));
  const answer = cedar.validate({ validationSettings: { mode: "strict" }, schema, policies: { staticPolicies } });
  if (answer.type === "failure") throw invalid("policies", undefined, reasonOf(answer.errors));
  // A warning says that a policy can never apply, or looks like another than it is: a forbid that only seems to be one.
  const operatorWarning = answer.validationWarnings.find(
    ({ policyId }) => policies.get(policyId)?.layer === "operator",
  );
  const first = answer.validationErrors[0] ?? operatorWarning;
  if (first !== undefined) {
    throw invalid(policies.get(first.policyId)?.file ?? "policies", first.policyId, reasonOf([first.error]));
  }
}

function schemaAsJson(cedar: Cedar, schema: string): JsonObject {
  const answer = cedar.schemaToJsonWithResolvedTypes(schema);
  if (answer.type === "failure") throw invalid("schema", undefined, reasonOf(answer.errors));
  const json: unknown = answer.json;
  if (!isObject(json)) throw invalid("schema", undefined, "it cannot be read");
  return json;
}

function reasonOf(errors: readonly DetailedError[]): string {
  return errors.map((error) => error.message).join("; ") || "it cannot be read";
}

function invalid(file: string, policy: string | undefined, reason: string): Fault {
  const what = policy === undefined ? `\`${file}\`` : `policy \`${policy.slice(0, 120)}\` in \`${file}\``;
  return new Fault("POLICY_INVALID", {
    message: `${what} is refused: ${reason}`,
    hint: "mend the file and load it again; the policies that were loaded before stay in force",
    facts: { file, policy },
  });
}
