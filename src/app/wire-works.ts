/**
 * Works: the moving parts of a gateway, each made once.
 *
 * @module
 */
import type { TurnId } from "../core/ids.ts";
import { trustRank } from "../core/label.ts";
import type { LedgerEntry } from "../core/ports/ledger.ts";
import type { Store } from "../core/ports/store.ts";
import { ApprovalDesk } from "../steps/approval/desk.ts";
import { openEndorsements } from "../steps/label/endorsements.ts";
import type { Conversations } from "../steps/run/conversations.ts";
import { createSessions } from "../steps/session/session.ts";
import { budgetSettings, channelEnabled, peopleOf } from "./config/settings.ts";
import { type Chat, createChat } from "./gateway/chat.ts";
import { afterResume, beginId, createConversations, type ElsewhereParts } from "./gateway/elsewhere.ts";
import { createEngine, type Engine, type EngineParts } from "./gateway/engine.ts";
import { createNotices, type Notices } from "./gateway/gateway.ts";
import { createPresence } from "./gateway/people.ts";
import { createTurns, type Turns } from "./gateway/turns.ts";
import { openHalt } from "./halt.ts";
import type { Helpers } from "./helpers.ts";
import type { Metrics } from "./metrics.ts";
import type { Keeper } from "./secrets/keeper.ts";
import { createLeftTurns, type LeftTurns, type RecoveryParts, recoverTurns } from "./recovery.ts";
import { wireEffectors } from "./wire-effectors.ts";
import { OWNER, type WireUp } from "./given.ts";
import { lateConversations } from "./late-wires.ts";
import { wireReading } from "./wire-reading.ts";
import type { Kits } from "./wire-kits.ts";
import type { Watch } from "./wire-watch.ts";

/** How long a question waits for a person. */
const QUESTION_MS = 10 * 60_000;

export type Record = (entry: LedgerEntry) => Promise<void>;

/** Everything that the doors and the end of the gateway need; each made once. */
export type Works = {
  readonly parts: EngineParts;
  readonly engine: Engine;
  readonly chat: Chat;
  readonly turns: Turns;
  readonly notices: Notices;
  readonly elsewhere: ElsewhereParts;
  readonly left: LeftTurns;
  readonly recover: (which: (turn: TurnId) => boolean) => Promise<unknown>;
};

export type Ground = {
  readonly store: Store;
  readonly helpers: Helpers;
  readonly metrics: Metrics;
  readonly record: Record;
  readonly kits: Kits;
  readonly keeper: Keeper;
  readonly watch: Watch;
};

export async function openWorks(given: WireUp, { store, helpers, metrics, kits, watch }: Ground): Promise<Works> {
  const { loaded, clock, random } = given;
  const settings = budgetSettings(loaded.config);
  const turns = createTurns();
  const notices = createNotices();
  // The one knot: what tools reach others with needs the engine, and the engine needs the tools.
  const late: { conversations?: Conversations; recover?: Works["recover"] } = {};
  const left = createLeftTurns({
    ready: () => helpers.ledger.head(),
    isRunning: (turn) => turns.isRunning(turn),
    recover: async (which) => late.recover?.(which),
  });
  const reading = wireReading(given, { store, helpers, metrics, kits });
  const reach = { conversations: lateConversations(late), owner: OWNER };
  const effectors = wireEffectors({ given, store, helpers, ...reach, ...reading });
  const halt = await openHalt(store.state);
  const parts: EngineParts = {
    clock,
    random,
    store,
    sessions: createSessions({ store: store.sessions, clock, random, dmScope: loaded.config.session.dmScope }),
    helpers,
    desk: new ApprovalDesk({ clock, random, lifeMs: QUESTION_MS }),
    presence: createPresence(trustRank),
    halt,
    freeze: watch.freeze,
    endorsements: await openEndorsements(store.state),
    planner: reading.plannerOf(() => halt.signal()),
    metrics,
    ...reading,
    budgetSettings: settings,
    outbound: given.outbound,
    effectors,
    kitOf: (agent) => kits.of(agent),
    left: (turn) => left.add(turn),
    owner: OWNER,
    channelState: (channel) =>
      channelEnabled(loaded.config, channel) && !watch.standing.isOff(channel) ? "on" : "off",
  };
  const engine = createEngine(parts);
  const chat = createChat({ ...parts, engine, turns });
  const elsewhere = openElsewhere(given, { parts, engine, chat, notices });
  late.conversations = createConversations(elsewhere);
  const recovery = openRecovery(given, { parts, chat, elsewhere });
  late.recover = (which) => recoverTurns(recovery, which);
  return { parts, engine, chat, turns, notices, elsewhere, left, recover: late.recover };
}

function openRecovery(
  given: WireUp,
  { parts, chat, elsewhere }: Pick<Works, "parts" | "chat" | "elsewhere">,
): RecoveryParts {
  return {
    sessions: parts.sessions,
    ledger: parts.helpers.ledger,
    sessionOf: (turn) => parts.store.sessions.get(turn.session),
    resume: async (turn, session) => afterResume(elsewhere, turn, session, await chat.run(turn, session)),
    report: ({ principal: { person }, session }, text) =>
      elsewhere.notify({ to: person, from: "gateway", text, session }),
    log: (line) => given.log.warn(line),
  };
}

function openElsewhere(given: WireUp, works: Pick<Works, "parts" | "engine" | "chat" | "notices">): ElsewhereParts {
  const people = peopleOf(given.loaded.config);
  const { parts, engine, chat, notices } = works;
  return {
    ...parts,
    people: () => people,
    begin: async ({ session, principal, text, label, name }) => {
      const id = beginId({ principal, session, name });
      const sender = { kind: "elsewhere", principal, label } as const;
      const { turn } = await engine.pipeline.receive({ id, sender, session, text });
      // The label of what it answers, not of what it was asked: it may have read anything meanwhile.
      const answer = await chat.run(turn, session);
      return { text: answer.text, label: answer.label };
    },
    notify: (notice) => notices.tell(notice),
    failed: (thrown, what) => given.log.error(`${what} failed`, { error: String(thrown) }),
  };
}
