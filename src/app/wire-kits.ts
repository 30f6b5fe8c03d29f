/** Makes the kit of each configured agent. @module */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../core/fault.ts";
import type { AgentId } from "../core/ids.ts";
import type { LedgerEntry } from "../core/ports/ledger.ts";
import type { PolicyFile } from "../steps/judge/policy/load.ts";
import { toPosture } from "./config/posture.ts";
import { agentSettings } from "./config/settings.ts";
import { type Kit, openKit } from "./gateway/kits.ts";
import type { WireUp } from "./given.ts";

export type Kits = { readonly all: readonly Kit[]; of(agent: AgentId): Kit };

/** @throws Fault POLICY_INVALID where the set of an agent does not validate: the gateway does not start with half of it. */
export async function openKits(given: WireUp): Promise<Kits> {
  const { loaded, random } = given;
  const operatorPolicies = readPolicies(given.home.policies);
  const kits = new Map<AgentId, Kit>();
  for (const { id } of agentSettings(loaded.config, loaded.places)) {
    const posture = toPosture(loaded.config, loaded.places, id);
    const { model, contextTokens } = given.modelOf(id);
    kits.set(id, await openKit({ agent: id, posture, operatorPolicies, model, contextTokens, random }));
  }
  return { all: [...kits.values()], of: (agent) => kits.get(agent) ?? unknownAgent(agent) };
}

export function policyEntry({ agent, judge }: Kit): LedgerEntry {
  const { digest, policies } = judge.policies;
  const data = { digest, policies: policies.size };
  return { kind: "policy", who: "gateway", what: "policy.loaded", target: agent, result: "ok", data };
}

/** Every `*.cedar` of the operator, by name; a folder that is not there has none. */
export function readPolicies(folder: string): readonly PolicyFile[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".cedar"));
    return names.sort().map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

function unknownAgent(agent: string): never {
  throw new Fault("AGENT_UNKNOWN", {
    message: `there is no agent \`${agent.slice(0, 60)}\``,
    hint: "agents are named under `agents.entries` in the configuration",
  });
}
