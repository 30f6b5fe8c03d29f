/** The memory effectors. What was remembered keeps the label of what it was made from. @module */
import { newId, type AgentId } from "../../core/ids.ts";
import { joinAll } from "../../core/label.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Random } from "../../core/ports/random.ts";
import type { MemoryStore } from "../../core/ports/store.ts";
import { type Effector, textArgument } from "./run.ts";

const RECALLED = 20;

export type MemoryDeps = { readonly memory: MemoryStore; readonly clock: Clock; readonly random: Random };

export function rememberEffector(deps: MemoryDeps): Effector {
  return async (work) => {
    const { proposal, judged } = work;
    const text = textArgument(work, "text");
    const id = newId("mem", deps.random);
    await deps.memory.add({
      id,
      agent: proposal.origin.agent,
      text,
      label: judged.facts.influence,
      createdMs: deps.clock.wallMs(),
    });
    return {
      ok: true,
      text: `remembered (${id})`,
      summary: `remembered ${text.length} characters`,
      data: { memory: id },
    };
  };
}

export function recallEffector(deps: MemoryDeps): Effector {
  return async ({ proposal }) => {
    const query = proposal.arguments["query"];
    const agent: AgentId = proposal.origin.agent;
    const rows =
      typeof query === "string" && query.trim() !== ""
        ? await deps.memory.search(agent, query, RECALLED)
        : (await deps.memory.list(agent)).slice(0, RECALLED);
    const text = rows.length === 0 ? "nothing is remembered about this" : rows.map((row) => `- ${row.text}`).join("\n");
    return { ok: true, text, summary: `${rows.length} memories`, label: joinAll(rows.map((row) => row.label)) };
  };
}
