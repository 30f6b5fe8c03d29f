/**
 * The store: what must survive a crash. Every write is durable when its
 * promise resolves.
 *
 * @module
 */
import type { ContextItem } from "../item.ts";
import type { AgentId, CallId, MemoryId, MessageId, PersonId, ScheduleId, SessionId, TokenId, TurnId } from "../ids.ts";
import type { Digest, JsonObject } from "../json.ts";
import type { Label, Trust } from "../label.ts";
import type { Permission, Principal } from "../person.ts";
import type { TurnStop } from "../turn.ts";

export type SessionRow = {
  readonly id: SessionId;
  readonly agent: AgentId;
  readonly channel: string;
  readonly peer: string;
  readonly room?: string;
  /** The session that spawned it. */
  readonly parent?: SessionId;
  readonly createdMs: number;
};

export type TurnState = "received" | "running" | "finished";

export type TurnRow = {
  readonly id: TurnId;
  readonly session: SessionId;
  readonly message: MessageId;
  readonly principal: Principal;
  readonly text: string;
  readonly label: Label;
  readonly state: TurnState;
  readonly stop?: TurnStop;
  readonly reply?: string;
  /** How often it was begun: more than once after crashes. Absent: not known. */
  readonly begins?: number;
  readonly receivedMs: number;
};

export type CallState = "prepared" | "done" | "unknown";

export type SessionStore = {
  open(key: Omit<SessionRow, "id" | "createdMs">, id: SessionId, nowMs: number): Promise<SessionRow>;
  get(id: SessionId): Promise<SessionRow | undefined>;
  list(): Promise<readonly SessionRow[]>;
  /** Stores a message as a turn in state `received`; a message id that is there already answers the turn that it made. */
  receive(turn: Omit<TurnRow, "state">): Promise<{ readonly turn: TurnRow; readonly isNew: boolean }>;
  turn(id: TurnId): Promise<TurnRow | undefined>;
  begin(turn: TurnId): Promise<void>;
  finish(turn: TurnId, stop: TurnStop, reply: string): Promise<void>;
  /** Turns in state `received` or `running`, oldest first: what a crash interrupted. */
  unfinished(): Promise<readonly TurnRow[]>;
  addItems(turn: TurnId, items: readonly ContextItem[]): Promise<void>;
  /** Newest `limit` items of a session, oldest first, with the labels that they had. */
  items(session: SessionId, limit: number): Promise<readonly ContextItem[]>;
  /** Every item of a turn, oldest first. */
  turnItems(turn: TurnId): Promise<readonly ContextItem[]>;
  /** @throws Fault CALL_REPEATED where the id was prepared before: an effect starts at most once. */
  prepareCall(call: {
    readonly id: CallId;
    readonly turn: TurnId;
    readonly tool: string;
    readonly digest: Digest;
  }): Promise<void>;
  endCall(id: CallId, state: Exclude<CallState, "prepared">, summary: string): Promise<void>;
  /** Calls in state `prepared`: started, outcome unknown. */
  openCalls(): Promise<readonly { readonly id: CallId; readonly turn: TurnId; readonly tool: string }[]>;
};

export type CallRow = {
  readonly id: CallId;
  readonly turn: TurnId;
  readonly tool: string;
  readonly state: CallState;
  readonly summary: string;
};

/** What recovery after a crash needs beside: which calls of a turn were ever prepared. */
export type CallHistory = {
  /** Calls of a turn that were prepared, in that order. */
  calls(turn: TurnId): Promise<readonly CallRow[]>;
};

export type MemoryRow = {
  readonly id: MemoryId;
  readonly agent: AgentId;
  readonly text: string;
  readonly label: Label;
  readonly createdMs: number;
};

export type MemoryStore = {
  add(row: MemoryRow): Promise<void>;
  /** Best match first; plain words, no query language. */
  search(agent: AgentId, words: string, limit: number): Promise<readonly MemoryRow[]>;
  list(agent: AgentId): Promise<readonly MemoryRow[]>;
  remove(id: MemoryId): Promise<boolean>;
};

export type ScheduleRow = {
  readonly id: ScheduleId;
  readonly agent: AgentId;
  readonly session: SessionId;
  readonly principal: Principal;
  /** Cron expression, or an ISO 8601 instant for once. */
  readonly when: string;
  readonly text: string;
  readonly label: Label;
  readonly nextMs: number | null;
  readonly createdMs: number;
};

export type ScheduleStore = {
  add(row: ScheduleRow): Promise<void>;
  due(nowMs: number): Promise<readonly ScheduleRow[]>;
  /** Moves a schedule on before its turn is begun, so that a crash never runs it twice. */
  advance(id: ScheduleId, nextMs: number | null): Promise<void>;
  list(): Promise<readonly ScheduleRow[]>;
  remove(id: ScheduleId): Promise<boolean>;
};

export type TokenRow = {
  readonly id: TokenId;
  readonly name: string;
  readonly person: PersonId;
  /** SHA-256 of the token; the token itself is shown once and never stored. */
  readonly hash: Digest;
  readonly trust: Trust;
  readonly permissions: readonly Permission[];
  readonly createdMs: number;
  readonly expiresMs: number | null;
  readonly lastUsedMs: number | null;
  readonly revokedMs: number | null;
};

export type TokenStore = {
  add(row: TokenRow): Promise<void>;
  byHash(hash: Digest): Promise<TokenRow | undefined>;
  list(): Promise<readonly TokenRow[]>;
  revoke(id: TokenId, nowMs: number): Promise<boolean>;
  touch(id: TokenId, nowMs: number): Promise<void>;
};

/** Labels of files by path and content, as the last recorded writer left them. */
export type FileLabelStore = {
  set(path: string, digest: Digest, label: Label): Promise<void>;
  get(path: string, digest: Digest): Promise<Label | undefined>;
};

/** Small facts about the installation: halted or not, which provider was configured, set-up answers. */
export type StateStore = {
  get(key: string): Promise<JsonObject | undefined>;
  set(key: string, value: JsonObject): Promise<void>;
};

export type Store = {
  readonly sessions: SessionStore & CallHistory;
  readonly memory: MemoryStore;
  readonly schedules: ScheduleStore;
  readonly tokens: TokenStore;
  readonly fileLabels: FileLabelStore;
  readonly state: StateStore;
  close(): Promise<void>;
};
