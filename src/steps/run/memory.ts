/** The memory effectors. What was remembered keeps the label of what it was made from. @module */
import { plural } from "../../core/plural.ts";
import { newId, type AgentId } from "../../core/ids.ts";
import { joinAll, mayKnow, NEUTRAL_LABEL } from "../../core/label.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Random } from "../../core/ports/random.ts";
import type { MemoryStore } from "../../core/ports/store.ts";
import { type Effector, textArgument } from "./run.ts";

const RECALLED = 20;
/** So that what others had remembered does not crowd out one's own. */
const SEARCHED = 1000;

export type MemoryDeps = {
  readonly memory: MemoryStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Takes secrets out: a memory is shown to every later conversation. */
  readonly clean: (text: string) => string;
};

export function rememberEffector(deps: MemoryDeps): Effector {
  return async (work) => {
    const { proposal, judged } = work;
    const text = deps.clean(textArgument(work, "text"));
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
      summary: `remembered ${plural(text.length, "character")}`,
      // The gateway's own words about the call.
      label: NEUTRAL_LABEL,
      data: { memory: id },
    };
  };
}

export function recallEffector(deps: MemoryDeps): Effector {
  return async ({ proposal }) => {
    const query = proposal.arguments["query"];
    const agent: AgentId = proposal.origin.agent;
    const { person } = proposal.principal;
    const found =
      typeof query === "string" && query.trim() !== ""
        ? await deps.memory.search(agent, query, SEARCHED)
        : await deps.memory.list(agent);
    // An agent has one memory and talks with several people: nobody is told what is not for him (R-CHAN-6).
    const rows = found.filter((row) => mayKnow(row.label.audience, person)).slice(0, RECALLED);
    const text = rows.length === 0 ? "nothing is remembered about this" : rows.map((row) => `- ${row.text}`).join("\n");
    return {
      ok: true,
      text,
      summary: plural(rows.length, "memory", "memories"),
      label: joinAll(rows.map((row) => row.label)),
    };
  };
}
