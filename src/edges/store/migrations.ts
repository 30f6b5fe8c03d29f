/**
 * The steps by which the database came to its present form.
 *
 * A step that was released is never edited: its checksum is in every database
 * that took it, and a database whose checksums differ is refused.
 *
 * @module
 */
import type { Clock } from "../../core/ports/clock.ts";
import { Fault } from "../../core/fault.ts";
import { sha256 } from "../../core/json.ts";
import type { Database } from "./database.ts";
import { corrupt } from "./errors.ts";

const FIRST = `
CREATE TABLE session (
  id TEXT PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  agent TEXT NOT NULL,
  channel TEXT NOT NULL,
  peer TEXT NOT NULL,
  room TEXT,
  parent TEXT REFERENCES session (id),
  created_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE turn (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  session TEXT NOT NULL REFERENCES session (id),
  message TEXT NOT NULL,
  principal TEXT NOT NULL,
  text TEXT NOT NULL,
  label TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('received', 'running', 'finished')),
  stop TEXT,
  reply TEXT,
  begins INTEGER NOT NULL DEFAULT 0,
  received_ms INTEGER NOT NULL,
  UNIQUE (session, message)
) STRICT;
CREATE INDEX turn_unfinished ON turn (seq) WHERE state <> 'finished';
CREATE TABLE item (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  turn TEXT NOT NULL REFERENCES turn (id),
  session TEXT NOT NULL REFERENCES session (id),
  body TEXT NOT NULL
) STRICT;
CREATE INDEX item_session ON item (session, seq);
CREATE TABLE call (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  turn TEXT NOT NULL REFERENCES turn (id),
  tool TEXT NOT NULL,
  digest TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('prepared', 'done', 'unknown')),
  summary TEXT
) STRICT;
CREATE INDEX call_turn ON call (turn);
CREATE INDEX call_open ON call (seq) WHERE state = 'prepared';
CREATE TABLE memory (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  agent TEXT NOT NULL,
  text TEXT NOT NULL,
  label TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX memory_agent ON memory (agent, seq);
CREATE TABLE schedule (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  agent TEXT NOT NULL,
  session TEXT NOT NULL REFERENCES session (id),
  principal TEXT NOT NULL,
  run_when TEXT NOT NULL,
  text TEXT NOT NULL,
  label TEXT NOT NULL,
  next_ms INTEGER,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX schedule_next ON schedule (next_ms) WHERE next_ms IS NOT NULL;
CREATE TABLE token (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  person TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  trust TEXT NOT NULL,
  permissions TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER,
  last_used_ms INTEGER,
  revoked_ms INTEGER
) STRICT;
CREATE TABLE file_label (
  path TEXT NOT NULL,
  digest TEXT NOT NULL,
  label TEXT NOT NULL,
  PRIMARY KEY (path, digest)
) STRICT, WITHOUT ROWID;
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

/** Memory that is sealed lies apart: a version that knows nothing of it refuses the database, and takes it for empty never. */
const SEALED_MEMORY = `
CREATE TABLE memory_sealed (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  agent TEXT NOT NULL,
  sealed BLOB NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX memory_sealed_agent ON memory_sealed (agent, seq);
`;

/** Numbered from 1, in order. */
export const MIGRATIONS: readonly string[] = [FIRST, SEALED_MEMORY];

/**
 * Brings the database to the newest form; each step is one transaction.
 *
 * @throws Fault STATE_NEWER where a newer version of vambrace made it; STATE_CORRUPT where a past step differs.
 */
export function migrate(db: Database, clock: Clock, steps: readonly string[] = MIGRATIONS): void {
  db.write((tx) =>
    tx.run(
      "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, checksum TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT",
    ),
  );
  const taken = db.all("SELECT number, checksum FROM migration ORDER BY number");
  if (taken.length > steps.length) throw newer(taken.length, steps.length);
  for (const [i, sql] of steps.entries()) {
    const before = taken[i];
    if (before === undefined) take(db, { number: i + 1, sql, atMs: clock.wallMs() });
    else if (before["number"] !== i + 1 || before["checksum"] !== sha256(sql)) {
      throw corrupt(`step ${i + 1} of its form is not the one that this version knows`);
    }
  }
}

function take(db: Database, step: { readonly number: number; readonly sql: string; readonly atMs: number }): void {
  db.write((tx) => {
    for (const statement of step.sql.split(";\n")) if (statement.trim() !== "") tx.run(statement);
    tx.run(
      "INSERT INTO migration (number, checksum, at_ms) VALUES (?, ?, ?)",
      step.number,
      sha256(step.sql),
      step.atMs,
    );
  });
}

function newer(found: number, known: number): Fault {
  return new Fault("STATE_NEWER", {
    message: `the state database was made by a newer version of vambrace (form ${found}; this version knows ${known})`,
    hint: "start the newer version again, or put back the backup that was made before the update",
  });
}
