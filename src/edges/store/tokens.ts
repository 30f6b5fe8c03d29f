/** Tokens by their hash; the token itself is never here. @module */
import type { TokenRow, TokenStore } from "../../core/ports/store.ts";
import type { Database, Row } from "./database.ts";
import { columns, readDigest, readId, readPermissions, readPerson, readTrust, writeJson, writeText } from "./rows.ts";

const TOKEN =
  "SELECT id, name, person, hash, trust, permissions, created_ms, expires_ms, last_used_ms, revoked_ms FROM token";

/** A use is written down once in so long: each request would otherwise wait for the disk. */
const TOUCH_MS = 60_000;

export function tokenPart(db: Database): TokenStore {
  return {
    add: async (row) =>
      db.write((tx) => {
        tx.run(
          "INSERT INTO token (id, name, person, hash, trust, permissions, created_ms, expires_ms, last_used_ms, revoked_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          row.id,
          writeText(row.name),
          row.person,
          row.hash,
          row.trust,
          writeJson(row.permissions),
          row.createdMs,
          row.expiresMs,
          row.lastUsedMs,
          row.revokedMs,
        );
      }),
    byHash: async (hash) => {
      const row = db.one(`${TOKEN} WHERE hash = ?`, hash);
      return row === undefined ? undefined : readToken(row);
    },
    list: async () => db.all(`${TOKEN} ORDER BY seq`).map(readToken),
    revoke: async (id, nowMs) =>
      db.write((tx) => tx.run("UPDATE token SET revoked_ms = ? WHERE id = ? AND revoked_ms IS NULL", nowMs, id) === 1),
    touch: async (id, nowMs) => {
      const last = db.one("SELECT last_used_ms FROM token WHERE id = ?", id)?.["last_used_ms"];
      if (typeof last === "number" && Math.abs(nowMs - last) < TOUCH_MS) return;
      db.write((tx) => tx.run("UPDATE token SET last_used_ms = ? WHERE id = ?", nowMs, id));
    },
  };
}

function readToken(row: Row): TokenRow {
  const column = columns(row);
  return {
    id: readId("tok", column.text("id")),
    name: column.text("name"),
    person: readPerson(column.text("person")),
    hash: readDigest(column.text("hash")),
    trust: readTrust(column.text("trust")),
    permissions: readPermissions(column.text("permissions")),
    createdMs: column.number("created_ms"),
    expiresMs: column.numberOrNull("expires_ms"),
    lastUsedMs: column.numberOrNull("last_used_ms"),
    revokedMs: column.numberOrNull("revoked_ms"),
  };
}
