/**
 * What the agent loop is given and what it answers.
 *
 * The loop decides nothing: every call goes to `act`, which judges it. Nothing
 * here is optional where it guards.
 *
 * @module
 */
import type { Fault } from "../../core/fault.ts";
import type { SessionId, TurnId } from "../../core/ids.ts";
import type { ContextItem, ProposedCall } from "../../core/item.ts";
import type { Label } from "../../core/label.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Model, ModelIdentity, Usage } from "../../core/ports/model.ts";
import type { Random } from "../../core/ports/random.ts";
import type { Tool } from "../../core/tool.ts";
import type { CallResult, TurnEvent, TurnStop } from "../../core/turn.ts";
import type { Budget } from "./budget.ts";

export type AgentRun = {
  readonly turn: TurnId;
  readonly session: SessionId;
  readonly system: ContextItem & { readonly kind: "system" };
  /** History, then this turn's message; a turn that is taken up again has its own items behind that. */
  readonly items: readonly ContextItem[];
  readonly tools: readonly Tool[];
  readonly budget: Budget;
  /** Sent behind the system item with every request. */
  readonly memory?: readonly ContextItem[];
};

/** One request to a model. `begun` is durable before anything leaves; `ended` says what it cost. */
export type ModelUse = {
  readonly identity: ModelIdentity;
  /** Join of the items that are sent. */
  readonly label: Label;
} & (
  | { readonly phase: "begun"; readonly items: number; readonly estimatedTokens: number }
  | { readonly phase: "ended"; readonly usage: Usage; readonly ok: boolean }
);

export type AgentPorts = {
  /** The model for a request with this label; what must stay on this machine gets one that is here. @throws Fault MODEL_LOCAL_ONLY */
  modelFor(label: Label): Model;
  /** The same items with the labels that they count with now: what somebody endorsed meanwhile is laid over them. */
  asCounted(items: readonly ContextItem[]): readonly ContextItem[];
  /** Judges and runs; called with one call at a time. `context`: exactly the items of the request that produced it. */
  act(calls: readonly ProposedCall[], context: readonly ContextItem[]): Promise<readonly CallResult[]>;
  /** Does the work, which acts on these calls of one answer one by one; what asks among them may be asked together. */
  together<T>(calls: readonly ProposedCall[], context: readonly ContextItem[], work: () => Promise<T>): Promise<T>;
  /** Of the turn's events the loop emits `text` and `fault`; those of calls are `act`'s. */
  emit(event: TurnEvent): void;
  /** Durable before the loop goes on. */
  save(items: readonly ContextItem[]): Promise<void>;
  /** Recorded before the loop goes on; a throw at `begun` keeps the request from being sent. */
  used(use: ModelUse): Promise<void>;
  /** Requests that calls of this turn made to a model beside the conversation, since this was last asked: they count. */
  spentBeside(): readonly { readonly identity: ModelIdentity; readonly usage: Usage }[];
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Milliseconds of this turn that were spent waiting for a person's answer; not held against `maxWallMs`. */
  waitedMs?(): number;
};

export type AgentOutcome = {
  /** `refused`: the provider withheld the answer. A turn whose calls were denied and that says so is `done`. */
  readonly stop: TurnStop;
  /** Exactly what was emitted as text in this turn. */
  readonly text: string;
  /** Join of what the text was made from. */
  readonly label: Label;
  readonly usage: Usage;
  /** Why it failed; its facts are for the log. */
  readonly fault?: Fault;
};
