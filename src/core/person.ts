/**
 * Persons: who talks to the agent, and on whose behalf a turn runs.
 *
 * @module
 */
import type { AgentId, PersonId, SessionId, TurnId } from "./ids.ts";
import type { Trust } from "./label.ts";

/** Somebody known to the gateway. An unknown sender has no Person and gets no turn. */
export type Person = {
  readonly id: PersonId;
  readonly name: string;
  readonly trust: Trust;
  /** Names of roles; each is a set of permissions (`admin`, `developer`, `viewer`, or configured). */
  readonly roles: readonly string[];
};

/** The person who began the turn, with the least of his own trust and that of the door he came through. */
export type Principal = {
  readonly person: PersonId;
  readonly trust: Trust;
  readonly roles: readonly string[];
  /** The doors that his request came through before it got to the session it is in; what each of them refuses is refused. */
  readonly within?: readonly Door[];
};

/** A way in, as one agent has it: what is offered there is in the posture of that agent. */
export type Door = { readonly agent: AgentId; readonly channel: string };

/** Where a turn happens. */
export type Origin = {
  readonly session: SessionId;
  readonly turn: TurnId;
  readonly agent: AgentId;
  /** `terminal`, `webchat`, `api`, `schedule`, `session`, later `slack`, …. */
  readonly channel: string;
  /** The room, where there are others; absent in a conversation of two. */
  readonly room?: string;
};

/** What a token or a role may do at the doors. Which tool calls it may cause is the judge's, not this. */
export const PERMISSIONS = [
  "chat", // talk to the agent
  "execute", // POST /api/execute: propose a call
  "approve", // answer approvals
  "read_log", // read the ledger
  "read_config",
  "configure", // change configuration, tokens, people
  "operate", // stop, resume, status in detail
  "metrics",
] as const;
export type Permission = (typeof PERMISSIONS)[number];
