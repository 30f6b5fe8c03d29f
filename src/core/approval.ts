/**
 * Approvals: a person's recorded answer to one exact call.
 *
 * @module
 */
import type { ApprovalKind, PolicyId } from "./decision.ts";
import type { ApprovalId, CallId, PersonId } from "./ids.ts";
import type { Digest, JsonObject } from "./json.ts";
import type { ArgumentFact, Facts } from "./call.ts";
import type { Trust } from "./label.ts";
import type { Origin } from "./person.ts";
import type { Effect } from "./tool.ts";

/** What a person is shown. Drawn outside the model's stream; text from the call is escaped by whoever draws it. */
export type Question = {
  readonly id: ApprovalId;
  readonly call: CallId;
  readonly digest: Digest;
  readonly tool: string;
  readonly effect: Effect;
  readonly arguments: JsonObject;
  readonly cwd: string;
  readonly because: readonly PolicyId[];
  /** Why it asks, one sentence. */
  readonly says: string;
  readonly needs: ApprovalKind;
  /** Where each argument that matters came from. */
  readonly origins: readonly ArgumentFact[];
  readonly facts: Facts;
  readonly origin: Origin;
  /** Who may answer. */
  readonly askedOf: readonly PersonId[];
  /** How far the door was trusted at which each was found: a token with less says no only. Absent: full. */
  readonly askedAt?: Readonly<Record<string, Trust>>;
  readonly expiresMs: number;
};

/** `once`: this call. `session`: calls of the same shape in this session too (see `steps/approval`). */
export type ApprovalScope = "once" | "session";

/** What is answered at a door; `unattended`: a program that asks for somebody has nobody to put the question to. */
export type Answer = "yes" | "no" | "unattended";

export type ApprovalRecord = {
  readonly id: ApprovalId;
  readonly call: CallId;
  readonly digest: Digest;
  readonly answer: "yes" | "no";
  readonly scope: ApprovalScope;
  /** `nobody`: it expired, or nobody could be asked. */
  readonly by: PersonId | "nobody";
  /** Why nobody answered, where it was not for want of time: nobody could be asked. */
  readonly unattended?: true;
  readonly kind: ApprovalKind;
  readonly atMs: number;
};
