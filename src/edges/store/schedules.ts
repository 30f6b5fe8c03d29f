/** Schedules: moved on before their turn is begun, so that a crash never runs one twice. @module */
import type { ScheduleRow, ScheduleStore } from "../../core/ports/store.ts";
import { Fault } from "../../core/fault.ts";
import type { Database, Row } from "./database.ts";
import { columns, readAgent, readId, readLabel, readPrincipal, writeJson, writeText } from "./rows.ts";

const SCHEDULE = "SELECT id, agent, session, principal, run_when, text, label, next_ms, created_ms FROM schedule";

export function schedulePart(db: Database): ScheduleStore {
  return {
    add: async (row) =>
      db.write((tx) => {
        tx.run(
          "INSERT INTO schedule (id, agent, session, principal, run_when, text, label, next_ms, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
          row.id,
          row.agent,
          row.session,
          writeJson(row.principal),
          writeText(row.when),
          writeText(row.text),
          writeJson(row.label),
          row.nextMs,
          row.createdMs,
        );
      }),
    due: async (nowMs) =>
      db.all(`${SCHEDULE} WHERE next_ms IS NOT NULL AND next_ms <= ? ORDER BY next_ms, seq`, nowMs).map(readSchedule),
    advance: async (id, nextMs) =>
      db.write((tx) => {
        if (tx.run("UPDATE schedule SET next_ms = ? WHERE id = ?", nextMs, id) === 1) return;
        throw new Fault("SCHEDULE_UNKNOWN", {
          message: `there is no schedule \`${id}\``,
          hint: "it was removed; nothing runs for it any more",
        });
      }),
    list: async () => db.all(`${SCHEDULE} ORDER BY seq`).map(readSchedule),
    remove: async (id) => db.write((tx) => tx.run("DELETE FROM schedule WHERE id = ?", id) === 1),
  };
}

function readSchedule(row: Row): ScheduleRow {
  const column = columns(row);
  return {
    id: readId("sch", column.text("id")),
    agent: readAgent(column.text("agent")),
    session: readId("ses", column.text("session")),
    principal: readPrincipal(column.text("principal")),
    when: column.text("run_when"),
    text: column.text("text"),
    label: readLabel(column.text("label")),
    nextMs: column.numberOrNull("next_ms"),
    createdMs: column.number("created_ms"),
  };
}
