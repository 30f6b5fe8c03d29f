/** A store in memory, and values, for the tests of this step. @module */
import { createHash } from "node:crypto";
import { newId, parseAgentId, parsePersonId } from "../../core/ids.ts";
import type { ContextItem } from "../../core/item.ts";
import type { Label } from "../../core/label.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Random } from "../../core/ports/random.ts";
import type { CallHistory, CallRow, SessionRow, SessionStore, TurnRow } from "../../core/ports/store.ts";

export const clock: Clock = { wallMs: () => 1_000, monotonicMs: () => 1_000, sleep: async () => {} };

let counter = 0;
export const random: Random = {
  bytes: (count) => createHash("sha256").update(String(counter++)).digest().subarray(0, count),
  uniform: () => 0,
};

export const agent = parseAgentId("main");
export const owner = parsePersonId("owner");

export const label: Label = {
  trust: "limited",
  confidentiality: "private",
  audience: { kind: "persons", persons: ["owner"] },
  sources: [{ kind: "person", id: "owner", trust: "limited" }],
};

export function modelItem(calls: readonly string[] = []) {
  return {
    kind: "model",
    id: newId("itm", random),
    text: "",
    calls: calls.map((tool) => ({ id: newId("call", random), tool, arguments: {} })),
    label,
  } as const satisfies ContextItem;
}

/** Thrown by the store in memory when its steps run out: the process died there. */
export class Died extends Error {}

type Held = {
  readonly sessions: SessionRow[];
  readonly turns: TurnRow[];
  readonly items: { readonly turn: TurnRow["id"]; readonly session: SessionRow["id"]; readonly item: ContextItem }[];
  readonly calls: CallRow[];
  /** Counts a write, or dies. */
  readonly step: () => void;
};

/**
 * What the port promises, kept in memory.
 *
 * @param steps writes that succeed before it dies; a write is done whole or not at all.
 */
export function memoryStore(steps = { left: Number.POSITIVE_INFINITY }): SessionStore & CallHistory {
  const held: Held = {
    sessions: [],
    turns: [],
    items: [],
    calls: [],
    step() {
      if (steps.left <= 0) throw new Died();
      steps.left -= 1;
    },
  };
  return { ...sessionsAndTurns(held), ...itemsAndCalls(held) };
}

function sessionsAndTurns({ sessions, turns, step }: Held) {
  const put = (id: TurnRow["id"], change: (turn: TurnRow) => Partial<TurnRow>) => {
    const at = turns.findIndex((turn) => turn.id === id);
    const turn = turns[at];
    if (turn === undefined || turn.state === "finished") throw new Error("no such turn, or finished");
    step();
    turns[at] = { ...turn, ...change(turn) };
  };
  return {
    async open(key, id, createdMs) {
      const same = (row: SessionRow) => JSON.stringify({ ...row, ...key }) === JSON.stringify(row);
      const found = sessions.find((row) => same(row) && row.room === key.room && row.parent === key.parent);
      if (found !== undefined) return found;
      step();
      const row = { ...key, id, createdMs };
      sessions.push(row);
      return row;
    },
    get: async (id) => sessions.find((row) => row.id === id),
    list: async () => sessions,
    async receive(given) {
      const found = turns.find((turn) => turn.session === given.session && turn.message === given.message);
      if (found !== undefined) return { turn: found, isNew: false };
      step();
      const turn: TurnRow = { ...given, state: "received", begins: 0 };
      turns.push(turn);
      return { turn, isNew: true };
    },
    turn: async (id) => turns.find((turn) => turn.id === id),
    begin: async (id) => put(id, (turn) => ({ state: "running", begins: (turn.begins ?? 0) + 1 })),
    finish: async (id, stop, reply) => put(id, () => ({ state: "finished", stop, reply })),
    unfinished: async () => turns.filter((turn) => turn.state !== "finished"),
  } satisfies Partial<SessionStore>;
}

function itemsAndCalls({ turns, items, calls, step }: Held) {
  return {
    async addItems(id, added) {
      step();
      const session = turns.find((turn) => turn.id === id)?.session;
      if (session === undefined) throw new Error("no such turn");
      for (const item of added) {
        const found = items.find((held) => held.item.id === item.id);
        if (found === undefined) items.push({ turn: id, session, item });
        else if (JSON.stringify(found.item) !== JSON.stringify(item)) throw new Error("another item has this id");
      }
    },
    items: async (session, limit) =>
      items
        .filter((held) => held.session === session)
        .map((held) => held.item)
        .slice(-limit),
    turnItems: async (turn) => items.filter((held) => held.turn === turn).map((held) => held.item),
    async prepareCall(call) {
      step();
      calls.push({ id: call.id, turn: call.turn, tool: call.tool, state: "prepared", summary: "" });
    },
    async endCall(id, state, summary) {
      const at = calls.findIndex((call) => call.id === id && call.state === "prepared");
      const call = calls[at];
      if (call === undefined) throw new Error("not open");
      step();
      calls[at] = { ...call, state, summary };
    },
    openCalls: async () => calls.filter((call) => call.state === "prepared"),
    calls: async (turn) => calls.filter((call) => call.turn === turn),
  } satisfies Partial<SessionStore & CallHistory>;
}
