/**
 * The engine: pipeline and gate with every step put in its place. Here the
 * steps meet; none of them knows another.
 *
 * @module
 */
import { basisOf, withOwn } from "../../core/basis.ts";
import type { Proposal } from "../../core/call.ts";
import { Fault } from "../../core/fault.ts";
import { type ItemId, newId, type TurnId } from "../../core/ids.ts";
import type { HeldValues } from "../../core/held.ts";
import type { ContextItem, ProposedCall } from "../../core/item.ts";
import type { Label } from "../../core/label.ts";
import type { Origin, Principal } from "../../core/person.ts";
import type { SessionRow, TurnRow } from "../../core/ports/store.ts";
import type { Gate } from "../../gate.ts";
import { createPipeline, originOf, type AgentOutcome, type AgentTurn, type Pipeline } from "../../pipeline.ts";
import { runAgent } from "../../steps/agent/agent.ts";
import { derived } from "../../steps/session/place.ts";
import type { Sessions } from "../../steps/session/session.ts";
import { CATALOGUE } from "../../tools/catalogue.ts";
import type { BudgetSettings, QuarantineSettings } from "../config/settings.ts";
import { type Asker, recordUse } from "./asker.ts";
import type { Budgets } from "./budgets.ts";
import { actAround } from "./around.ts";
import { createEngineGate, createEngineTogether, type GateParts } from "./engine-gate.ts";
import { readable } from "./reading.ts";
import type { Together } from "./together.ts";
import { createWaits, type Waits } from "./waits.ts";

/** Who a message is from, once a door or another session has said so. */
export type Sender =
  /** A person at a door, with the trust of his token at most. */
  | { readonly kind: "person"; readonly principal: Principal }
  /** A person who proposes one call himself: no model is asked. */
  | { readonly kind: "call"; readonly principal: Principal }
  /** Text from another session or a schedule: the label of what it was made from, the principal whose turn it was. */
  | { readonly kind: "elsewhere"; readonly principal: Principal; readonly label: Label };

export type EngineParts = GateParts & {
  readonly sessions: Sessions;
  readonly budgets: Budgets;
  readonly budgetSettings: BudgetSettings;
  readonly asker: Asker;
  readonly held: HeldValues;
  readonly quarantine: QuarantineSettings;
  /** Told of a stored turn that could not go on. */
  readonly left: (turn: TurnId) => void;
  /** Whether the configuration leaves this channel on. */
  readonly channelState: (channel: string) => "on" | "off";
};

export type Engine = { readonly pipeline: Pipeline<Sender>; readonly gate: Gate };

/** Newest items of a session that a model request is chosen from. */
const HISTORY = 400;

export function createEngine(parts: EngineParts): Engine {
  const waits = createWaits();
  const together = createEngineTogether(parts);
  const gate = createEngineGate(parts, waits, together);
  const pipeline = createPipeline<Sender>({
    access: async (sender, session) => admit(parts, sender, session),
    session: {
      receive: (message, principal, label) =>
        parts.sessions.receive({
          session: message.session.id,
          id: message.id,
          principal,
          text: readable(parts.outbound, message, label),
          label,
        }),
      begin: (turn) => parts.sessions.begin(turn),
      items: (turn) => itemsOf(parts, turn),
      finish: (turn, stop, reply) => parts.sessions.finish(turn, stop, reply),
    },
    agent: (turn) => think(parts, turn, { waits, together }),
    tools: ({ agent, channel }, { within }) => parts.kitOf(agent).offered(channel, within),
    proposal: (call, turn, origin, context) => proposalOf(parts, call, { turn, origin, context }),
    gate,
    outbound: { ...parts.outbound, text: (text) => parts.outbound.reply(text) },
    ledger: parts.helpers.ledger,
    model: (session) => parts.kitOf(session.agent).model.identity,
    left: (turn) => parts.left(turn),
  });
  return { pipeline, gate };
}

/**
 * Whether an interrupted turn may be given to the model again. One call that a person proposed was never the model's,
 * and a message that was only delivered asks for nothing.
 */
export function mayGoOn({ label, principal }: TurnRow): boolean {
  return label.sources[0]?.kind !== ONE_CALL && principal.trust !== "none";
}

const ONE_CALL = "api";

function proposalOf(
  parts: EngineParts,
  call: ProposedCall,
  made: { readonly turn: TurnRow; readonly origin: Origin; readonly context: readonly ContextItem[] },
): Proposal {
  const { turn, origin, context } = made;
  const cwd = parts.kitOf(origin.agent).workspace;
  return { ...call, ...declarationOf(call.tool), principal: turn.principal, origin, context, cwd };
}

/** Of the tools that ship; for any other the judge has the operator's declaration, or none. */
function declarationOf(tool: string): Pick<Proposal, "declaration"> {
  const declaration = CATALOGUE.get(tool)?.declaration;
  return declaration === undefined ? {} : { declaration };
}

async function admit(
  parts: EngineParts,
  sender: Sender,
  session: SessionRow,
): Promise<{ principal: Principal; label: Label }> {
  if (parts.halt.state() === "halted") {
    throw new Fault("HALTED", {
      message: "everything is stopped",
      hint: "an operator can start again with `vambrace resume`",
    });
  }
  if (parts.freeze.isFrozen(session.id)) {
    throw new Fault("SESSION_FROZEN", {
      message: "this session is frozen: nothing is taken in it",
      hint: "an operator can let it go with `vambrace thaw SESSION`",
    });
  }
  const { principal } = sender;
  if (principal.trust === "none") {
    throw new Fault("DENIED", {
      message: "nobody without trust may talk to the agent",
      hint: "ask the owner to add you under `people`",
    });
  }
  if (sender.kind === "elsewhere") return { principal, label: sender.label };
  refuseOff(parts, [session.channel, ...(principal.within ?? []).map((door) => door.channel)]);
  const { person, trust } = principal;
  const audience = { kind: "persons", persons: [person] } as const;
  const id = session.channel === "api" ? `${person} (api)` : person;
  const kind = sender.kind === "call" ? ONE_CALL : "person";
  return { principal, label: { trust, confidentiality: "private", audience, sources: [{ kind, id, trust }] } };
}

function refuseOff(parts: EngineParts, channels: readonly string[]): void {
  const off = channels.find((channel) => parts.channelState(channel) !== "on");
  if (off === undefined) return;
  throw new Fault("DENIED", {
    message: `the channel ${off} is turned off`,
    hint: `set \`channels.${off}.enabled: true\` in the configuration`,
  });
}

/** The history of the session and this turn's own message, which is kept with it the first time it is asked for. */
async function itemsOf(parts: EngineParts, turn: TurnRow): Promise<readonly ContextItem[]> {
  // Begun before: others may have run since, and what it is about has to stand last.
  const goesOn = turn.begins === 0 ? undefined : turn.id;
  const history = await parts.sessions.history(turn.session, HISTORY, goesOn);
  const message = messageItem(turn);
  if (history.some((item) => item.id === message.id)) return history;
  await parts.sessions.add(turn.id, [message]);
  return [...history, message];
}

/** Its id follows from the turn's: a crash in between adds it once. Text from elsewhere is a note: it names nothing for anybody. */
function messageItem(turn: TurnRow): ContextItem {
  const id = newId("itm", derived(["message", turn.id]));
  const from = turn.label.sources[0];
  if (from?.kind === "person")
    return { kind: "person", id, person: turn.principal.person, text: turn.text, label: turn.label };
  const name = from === undefined ? "elsewhere" : `${from.kind} ${from.id}`;
  return noteOf({ id, from: name, text: turn.text }, turn.label);
}

/** A note was made of nothing in this session: its label is its own. */
export function noteOf(
  { id, from, text }: { readonly id: ItemId; readonly from: string; readonly text: string },
  label: Label,
): ContextItem {
  return { kind: "note", id, from, text, label, ...withOwn(basisOf([]), { id, text }, label) };
}

type Thinking = { readonly waits: Waits; readonly together: Together };

async function think(parts: EngineParts, turn: AgentTurn, { waits, together }: Thinking): Promise<AgentOutcome> {
  const { clock, random, budgets, sessions } = parts;
  const { person } = turn.turn.principal;
  const kit = parts.kitOf(turn.session.agent);
  const startedMs = clock.monotonicMs();
  const asking = { person, origin: originOf(turn.turn, turn.session) };
  let calls = 0;
  const metered = waits.meter(turn.turn.id);
  try {
    return await runAgent(
      {
        turn: turn.turn.id,
        session: turn.session.id,
        system: kit.system,
        items: turn.items,
        tools: turn.tools,
        budget: { ...parts.budgetSettings, maxContextTokens: kit.contextTokens, ...(await budgets.left(person)) },
      },
      {
        modelFor: (label) => kit.modelFor(label),
        act: (proposed, context) => {
          calls += proposed.length;
          return actAround(parts, turn, proposed, context);
        },
        together: (calls, context, work) => {
          const made = { turn: turn.turn, origin: asking.origin, context };
          const proposals = calls.map((call) => proposalOf(parts, call, made));
          return together.within(turn.turn.id, proposals, work);
        },
        asCounted: (items) => parts.endorsements.counted(turn.session.id, items),
        emit: turn.emit,
        save: (items) => sessions.add(turn.turn.id, items),
        used: (use) => recordUse(parts, asking, use),
        spentBeside: () => parts.asker.takeSpent(turn.turn.id),
        clock,
        random,
        signal: turn.signal,
        waitedMs: metered.waitedMs,
      },
    );
  } finally {
    const wallMs = Math.round(clock.monotonicMs() - startedMs - metered.waitedMs());
    metered.end();
    parts.asker.takeSpent(turn.turn.id);
    await budgets.add(person, { toolCalls: calls, wallMs });
  }
}
