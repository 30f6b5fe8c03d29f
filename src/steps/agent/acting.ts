/**
 * Acting on the calls of one answer: prepare, execute, finalize.
 *
 * Prepare reads the arguments by the tool's own schema; what cannot be read is
 * said back to the model and never reaches `act`. A tool that nobody declared
 * does go there, so that it is denied and recorded like everything else.
 * Everything that was proposed is durable before the first of it is acted on.
 *
 * @module
 */
import { type Basis, basisOf, withOwn } from "../../core/basis.ts";
import { Fault } from "../../core/fault.ts";
import { newId } from "../../core/ids.ts";
import type { ContextItem, ProposedCall } from "../../core/item.ts";
import { canonicalJson, isObject, type JsonObject } from "../../core/json.ts";
import { join, joinAll, type Label, NEUTRAL_LABEL } from "../../core/label.ts";
import type { Tool } from "../../core/tool.ts";
import type { CallResult } from "../../core/turn.ts";
import type { AnswerCall } from "./answer.ts";
import type { Meter } from "./budget.ts";
import type { LoopWatch } from "./loops.ts";
import type { AgentPorts } from "./ports.ts";

export type Prepared =
  | { readonly kind: "ready"; readonly call: ProposedCall }
  | { readonly kind: "bad"; readonly call: ProposedCall; readonly problem: string };

/** Why the turn ends here; undefined: go on. */
export type Halt = { readonly stop: "budget" | "loop" | "stopped"; readonly says: string };

export type Acting = {
  readonly ports: AgentPorts;
  readonly meter: Meter;
  readonly loops: LoopWatch;
  readonly tools: ReadonlyMap<string, Tool>;
  /** Keeps an item for the requests that follow. */
  keep(item: ContextItem): void;
};

const MAX_ARGUMENT_CHARACTERS = 8_000_000;

export function prepare(answered: AnswerCall, tools: ReadonlyMap<string, Tool>, id: ProposedCall["id"]): Prepared {
  if (answered.kind === "bad") {
    return { kind: "bad", call: { id, tool: answered.tool, arguments: {} }, problem: answered.problem };
  }
  const { tool: name, arguments: raw } = answered.call;
  const problem = unreadable(raw);
  if (problem !== undefined) return { kind: "bad", call: { id, tool: name, arguments: {} }, problem };
  const tool = tools.get(name);
  if (tool === undefined) return { kind: "ready", call: { id, tool: name, arguments: raw } };
  try {
    return { kind: "ready", call: { id, tool: name, arguments: tool.parse(raw) } };
  } catch (thrown) {
    return { kind: "bad", call: { id, tool: name, arguments: raw }, problem: sayBack(thrown) };
  }
}

/** Arguments that have no canonical spelling could not be hashed into a permit. */
function unreadable(raw: JsonObject): string | undefined {
  if (!isObject(raw)) return "the arguments are not a JSON object";
  try {
    if (canonicalJson(raw).length <= MAX_ARGUMENT_CHARACTERS) return undefined;
    return "the arguments are too long";
  } catch (thrown) {
    return sayBack(thrown);
  }
}

function sayBack(thrown: unknown): string {
  if (thrown instanceof Fault) return `${thrown.message}; ${thrown.hint}`;
  return "the arguments could not be read";
}

/**
 * Acts on prepared calls, one after the other; their model item is durable by then.
 *
 * @param context exactly the items of the request that produced the calls.
 */
export async function actOn(
  calls: readonly Prepared[],
  context: readonly ContextItem[],
  acting: Acting,
): Promise<Halt | undefined> {
  const from = { basis: basisOf(context), label: joinAll(context.map((item) => item.label)) };
  let halt: Halt | undefined;
  for (const prepared of calls) {
    halt ??= whyHalt(acting);
    if (halt !== undefined) {
      await finalize(prepared, notRun(prepared, halt.says, from.label), from, acting);
      continue;
    }
    acting.meter.called();
    const result = await execute(prepared, context, from.label, acting);
    for (const { identity, usage } of acting.ports.spentBeside()) acting.meter.asked(identity, usage);
    await finalize(prepared, result, from, acting);
    const says = acting.loops.note(prepared.call, result);
    if (says !== undefined) halt = { stop: "loop", says };
  }
  return halt;
}

function whyHalt(acting: Acting): Halt | undefined {
  if (acting.ports.signal.aborted) return { stop: "stopped", says: "the turn was stopped" };
  const says = acting.meter.whyNoCall();
  return says === undefined ? undefined : { stop: "budget", says };
}

async function execute(
  prepared: Prepared,
  context: readonly ContextItem[],
  label: Label,
  acting: Acting,
): Promise<CallResult> {
  if (prepared.kind === "bad") {
    return notRun(prepared, `this call was not run: ${prepared.problem}. Correct it and call again.`, label);
  }
  const [result, ...more] = await acting.ports.act([prepared.call], context);
  if (result === undefined || more.length > 0 || result.call !== prepared.call.id) {
    throw new Fault("INTERNAL", {
      message: "something went wrong inside vambrace",
      hint: "look in the log for the details: `vambrace log search --kind fault`",
      facts: { problem: "act did not answer exactly the call that it was given", call: prepared.call.id },
    });
  }
  return result;
}

/** What is said may repeat words of the model, so it carries the label of what the model was sent, and none of its own. */
function notRun(prepared: Prepared, text: string, label: Label): CallResult {
  const { id: call, tool } = prepared.call;
  return { call, tool, verdict: "deny", ok: false, text, label, own: NEUTRAL_LABEL };
}

/**
 * INVARIANT(weakest-influence): kept with the join of all that led to it as it was made. What is endorsed now counts when
 * the item is read, for as long as the endorsement stands.
 */
async function finalize(
  prepared: Prepared,
  result: CallResult,
  from: { readonly basis: Basis; readonly label: Label },
  acting: Acting,
): Promise<void> {
  const id = newId("itm", acting.ports.random);
  const { text, own } = result;
  const item: ContextItem = {
    kind: "result",
    id,
    call: prepared.call.id,
    tool: prepared.call.tool,
    text,
    ok: result.ok,
    label: join(result.label, from.label),
    ...(own === undefined ? {} : withOwn(from.basis, { id, text }, own)),
    ...(result.found === undefined ? {} : { found: result.found }),
  };
  await acting.ports.save([item]);
  acting.keep(item);
}
