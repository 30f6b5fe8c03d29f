/**
 * Calls that were prepared. An id is prepared once in the life of the store,
 * so an effect starts at most once, whatever crashed in between.
 *
 * @module
 */
import type { CallHistory, CallRow, SessionStore } from "../../core/ports/store.ts";
import { Fault } from "../../core/fault.ts";
import type { Database, Row } from "./database.ts";
import { corrupt } from "./errors.ts";
import { columns, readId, writeText } from "./rows.ts";
import { needTurn } from "./sessions.ts";

type Part = Pick<SessionStore, "prepareCall" | "endCall" | "openCalls"> & CallHistory;

const CALL = "SELECT id, turn, tool, state, summary FROM call";

export function callPart(db: Database): Part {
  return {
    prepareCall: async (call) =>
      db.write((tx) => {
        needTurn(tx, call.turn, "open");
        const added = tx.run(
          "INSERT INTO call (id, turn, tool, digest, state) VALUES (?, ?, ?, ?, 'prepared') ON CONFLICT (id) DO NOTHING",
          call.id,
          call.turn,
          writeText(call.tool),
          call.digest,
        );
        if (added === 0) throw repeated(call.id);
      }),
    endCall: async (id, state, summary) =>
      db.write((tx) => {
        const ended = tx.run(
          "UPDATE call SET state = ?, summary = ? WHERE id = ? AND state = 'prepared'",
          state,
          writeText(summary),
          id,
        );
        if (ended === 1) return;
        const found = tx.one(`${CALL} WHERE id = ?`, id);
        if (found === undefined) throw unknown(id);
        const call = readCall(found);
        if (call.state !== state || call.summary !== summary) throw endedBefore(id);
      }),
    openCalls: async () =>
      db.all(`${CALL} WHERE state = 'prepared' ORDER BY seq`).map((row) => {
        const { id, turn, tool } = readCall(row);
        return { id, turn, tool };
      }),
    calls: async (turn) => db.all(`${CALL} WHERE turn = ? ORDER BY seq`, turn).map(readCall),
  };
}

const STATES: ReadonlyMap<string, CallRow["state"]> = new Map([
  ["prepared", "prepared"],
  ["done", "done"],
  ["unknown", "unknown"],
]);

function readCall(row: Row): CallRow {
  const column = columns(row);
  const state = STATES.get(column.text("state"));
  if (state === undefined) throw corrupt("a call has an unknown state");
  return {
    id: readId("call", column.text("id")),
    turn: readId("trn", column.text("turn")),
    tool: column.text("tool"),
    state,
    summary: column.textOr("summary") ?? "",
  };
}

function repeated(id: string): Fault {
  return new Fault("CALL_REPEATED", {
    message: `the call \`${id}\` was prepared before`,
    hint: "propose it again as a new call; the same one never starts twice",
  });
}

function unknown(id: string): Fault {
  return new Fault("CALL_UNKNOWN", {
    message: `the call \`${id}\` was never prepared`,
    hint: "prepare a call before it ends",
  });
}

function endedBefore(id: string): Fault {
  return new Fault("CALL_ENDED", {
    message: `the call \`${id}\` ended before, with another outcome`,
    hint: "keep the first outcome; a call ends once",
  });
}
