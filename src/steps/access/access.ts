/**
 * Access: who stands at a door. Joins tokens, one-time logins and sessions to
 * the port that the doors see.
 *
 * @module
 */
import type { Access } from "../../core/ports/access.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Gateway } from "../../core/ports/gateway.ts";
import type { Random } from "../../core/ports/random.ts";
import type { TokenRow, TokenStore } from "../../core/ports/store.ts";
import { type AttemptLimits, createAttempts, type RecordEntry } from "./attempts.ts";
import type { Persons } from "./callers.ts";
import { createTokenDoors } from "./delegation.ts";
import { createLogins, type Logins } from "./logins.ts";
import { createSessions, type SessionLimits } from "./sessions.ts";
import { createTokens, type Tokens } from "./tokens.ts";

export type AccessParts = {
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly record: RecordEntry;
  readonly persons: Persons;
  readonly channelOf?: (row: TokenRow) => string;
  readonly attemptLimits?: AttemptLimits;
  readonly sessionLimits?: SessionLimits;
};

export type AccessStep = {
  readonly tokens: Tokens;
  readonly logins: Logins;
  /** For the HTTP and WebSocket doors. */
  readonly access: Access;
  /** For the gateway port's `tokens`. */
  readonly doors: Gateway["tokens"];
};

export function createAccess(parts: AccessParts): AccessStep {
  const { attemptLimits, sessionLimits, ...shared } = parts;
  const attempts = createAttempts({ ...shared, ...(attemptLimits && { limits: attemptLimits }) });
  const sessions = createSessions({ ...shared, ...(sessionLimits && { limits: sessionLimits }) });
  const tokens = createTokens({ ...shared, attempts });
  const logins = createLogins({ ...shared, attempts, sessions });
  const access: Access = {
    bearer: async (token, from) => tokens.authenticate(token, from),
    again: async (token) => tokens.confirm(token),
    session: (secret, proof) => sessions.authenticate(secret, proof),
    login: async (code, from) => logins.exchange(code, from),
    logout: async (secret) => logins.logout(secret),
  };
  return { tokens, logins, access, doors: createTokenDoors(tokens, parts.persons) };
}
