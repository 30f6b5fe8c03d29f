/**
 * Sessions: find the conversation that a message belongs to, keep its turns,
 * give the model what was said, and nothing of another session.
 *
 * A message is durable before anything is done about it; a turn goes from
 * received to begun to finished. What a crash interrupted is `recovery.ts`.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import { type AgentId, type MessageId, newId, type SessionId, type TurnId } from "../../core/ids.ts";
import type { ContextItem } from "../../core/item.ts";
import type { Label } from "../../core/label.ts";
import type { Principal } from "../../core/person.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Random } from "../../core/ports/random.ts";
import type { CallHistory, SessionRow, SessionStore, TurnRow } from "../../core/ports/store.ts";
import type { TurnStop } from "../../core/turn.ts";
import { pairResults } from "./history.ts";
import { type DmScope, keyOf, type Place } from "./place.ts";
import { recover, type Recovery, type Witness } from "./recovery.ts";

export type Message = {
  readonly session: SessionId;
  readonly id: MessageId;
  readonly principal: Principal;
  readonly text: string;
  readonly label: Label;
};

export type Sessions = {
  /** The session of a place, opened where it is new. */
  find(place: Place): Promise<SessionRow>;
  /** The session of a place where there is one; none is opened. */
  known(place: Place): Promise<SessionRow | undefined>;
  /** A new session that another one spawned; never one that was there. @throws Fault SESSION_UNKNOWN */
  spawn(parent: SessionId, agent: AgentId): Promise<SessionRow>;
  /** A session by its id, for whoever its place belongs to. @throws Fault SESSION_UNKNOWN for everybody else */
  mine(id: SessionId, place: Place): Promise<SessionRow>;
  /** Makes the message durable. The same message again answers the turn that it made. */
  receive(message: Message): Promise<{ readonly turn: TurnRow; readonly isNew: boolean }>;
  begin(turn: TurnId): Promise<void>;
  add(turn: TurnId, items: readonly ContextItem[]): Promise<void>;
  finish(turn: TurnId, stop: TurnStop, reply: string): Promise<void>;
  /**
   * What the model is shown of a session: the newest `limit` items, oldest first, with their labels; each call
   * followed by its result. To be asked for when a turn begins or resumes, not while its calls run.
   *
   * @param turn the one that goes on: what belongs to it stands last, although others may have run since.
   */
  history(session: SessionId, limit: number, turn?: TurnId): Promise<readonly ContextItem[]>;
  /** For turns that nobody runs now: at start all of them. May be called again: it ends the same. */
  recover(witness: Witness, which: (turn: TurnId) => boolean): Promise<readonly Recovery[]>;
};

export function createSessions(deps: {
  readonly store: SessionStore & CallHistory;
  readonly clock: Clock;
  readonly random: Random;
  readonly dmScope: DmScope;
}): Sessions {
  const { store, clock, random, dmScope } = deps;
  return {
    find: async (place) => store.open(keyOf(place, dmScope), newId("ses", random), clock.wallMs()),
    async known(place) {
      const key = keyOf(place, dmScope);
      return (await store.list()).find((row) => sameKey(row, key));
    },
    async spawn(parent, agent) {
      const id = newId("ses", random);
      // Its own id is its peer: no second spawn and no message from outside can have this key.
      return store.open({ agent, channel: "/session", peer: id, parent }, id, clock.wallMs());
    },
    async mine(id, place) {
      const key = keyOf(place, dmScope);
      const row = await store.get(id);
      if (row !== undefined && sameKey(row, key)) return row;
      throw new Fault("SESSION_UNKNOWN", {
        message: `there is no session \`${id}\` of yours`,
        hint: "leave the session out to use your own conversation on this channel",
      });
    },
    receive: async ({ id, ...message }) =>
      store.receive({ ...message, message: id, id: newId("trn", random), receivedMs: clock.wallMs() }),
    begin: async (turn) => store.begin(turn),
    add: async (turn, items) => store.addItems(turn, items),
    finish: async (turn, stop, reply) => store.finish(turn, stop, reply),
    async history(session, limit, turn) {
      const items = await store.items(session, limit);
      if (turn === undefined) return pairResults(items);
      const own = await store.turnItems(turn);
      const ids = new Set(own.map(({ id }) => id));
      return pairResults([...items.filter(({ id }) => !ids.has(id)), ...own]);
    },
    recover: async (witness, which) => recover(store, witness, which),
  };
}

function sameKey(row: SessionRow, key: Omit<SessionRow, "id" | "createdMs">): boolean {
  return (
    row.agent === key.agent &&
    row.channel === key.channel &&
    row.peer === key.peer &&
    row.room === key.room &&
    row.parent === key.parent
  );
}
