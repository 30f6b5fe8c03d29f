/**
 * The gateway as its doors see it (HTTP, WebSocket, terminal, schedule): what
 * a caller may ask for, once `access` has said who he is. Doors parse and
 * print; nothing is decided in them.
 *
 * @module
 */
import type { Answer, ApprovalScope, Question } from "../approval.ts";
import type { EndorsedAs, Endorsement } from "../endorsement.ts";
import type { ApprovalId, PersonId, SessionId, TokenId, TurnId } from "../ids.ts";
import type { JsonObject } from "../json.ts";
import type { Trust } from "../label.ts";
import type { Permission } from "../person.ts";
import type { LedgerQuery, StoredEntry } from "./ledger.ts";
import type { Watching, WatchStatus } from "./watching.ts";
import type { TurnEvent, TurnStop } from "../turn.ts";

/** Who stands at a door: a token's person, with the token's trust and permissions, never more. */
export type Caller = {
  readonly token: TokenId;
  readonly person: PersonId;
  readonly trust: Trust;
  readonly roles: readonly string[];
  readonly permissions: ReadonlySet<Permission>;
  /** `terminal`, `webchat` or `api`: the door that he came through. */
  readonly channel: string;
};

export type ChatRequest = {
  /** Chosen by the sender; the same one twice is one message. */
  readonly messageId: string;
  /** Absent: the caller's own conversation on this channel. */
  readonly session?: SessionId;
  readonly agent?: string;
  readonly text: string;
  /** Earlier turns that an API caller sends along; none of them has trust unless it is the caller's own `user` part. */
  readonly history?: readonly { readonly role: "user" | "assistant" | "tool"; readonly text: string }[];
};

export type ChatOutcome = {
  readonly turn: TurnId;
  readonly session: SessionId;
  readonly stop: TurnStop;
  readonly text: string;
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
};

export type ExecuteOutcome = {
  readonly call: string;
  readonly verdict: "allow" | "ask" | "deny";
  readonly ok: boolean;
  readonly text: string;
  readonly says: string;
  readonly because: readonly string[];
};

/** One control and whether it has proved itself. */
export type Readiness = { readonly control: string; readonly ready: boolean; readonly says: string };

export type GatewayStatus = {
  readonly version: string;
  readonly halted: boolean;
  readonly model: { readonly provider: string; readonly model: string; readonly remote: boolean };
  readonly sessions: number;
  readonly turnsRunning: number;
  readonly approvalsOpen: number;
  readonly ledger: { readonly entries: number; readonly rootHex: string };
  readonly readiness: readonly Readiness[];
  /** Every weaker mode that a named key switched on, one line each. */
  readonly downgrades: readonly string[];
  /** Models known to follow injected orders that are given dangerous tools, one line for each agent. */
  readonly weakModels: readonly string[];
  /** What should be done soon, one line each: keys that are due. */
  readonly reminders: readonly string[];
  readonly watch: WatchStatus;
};

export type TokenMade = { readonly id: TokenId; readonly token: string };

export type TokenInfo = {
  readonly id: TokenId;
  readonly name: string;
  readonly person: PersonId;
  readonly trust: Trust;
  readonly permissions: readonly Permission[];
  readonly createdMs: number;
  readonly expiresMs: number | null;
  readonly lastUsedMs: number | null;
  readonly revoked: boolean;
};

/** One thing that was said or done before, as its reader is shown it. */
export type Said = {
  /** `call`: what the agent did; its text is the call, not what came of it. */
  readonly kind: "person" | "agent" | "call" | "note";
  readonly from: string;
  readonly text: string;
};

export type Gateway = {
  /** Streams the turn's events; resolves when it is finished. The message is durable before the first event. */
  chat(
    caller: Caller,
    request: ChatRequest,
    emit: (event: TurnEvent) => void,
    signal: AbortSignal,
  ): Promise<ChatOutcome>;
  /** Proposes one call directly; the same gate as the agent's. */
  execute(
    caller: Caller,
    request: { readonly tool: string; readonly arguments: JsonObject },
    signal: AbortSignal,
  ): Promise<ExecuteOutcome>;
  /** Open questions that this caller may answer. */
  questions(caller: Caller): readonly Question[];
  /** @throws Fault APPROVAL_UNKNOWN, or DENIED where he may not answer this one. */
  answer(caller: Caller, id: ApprovalId, answer: Answer, scope: ApprovalScope): Promise<void>;
  /**
   * Endorses a text that this question offers; the call is judged anew.
   *
   * @throws Fault APPROVAL_UNKNOWN, or DENIED where he may not or it is not offered.
   */
  endorse(caller: Caller, id: ApprovalId, of: { readonly item: string; readonly as: EndorsedAs }): Promise<void>;
  /** Endorsements that he gave, or that stand in his own conversations; an operator sees all. */
  endorsements(caller: Caller): Promise<readonly Endorsement[]>;
  /** Takes one back. @throws Fault ENDORSEMENT_UNKNOWN where there is none that he can see. */
  unendorse(caller: Caller, of: { readonly session: string; readonly item: string }): Promise<void>;
  /** Tells of questions as they open and close, and of what else comes by itself, until the signal ends it. */
  watch(caller: Caller, listener: (event: QuestionEvent) => void, signal: AbortSignal): void;
  sessions(
    caller: Caller,
  ): Promise<
    readonly { readonly id: SessionId; readonly channel: string; readonly agent: string; readonly createdMs: number }[]
  >;
  /** The last of his own conversation on this channel, oldest first; nothing of anybody else's. */
  history(caller: Caller): Promise<readonly Said[]>;
  searchLog(caller: Caller, query: LedgerQuery): Promise<readonly StoredEntry[]>;
  status(): Promise<GatewayStatus>;
  /** Only which controls are ready; needs no token. */
  readiness(): Promise<readonly Readiness[]>;
  /** Prometheus text exposition. */
  metrics(): Promise<string>;
  stop(caller: Caller, reason: string): Promise<void>;
  resume(caller: Caller): Promise<void>;
  /** Reads the secrets anew, at once: what was revoked is dropped, what was replaced counts. */
  reloadSecrets(caller: Caller): Promise<{ readonly changed: readonly string[]; readonly failed: readonly string[] }>;
  readonly watching: Watching;
  tokens: {
    list(caller: Caller): Promise<readonly TokenInfo[]>;
    create(
      caller: Caller,
      request: {
        readonly name: string;
        readonly person?: string;
        readonly trust?: Trust;
        readonly permissions: readonly Permission[];
        readonly expiresMs?: number;
      },
    ): Promise<TokenMade>;
    revoke(caller: Caller, id: TokenId): Promise<boolean>;
  };
};

export type QuestionEvent =
  | { readonly type: "opened"; readonly question: Question }
  | { readonly type: "closed"; readonly id: ApprovalId; readonly answer: "yes" | "no" | "endorse"; readonly by: string }
  /** Something arrived for this person: a message from a session, the answer of one that he had spawned. */
  | { readonly type: "notice"; readonly from: string; readonly text: string; readonly session?: SessionId }
  | HaltEvent;

/** Everything was halted, or goes on again. */
export type HaltEvent = { readonly type: "stopped" | "resumed" };
