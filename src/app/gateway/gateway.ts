/**
 * The gateway behind its doors: the port `core/ports/gateway` put together from
 * the engine and what surrounds it. Nothing is decided here.
 *
 * @module
 */
import type { Question } from "../../core/approval.ts";
import type { Endorsement } from "../../core/endorsement.ts";
import { Fault } from "../../core/fault.ts";
import { trustRank } from "../../core/label.ts";
import type { Permission } from "../../core/person.ts";
import type { Caller, Gateway, GatewayStatus, QuestionEvent, Readiness } from "../../core/ports/gateway.ts";
import type { LedgerEntry } from "../../core/ports/ledger.ts";
import type { SessionRow } from "../../core/ports/store.ts";
import type { AccessStep } from "../../steps/access/access.ts";
import { MAIN_AGENT } from "../config/settings.ts";
import type { Chat } from "./chat.ts";
import { unendorse } from "./endorsing.ts";
import type { EngineParts } from "./engine.ts";
import type { Notice } from "./elsewhere.ts";
import { past } from "./past.ts";
import type { Turns } from "./turns.ts";
import { createWatching, type WatchingParts, watchStatusOf } from "./watching.ts";

export type GatewayParts = EngineParts & {
  readonly turns: Turns;
  readonly chat: Chat;
  readonly access: AccessStep;
  readonly version: string;
  readonly readiness: () => Promise<readonly Readiness[]>;
  readonly downgrades: readonly string[];
  readonly weakModels: readonly string[];
  readonly notices: Notices;
  readonly reminders: () => readonly string[];
  readonly reloadSecrets: () => Promise<{ readonly changed: readonly string[]; readonly failed: readonly string[] }>;
  readonly watch: WatchingParts["watch"];
  /** Of the disk that holds the state folder. */
  readonly freeBytes: () => Promise<number>;
};

export type Notices = {
  /** @param unheard `keep`: told to him when he next watches, where nobody listens now. */
  tell(notice: Notice, unheard?: "keep"): void;
  watch(person: string, listener: (notice: Notice) => void, signal: AbortSignal): void;
};

export function createGateway(parts: GatewayParts): Gateway {
  const { desk, metrics, helpers, access, chat } = parts;
  return {
    chat: (caller, request, emit, signal) => chat.chat(need(caller, "chat"), request, emit, signal),
    execute: (caller, request, signal) => chat.execute(need(caller, "execute"), request, signal),
    questions: (caller) => desk.open(need(caller, "approve").person),
    async answer(caller, id, answer, scope) {
      const { person } = need(caller, "approve");
      if (answer === "yes")
        refuseWeaker(
          caller,
          desk.open(person).find((question) => question.id === id),
        );
      desk.answer(id, person, answer, scope);
    },
    async endorse(caller, id, of) {
      const { person, trust } = need(caller, "approve");
      refuseWeaker(
        caller,
        desk.open(person).find((question) => question.id === id),
      );
      desk.endorse(id, person, { ...of, trust });
    },
    endorsements: (caller) => endorsementsOf(parts, need(caller, "approve")),
    async unendorse(caller, { session, item }) {
      const seen = await endorsementsOf(parts, need(caller, "approve"));
      const one = seen.find((other) => other.session === session && other.item === item);
      await unendorse({ ...parts, ledger: helpers.ledger }, caller, one);
    },
    watch: (caller, listener, signal) => watch(parts, caller, listener, signal),
    sessions: async (caller) => (await parts.store.sessions.list()).filter((row) => isOf(row, need(caller, "chat"))),
    history: (caller) => past(parts, need(caller, "chat")),
    searchLog: (caller, query) => {
      need(caller, "read_log");
      return helpers.ledger.search(query);
    },
    status: () => statusOf(parts),
    readiness: () => parts.readiness(),
    async metrics() {
      metrics.gauge("turns_running", parts.turns.running);
      metrics.gauge("approvals_open", desk.size);
      metrics.gauge("ready", (await parts.readiness()).every((control) => control.ready) ? 1 : 0);
      await gaugeWatch(parts);
      return metrics.text();
    },
    stop: (caller, reason) => stop(parts, need(caller, "operate"), reason),
    resume: (caller) => resume(parts, need(caller, "operate")),
    reloadSecrets: async (caller) => {
      need(caller, "configure");
      return parts.reloadSecrets();
    },
    watching: createWatching({ ...parts, may: (caller) => need(caller, "operate") }),
    tokens: access.doors,
  };
}

/** The doors check this too; here it holds for every door that is still to come. */
function need(caller: Caller, permission: Permission): Caller {
  if (caller.permissions.has(permission)) return caller;
  throw new Fault("DENIED", {
    message: `this token may not ${permission}`,
    hint: "ask an operator for a token that may",
  });
}

/** Who was asked at a trusted door is not answered for by his own weaker token. */
function refuseWeaker({ person, trust }: Caller, question: Question | undefined): void {
  if (question === undefined || trustRank(trust) >= trustRank(question.askedAt?.[person] ?? "full")) return;
  throw new Fault("DENIED", {
    message: "this token has less trust than the door at which you were asked",
    hint: "answer at that door",
  });
}

function watch(
  parts: GatewayParts,
  caller: Caller,
  listener: (event: QuestionEvent) => void,
  signal: AbortSignal,
): void {
  const { person, trust, roles, permissions } = caller;
  if (permissions.has("approve")) {
    const leave = parts.presence.arrive({ person, trust, roles });
    signal.addEventListener("abort", leave, { once: true });
    parts.desk.watch(person, listener, signal);
  }
  parts.notices.watch(person, (notice) => listener(eventOf(notice)), signal);
  parts.halt.watch(listener, signal);
}

function eventOf({ from, text, session }: Notice): QuestionEvent {
  return { type: "notice", from, text, ...(session === undefined ? {} : { session }) };
}

async function endorsementsOf(parts: GatewayParts, caller: Caller): Promise<readonly Endorsement[]> {
  const all = parts.endorsements.list();
  if (caller.permissions.has("operate")) return all;
  const own = new Set((await parts.store.sessions.list()).filter((row) => isOf(row, caller)).map(({ id }) => id));
  return all.filter(({ by, session }) => by === caller.person || own.has(session));
}

function isOf(row: SessionRow, caller: Caller): boolean {
  return row.peer.endsWith(`/${encodeURIComponent(caller.person)}`) || row.peer === encodeURIComponent(caller.person);
}

async function statusOf(parts: GatewayParts): Promise<GatewayStatus> {
  const { size, rootHex } = await parts.helpers.ledger.head();
  return {
    version: parts.version,
    halted: parts.halt.state() === "halted",
    model: parts.kitOf(MAIN_AGENT).model.identity,
    sessions: (await parts.store.sessions.list()).length,
    turnsRunning: parts.turns.running,
    approvalsOpen: parts.desk.size,
    ledger: { entries: size, rootHex },
    readiness: await parts.readiness(),
    downgrades: parts.downgrades,
    weakModels: parts.weakModels,
    reminders: parts.reminders(),
    watch: watchStatusOf(parts),
  };
}

async function gaugeWatch({ metrics, ...parts }: GatewayParts): Promise<void> {
  const { alerts, frozen, openIncidents, closeWatchUntilMs } = watchStatusOf(parts);
  metrics.gauge("halted", parts.halt.state() === "halted" ? 1 : 0);
  metrics.gauge("alerts_undelivered", alerts.undelivered);
  metrics.gauge("sessions_frozen", frozen.length);
  metrics.gauge("incidents_open", openIncidents.length);
  metrics.gauge("close_watch", closeWatchUntilMs === null ? 0 : 1);
  metrics.gauge("disk_free_bytes", await parts.freeBytes());
  // Asked last: a ledger that is gone must not keep the rest from being told.
  const head = await parts.helpers.ledger.head().catch(() => undefined);
  if (head !== undefined) metrics.gauge("ledger_entries", head.size);
}

/** Everything ends before anything is written: where the disk is what fails, it has stopped all the same. */
export async function haltAll(parts: HaltParts, by: string, reason: string): Promise<void> {
  const halted = parts.halt.stop({ by, why: reason, atMs: parts.clock.wallMs() });
  parts.desk.closeAll();
  const { helpers, turns, endorsements } = parts;
  await Promise.all([helpers.executor.stopAll(), turns.stopAll(reason), endorsements.clear(), halted]);
}

type HaltParts = Pick<GatewayParts, "halt" | "desk" | "helpers" | "turns" | "clock" | "endorsements">;

async function stop(parts: GatewayParts, caller: Caller, reason: string): Promise<void> {
  const said = parts.outbound.text(reason).slice(0, 500);
  await haltAll(parts, caller.person, said);
  await parts.helpers.ledger.append(stopEntry(caller, "stop.said", { reason: said }));
}

async function resume(parts: GatewayParts, caller: Caller): Promise<void> {
  parts.watch.standing.mayResume();
  await parts.helpers.ledger.append(stopEntry(caller, "stop.ended", {}));
  await parts.halt.resume();
}

function stopEntry(caller: Caller, what: string, data: NonNullable<LedgerEntry["data"]>): LedgerEntry {
  return {
    kind: "stop",
    who: caller.person,
    what,
    target: "gateway",
    result: "ok",
    data: { ...data, token: caller.token },
  };
}

/** Notices that wait for somebody to watch; all of them are in the ledger. */
const KEPT = 20;

/** Who is told what arrives for him while he watches. */
export function createNotices(): Notices {
  const watchers = new Set<{ readonly person: string; readonly listener: (notice: Notice) => void }>();
  const kept: Notice[] = [];
  return {
    tell(notice, unheard) {
      const listening = [...watchers].filter((watcher) => watcher.person === notice.to);
      for (const watcher of listening) watcher.listener(notice);
      if (listening.length > 0 || unheard !== "keep") return;
      kept.push(notice);
      kept.splice(0, Math.max(0, kept.length - KEPT));
    },
    watch(person, listener, signal) {
      for (const notice of kept.filter((one) => one.to === person)) listener(notice);
      for (let i = kept.length - 1; i >= 0; i--) if (kept[i]?.to === person) kept.splice(i, 1);
      const watcher = { person, listener };
      watchers.add(watcher);
      signal.addEventListener("abort", () => watchers.delete(watcher), { once: true });
    },
  };
}
