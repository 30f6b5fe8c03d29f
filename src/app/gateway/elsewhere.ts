/**
 * Turns that no door began: a task for another session, a message to one, an
 * answer that comes back, a schedule that is due. Each comes through the same
 * pipeline, under the principal whose turn it was, with the doors that he came
 * through, never with more.
 *
 * @module
 */
import { through } from "../../core/doors.ts";
import { Fault } from "../../core/fault.ts";
import {
  newId,
  parseAgentId,
  parseId,
  parsePersonId,
  type MessageId,
  type PersonId,
  type SessionId,
} from "../../core/ids.ts";
import { type Label, leastTrust } from "../../core/label.ts";
import type { Origin, Principal } from "../../core/person.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Random } from "../../core/ports/random.ts";
import type { ScheduleRow, SessionRow, Store, TurnRow } from "../../core/ports/store.ts";
import type { Conversations } from "../../steps/run/conversations.ts";
import { messageIdOf } from "../../steps/session/place.ts";
import type { Sessions } from "../../steps/session/session.ts";
import { noteOf } from "./engine.ts";
import type { Kit } from "./kits.ts";
import type { Known } from "./people.ts";
import { nextTime, parseWhen } from "./when.ts";

/** Begins a turn that nobody streams; resolves with its reply. */
export type BeginTurn = (begin: {
  readonly session: SessionRow;
  readonly principal: Principal;
  readonly text: string;
  readonly label: Label;
  /** The same name twice is one message. */
  readonly name: string;
}) => Promise<{ readonly text: string; readonly label: Label }>;

export type Notice = {
  readonly to: PersonId;
  readonly from: string;
  readonly text: string;
  /** Where it belongs to; an alert is about the gateway, and belongs to none. */
  readonly session?: SessionId;
};

export type ElsewhereParts = {
  readonly store: Store;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly random: Random;
  readonly kitOf: (agent: SessionRow["agent"]) => Kit;
  readonly people: () => Known;
  readonly begin: BeginTurn;
  /** Tells whoever watches for this person; delivered or not, the text is kept in his conversation. */
  readonly notify: (notice: Notice) => void;
  readonly failed: (thrown: unknown, what: string) => void;
};

/** A session that was spawned may spawn, and so on, this often. */
const DEEPEST = 3;

export function createConversations(parts: ElsewhereParts): Conversations {
  return {
    deliver: async ({ to, text, label, from }) => deliver(parts, { to, text, label, from }),
    async tell({ session, text, label, principal, from }) {
      const target = await parts.store.sessions.get(parseId("ses", session));
      if (target === undefined || !sharesPeer(target, await parts.store.sessions.get(from.session)))
        throw unknownSession(session);
      background(
        parts,
        {
          session: target,
          principal: through(principal, from),
          text,
          label: noted(label, "session", from.session),
          name: `tell ${from.turn} ${text}`,
        },
        undefined,
      );
    },
    async spawn({ agent, text, label, principal: asker, parent }) {
      const principal = through(asker, parent);
      const kit = parts.kitOf(parseAgentId(agent));
      await refuseTooDeep(parts, parent.session);
      const session = await parts.sessions.spawn(parent.session, kit.agent);
      const task = { session, principal, text, label: noted(label, "session", parent.session), name: TASK };
      background(parts, task, async (answer) => answerParent(parts, { principal, session, answer }));
      return session.id;
    },
    async schedule({ when, text, label, principal, from }) {
      const nowMs = parts.clock.wallMs();
      const { stored, nextMs, says } = parseWhen(when, nowMs);
      const id = newId("sch", parts.random);
      await parts.store.schedules.add({
        id,
        agent: from.agent,
        session: from.session,
        principal,
        when: stored,
        text,
        label,
        nextMs,
        createdMs: nowMs,
      });
      return `${says} (${id})`;
    },
  };
}

/** Runs what is due. A schedule is moved on before its turn begins: a crash in between misses one, and runs none twice. */
export async function runDue(parts: ElsewhereParts): Promise<number> {
  const nowMs = parts.clock.wallMs();
  const due = await parts.store.schedules.due(nowMs);
  for (const row of due) {
    await parts.store.schedules.advance(row.id, nextTime(row.when, nowMs));
    const session = await parts.store.sessions.get(row.session);
    if (session === undefined) continue;
    const principal = currentPrincipal(parts, row);
    const label = noted(row.label, "schedule", row.id);
    if (principal === undefined) continue;
    const begin = { session, principal, text: row.text, label, name: `due ${row.id} ${row.nextMs}` };
    // Nobody streams this turn: whoever asked for it would not hear of it otherwise.
    background(parts, begin, async ({ text }) =>
      parts.notify({
        to: principal.person,
        from: `${session.agent}, as scheduled`,
        text: text || row.text,
        session: session.id,
      }),
    );
  }
  return due.length;
}

/** A schedule runs with what its person has now, at most with what he had then; without him it does not run. */
function currentPrincipal(parts: ElsewhereParts, row: ScheduleRow): Principal | undefined {
  const person = parts.people().get(row.principal.person);
  if (person === undefined) return undefined;
  // With the doors that he came through when he made it.
  return { ...row.principal, trust: leastTrust(row.principal.trust, person.trust), roles: person.roles };
}

async function deliver(
  parts: ElsewhereParts,
  message: { readonly to: string; readonly text: string; readonly label: Label; readonly from: Origin },
): Promise<string> {
  const known = [...parts.people().keys()].find((id) => id === message.to.trim().toLowerCase());
  if (known === undefined) {
    throw new Fault("RECIPIENT_UNKNOWN", {
      message: `nobody is known as \`${message.to.slice(0, 80)}\``,
      hint: `send reaches the people of this gateway: ${[...parts.people().keys()].slice(0, 20).join(", ")}`,
    });
  }
  const to = parsePersonId(known);
  const session = await parts.sessions.find({ agent: message.from.agent, channel: "webchat", peer: to });
  const label = noted(message.label, "session", message.from.session);
  const id = messageIdOf(to, "webchat", `deliver ${message.from.turn} ${message.text}`);
  const principal: Principal = { person: to, trust: "none", roles: [] };
  const { turn } = await parts.sessions.receive({ session: session.id, id, principal, text: message.text, label });
  const note = { id: newId("itm", parts.random), from: `session ${message.from.session}`, text: message.text };
  await parts.sessions.add(turn.id, [noteOf(note, label)]);
  await parts.sessions.finish(turn.id, "done", "");
  parts.notify({ to, from: message.from.agent, text: message.text, session: session.id });
  return "kept in the conversation of that person";
}

/** The child's answer comes back as a note in the parent's session: it begins a turn there, so that the work goes on. */
async function answerParent(
  parts: ElsewhereParts,
  done: {
    readonly principal: Principal;
    readonly session: SessionRow;
    readonly answer: { readonly text: string; readonly label: Label };
  },
): Promise<void> {
  const { principal, session, answer } = done;
  const target = session.parent === undefined ? undefined : await parts.store.sessions.get(session.parent);
  if (target === undefined) return;
  const label = noted(answer.label, "session", session.id);
  const text = `the session ${session.id} answers: ${answer.text}`;
  parts.notify({ to: principal.person, from: session.agent, text, session: target.id });
  await parts.begin({ session: target, principal, text, label, name: `answer of ${session.id}` });
}

/** The task of a spawned session that was interrupted and went on: its answer is waited for as before. */
export async function afterResume(
  parts: ElsewhereParts,
  turn: TurnRow,
  session: SessionRow,
  answer: { readonly text: string; readonly label: Label },
): Promise<void> {
  const { principal, message } = turn;
  if (session.parent === undefined || message !== beginId({ principal, session, name: TASK })) return;
  await answerParent(parts, { principal, session, answer });
}

/** Names the one turn that begins a spawned session. */
const TASK = "task";

/** The same name in the same session is the same message. */
export function beginId(begin: Pick<Parameters<BeginTurn>[0], "principal" | "session" | "name">): MessageId {
  const { principal, session, name } = begin;
  return messageIdOf(principal.person, session.channel, `${session.id} ${name}`);
}

function background(
  parts: ElsewhereParts,
  begin: Parameters<BeginTurn>[0],
  then: ((answer: { readonly text: string; readonly label: Label }) => Promise<void>) | undefined,
): void {
  const work = async (): Promise<void> => {
    const answer = await parts.begin(begin);
    await then?.(answer);
  };
  work().catch((thrown: unknown) => parts.failed(thrown, `a turn in session ${begin.session.id}`));
}

/** As it arrives elsewhere: from a session or schedule, with all that it was made from. */
function noted(label: Label, kind: "session" | "schedule", id: string): Label {
  return { ...label, sources: [{ kind, id, trust: label.trust }, ...label.sources].slice(0, 32) };
}

async function refuseTooDeep(parts: ElsewhereParts, from: SessionId): Promise<void> {
  let depth = 0;
  for (
    let at = await parts.store.sessions.get(from);
    at?.parent !== undefined;
    at = await parts.store.sessions.get(at.parent)
  )
    depth += 1;
  if (depth < DEEPEST) return;
  throw new Fault("DENIED", {
    message: `a session may spawn others ${DEEPEST} deep`,
    hint: "do the task here instead",
  });
}

/** Sessions of one person, or of one family of spawned ones, may write to each other; no others (R-CHAN-6). */
function sharesPeer(a: SessionRow, b: SessionRow | undefined): boolean {
  if (b === undefined) return false;
  return (
    a.peer === b.peer || a.parent === b.id || b.parent === a.id || (a.parent !== undefined && a.parent === b.parent)
  );
}

function unknownSession(session: string): Fault {
  return new Fault("SESSION_UNKNOWN", {
    message: `there is no session \`${session.slice(0, 60)}\` of yours`,
    hint: "a session may write to those of the same person",
  });
}
