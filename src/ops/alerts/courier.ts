/**
 * The courier: brings alerts to who has to know, and never lets a receiver
 * hold anything up.
 *
 * Each receiver has a queue of its own that one worker empties. A receiver that
 * stalls is left after a time-out and tried again with growing pauses; what he
 * does not take in the end is a dead letter, recorded and kept. A storm becomes
 * one letter a minute: the first few alone, the rest put together and counted.
 *
 * INVARIANT(never-waited-for): `post` returns at once, whatever the receivers do.
 *
 * @module
 */
import { toFault } from "../../core/fault.ts";
import type { DeadLetter } from "../../core/ports/watching.ts";
import { writeAction } from "./actions.ts";
import { type Alert, plain, textOf, titleOf } from "./alert.ts";
import type { AlertPorts, Letter, Told } from "./ports.ts";

export type CourierLimits = {
  readonly timeoutMs: number;
  readonly tries: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** Single letters to one receiver in a minute. */
  readonly perMinute: number;
};

export const COURIER_LIMITS: CourierLimits = {
  timeoutMs: 10_000,
  tries: 6,
  firstPauseMs: 1_000,
  longestPauseMs: 120_000,
  perMinute: 5,
};

export type Courier = {
  post(to: Told, alert: Alert): void;
  /** One letter, now, without queue and repetition; rejects with why it was not taken. For the test button. */
  once(to: Told, alert: Alert): Promise<void>;
  /** Newest last. */
  dead(): readonly DeadLetter[];
  delivered(): number;
  /** Ends what is under way; what was not brought yet is recorded as not brought. */
  close(): Promise<void>;
};

const MINUTE_MS = 60_000;
/** Alerts that wait for one receiver; more are counted, and their number told. */
const WAITING = 500;
const DEAD = 100;
/** In one letter that puts several together. */
const LISTED = 20;

type Box = {
  readonly to: Told;
  readonly waiting: Alert[];
  /** Alerts that did not fit. */
  lost: number;
  /** When single letters went out in the last minute. */
  sent: number[];
  working: Promise<void> | undefined;
};

type State = {
  readonly ports: AlertPorts;
  readonly limits: CourierLimits;
  readonly boxes: Map<string, Box>;
  readonly dead: DeadLetter[];
  readonly ending: AbortController;
  delivered: number;
};

export function createCourier(ports: AlertPorts, limits: CourierLimits = COURIER_LIMITS): Courier {
  const state: State = { ports, limits, boxes: new Map(), dead: [], ending: new AbortController(), delivered: 0 };
  return {
    post(to, alert) {
      const box = boxOf(state, to);
      if (box.waiting.length >= WAITING) box.lost += 1;
      else box.waiting.push(alert);
      box.working ??= empty(state, box)
        .catch((thrown: unknown) => ports.log("the courier failed", { error: toFault(thrown).message }))
        .finally(() => {
          box.working = undefined;
        });
    },
    async once(to, alert) {
      const signal = AbortSignal.any([state.ending.signal, AbortSignal.timeout(limits.timeoutMs)]);
      await raceTo(signal, ports.tell(to, letterOf([alert], 0, ports.redact), signal));
      state.delivered += 1;
    },
    dead: () => state.dead,
    delivered: () => state.delivered,
    async close() {
      state.ending.abort(new Error("the gateway ends"));
      for (const box of state.boxes.values()) await box.working;
    },
  };
}

function boxOf({ boxes }: State, to: Told): Box {
  const name = writeAction(to);
  const box = boxes.get(name) ?? { to, waiting: [], lost: 0, sent: [], working: undefined };
  boxes.set(name, box);
  return box;
}

async function empty(state: State, box: Box): Promise<void> {
  const { ports, limits } = state;
  const { signal } = state.ending;
  while (box.waiting.length > 0 && !signal.aborted) {
    const taken = await takeNext(box, ports, { limits, signal });
    if (taken === undefined) break;
    const letter = letterOf(taken.alerts, taken.lost, ports.redact);
    const why = await bring(ports, limits, { to: box.to, letter, signal });
    if (why === undefined) state.delivered += taken.alerts.length;
    else await bury(state, box.to, { letter, why });
  }
  if (!signal.aborted || box.waiting.length === 0) return;
  const rest = box.waiting.splice(0);
  const why = "the gateway ended before it could be brought";
  await bury(state, box.to, { letter: letterOf(rest, box.lost, ports.redact), why });
}

async function bury(
  { ports, dead }: State,
  to: Told,
  { letter, why }: { readonly letter: Letter; readonly why: string },
): Promise<void> {
  const name = writeAction(to);
  dead.push({ to: name, subject: letter.subject, why, atMs: ports.clock.wallMs() });
  dead.splice(0, Math.max(0, dead.length - DEAD));
  const rules = [...new Set(letter.alerts.map((one) => one.rule))].slice(0, 20);
  const data = { why, alerts: letter.alerts.length, rules };
  await recorded(ports, {
    kind: "alert",
    who: "gateway",
    what: "alert.undelivered",
    target: name,
    result: "failed",
    data,
  });
}

/** A few alone; then, when the minute has room again, all that came together. Undefined: the gateway ends. */
async function takeNext(
  box: Box,
  { clock }: AlertPorts,
  { limits, signal }: { readonly limits: CourierLimits; readonly signal: AbortSignal },
): Promise<{ readonly alerts: readonly Alert[]; readonly lost: number } | undefined> {
  const now = clock.monotonicMs();
  box.sent = box.sent.filter((at) => at > now - MINUTE_MS);
  const [oldest] = box.sent;
  if (box.sent.length >= limits.perMinute && oldest !== undefined) {
    try {
      await clock.sleep(oldest + MINUTE_MS - now, signal);
    } catch {
      return undefined; // woken because the gateway ends
    }
    box.sent = [];
  }
  box.sent.push(clock.monotonicMs());
  const isStorm = box.waiting.length > limits.perMinute;
  const alerts = box.waiting.splice(0, isStorm ? box.waiting.length : 1);
  const { lost } = box;
  box.lost = 0;
  return { alerts, lost };
}

type Bringing = { readonly to: Told; readonly letter: Letter; readonly signal: AbortSignal };

/** @returns why it was not brought in the end; undefined: it was. */
async function bring(
  ports: AlertPorts,
  limits: CourierLimits,
  { to, letter, signal }: Bringing,
): Promise<string | undefined> {
  let why = "";
  for (let attempt = 1; attempt <= limits.tries; attempt++) {
    const within = AbortSignal.any([signal, AbortSignal.timeout(limits.timeoutMs)]);
    try {
      await raceTo(within, ports.tell(to, letter, within));
      return undefined;
    } catch (thrown) {
      why = plain(ports.redact(whyOf(thrown)));
      if (attempt === limits.tries || signal.aborted) break;
      const pauseMs = Math.min(limits.firstPauseMs * 2 ** (attempt - 1), limits.longestPauseMs);
      try {
        // Half of it by chance: receivers that were down together are not all asked together.
        await ports.clock.sleep(pauseMs * (0.5 + ports.random.uniform() / 2), signal);
      } catch {
        break; // woken because the gateway ends
      }
    }
  }
  return why;
}

/** A receiver whose client does not listen to its signal is left all the same. */
async function raceTo(signal: AbortSignal, work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = (): void =>
    reject(
      new Error(
        signal.reason instanceof Error && signal.reason.name === "TimeoutError" ? "no answer in time" : "ended",
      ),
    );
  if (signal.aborted) leave();
  signal.addEventListener("abort", leave, { once: true });
  work.catch(() => undefined); // whoever lost the race is not heard of twice
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

function whyOf(thrown: unknown): string {
  const { code, message } = toFault(thrown);
  if (code !== "INTERNAL") return message;
  return thrown instanceof Error ? thrown.message : "it was not taken";
}

function letterOf(alerts: readonly Alert[], lost: number, redact: (text: string) => string): Letter {
  const [first] = alerts;
  if (first !== undefined && alerts.length === 1 && lost === 0) {
    return { subject: redact(titleOf(first)), text: redact(textOf(first)), alerts };
  }
  const total = alerts.length + lost;
  const byRule = Map.groupBy(alerts, (alert) => alert.rule);
  const lines = [
    `${total} alerts came together.`,
    "",
    ...[...byRule].map(
      ([rule, all]) => `${String(all.length).padStart(6)}  ${plain(rule, 80)} (${all[0]?.severity ?? ""})`,
    ),
    ...(lost === 0 ? [] : [`${String(lost).padStart(6)}  more, of which only the ledger holds the details`]),
    "",
    ...alerts.slice(0, LISTED).map((alert) => `${new Date(alert.atMs).toISOString()}  ${titleOf(alert)}`),
    ...(alerts.length > LISTED ? [`… and ${alerts.length - LISTED} more: vambrace alerts list`] : []),
  ];
  return { subject: `[vambrace] ${total} alerts`, text: redact(lines.join("\n")), alerts };
}

/** Where it cannot be recorded, the log is all that is left: the alert that says so must go out all the same. */
export async function recorded(ports: AlertPorts, entry: Parameters<AlertPorts["record"]>[0]): Promise<void> {
  try {
    await ports.record(entry);
  } catch (thrown) {
    ports.log("an alert could not be recorded", {
      what: entry.what,
      target: entry.target,
      why: toFault(thrown).message,
    });
  }
}
