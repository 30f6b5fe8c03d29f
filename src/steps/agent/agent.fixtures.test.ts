/** A turn with fakes at the ports, for the tests of the loop. @module */
import { Fault } from "../../core/fault.ts";
import { newId, parseId } from "../../core/ids.ts";
import type { ContextItem, ProposedCall } from "../../core/item.ts";
import type { JsonObject } from "../../core/json.ts";
import { type Label, labelOf, SYSTEM_LABEL, type Trust } from "../../core/label.ts";
import type { Model, ModelEvent, ModelRequest } from "../../core/ports/model.ts";
import { type FakeClock, fakeClock, seededRandom } from "../../core/testing.ts";
import type { Tool } from "../../core/tool.ts";
import type { CallResult, TurnEvent } from "../../core/turn.ts";
import { runAgent } from "./agent.ts";
import type { Budget } from "./budget.ts";
import type { AgentOutcome, AgentPorts, AgentRun, ModelUse } from "./ports.ts";

export const random = seededRandom(7);

export function trusted(trust: Trust, id = "owner"): Label {
  return labelOf({ kind: "person", id, trust }, "private", { kind: "persons", persons: [id] });
}

export function person(text: string, label: Label = trusted("full")): ContextItem {
  return { kind: "person", id: newId("itm", random), person: "owner", text, label };
}

const LIMITLESS = { tokens: Infinity, toolCalls: Infinity, wallMs: Infinity, money: Infinity };
export const BUDGET: Budget = {
  maxModelRequests: 20,
  maxToolCalls: 20,
  maxOutputTokens: 1000,
  maxTokensPerTurn: 100_000,
  maxWallMs: 60_000,
  maxContextTokens: 20_000,
  maxMoneyPerTurn: Infinity,
  person: LIMITLESS,
  day: LIMITLESS,
};

/** Takes `{x: number}` and nothing else. */
export function tool(name: string): Tool {
  return {
    declaration: {
      name,
      effect: "read",
      roles: new Map(),
      returns: { trust: "none", confidentiality: "private" },
      directory: false,
    },
    description: name,
    groups: [],
    parameters: { type: "object" },
    parse(args) {
      const { x, ...rest } = args as JsonObject;
      if (typeof x === "number" && Object.keys(rest).length === 0) return { x };
      throw new Fault("TOOL_ARGUMENTS_MALFORMED", { message: "`x` is not a number", hint: "give x as a number" });
    },
  };
}

export type Answer = readonly ModelEvent[];

const FINISH = { inputTokens: 10, outputTokens: 5 };

export function says(text: string): Answer {
  return [
    { type: "text", delta: text },
    { type: "finish", reason: "stop", usage: FINISH },
  ];
}

export function calls(...made: readonly (readonly [string, JsonObject])[]): Answer {
  return [
    ...made.map(
      ([name, args], at): ModelEvent => ({ type: "call", call: { id: `p${at}`, tool: name, arguments: args } }),
    ),
    { type: "finish", reason: "calls", usage: FINISH },
  ];
}

export type Scripted = Model & { readonly requests: ModelRequest[] };

/** The answers in order; the last one repeats. */
export function modelOf(answers: readonly Answer[], before?: () => Promise<void>): Scripted {
  const requests: ModelRequest[] = [];
  return {
    requests,
    identity: { provider: "scripted", model: "s", remote: false },
    async *stream(request) {
      requests.push(request);
      const answer = answers[Math.min(requests.length, answers.length) - 1] ?? [];
      await before?.();
      for (const event of answer) yield event;
    },
  };
}

export type World = {
  readonly log: string[];
  readonly acted: { readonly call: ProposedCall; readonly context: readonly ContextItem[] }[];
  readonly saved: ContextItem[];
  readonly used: ModelUse[];
  readonly events: TurnEvent[];
  readonly clock: FakeClock;
  readonly stop: AbortController;
  readonly outcome: AgentOutcome;
};

export type Given = {
  readonly model: Model;
  readonly items?: readonly ContextItem[];
  readonly budget?: Partial<Budget>;
  readonly tools?: readonly Tool[];
  readonly memory?: readonly ContextItem[];
  readonly act?: (
    call: ProposedCall,
    world: Omit<World, "outcome">,
  ) => Partial<CallResult> | Promise<Partial<CallResult>>;
  readonly ports?: Partial<AgentPorts>;
};

/** Runs one turn; `log` has what happened at the ports, in order. */
export async function turn(given: Given): Promise<World> {
  const world = {
    log: [] as string[],
    acted: [] as World["acted"],
    saved: [] as ContextItem[],
    used: [] as ModelUse[],
    events: [] as TurnEvent[],
    clock: fakeClock(),
    stop: new AbortController(),
  };
  const run: AgentRun = {
    turn: parseId("trn", `trn_${"0".repeat(26)}`),
    session: parseId("ses", `ses_${"0".repeat(26)}`),
    system: { kind: "system", id: newId("itm", random), text: "You are Vambrace.", label: SYSTEM_LABEL },
    items: given.items ?? [person("go")],
    tools: given.tools ?? [tool("a"), tool("b")],
    budget: { ...BUDGET, ...given.budget },
    ...(given.memory === undefined ? {} : { memory: given.memory }),
  };
  const outcome = await runAgent(run, { ...portsOf(given, world), ...given.ports });
  return { ...world, outcome };
}

function portsOf(given: Given, world: Omit<World, "outcome">): AgentPorts {
  return {
    modelFor: () => given.model,
    async act(proposed, context) {
      const [call] = proposed;
      if (call === undefined || proposed.length !== 1) throw new Error("act takes one call at a time");
      world.log.push(`act ${call.tool}`);
      world.acted.push({ call, context });
      const result = await given.act?.(call, world);
      world.log.push(`acted ${call.tool}`);
      const plain = {
        call: call.id,
        tool: call.tool,
        verdict: "allow",
        ok: true,
        text: `r${world.acted.length}`,
        label: trusted("full"),
      } as const;
      return [{ ...plain, ...result }];
    },
    emit: (event) => world.events.push(event),
    async save(items) {
      await Promise.resolve();
      for (const item of items) world.log.push(`saved ${item.kind}`);
      world.saved.push(...items);
    },
    async used(use) {
      await Promise.resolve();
      world.log.push(`used ${use.phase}`);
      world.used.push(use);
    },
    asCounted: (items) => items,
    together: async (_calls, _context, work) => work(),
    spentBeside: () => [],
    clock: world.clock,
    random,
    signal: world.stop.signal,
  };
}

export function textOf(events: readonly TurnEvent[]): string {
  return events.map((event) => (event.type === "text" ? event.delta : "")).join("");
}
