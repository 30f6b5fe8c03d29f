/**
 * An incident's case file: what is known, what was done, and what has to be
 * done before anything goes on. A file that a person can read; each change of
 * it is recorded in the ledger first.
 *
 * @module
 */
import { z } from "zod";
import { Fault } from "../../core/fault.ts";
import { spelledOut } from "../../core/hidden.ts";

/** What is brought back one by one after everything was stopped. */
export const SERVICES = ["terminal", "webchat", "api", "schedules"] as const;

/** For so long everything is asked and thresholds are lower, after an incident was closed (R-IR-4). */
export const CLOSE_WATCH_MS = 30 * 86_400_000;

export const INCIDENT_ID = /^inc_[0-9a-z]{10,40}$/;

const said = z.strictObject({ by: z.string(), atMs: z.number(), note: z.string() });
const item = z.strictObject({
  id: z.string(),
  says: z.string(),
  done: said.nullable(),
  /** Left out, with a reason. */
  skipped: said.nullable(),
});
const caseFile = z.strictObject({
  version: z.literal(1),
  id: z.string().regex(INCIDENT_ID),
  state: z.enum(["open", "closed"]),
  openedMs: z.number(),
  by: z.string(),
  reason: z.string(),
  /** What it is about: one session, or everything. */
  session: z.string().nullable(),
  call: z.string().nullable(),
  /** Where its timeline begins. */
  sinceMs: z.number(),
  cause: said.nullable(),
  checklist: z.array(item),
  services: z.array(z.strictObject({ name: z.enum(SERVICES), restored: said.nullable() })),
  /** Access tokens that were ended; null: they were not, although they should be. */
  tokensEnded: z.array(z.string()).nullable(),
  /** SHA-256 of the bundle's manifest; null: none was sealed yet. */
  bundle: z.string().nullable(),
  closed: said.nullable(),
});
export type Case = z.output<typeof caseFile>;
export type ChecklistItem = Case["checklist"][number];

/** @throws Fault INCIDENT_UNREADABLE */
export function parseCase(text: string, where: string): Case {
  try {
    return caseFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new Fault("INCIDENT_UNREADABLE", {
      message: `the case file \`${where.slice(-80)}\` cannot be read`,
      hint: "mend it, or put it back from a backup or from `incident.json` of its bundle; until then it counts as open",
      cause,
    });
  }
}

export function writeCase(one: Case): string {
  return `${JSON.stringify(one, null, 2)}\n`;
}

type Draft = Pick<Case, "id" | "openedMs" | "by" | "reason" | "session" | "call" | "sinceMs">;

export function newCase(draft: Draft): Case {
  const isWhole = draft.session === null;
  return {
    version: 1,
    ...draft,
    reason: spelledOut(draft.reason).slice(0, 1_000),
    state: "open",
    cause: null,
    checklist: CHECKLIST.filter((one) => isWhole || !one.ofWhole).map(({ id, says }) => ({
      id,
      says,
      done: null,
      skipped: null,
    })),
    services: isWhole ? SERVICES.map((name) => ({ name, restored: null })) : [],
    // Tokens reach every session of their person; one frozen session does not end them.
    tokensEnded: isWhole ? null : [],
    bundle: null,
    closed: null,
  };
}

/** `ofWhole`: only where everything was stopped. */
const CHECKLIST: readonly { readonly id: string; readonly says: string; readonly ofWhole: boolean }[] = [
  { id: "evidence", says: "the bundle is verified, and a copy of it lies on another machine", ofWhole: false },
  { id: "reach", says: "the reach was read: who was reached has been told, where he has to be", ofWhole: false },
  {
    id: "rotate",
    says: "every key and token that the bundle lists was given out anew, and the old one ended",
    ofWhole: false,
  },
  {
    id: "memory",
    says: "memories, schedules and files that came from it were looked at, and what is bad removed",
    ofWhole: false,
  },
  {
    id: "ledger",
    says: "`vambrace log verify` says intact, with a key and a checkpoint kept elsewhere",
    ofWhole: true,
  },
  {
    id: "good-point",
    says: "program and configuration are from a point that is known to be good (clean installation, `config rollback` or backup)",
    ofWhole: true,
  },
  { id: "sandbox", says: "`vambrace security prove` holds", ofWhole: true },
  { id: "prevention", says: "what would have prevented it is in place", ofWhole: false },
];

export function openItems({ checklist }: Case): readonly ChecklistItem[] {
  return checklist.filter((one) => one.done === null && one.skipped === null);
}

type By = { readonly by: string; readonly atMs: number; readonly note: string };
const written = ({ by, atMs, note }: By): By => ({ by, atMs, note: spelledOut(note).slice(0, 4_000) });

export function withCause(one: Case, cause: By): Case {
  stillOpen(one);
  if (cause.note.trim().length < 10) {
    throw conflict(
      "a cause is a sentence that somebody else understands",
      "say what happened, by which way, and why it was possible",
    );
  }
  return { ...one, cause: written(cause) };
}

/** @throws Fault INCIDENT_CONFLICT for an item that is not on the list, or a skip without a reason. */
export function withItem(one: Case, id: string, how: "done" | "skipped", said: By): Case {
  stillOpen(one);
  if (!one.checklist.some((known) => known.id === id)) {
    throw conflict(
      `there is no \`${id.slice(0, 40)}\` on the checklist`,
      `one of: ${one.checklist.map((known) => known.id).join(", ")}`,
    );
  }
  if (how === "skipped" && said.note.trim() === "")
    throw conflict("what is left out needs a reason", "say it with --note");
  const checklist = one.checklist.map((known) => (known.id === id ? { ...known, [how]: written(said) } : known));
  return { ...one, checklist };
}

/** INVARIANT(cause-first): nothing is brought back before the cause is recorded (R-IR-3). */
export function withService(one: Case, name: string, said: By): Case {
  stillOpen(one);
  needCause(one);
  const service = one.services.find((known) => known.name === name);
  if (service === undefined) {
    const names = one.services.map((known) => known.name);
    throw conflict(
      `there is no service \`${name.slice(0, 40)}\` to bring back`,
      names.length === 0
        ? "this incident is about one session; nothing else was stopped"
        : `one of: ${names.join(", ")}`,
    );
  }
  const services = one.services.map((known) => (known === service ? { ...known, restored: written(said) } : known));
  return { ...one, services };
}

/** @throws Fault INCIDENT_CONFLICT while anything is left to do. */
export function closedCase(one: Case, said: By): Case {
  stillOpen(one);
  needCause(one);
  const left = openItems(one).map((item) => item.id);
  if (left.length > 0) {
    throw conflict(
      `${left.length} of the checklist are not done: ${left.join(", ")}`,
      "`vambrace incident check ID ITEM` ticks one off; with --skip and --note it is left out for a reason",
    );
  }
  const away = one.services.filter((service) => service.restored === null).map((service) => service.name);
  if (away.length > 0) {
    throw conflict(
      `not brought back yet: ${away.join(", ")}`,
      "`vambrace incident restore ID SERVICE` brings one back; look at it before the next",
    );
  }
  if (one.bundle === null) throw conflict("no evidence was kept yet", "`vambrace incident bundle ID` makes it");
  return { ...one, state: "closed", closed: written(said) };
}

function needCause(one: Case): void {
  if (one.cause === null)
    throw conflict(
      "no cause is recorded",
      'nothing goes on before it is: `vambrace incident cause ID "WHAT HAPPENED, AND WHY IT COULD"`',
    );
}

function stillOpen(one: Case): void {
  if (one.state !== "open") throw conflict(`the incident ${one.id} is closed`, "open another one");
}

function conflict(message: string, hint: string): Fault {
  return new Fault("INCIDENT_CONFLICT", { message, hint });
}

/** What all incidents together mean for a gateway. */
export type Stand = {
  readonly open: readonly string[];
  /** Of those about everything: no cause is recorded, so nothing may be resumed. */
  readonly withoutCause: readonly string[];
  readonly servicesOff: ReadonlySet<string>;
  readonly frozenSessions: readonly string[];
  readonly closeWatchUntilMs: number | null;
  /** One about everything is open. */
  readonly wholeOpen: boolean;
  /** When the newest one about everything was opened: what started before it knows nothing of it. */
  readonly newestWholeMs: number;
  readonly unreadable: readonly string[];
};

/** A case that cannot be read counts as open, about everything, without a cause. */
export function standOf(cases: readonly Case[], unreadable: readonly string[], nowMs: number): Stand {
  const open = cases.filter((one) => one.state === "open");
  const whole = open.filter((one) => one.session === null);
  const ends = cases
    .flatMap((one) => (one.closed === null ? [] : [one.closed.atMs + CLOSE_WATCH_MS]))
    .filter((end) => end > nowMs);
  return {
    open: [...open.map((one) => one.id), ...unreadable],
    withoutCause: [...whole.filter((one) => one.cause === null).map((one) => one.id), ...unreadable],
    servicesOff: new Set([
      ...(unreadable.length > 0 ? SERVICES : []),
      ...whole.flatMap((one) =>
        one.services.filter((service) => service.restored === null).map((service) => service.name),
      ),
    ]),
    frozenSessions: open.flatMap((one) => one.session ?? []),
    wholeOpen: whole.length > 0 || unreadable.length > 0,
    closeWatchUntilMs: ends.length === 0 ? null : Math.max(...ends),
    newestWholeMs: Math.max(0, ...cases.filter((one) => one.session === null).map((one) => one.openedMs)),
    unreadable,
  };
}
