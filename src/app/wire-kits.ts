/** Makes the kit of each configured agent. @module */
import { Fault } from "../core/fault.ts";
import type { AgentId } from "../core/ids.ts";
import type { LedgerEntry } from "../core/ports/ledger.ts";
import { toPosture } from "./config/posture.ts";
import { agentSettings } from "./config/settings.ts";
import { type Kit, openKit } from "./gateway/kits.ts";
import type { WireUp } from "./given.ts";

export type Kits = { readonly all: readonly Kit[]; of(agent: AgentId): Kit };

/** @throws Fault POLICY_INVALID where the set of an agent does not validate: the gateway does not start with half of it. */
export async function openKits(given: WireUp): Promise<Kits> {
  const { loaded, random, operatorPolicies, vet } = given;
  const kits = new Map<AgentId, Kit>();
  for (const { id } of agentSettings(loaded.config, loaded.places)) {
    const posture = toPosture(loaded.config, loaded.places, id);
    const { model, local, contextTokens } = given.modelOf(id);
    const { localOnly } = loaded.config.models;
    const sensitive = given.outbound.find;
    kits.set(
      id,
      await openKit({
        agent: id,
        posture,
        operatorPolicies,
        vet,
        model,
        local,
        localOnly,
        contextTokens,
        random,
        sensitive,
      }),
    );
  }
  return { all: [...kits.values()], of: (agent) => kits.get(agent) ?? unknownAgent(agent) };
}

export function policyEntry({ agent, judge }: Kit): LedgerEntry {
  const { digest, policies } = judge.policies;
  const data = { digest, policies: policies.size };
  return { kind: "policy", who: "gateway", what: "policy.loaded", target: agent, result: "ok", data };
}

function unknownAgent(agent: string): never {
  throw new Fault("AGENT_UNKNOWN", {
    message: `there is no agent \`${agent.slice(0, 60)}\``,
    hint: "agents are named under `agents.entries` in the configuration",
  });
}
