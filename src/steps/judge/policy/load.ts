/**
 * Loading policies: floor, flow, what configuration compiles to, and the
 * operator's own, as one set that was checked whole, or not at all.
 *
 * A set that does not validate is refused with a fault that names the file,
 * the policy and the reason; whoever called keeps the last good one.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import type { PolicyId } from "../../../core/decision.ts";
import { Fault } from "../../../core/fault.ts";
import { canonicalJson, type Digest, type JsonObject, sha256 } from "../../../core/json.ts";
import type { Posture } from "../../../core/posture.ts";
import { compilePosture } from "./compile.ts";
import type { LoadedPolicy, PolicyFile, Vet } from "./vet.ts";

export type PolicySet = {
  readonly policies: ReadonlyMap<PolicyId, LoadedPolicy>;
  readonly schema: string;
  readonly schemaJson: JsonObject;
  /** Of schema and every policy; in every decision. */
  readonly digest: Digest;
};

export type PolicyInput = { readonly posture: Posture; readonly operator: readonly PolicyFile[]; readonly vet: Vet };

/** @throws Fault POLICY_INVALID, naming file, policy and reason. */
export async function loadPolicies({ posture, operator, vet }: PolicyInput): Promise<PolicySet> {
  const schema = shipped("schema.cedarschema");
  const { policies: vetted, schemaJson } = await vet({
    schema,
    files: [
      { name: "floor.cedar", text: shipped("floor.cedar"), layer: "floor" },
      { name: "flow.cedar", text: shipped("flow.cedar"), layer: "flow" },
      ...operator.map(({ name, text }) => ({ name, text, layer: "operator" as const })),
    ],
    config: compilePosture(posture),
  });
  const policies = new Map(vetted.map((policy) => [policy.id, policy]));
  return { policies, schema, schemaJson, digest: digestSet(schema, policies) };
}

function shipped(name: string): string {
  try {
    return readFileSync(new URL(name, import.meta.url), "utf8");
  } catch (cause) {
    throw new Fault("POLICY_INVALID", {
      message: `\`${name}\` is missing: it ships with vambrace`,
      hint: "install again",
      cause,
    });
  }
}

function digestSet(schema: string, policies: ReadonlyMap<PolicyId, LoadedPolicy>): Digest {
  const byId = Object.fromEntries([...policies].map(([id, policy]) => [id, JSON.stringify(policy.json)]));
  return sha256(canonicalJson({ schema, policies: byId }));
}
