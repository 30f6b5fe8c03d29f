/**
 * What a door may begin: a turn from a message, or one call of its own.
 *
 * @module
 */
import { cameBy } from "../../core/doors.ts";
import { Fault } from "../../core/fault.ts";
import { newId, parseAgentId } from "../../core/ids.ts";
import { canonicalJson, type JsonObject } from "../../core/json.ts";
import type { ContextItem } from "../../core/item.ts";
import type { Label } from "../../core/label.ts";
import type { Principal } from "../../core/person.ts";
import type { Caller, ChatOutcome, ChatRequest, ExecuteOutcome } from "../../core/ports/gateway.ts";
import type { SessionRow, TurnRow } from "../../core/ports/store.ts";
import type { TurnEvent } from "../../core/turn.ts";
import { originOf, type Pipeline } from "../../pipeline.ts";
import { messageIdOf, type Place } from "../../steps/session/place.ts";
import { CATALOGUE } from "../../tools/catalogue.ts";
import { MAIN_AGENT } from "../config/settings.ts";
import { type Engine, type EngineParts, noteOf, type Sender } from "./engine.ts";
import type { Turns } from "./turns.ts";

export type Chat = {
  chat(
    caller: Caller,
    request: ChatRequest,
    emit: (event: TurnEvent) => void,
    signal: AbortSignal,
  ): Promise<ChatOutcome>;
  execute(
    caller: Caller,
    request: { readonly tool: string; readonly arguments: JsonObject },
    signal: AbortSignal,
  ): Promise<ExecuteOutcome>;
  /** Runs a stored turn: one from elsewhere, or one that a crash interrupted. `label` is that of the answer. */
  run(turn: TurnRow, session: SessionRow): Promise<ChatOutcome & { readonly label: Label }>;
};

export type ChatParts = EngineParts & { readonly engine: Engine; readonly turns: Turns };

export function createChat(parts: ChatParts): Chat {
  return {
    async chat(caller, request, emit, signal) {
      const session = await sessionFor(parts, caller, request);
      const { pipeline } = parts.engine;
      const { turn, isNew } = await pipeline.receive({
        id: messageIdOf(caller.person, caller.channel, request.messageId),
        sender: { kind: "person", principal: principalOf(caller, session) },
        session,
        text: request.text,
      });
      if (!isNew) return again(parts, turn, session, emit);
      await parts.sessions.add(
        turn.id,
        (request.history ?? []).map((part) => historyItem(parts, caller, part)),
      );
      const leave = arrive(parts, caller);
      try {
        const { label: _label, ...outcome } = await runTurn(parts, pipeline, { turn, session, emit, signal });
        return outcome;
      } finally {
        leave();
      }
    },
    execute: (caller, request, signal) => execute(parts, caller, request, signal),
    run: (turn, session) =>
      runTurn(parts, parts.engine.pipeline, {
        turn,
        session,
        emit: () => undefined,
        signal: new AbortController().signal,
      }),
  };
}

type Run = {
  readonly turn: TurnRow;
  readonly session: SessionRow;
  readonly emit: (event: TurnEvent) => void;
  readonly signal: AbortSignal;
};

async function runTurn(
  parts: ChatParts,
  pipeline: Pipeline<Sender>,
  run: Run,
): Promise<ChatOutcome & { readonly label: Label }> {
  const { turn, session, emit, signal } = run;
  const ending = AbortSignal.any([parts.halt.signal(), signal]);
  const result = await parts.turns.run(session.id, turn.id, ending, (ended) =>
    pipeline.run(turn, session, { emit, signal: ended }),
  );
  parts.metrics.turn(result.stop);
  return { ...result, session: session.id };
}

/** The same message once more: its answer once more, without doing anything twice. */
async function again(
  parts: ChatParts,
  known: TurnRow,
  session: SessionRow,
  emit: (event: TurnEvent) => void,
): Promise<ChatOutcome> {
  await parts.turns.over(known.id);
  const turn = (await parts.store.sessions.turn(known.id)) ?? known;
  if (turn.state !== "finished") throw notYet();
  const usage = { inputTokens: 0, outputTokens: 0 };
  const outcome = { turn: turn.id, stop: turn.stop ?? "failed", text: turn.reply ?? "", usage } as const;
  if (outcome.text !== "") emit({ type: "text", delta: outcome.text });
  emit({ type: "turn.finished", ...outcome });
  return { ...outcome, session: session.id };
}

/** It is stored and will run, once; it only cannot be waited for here. */
function notYet(): Fault {
  return new Fault("TURN_WAITING", {
    message: "this message is kept and has no answer yet: what it needs is not there now",
    hint: "send it again with the same message id in a moment; it runs once",
  });
}

/** His own conversation on this channel; a caller that brings its own history has one for this request alone. */
async function sessionFor(parts: ChatParts, caller: Caller, request: ChatRequest): Promise<SessionRow> {
  const agent = agentOf(request.agent, parts.kitOf);
  const place: Place = { agent, channel: caller.channel, peer: caller.person };
  if (request.session !== undefined) return parts.sessions.mine(request.session, place);
  return parts.sessions.find(
    request.history === undefined ? place : { ...place, account: `request ${request.messageId}` },
  );
}

function principalOf({ person, trust, roles, channel: door }: Caller, { agent, channel }: SessionRow): Principal {
  return cameBy({ person, trust, roles }, agent, { door, session: channel });
}

/** Whoever waits for an answer at a door can be asked there, if his token may approve. */
function arrive(parts: ChatParts, caller: Caller): () => void {
  const { person, trust, roles, permissions } = caller;
  return permissions.has("approve") ? parts.presence.arrive({ person, trust, roles }) : () => undefined;
}

/** His own earlier words have his trust; what he says that an assistant or a tool said has none. */
function historyItem(parts: ChatParts, caller: Caller, part: NonNullable<ChatRequest["history"]>[number]): ContextItem {
  const id = newId("itm", parts.random);
  const own = part.role === "user";
  const label: Label = {
    trust: own ? caller.trust : "none",
    confidentiality: "private",
    audience: { kind: "persons", persons: [caller.person] },
    sources: [
      {
        kind: own ? "person" : "api",
        id: own ? `${caller.person} (api)` : `an ${part.role} part`,
        trust: own ? caller.trust : "none",
        item: id,
      },
    ],
  };
  if (own) return { kind: "person", id, person: caller.person, text: part.text, label };
  return noteOf({ id, from: `an ${part.role} part that the caller sent`, text: part.text }, label);
}

/** A call that a person proposes himself: a turn of one call, through the same gate. */
async function execute(
  parts: ChatParts,
  caller: Caller,
  request: { readonly tool: string; readonly arguments: JsonObject },
  signal: AbortSignal,
): Promise<ExecuteOutcome> {
  const tool = CATALOGUE.get(request.tool);
  if (tool === undefined)
    throw new Fault("TOOL_UNKNOWN", {
      message: `there is no tool \`${request.tool.slice(0, 60)}\``,
      hint: `one of: ${[...CATALOGUE.keys()].join(", ")}`,
    });
  const args = tool.parse(request.arguments);
  const session = await sessionFor(parts, caller, { messageId: "execute", text: "", history: [] });
  const text = `${request.tool} ${canonicalJson(args)}`;
  const { turn } = await parts.engine.pipeline.receive({
    id: newId("msg", parts.random),
    sender: { kind: "call", principal: principalOf(caller, session) },
    session,
    text,
  });
  const id = newId("call", parts.random);
  const words = ownWords(turn, caller);
  const context: readonly ContextItem[] = [
    { kind: "person", id: newId("itm", parts.random), person: caller.person, text, label: words },
  ];
  const { workspace: cwd } = parts.kitOf(session.agent);
  const ending = AbortSignal.any([parts.halt.signal(), signal]);
  let says = "";
  let because: readonly string[] = [];
  const emit = (event: TurnEvent): void => {
    if (event.type === "call.decided") ({ says, because } = event);
  };
  try {
    await parts.sessions.begin(turn.id);
    const result = await parts.turns.run(session.id, turn.id, ending, (ended) =>
      parts.engine.gate(
        {
          id,
          tool: request.tool,
          arguments: args,
          declaration: tool.declaration,
          principal: turn.principal,
          origin: originOf(turn, session),
          context,
          cwd,
        },
        { emit, signal: ended },
      ),
    );
    await parts.sessions.finish(turn.id, "done", result.text);
    return { call: id, verdict: result.verdict, ok: result.ok, text: result.text, says, because };
  } catch (thrown) {
    // Whether the call ran is for the ledger to say: the turn is recovered, and never run again.
    parts.left(turn.id);
    throw thrown;
  }
}

function ownWords(turn: TurnRow, { person, trust }: Caller): Label {
  return { ...turn.label, sources: [{ kind: "person", id: person, trust }] };
}

/** @throws Fault AGENT_UNKNOWN, ID_MALFORMED */
function agentOf(name: string | undefined, known: (agent: SessionRow["agent"]) => unknown): SessionRow["agent"] {
  const agent = name === undefined ? MAIN_AGENT : parseAgentId(name);
  known(agent);
  return agent;
}
