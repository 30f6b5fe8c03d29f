/**
 * Access: who stands at a door. Joins tokens, one-time logins and sessions to
 * the port that the doors see.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import type { Access } from "../../core/ports/access.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Caller, Gateway } from "../../core/ports/gateway.ts";
import type { Random } from "../../core/ports/random.ts";
import type { TokenRow, TokenStore } from "../../core/ports/store.ts";
import { type AttemptLimits, createAttempts, type RecordEntry } from "./attempts.ts";
import type { Persons } from "./callers.ts";
import { createTokenDoors } from "./delegation.ts";
import { createLogins, type LoginRequest, type Logins } from "./logins.ts";
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

/** The terminal is the owner's own, as the page is: a token of another door would gain by changing doors. */
function invitation(caller: Caller): LoginRequest {
  const { person, trust, permissions, token, channel } = caller;
  if (channel === "terminal") return { person, trust, permissions: [...permissions], channel: "webchat", via: token };
  throw new Fault("DENIED", {
    message: "only the terminal opens the page",
    hint: "run `vambrace login` on the machine where the gateway runs",
  });
}

export function createAccess(parts: AccessParts): AccessStep {
  const { attemptLimits, sessionLimits, ...shared } = parts;
  const attempts = createAttempts({ ...shared, ...(attemptLimits && { limits: attemptLimits }) });
  const sessions = createSessions({ ...shared, ...(sessionLimits && { limits: sessionLimits }) });
  const tokens = createTokens({ ...shared, attempts });
  const logins = createLogins({ ...shared, attempts, sessions });
  const access: Access = {
    bearer: async (token, from) => tokens.authenticate(token, from),
    again: async (token) => tokens.confirm(token),
    async session(secret, proof) {
      const { via, ...verdict } = sessions.authenticate(secret, proof);
      return via === undefined || verdict.verdict === "refused" ? verdict : ((await tokens.over(via)) ?? verdict);
    },
    invite: async (caller) => logins.issue(invitation(caller)),
    login: async (code, from) => logins.exchange(code, from),
    logout: async (secret) => logins.logout(secret),
  };
  return { tokens, logins, access, doors: createTokenDoors(tokens, parts.persons) };
}
