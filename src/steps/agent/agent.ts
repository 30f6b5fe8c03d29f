/**
 * The agent loop: asks the model, has its calls acted on, until it answers.
 *
 * The loop holds no authority. It keeps the order (recorded, then asked; saved,
 * then acted on; one call after the other), it computes the label of each
 * request over the items really sent, and it ends: by an answer, a budget, a
 * loop, a stop or a fault. It never throws; how it ended is its answer.
 *
 * @module
 */
import { basisOf } from "../../core/basis.ts";
import { Fault, toFault } from "../../core/fault.ts";
import { newId } from "../../core/ids.ts";
import type { ContextItem } from "../../core/item.ts";
import { joinAll, type Label } from "../../core/label.ts";
import type { Model, ModelRequest, Usage } from "../../core/ports/model.ts";
import type { Tool } from "../../core/tool.ts";
import type { TurnStop } from "../../core/turn.ts";
import { type Acting, actOn, type Halt, prepare } from "./acting.ts";
import { type Draft, newDraft, readAnswer } from "./answer.ts";
import { type Meter, meterOf } from "./budget.ts";
import { emptyAnswer, tooLong } from "./faults.ts";
import { loopWatch } from "./loops.ts";
import { toMessages, toModelTools } from "./messages.ts";
import type { AgentOutcome, AgentPorts, AgentRun } from "./ports.ts";
import { type Speech, speechOf } from "./speech.ts";
import { completePairs, estimateTokens, type Window, windowOf } from "./window.ts";

type Turn = {
  readonly run: AgentRun;
  readonly ports: AgentPorts;
  readonly meter: Meter;
  readonly acting: Acting;
  readonly speech: Speech;
  readonly items: ContextItem[];
  readonly pinned: ContextItem | undefined;
  /** Ends the requests of this turn when its time is used up. */
  readonly wall: AbortController;
};

type End = { readonly stop: TurnStop; readonly says?: string; readonly fault?: Fault };

/** A model that answers nothing is asked once more, no oftener. */
const EMPTY_AT_MOST = 1;

export async function runAgent(run: AgentRun, ports: AgentPorts): Promise<AgentOutcome> {
  const turn = begin(run, ports);
  const end = await loop(turn).catch((thrown: unknown) => whyThrown(turn, thrown));
  if (end.says !== undefined) turn.speech.sayOwn(end.says);
  if (end.fault !== undefined) ports.emit({ type: "fault", ...end.fault.toJSON() });
  return {
    stop: end.stop,
    text: turn.speech.text(),
    label: turn.speech.label(),
    usage: turn.meter.usage(),
    ...(end.fault === undefined ? {} : { fault: end.fault }),
  };
}

function begin(run: AgentRun, ports: AgentPorts): Turn {
  const items = [...completePairs(run.items, ports.random)];
  const tools = new Map<string, Tool>(run.tools.map((tool) => [tool.declaration.name, tool]));
  const meter = meterOf(run.budget, ports.clock, () => ports.waitedMs?.() ?? 0);
  const loops = loopWatch(new Set(tools.keys()));
  return {
    run,
    ports,
    meter,
    items,
    speech: speechOf((delta) => ports.emit({ type: "text", delta })),
    acting: { ports, meter, loops, tools, keep: (item) => items.push(item) },
    pinned: items.findLast((item) => item.kind === "person"),
    wall: new AbortController(),
  };
}

async function loop(turn: Turn): Promise<End> {
  for (let empty = 0; ; ) {
    turn.ports.signal.throwIfAborted();
    const window = fit(turn);
    if (window === undefined) return { stop: "budget", says: tooLong(turn.run.budget.maxContextTokens) };
    const label = joinAll(turn.ports.asCounted(window.items).map((item) => item.label));
    const model = turn.ports.modelFor(label);
    const go = turn.meter.mayAsk(model.identity, window.estimatedTokens);
    if (go.kind === "stop") return { stop: "budget", says: go.says };
    const draft = await ask(turn, model, { window, label, maxOutputTokens: go.maxOutputTokens });
    if (draft.calls.length === 0) {
      if (draft.text === "" && draft.reason !== "filtered" && empty++ < EMPTY_AT_MOST) continue;
      return await answered(turn, draft, window, go.maxOutputTokens);
    }
    const calls = draft.calls.map((call) => prepare(call, turn.acting.tools, newId("call", turn.ports.random)));
    const proposed = calls.map((prepared) => prepared.call);
    await saveModel(turn, draft.text, proposed, window);
    const ready = calls.filter(({ kind }) => kind === "ready").map(({ call }) => call);
    const act = (): Promise<Halt | undefined> => actOn(calls, window.items, turn.acting);
    const halt = await turn.ports.together(ready, window.items, act);
    if (halt !== undefined) return halt.stop === "stopped" ? { stop: "stopped" } : halt;
  }
}

function fit(turn: Turn): Window | undefined {
  const { budget, system, memory, tools } = turn.run;
  const forTools = estimateTokens(JSON.stringify(toModelTools(tools)));
  const room = budget.maxContextTokens - Math.min(budget.maxOutputTokens, budget.maxContextTokens / 2) - forTools;
  const context = { front: [system, ...(memory ?? [])], items: turn.items, pinned: turn.pinned };
  const window = windowOf(context, Math.floor(room), turn.ports.random);
  return window && { ...window, estimatedTokens: window.estimatedTokens + forTools };
}

type Asked = { readonly window: Window; readonly label: Label; readonly maxOutputTokens: number };

/** One model request, recorded before anything leaves and after it ended, however it ended. */
async function ask(turn: Turn, model: Model, { window, label, maxOutputTokens }: Asked): Promise<Draft> {
  const { signal } = turn.ports;
  const draft = newDraft(model.identity);
  const begun = { phase: "begun", label, items: window.items.length, estimatedTokens: window.estimatedTokens } as const;
  const tools = toModelTools(turn.run.tools);
  const request: ModelRequest = { messages: toMessages(window.items), tools, maxOutputTokens };
  await turn.ports.used({ ...begun, identity: model.identity });
  turn.speech.nextAnswer(label);
  const timer = startWall(turn);
  let ok = false;
  try {
    await readAnswer(draft, request, {
      model,
      signal: AbortSignal.any([signal, turn.wall.signal]),
      onText: turn.speech.say,
      onSending: (identity) => turn.ports.used({ ...begun, identity }),
    });
    ok = true;
  } catch (thrown) {
    // What the person has read stays in the conversation; calls of a broken answer are dropped, never run.
    if (draft.text !== "") await saveModel(turn, draft.text, [], window);
    throw thrown;
  } finally {
    timer.abort();
    const usage = usageOf(draft, window);
    turn.meter.asked(draft.identity, usage);
    await turn.ports.used({ phase: "ended", identity: draft.identity, label, usage, ok });
  }
  return draft;
}

/** A provider that reports nothing does not make its tokens free: the estimate counts then. */
function usageOf(draft: Draft, window: Window): Usage {
  const written = estimateTokens(draft.text) + estimateTokens(JSON.stringify(draft.calls));
  const counted = (reported: number | undefined, estimate: number): number =>
    reported !== undefined && Number.isFinite(reported) && reported > 0 ? reported : estimate;
  return {
    inputTokens: counted(draft.usage?.inputTokens, window.estimatedTokens),
    outputTokens: counted(draft.usage?.outputTokens, written),
  };
}

function startWall(turn: Turn): AbortController {
  const stop = new AbortController();
  // Node fires a timer at once where its delay exceeds 31 bits.
  const ms = Math.min(turn.meter.wallLeftMs(), 2 ** 31 - 1);
  turn.ports.clock.sleep(ms, stop.signal).then(
    () => turn.wall.abort(new Error("the time budget is used up")),
    () => undefined, // stopped because the request ended first
  );
  return stop;
}

async function answered(turn: Turn, draft: Draft, window: Window, maxOutputTokens: number): Promise<End> {
  if (draft.text !== "") await saveModel(turn, draft.text, [], window);
  if (draft.reason === "filtered") {
    return { stop: "refused", says: "stopped: the model's provider withheld this answer" };
  }
  if (draft.reason === "length") {
    return {
      stop: "budget",
      says: `stopped: the answer reached the output-token budget (${maxOutputTokens} for one answer)`,
    };
  }
  if (turn.speech.text() !== "") return { stop: "done" };
  return { stop: "failed", fault: emptyAnswer() };
}

async function saveModel(
  turn: Turn,
  text: string,
  calls: (ContextItem & { readonly kind: "model" })["calls"],
  { items }: Window,
): Promise<void> {
  const id = newId("itm", turn.ports.random);
  const label = joinAll(items.map((one) => one.label));
  const item: ContextItem = { kind: "model", id, text, calls, label, basis: basisOf(items) };
  await turn.ports.save([item]);
  turn.items.push(item);
}

function whyThrown(turn: Turn, thrown: unknown): End {
  if (turn.ports.signal.aborted) {
    // A stop makes requests to models break off; what else went wrong meanwhile is not hidden by it.
    const other = thrown instanceof Fault && thrown !== turn.ports.signal.reason && !thrown.code.startsWith("MODEL_");
    return other ? { stop: "stopped", fault: thrown } : { stop: "stopped" };
  }
  if (turn.wall.signal.aborted) return { stop: "budget", says: turn.meter.wallSays() };
  return { stop: "failed", fault: toFault(thrown) };
}
