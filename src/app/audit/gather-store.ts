/**
 * The store, read beside a gateway that may be using it: through SQLite and
 * read-only, never by the file, because closing a descriptor would drop the
 * gateway's locks where this runs inside of it.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { isObject } from "../../core/json.ts";
import type { StoreFacts, TokenFacts } from "../../ops/audit/facts-state.ts";
import { needFile } from "../../edges/store/lock.ts";
import { STORE_FILE } from "../../edges/store/open.ts";
import type { Home } from "../home.ts";
import { statOf } from "./paths.ts";

type Row = Readonly<Record<string, SQLOutputValue>>;

const EMPTY: StoreFacts = {
  tokens: [],
  sessions: 0,
  oldestSessionMs: null,
  memory: 0,
  schedules: [],
  halted: false,
  integrity: null,
  cliTokenMs: null,
};

/** @throws Error where the database is not one, or is held by somebody who lets nobody read. */
export function gatherStore(home: Home, isDeep: boolean): StoreFacts {
  const path = join(home.store, STORE_FILE);
  if (!existsSync(path)) return EMPTY;
  needFile(path);
  const db = new DatabaseSync(path, { readOnly: true, timeout: 2_000, allowExtension: false });
  try {
    db.exec("PRAGMA trusted_schema=OFF; PRAGMA query_only=ON");
    const all = (sql: string): readonly Row[] => db.prepare(sql).all();
    const state = new Map(
      all("SELECT key, value FROM state WHERE key IN ('halted', 'cli-token')").map((row) => [
        row["key"],
        jsonOf(row["value"]),
      ]),
    );
    const own = state.get("cli-token")?.["id"];
    return {
      tokens: all(
        "SELECT id, name, person, trust, permissions, created_ms, expires_ms, last_used_ms, revoked_ms FROM token",
      ).map((row) => tokenOf(row, own)),
      ...counts(all),
      schedules: all("SELECT id, label FROM schedule WHERE next_ms IS NOT NULL").map((row) => ({
        id: text(row["id"]),
        trust: text(jsonOf(row["label"])["trust"]) || "none",
      })),
      halted: state.get("halted")?.["halted"] === true,
      integrity: isDeep ? text(Object.values(all("PRAGMA quick_check(1)")[0] ?? {})[0]) : null,
      cliTokenMs: statOf(home.cliToken)?.mtimeMs ?? null,
    };
  } finally {
    db.close();
  }
}

function counts(all: (sql: string) => readonly Row[]): Pick<StoreFacts, "sessions" | "oldestSessionMs" | "memory"> {
  const [row] = all("SELECT count(*) AS sessions, min(created_ms) AS oldest FROM session");
  // Where it is sealed it lies in a table of its own, which older databases do not have.
  const [{ name } = { name: null }] = all("SELECT name FROM sqlite_schema WHERE name = 'memory_sealed'");
  const sealed = name === null ? "" : " + (SELECT count(*) FROM memory_sealed)";
  const [notes] = all(`SELECT (SELECT count(*) FROM memory)${sealed} AS memory`);
  return {
    sessions: number(row?.["sessions"]),
    oldestSessionMs: numberOrNull(row?.["oldest"]),
    memory: number(notes?.["memory"]),
  };
}

function tokenOf(row: Row, own: unknown): TokenFacts {
  const permissions: unknown = parsed(row["permissions"]);
  return {
    id: text(row["id"]),
    name: text(row["name"]),
    person: text(row["person"]),
    trust: text(row["trust"]),
    permissions: Array.isArray(permissions) ? permissions.map(String) : [],
    createdMs: number(row["created_ms"]),
    expiresMs: numberOrNull(row["expires_ms"]),
    lastUsedMs: numberOrNull(row["last_used_ms"]),
    revoked: row["revoked_ms"] !== null,
    own: row["id"] === own,
  };
}

function parsed(value: unknown): unknown {
  try {
    return typeof value === "string" ? JSON.parse(value) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function jsonOf(value: unknown): Readonly<Record<string, unknown>> {
  const found = parsed(value);
  return isObject(found) ? found : {};
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const number = (value: unknown): number => (typeof value === "number" ? value : 0);
const numberOrNull = (value: unknown): number | null => (typeof value === "number" ? value : null);
