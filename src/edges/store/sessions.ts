/**
 * Sessions, their turns and items.
 *
 * A message id names one message of one session: two senders that chose the
 * same id never get each other's turn.
 *
 * @module
 */
import type { SessionId } from "../../core/ids.ts";
import type { SessionRow, SessionStore, TurnRow } from "../../core/ports/store.ts";
import { Fault } from "../../core/fault.ts";
import type { TurnStop } from "../../core/turn.ts";
import { type Clean, cleanItem, cleanTurn } from "./clean.ts";
import type { Database, Row, Transaction } from "./database.ts";
import { corrupt } from "./errors.ts";
import { columns, readAgent, readId, readItem, readLabel, readPrincipal, writeJson, writeText } from "./rows.ts";

type Part = Omit<SessionStore, "prepareCall" | "endCall" | "openCalls">;

const TURN = "SELECT id, session, message, principal, text, label, state, stop, reply, begins, received_ms FROM turn";
const SESSION = "SELECT id, agent, channel, peer, room, parent, created_ms FROM session";

export function sessionPart(db: Database, clean: Clean): Part {
  return {
    open: async (key, id, nowMs) => db.write((tx) => openSession(tx, { ...key, id, createdMs: nowMs })),
    get: async (id) => readOne(db.one(`${SESSION} WHERE id = ?`, id), readSession),
    list: async () => db.all(`${SESSION} ORDER BY rowid`).map(readSession),
    receive: async (turn) => db.write((tx) => receive(tx, turn, clean)),
    turn: async (id) => readOne(db.one(`${TURN} WHERE id = ?`, id), readTurn),
    begin: async (id) =>
      db.write((tx) => {
        needTurn(tx, id, "open");
        tx.run("UPDATE turn SET state = 'running', begins = begins + 1 WHERE id = ?", id);
      }),
    finish: async (id, stop, reply) =>
      db.write((tx) => finish(tx, { id, stop, reply: writeText(clean.text(reply)) }, clean)),
    unfinished: async () => db.all(`${TURN} WHERE state <> 'finished' ORDER BY seq`).map(readTurn),
    addItems: async (turn, items) =>
      db.write((tx) => {
        const { session, state } = needTurn(tx, turn, "any");
        for (const item of items) {
          const own = state === "finished" ? cleanItem(item, clean) : item;
          addItem(tx, { id: item.id, turn, session, body: writeJson(own), cleaned: writeJson(cleanItem(item, clean)) });
        }
      }),
    items: async (session, limit) =>
      db
        .all("SELECT body FROM item WHERE session = ? ORDER BY seq DESC LIMIT ?", session, limit)
        .map((row) => readItem(columns(row).text("body")))
        .reverse(),
    turnItems: async (turn) =>
      db
        // By session: that is what items are indexed by.
        .all(
          "SELECT body FROM item WHERE session = (SELECT session FROM turn WHERE id = ?) AND turn = ? ORDER BY seq",
          turn,
          turn,
        )
        .map((row) => readItem(columns(row).text("body"))),
  };
}

function openSession(tx: Transaction, row: SessionRow): SessionRow {
  const key = writeJson([row.agent, row.channel, row.peer, row.room ?? null, row.parent ?? null]);
  const found = tx.one(`${SESSION} WHERE key = ?`, key);
  if (found !== undefined) return readSession(found);
  if (row.parent !== undefined && tx.one("SELECT 1 FROM session WHERE id = ?", row.parent) === undefined) {
    throw unknownSession(row.parent);
  }
  tx.run(
    "INSERT INTO session (id, key, agent, channel, peer, room, parent, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    row.id,
    key,
    row.agent,
    row.channel,
    row.peer,
    row.room ?? null,
    row.parent ?? null,
    row.createdMs,
  );
  return row;
}

function receive(tx: Transaction, turn: Omit<TurnRow, "state">, clean: Clean): { turn: TurnRow; isNew: boolean } {
  const found = tx.one(`${TURN} WHERE session = ? AND message = ?`, turn.session, turn.message);
  if (found !== undefined) return { turn: sameMessage(readTurn(found), turn, clean), isNew: false };
  if (tx.one("SELECT 1 FROM session WHERE id = ?", turn.session) === undefined) throw unknownSession(turn.session);
  tx.run(
    "INSERT INTO turn (id, session, message, principal, text, label, state, received_ms) VALUES (?, ?, ?, ?, ?, ?, 'received', ?)",
    turn.id,
    turn.session,
    turn.message,
    writeJson(turn.principal),
    writeText(turn.text),
    writeJson(turn.label),
    turn.receivedMs,
  );
  const { stop: _stop, reply: _reply, ...received } = turn;
  return { turn: { ...received, state: "received", begins: 0 }, isNew: true };
}

/** A message that came before: from the same person, saying the same; else the id was used for two things. */
function sameMessage(found: TurnRow, given: Omit<TurnRow, "state">, clean: Clean): TurnRow {
  const isSame = found.text === given.text || (found.state === "finished" && found.text === clean.text(given.text));
  if (found.principal.person === given.principal.person && isSame) return found;
  throw new Fault("MESSAGE_CONFLICT", {
    message: `the message id \`${given.message}\` was used for another message`,
    hint: "send each message with an id of its own, and the same one only to repeat it",
  });
}

function finish(
  tx: Transaction,
  end: { readonly id: string; readonly stop: TurnStop; readonly reply: string },
  clean: Clean,
): void {
  const turn = needTurn(tx, end.id, "any");
  if (turn.state === "finished") {
    if (turn.stop === end.stop && turn.reply === end.reply) return;
    throw finished(end.id);
  }
  tx.run("UPDATE turn SET state = 'finished', stop = ?, reply = ? WHERE id = ?", end.stop, end.reply, end.id);
  cleanTurn(tx, turn, clean);
}

function addItem(
  tx: Transaction,
  item: {
    readonly id: string;
    readonly turn: string;
    readonly session: string;
    readonly body: string;
    /** What it is once its turn is finished. */
    readonly cleaned: string;
  },
): void {
  const added = tx.run(
    "INSERT INTO item (id, turn, session, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
    item.id,
    item.turn,
    item.session,
    item.body,
  );
  if (added === 1) return;
  const found = tx.one("SELECT turn, body FROM item WHERE id = ?", item.id);
  if (found?.["turn"] === item.turn && (found["body"] === item.body || found["body"] === item.cleaned)) return;
  throw new Fault("ITEM_REPEATED", {
    message: `the item \`${item.id}\` is there already and says something else`,
    hint: "give each item an id of its own",
  });
}

/** The turn that something is to be done to. @throws Fault TURN_UNKNOWN, TURN_FINISHED */
export function needTurn(tx: Transaction, id: string, state: "open" | "any"): TurnRow {
  const turn = readOne(tx.one(`${TURN} WHERE id = ?`, id), readTurn);
  if (turn === undefined) {
    throw new Fault("TURN_UNKNOWN", {
      message: `there is no turn \`${id}\``,
      hint: "receive the message first; its turn is durable before anything is done in it",
    });
  }
  if (state === "open" && turn.state === "finished") throw finished(id);
  return turn;
}

function finished(id: string): Fault {
  return new Fault("TURN_FINISHED", {
    message: `the turn \`${id}\` is finished`,
    hint: "send a new message; a finished turn is never begun again",
  });
}

function unknownSession(id: SessionId): Fault {
  return new Fault("SESSION_UNKNOWN", {
    message: `there is no session \`${id}\``,
    hint: "leave the session out to use your own conversation",
  });
}

function readOne<T>(row: Row | undefined, read: (row: Row) => T): T | undefined {
  return row === undefined ? undefined : read(row);
}

function readSession(row: Row): SessionRow {
  const column = columns(row);
  const room = column.textOr("room");
  const parent = column.textOr("parent");
  return {
    id: readId("ses", column.text("id")),
    agent: readAgent(column.text("agent")),
    channel: column.text("channel"),
    peer: column.text("peer"),
    ...(room === undefined ? {} : { room }),
    ...(parent === undefined ? {} : { parent: readId("ses", parent) }),
    createdMs: column.number("created_ms"),
  };
}

const STATES: ReadonlyMap<string, TurnRow["state"]> = new Map([
  ["received", "received"],
  ["running", "running"],
  ["finished", "finished"],
]);
const STOPS: ReadonlyMap<string, TurnStop> = new Map([
  ["done", "done"],
  ["refused", "refused"],
  ["budget", "budget"],
  ["loop", "loop"],
  ["stopped", "stopped"],
  ["failed", "failed"],
]);

function readTurn(row: Row): TurnRow {
  const column = columns(row);
  const reply = column.textOr("reply");
  const stop = column.textOr("stop");
  return {
    id: readId("trn", column.text("id")),
    session: readId("ses", column.text("session")),
    message: readId("msg", column.text("message")),
    principal: readPrincipal(column.text("principal")),
    text: column.text("text"),
    label: readLabel(column.text("label")),
    state: known(STATES, column.text("state"), "state"),
    ...(stop === undefined ? {} : { stop: known(STOPS, stop, "stop") }),
    ...(reply === undefined ? {} : { reply }),
    begins: column.number("begins"),
    receivedMs: column.number("received_ms"),
  };
}

function known<T>(words: ReadonlyMap<string, T>, word: string, what: string): T {
  const value = words.get(word);
  if (value === undefined) throw corrupt(`a turn has an unknown ${what}`);
  return value;
}
