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
import type { ContextItem } from "../../core/item.ts";
import type { Label } from "../../core/label.ts";
import { openPermitOffice } from "../../core/permit.ts";
import type { Principal } from "../../core/person.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Random } from "../../core/ports/random.ts";
import type { SessionRow, Store, TurnRow } from "../../core/ports/store.ts";
import { createGate, type Gate } from "../../gate.ts";
import { createPipeline, originOf, type AgentOutcome, type AgentTurn, type Pipeline } from "../../pipeline.ts";
import { runAgent } from "../../steps/agent/agent.ts";
import type { ApprovalDesk } from "../../steps/approval/desk.ts";
import type { Endorsements } from "../../steps/label/endorsements.ts";
import { labelRefusal, labelResult } from "../../steps/label/label.ts";
import type { Outbound } from "../../steps/outbound/outbound.ts";
import { createRun, type Effector } from "../../steps/run/run.ts";
import { derived } from "../../steps/session/place.ts";
import type { Sessions } from "../../steps/session/session.ts";
import { CATALOGUE } from "../../tools/catalogue.ts";
import type { BudgetSettings, QuarantineSettings } from "../config/settings.ts";
import type { Halt } from "../halt.ts";
import type { Helpers } from "../helpers.ts";
import type { Metrics } from "../metrics.ts";
import { type Asker, recordUse } from "./asker.ts";
import type { Budgets } from "./budgets.ts";
import { actAround } from "./around.ts";
import { endorse } from "./endorsing.ts";
import type { Kit } from "./kits.ts";
import type { Presence, Reachable } from "./people.ts";
import { judgeByPlan, type PlannerParts } from "./planner.ts";
import { putQuestion } from "./questions.ts";
import { incoming, readable } from "./reading.ts";

/** Who a message is from, once a door or another session has said so. */
export type Sender =
  /** A person at a door, with the trust of his token at most. */
  | { readonly kind: "person"; readonly principal: Principal }
  /** A person who proposes one call himself: no model is asked. */
  | { readonly kind: "call"; readonly principal: Principal }
  /** Text from another session or a schedule: the label of what it was made from, the principal whose turn it was. */
  | { readonly kind: "elsewhere"; readonly principal: Principal; readonly label: Label };

export type EngineParts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  readonly sessions: Sessions;
  readonly helpers: Helpers;
  readonly desk: ApprovalDesk;
  readonly presence: Presence;
  readonly halt: Halt;
  readonly metrics: Metrics;
  readonly budgets: Budgets;
  readonly budgetSettings: BudgetSettings;
  readonly outbound: Outbound;
  readonly effectors: ReadonlyMap<string, Effector>;
  readonly asker: Asker;
  readonly planner: PlannerParts;
  readonly held: HeldValues;
  readonly endorsements: Endorsements;
  readonly quarantine: QuarantineSettings;
  readonly kitOf: (agent: SessionRow["agent"]) => Kit;
  /** Told of a stored turn that could not go on. */
  readonly left: (turn: TurnId) => void;
  /** The owner: whose data an unlabelled private value is. */
  readonly owner: string;
  /** Whether the configuration leaves this channel on. */
  readonly channelState: (channel: string) => "on" | "off";
};

export type Engine = { readonly pipeline: Pipeline<Sender>; readonly gate: Gate };

/** Newest items of a session that a model request is chosen from. */
const HISTORY = 400;

export function createEngine(parts: EngineParts): Engine {
  const waits = new Map<TurnId, number>();
  const gate = createEngineGate(parts, waits);
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
    agent: (turn) => think(parts, turn, waits),
    tools: ({ agent, channel }, { within }) => parts.kitOf(agent).offered(channel, within),
    proposal: (call, turn, origin, context) => ({
      ...call,
      ...declarationOf(call.tool),
      principal: turn.principal,
      origin,
      context,
      cwd: parts.kitOf(origin.agent).workspace,
    }),
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

function createEngineGate(parts: EngineParts, waits: Map<TurnId, number>): Gate {
  const { clock, random, helpers, presence, metrics } = parts;
  const office = openPermitOffice({
    clock,
    random,
    signer: helpers.signer,
    confirms: (receipt, call, digest) =>
      helpers.ledger.gave(receipt) &&
      receipt.entry.kind === "prepared" &&
      receipt.entry.call === call &&
      receipt.entry.data?.["digest"] === digest,
  });
  const judgeOf = (proposal: Proposal): Kit["judge"] => parts.kitOf(proposal.origin.agent).judge;
  const waited = (proposal: Proposal, ms: number): void => {
    waits.set(proposal.origin.turn, (waits.get(proposal.origin.turn) ?? 0) + ms);
  };
  const nowMs = (): number => clock.monotonicMs();
  const doors = (): readonly Reachable[] => presence.reachable();
  const { endorsements } = parts;
  const { ledger } = helpers;
  const questions = { desk: parts.desk, ledger, waited, nowMs, doors, endorsements };
  const run = createRun(office, parts.effectors);
  return createGate({
    judge: async (proposed) => {
      // As everything counts at this moment: an endorsement that was taken back meanwhile is none.
      const context = endorsements.counted(proposed.origin.session, proposed.context);
      const proposal = { ...proposed, context };
      const judged = await judgeByPlan(parts.planner, judgeOf(proposal), proposal, { reachable: presence.reachable() });
      metrics.call(proposal.declaration === undefined ? "unknown" : proposal.tool, judged.decision.verdict);
      return judged;
    },
    approve: (proposal, judged, io) => putQuestion(questions, proposal, judged, io),
    endorse: (proposal, endorsing) => endorse({ endorsements, ledger, clock }, proposal, endorsing),
    ledger,
    calls: parts.store.sessions,
    office,
    run: async (permit, request) => {
      const startedMs = nowMs();
      try {
        return await run(permit, request);
      } finally {
        metrics.callSeconds(request.proposal.tool, (nowMs() - startedMs) / 1000);
      }
    },
    label: (proposal, facts, recorded) => labelResult(proposal, facts, recorded, parts.owner),
    labelRefusal: (facts) => labelRefusal(facts),
    redact: (value) => parts.outbound.value(value),
    incoming: (text, brought) => incoming(parts.outbound, text, brought),
    clock,
    state: () => parts.halt.state(),
  });
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

async function think(parts: EngineParts, turn: AgentTurn, waits: Map<TurnId, number>): Promise<AgentOutcome> {
  const { clock, random, budgets, sessions } = parts;
  const { person } = turn.turn.principal;
  const kit = parts.kitOf(turn.session.agent);
  const startedMs = clock.monotonicMs();
  const asking = { person, origin: originOf(turn.turn, turn.session) };
  let calls = 0;
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
        asCounted: (items) => parts.endorsements.counted(turn.session.id, items),
        emit: turn.emit,
        save: (items) => sessions.add(turn.turn.id, items),
        used: (use) => recordUse(parts, asking, use),
        spentBeside: () => parts.asker.takeSpent(turn.turn.id),
        clock,
        random,
        signal: turn.signal,
        waitedMs: () => waits.get(turn.turn.id) ?? 0,
      },
    );
  } finally {
    const wallMs = Math.round(clock.monotonicMs() - startedMs - (waits.get(turn.turn.id) ?? 0));
    waits.delete(turn.turn.id);
    parts.asker.takeSpent(turn.turn.id);
    await budgets.add(person, { toolCalls: calls, wallMs });
  }
}
