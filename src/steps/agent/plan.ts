/**
 * The plan: what a model is asked that sees the persons' own words and nothing
 * else, and what is taken of its answer.
 *
 * Because nothing untrusted is in that request, it does not matter when it is
 * made: it is as if it had been made before anything untrusted was read.
 *
 * @module
 */
import { z } from "zod";
import type { ContextItem } from "../../core/item.ts";
import { joinAll, type Label, type Trust, trustRank } from "../../core/label.ts";
import { BOUND_TYPES, type Plan, type PlannedArgument } from "../../core/plan.ts";
import type { Tool } from "../../core/tool.ts";

type Said = Extract<ContextItem, { kind: "person" }>;

export const PLANNER =
  "You state beforehand which tool calls a request needs. You see the request alone; what the tools will bring is not known yet. " +
  'Answer with one JSON object and nothing else: {"effects":[{"tool":NAME,"count":N or null where the request does not say,"arguments":{ARGUMENT:' +
  '{"value":"…"} where the request itself says the value, or {"from":"a file or address that the request names","type":TYPE,"most":N} where the value comes out of that}}]}. ' +
  `TYPE is one of ${BOUND_TYPES.join(", ")}. Leave out arguments of which the request says nothing, and calls that only read. An empty list means that nothing is to be changed or sent.`;

/**
 * The persons' words that the request is made of.
 *
 * @param least whoever is trusted less than the principal says nothing here.
 */
export function requestWords(context: readonly ContextItem[], least: Trust): readonly Said[] {
  const closed = context.findLastIndex((item) => item.kind === "model" && item.calls.length === 0);
  return context
    .slice(closed + 1)
    .filter((item): item is Said => item.kind === "person" && trustRank(item.label.trust) >= trustRank(least));
}

/** @returns undefined where nobody said anything that a plan could be made of. */
export function planQuestion(
  said: readonly Said[],
  tools: readonly Tool[],
): { readonly system: string; readonly text: string; readonly label: Label } | undefined {
  if (said.length === 0) return undefined;
  const offered = tools.map(({ declaration, description, parameters }) => ({
    name: declaration.name,
    description,
    parameters,
  }));
  const words = said.map(({ person, text }) => `${person}: ${text}`).join("\n");
  return {
    system: PLANNER,
    text: `TOOLS:\n${JSON.stringify(offered)}\nREQUEST:\n${words}`,
    label: joinAll(said.map((item) => item.label)),
  };
}

const argument = z.union([
  z.strictObject({ value: z.union([z.string().max(2000), z.number()]) }),
  z.strictObject({ from: z.string().min(1).max(2000), type: z.enum(BOUND_TYPES), most: z.int().min(1).max(100) }),
]);
const planned = z.strictObject({
  effects: z
    .array(
      z.strictObject({
        tool: z.string().min(1).max(128),
        count: z.int().min(1).max(1000).nullable().default(null),
        arguments: z.record(z.string(), argument).default({}),
      }),
    )
    .max(50),
});

/** @returns undefined for what is no plan: then there is none, and nothing is guessed. */
export function readPlan(written: string): Plan | undefined {
  const bare = written.trim().replace(/^```(?:json)?\s*|\s*```$/g, "");
  try {
    const read = planned.safeParse(JSON.parse(bare));
    return read.success ? toPlan(read.data) : undefined;
  } catch {
    return undefined;
  }
}

function toPlan({ effects }: z.infer<typeof planned>): Plan {
  return {
    effects: effects.map(({ tool, count, arguments: args }) => ({
      tool,
      count,
      arguments: new Map(Object.entries(args).map(([name, one]) => [name, toArgument(one)])),
    })),
  };
}

function toArgument(read: z.infer<typeof argument>): PlannedArgument {
  if ("value" in read) return { kind: "value", value: String(read.value) };
  return { kind: "from", source: read.from, type: read.type, most: read.most };
}

/** As it is stored and recorded; `readPlan` reads it back. */
export function writePlan({ effects }: Plan): { readonly effects: readonly WrittenEffect[] } {
  return {
    effects: effects.map(({ tool, count, arguments: args }) => ({
      tool,
      count,
      arguments: Object.fromEntries(
        [...args].map(([name, one]) => [
          name,
          one.kind === "value" ? { value: one.value } : { from: one.source, type: one.type, most: one.most },
        ]),
      ),
    })),
  };
}

type WrittenEffect = {
  readonly tool: string;
  readonly count: number | null;
  readonly arguments: { readonly [name: string]: { readonly [part: string]: string | number } };
};
