/**
 * Wire-up: hands every capability to the one step that needs it. With
 * `wire-kits` and `wire-effectors` the only place where configuration, edges
 * and steps meet.
 *
 * @module
 */
import type { TokenId, TurnId } from "../core/ids.ts";
import { trustRank } from "../core/label.ts";
import type { Gateway } from "../core/ports/gateway.ts";
import type { LedgerEntry } from "../core/ports/ledger.ts";
import type { Store } from "../core/ports/store.ts";
import { openStore } from "../edges/store/open.ts";
import { type AccessStep, createAccess } from "../steps/access/access.ts";
import { ApprovalDesk } from "../steps/approval/desk.ts";
import { openEndorsements } from "../steps/label/endorsements.ts";
import type { Conversations } from "../steps/run/conversations.ts";
import { createSessions } from "../steps/session/session.ts";
import { openBackupSchedule } from "./backup/schedule.ts";
import { bringCliToken } from "./cli-token.ts";
import { budgetSettings, channelEnabled, MAIN_AGENT, peopleOf } from "./config/settings.ts";
import { type Chat, createChat } from "./gateway/chat.ts";
import { afterResume, beginId, createConversations, type ElsewhereParts, runDue } from "./gateway/elsewhere.ts";
import { createEngine, type Engine, type EngineParts } from "./gateway/engine.ts";
import { createGateway, createNotices, haltAll, type Notices } from "./gateway/gateway.ts";
import { createPresence } from "./gateway/people.ts";
import { createTurns, type Turns } from "./gateway/turns.ts";
import { openHalt, writeHalted } from "./halt.ts";
import type { Helpers } from "./helpers.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { createProver, type Prover } from "./readiness.ts";
import { createSandboxProof, type SandboxProof } from "./sandbox-proof.ts";
import type { Keeper } from "./secrets/keeper.ts";
import { createLeftTurns, type LeftTurns, type RecoveryParts, recoverTurns } from "./recovery.ts";
import { noteConfig, type TakeParts, takePending } from "./take-pending.ts";
import { wireEffectors } from "./wire-effectors.ts";
import { OWNER, type WireUp } from "./given.ts";
import { lateConversations, type LateWires } from "./late-wires.ts";
import { wireReading } from "./wire-reading.ts";
import { type Kits, openKits, policyEntry } from "./wire-kits.ts";
import { lifeEntry } from "./wire-records.ts";
import { remindersNow, wireSecrets } from "./wire-secrets.ts";
import { weakModels } from "./weak-models.ts";

export type Wired = {
  readonly gateway: Gateway;
  readonly access: AccessStep;
  readonly store: Store;
  readonly helpers: Helpers;
  /** Runs what is due now. */
  readonly tick: () => Promise<void>;
  /** Tries the controls out; `/readyz` is 503 until they held. */
  readonly prove: () => Promise<void>;
  close(): Promise<void>;
};

/** How long a question waits for a person. */
const QUESTION_MS = 10 * 60_000;

type Record = (entry: LedgerEntry) => Promise<void>;

/** Everything that the doors and the end of the gateway need; each made once. */
type Works = {
  readonly parts: EngineParts;
  readonly engine: Engine;
  readonly chat: Chat;
  readonly turns: Turns;
  readonly notices: Notices;
  readonly elsewhere: ElsewhereParts;
  readonly left: LeftTurns;
  readonly recover: (which: (turn: TurnId) => boolean) => Promise<unknown>;
};

/**
 * The order matters: the store's lock first, then the ledger, then what is recorded in it. While the helpers boot, the
 * policies are read.
 */
export async function wireUp(given: WireUp, starting: Promise<Helpers>, wires: LateWires): Promise<Wired> {
  const metrics = createMetrics();
  const store = await openStore({ dir: given.home.store, clock: given.clock, clean: given.outbound.kept });
  try {
    const [kits, { helpers, sandbox }] = await Promise.all([openKits(given), proving(given, starting)]);
    const record: Record = async (entry) => {
      if (entry.kind === "login") metrics.login(entry.result === "ok" ? "ok" : "failed");
      await helpers.ledger.append(entry);
    };
    const keeper = wireSecrets(given, helpers, record, { metrics, wires });
    return await putTogether(given, { store, helpers, metrics, record, kits, keeper }, sandbox);
  } catch (thrown) {
    await store.close();
    throw thrown;
  }
}

/** The sandbox is tried out while the rest is read; `/readyz` waits for it, and so does whatever runs first. */
async function proving(
  given: WireUp,
  starting: Promise<Helpers>,
): Promise<{ readonly helpers: Helpers; readonly sandbox: SandboxProof }> {
  const bare = await starting;
  const sandbox = createSandboxProof({ ...bare, clock: given.clock });
  sandbox
    .prove()
    .catch((thrown: unknown) => given.log.error("the sandbox could not be proved", { error: String(thrown) }));
  // From here on nobody has the executor that runs unproved.
  return { helpers: { ...bare, executor: sandbox.executor }, sandbox };
}

async function putTogether(given: WireUp, ground: Ground, sandbox: SandboxProof): Promise<Wired> {
  const { store, helpers, record, kits, keeper } = ground;
  const prover = openProver(given, ground, sandbox);
  const { digest: config, downgrades } = given.loaded;
  const weak = weakModels(given.loaded, (agent) => given.modelOf(agent).weak);
  // Before anything is recorded or begun: what was said while nobody ran, a stop too.
  const take = takeParts(given, ground);
  await takePending(
    {
      ...take,
      stop: async (by, reason) => {
        await writeHalted(store.state, { by, reason, atMs: given.clock.wallMs() });
        await (await openEndorsements(store.state)).clear();
      },
    },
    PENDING_MS,
  );
  await noteConfig(take, config);
  await record(lifeEntry(given, "gateway.started", { config, downgrades: [...downgrades], weakModels: [...weak] }));
  for (const kit of kits.all) await record(policyEntry(kit));
  const works = await openWorks(given, ground);
  const access = await openAccess(given, store, record);
  const { parts, turns } = works;
  const withStop: TakeParts = {
    ...take,
    stop: (by, reason) => haltAll({ ...parts, turns }, by, reason),
    secrets: () => keeper.changed(),
  };
  await works.recover(() => true);
  const backups = openBackupSchedule({
    ...given,
    home: given.home.root,
    state: store.state,
    ledger: helpers.ledger,
    log: (line, facts) => given.log.error(line, { ...facts }),
  });
  return {
    gateway: createGateway({
      ...works,
      ...parts,
      access,
      version: given.version,
      readiness: () => prover.now(),
      downgrades,
      weakModels: weak,
      reminders: () => remindersNow(given),
      async reloadSecrets() {
        await takePending(withStop, 0);
        return keeper.reload();
      },
    }),
    access,
    store,
    helpers,
    tick: async () => {
      await takePending(withStop, 0);
      await keeper.tick();
      await works.left.recover();
      if (parts.halt.state() === "running") await runDue(works.elsewhere);
      await backups.tick();
    },
    prove: () => prover.prove(),
    async close() {
      keeper.close();
      parts.desk.closeAll();
      await turns.stopAll("the gateway ends");
      await backups.close();
      // A ledger that is lost must not keep the rest from ending.
      await record(lifeEntry(given, "gateway.stopped", {})).catch((thrown: unknown) =>
        given.log.error("the end could not be recorded", { error: String(thrown) }),
      );
      await helpers.stop();
      await store.close();
    },
  };
}

/** How long a start waits for a command that is changing the configuration. */
const PENDING_MS = 5_000;

function takeParts({ home, outbound }: WireUp, { store, helpers }: Ground): Omit<TakeParts, "stop" | "secrets"> {
  return { home: home.root, ledger: helpers.ledger, state: store.state, redact: (value) => outbound.value(value) };
}

type Ground = {
  readonly store: Store;
  readonly helpers: Helpers;
  readonly metrics: Metrics;
  readonly record: Record;
  readonly kits: Kits;
  readonly keeper: Keeper;
};

async function openWorks(given: WireUp, { store, helpers, metrics, kits }: Ground): Promise<Works> {
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
    channelState: (channel) => (channelEnabled(loaded.config, channel) ? "on" : "off"),
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

async function openAccess(given: WireUp, store: Store, record: Record): Promise<AccessStep> {
  const people = peopleOf(given.loaded.config);
  const { clock, random } = given;
  const own: { id?: TokenId } = {};
  const access = createAccess({
    store: store.tokens,
    clock,
    random,
    record,
    persons: () => people,
    // By id, which the gateway chose: a name is the caller's word.
    channelOf: (row) => (row.id === own.id ? "terminal" : "api"),
  });
  own.id = await bringCliToken(given.home, store, access.tokens);
  return access;
}

function openProver(given: WireUp, { kits, helpers, store }: Ground, sandbox: SandboxProof): Prover {
  const { policies } = kits.of(MAIN_AGENT).judge;
  return createProver({
    helpers,
    sandbox,
    clock: given.clock,
    tryStore: () => store.state.set("readiness", { atMs: given.clock.wallMs() }),
    policies: () => ({ count: policies.policies.size, digest: policies.digest }),
    model: () => given.modelOf(MAIN_AGENT).why,
  });
}
