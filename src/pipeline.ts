/**
 * One message from start to finish. The only place that knows the order.
 *
 *     message ─► access ─► session ─► agent ─► judge ─► approval ─► run ─► label ─┐
 *                                       ▲                                         │
 *                                       └─────────────────────────────────────────┘
 *                                       └─► outbound ─► reply     every arrow is recorded
 *
 * What stands between the agent and an effect is `gate.ts`. A message is
 * durable before its sender hears anything, and a turn that a crash interrupted
 * goes on from what was stored or is reported; it never runs twice.
 *
 * @module
 */
import type { Proposal } from "./core/call.ts";
import { type Fault, toFault } from "./core/fault.ts";
import type { MessageId, TurnId } from "./core/ids.ts";
import type { ContextItem, ProposedCall } from "./core/item.ts";
import type { JsonObject } from "./core/json.ts";
import type { Label } from "./core/label.ts";
import type { Origin, Principal } from "./core/person.ts";
import type { Ledger, LedgerEntry } from "./core/ports/ledger.ts";
import type { ModelIdentity, Usage } from "./core/ports/model.ts";
import type { SessionRow, TurnRow } from "./core/ports/store.ts";
import type { Tool } from "./core/tool.ts";
import type { CallResult, TurnEvent, TurnStop } from "./core/turn.ts";
import type { Gate } from "./gate.ts";

/** A message as a door hands it over: who sent it was established there, what it may do is not. */
export type Message<Sender> = {
  readonly id: MessageId;
  readonly sender: Sender;
  readonly session: SessionRow;
  readonly text: string;
};

export type AgentOutcome = {
  readonly stop: TurnStop;
  readonly text: string;
  readonly label: Label;
  readonly usage: Usage;
  /** Why it failed, where it did. */
  readonly fault?: Fault;
};

export type AgentTurn = {
  readonly turn: TurnRow;
  readonly session: SessionRow;
  readonly items: readonly ContextItem[];
  readonly tools: readonly Tool[];
  readonly act: (calls: readonly ProposedCall[], context: readonly ContextItem[]) => Promise<readonly CallResult[]>;
  readonly emit: (event: TurnEvent) => void;
  readonly signal: AbortSignal;
};

export type PipelineSteps<Sender> = {
  /** Who this is for the rest of the way. @throws Fault DENIED */
  readonly access: (
    sender: Sender,
    session: SessionRow,
  ) => Promise<{ readonly principal: Principal; readonly label: Label }>;
  readonly session: {
    /** Durable when it resolves; the same message id twice is one turn. */
    receive(
      message: Message<Sender>,
      principal: Principal,
      label: Label,
    ): Promise<{ readonly turn: TurnRow; readonly isNew: boolean }>;
    begin(turn: TurnId): Promise<void>;
    items(turn: TurnRow): Promise<readonly ContextItem[]>;
    finish(turn: TurnId, stop: TurnStop, reply: string): Promise<void>;
  };
  readonly agent: (turn: AgentTurn) => Promise<AgentOutcome>;
  /** What the model of this session is shown. */
  readonly tools: (session: SessionRow, principal: Principal) => readonly Tool[];
  readonly proposal: (call: ProposedCall, turn: TurnRow, origin: Origin, context: readonly ContextItem[]) => Proposal;
  readonly gate: Gate;
  readonly outbound: {
    text(text: string): string;
    /** Lets text go piece by piece, holding back what may yet turn out to be a secret. */
    stream(): { push(delta: string): string; end(): string };
    event(event: TurnEvent): TurnEvent;
  };
  readonly ledger: Ledger;
  readonly model: (session: SessionRow) => ModelIdentity;
  /** Told of a stored turn that could not go on, because ledger or store failed under it: it is recovered later. */
  readonly left: (turn: TurnId) => void;
};

export type TurnResult = {
  readonly turn: TurnId;
  readonly stop: TurnStop;
  readonly text: string;
  /** Of the text: the join of all that it was made from. */
  readonly label: Label;
  readonly usage: Usage;
};

export type TurnIo = { readonly emit: (event: TurnEvent) => void; readonly signal: AbortSignal };

export type Pipeline<Sender> = {
  /** Stores the message as a turn. @throws Fault DENIED for a sender who may not talk here. */
  receive(message: Message<Sender>): Promise<{ readonly turn: TurnRow; readonly isNew: boolean }>;
  /** Runs a stored turn to its end; for a fresh one, or for one that a crash interrupted. */
  run(turn: TurnRow, session: SessionRow, io: TurnIo): Promise<TurnResult>;
};

const RECEIVED = { kind: "message", what: "message.received", result: "ok" } as const;
const BEGUN = { kind: "turn", what: "turn.begun", result: "begun" } as const;
const NO_USAGE: Usage = { inputTokens: 0, outputTokens: 0 };

export function createPipeline<Sender>(steps: PipelineSteps<Sender>): Pipeline<Sender> {
  return {
    async receive(message) {
      const { principal, label } = await steps.access(message.sender, message.session);
      const received = await steps.session.receive(message, principal, label);
      const { turn, isNew } = received;
      if (isNew) await orLeft(steps, turn, () => steps.ledger.append(receivedEntry(turn, message.session)));
      return received;
    },

    run: (turn, session, io) => orLeft(steps, turn, () => runTurn(steps, turn, session, io)),
  };
}

/** A stored turn that fails on its way is nobody's any more: whoever recovers turns has to know. */
async function orLeft<Sender, T>(steps: PipelineSteps<Sender>, turn: TurnRow, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    steps.left(turn.id);
    throw thrown;
  }
}

async function runTurn<Sender>(
  steps: PipelineSteps<Sender>,
  turn: TurnRow,
  session: SessionRow,
  io: TurnIo,
): Promise<TurnResult> {
  const emit = guarded(steps, io.emit);
  // Recorded first: beginnings are counted, and one that could not be recorded was none.
  await steps.ledger.append(turnEntry(turn, session, BEGUN));
  await steps.session.begin(turn.id);
  emit({ type: "turn.started", turn: turn.id, session: session.id, model: steps.model(session) });
  const { stop, label, usage, ...outcome } = await think(steps, turn, session, { emit, signal: io.signal });
  const text = steps.outbound.text(withReport(stop, outcome.text, outcome.fault));
  const result = stop === "done" ? "ok" : stop;
  await steps.ledger.append(turnEntry(turn, session, { kind: "turn", what: "turn.finished", result }));
  await steps.session.finish(turn.id, stop, text);
  emit({ type: "turn.finished", turn: turn.id, stop, text, usage });
  return { turn: turn.id, stop, text, label, usage };
}

/** Whoever asks again, after the stream is gone, reads how it ended too. */
function withReport(stop: TurnStop, text: string, fault: Fault | undefined): string {
  if (fault !== undefined) return `${text}${text === "" ? "" : "\n\n"}${fault.message} (hint: ${fault.hint})`;
  return text === "" && stop !== "done" ? `this request ended before it was answered: ${stop}` : text;
}

/** The agent's part of a turn; a fault in it ends the turn with a clear word, not the process. */
async function think<Sender>(
  steps: PipelineSteps<Sender>,
  turn: TurnRow,
  session: SessionRow,
  io: TurnIo,
): Promise<AgentOutcome> {
  try {
    const items = await steps.session.items(turn);
    const tools = steps.tools(session, turn.principal);
    const origin = originOf(turn, session);
    const act = (calls: readonly ProposedCall[], context: readonly ContextItem[]): Promise<readonly CallResult[]> =>
      actInOrder(steps, { turn, origin, calls, context }, io);
    const outcome = await steps.agent({ turn, session, items, tools, act, ...io });
    if (outcome.fault !== undefined) await recordFault(steps.ledger, outcome.fault, turn, session);
    return outcome;
  } catch (thrown) {
    const fault = toFault(thrown);
    await recordFault(steps.ledger, fault, turn, session);
    io.emit({ type: "fault", ...fault.toJSON() });
    const stop: TurnStop = io.signal.aborted ? "stopped" : "failed";
    return { stop, text: "", label: turn.label, usage: NO_USAGE, fault };
  }
}

type Batch = {
  readonly turn: TurnRow;
  readonly origin: Origin;
  readonly calls: readonly ProposedCall[];
  readonly context: readonly ContextItem[];
};

/** One after the other: what the first did is a fact by the time the second is judged. */
async function actInOrder<Sender>(
  steps: PipelineSteps<Sender>,
  batch: Batch,
  io: TurnIo,
): Promise<readonly CallResult[]> {
  const results: CallResult[] = [];
  for (const call of batch.calls) {
    io.emit({ type: "call.proposed", call: call.id, tool: call.tool, arguments: call.arguments });
    const proposal = steps.proposal(call, batch.turn, batch.origin, batch.context);
    results.push(await steps.gate(proposal, io));
  }
  return results;
}

/**
 * Nothing reaches a listener but through `outbound`. Text and output come in pieces, and a secret may lie across two:
 * each stream is let go by one that holds back what may yet turn out to be one.
 */
function guarded<Sender>(steps: PipelineSteps<Sender>, emit: (event: TurnEvent) => void): (event: TurnEvent) => void {
  const streams = new Map<string, { readonly push: (delta: string) => string; readonly end: () => string }>();
  const push = (key: string, delta: string, wrap: (text: string) => TurnEvent): void => {
    const stream = streams.get(key) ?? steps.outbound.stream();
    streams.set(key, stream);
    const ready = stream.push(delta);
    if (ready !== "") emit(wrap(ready));
  };
  const flush = (key: string, wrap: (text: string) => TurnEvent): void => {
    const rest = streams.get(key)?.end() ?? "";
    streams.delete(key);
    if (rest !== "") emit(wrap(rest));
  };
  return (event) => {
    if (event.type === "text") return push("text", event.delta, (delta) => ({ type: "text", delta }));
    if (event.type === "call.output") return push(event.stream, event.text, (text) => ({ ...event, text }));
    if (event.type === "call.finished") {
      for (const stream of ["stdout", "stderr"] as const) {
        flush(stream, (text) => ({ type: "call.output", call: event.call, stream, text }));
      }
    }
    flush("text", (delta) => ({ type: "text", delta }));
    return emit(steps.outbound.event(event));
  };
}

export function originOf(turn: TurnRow, session: SessionRow): Origin {
  const { id, agent, channel, room } = session;
  return { session: id, turn: turn.id, agent, channel, ...(room === undefined ? {} : { room }) };
}

export function receivedEntry(turn: TurnRow, session: SessionRow): LedgerEntry {
  return turnEntry(turn, session, RECEIVED);
}

type Step = { readonly kind: LedgerEntry["kind"]; readonly what: string; readonly result: string };

function turnEntry(turn: TurnRow, session: SessionRow, step: Step): LedgerEntry {
  const { trust, confidentiality } = turn.label;
  return {
    ...step,
    who: turn.principal.person,
    target: session.channel,
    session: session.id,
    turn: turn.id,
    data: { trust, confidentiality, characters: turn.text.length, ...cameThrough(turn.principal) },
  };
}

function cameThrough({ within }: Principal): JsonObject {
  return within === undefined ? {} : { within: within.map(({ agent, channel }) => `${agent}/${channel}`) };
}

async function recordFault(ledger: Ledger, fault: Fault, turn: TurnRow, session: SessionRow): Promise<void> {
  // Where the ledger itself is what failed, the turn has stopped already: that is all that can be done.
  if (fault.code === "LEDGER_UNAVAILABLE") return;
  await ledger.append(turnEntry(turn, session, { kind: "fault", what: `fault.${fault.code}`, result: "failed" }));
}
