/**
 * Why: one decision in words, from what was recorded with it.
 *
 * @module
 */
import type { ArgumentFact, Facts } from "../../core/call.ts";
import type { Decision } from "../../core/decision.ts";
import type { PolicySet } from "./policy/load.ts";

export type Explanation = {
  readonly verdict: Decision["verdict"];
  readonly says: string;
  /** Each determining policy with where it stands; one that is not in this set is said so. */
  readonly policies: readonly {
    readonly id: string;
    readonly layer: string;
    readonly file: string;
    readonly says: string;
  }[];
  /** Sentences for a person, most important first. */
  readonly lines: readonly string[];
  /** Whether this very set decided. */
  readonly samePolicies: boolean;
};

export function explain(decision: Decision, facts: Facts, set: PolicySet): Explanation {
  const policies = decision.because.map((id) => {
    const policy = set.policies.get(id);
    if (policy === undefined)
      return { id, layer: "unknown", file: "", says: "not among the policies that are loaded now" };
    return { id, layer: policy.layer, file: policy.file, says: policy.says };
  });
  return {
    verdict: decision.verdict,
    says: decision.says,
    policies,
    lines: [...influenceLines(facts), ...facts.arguments.map(argumentLine), ...worldLines(facts)],
    samePolicies: decision.policies === set.digest,
  };
}

function influenceLines({ influence, designated }: Facts): readonly string[] {
  const least = influence.sources.filter((source) => source.trust === influence.trust).slice(0, 3);
  const names = least.map((source) => `${source.kind} ${source.id}`).join(", ");
  return [
    `The least trusted text behind it has trust ${influence.trust}${names === "" ? "" : `: ${names}`}.`,
    `The most confidential is ${influence.confidentiality}.`,
    designated ? "A person asked for it, naming what matters." : "No person of enough trust asked for exactly this.",
  ];
}

function argumentLine({ pointer, role, value, designated, sources }: ArgumentFact): string {
  const shown = JSON.stringify(value.length > 80 ? `${value.slice(0, 79)}…` : value);
  const [best] = sources;
  const from = best === undefined ? "stands in no text" : `stands in ${best.kind} ${best.id} (trust ${best.trust})`;
  return `${pointer} (${role}) ${shown} ${from}${designated ? ", named by a person" : ""}.`;
}

function worldLines({ paths, hosts, command }: Facts): readonly string[] {
  return [
    ...paths.map(
      (path) => `It would ${path.access} ${path.resolved} (${path.zone}${path.hasCopy ? ", has a copy" : ""}).`,
    ),
    ...hosts.map((host) => `It would reach ${host.host}:${host.port} (${host.listed ? "listed" : "not listed"}).`),
    ...(command?.unlisted ?? []).map((part) => `Not on the allowlist: ${part}.`),
    ...(command?.opaque ?? []).map((part) => `Cannot be decided: ${part}.`),
  ];
}
