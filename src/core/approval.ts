/**
 * Approvals: a person's recorded answer to one exact call.
 *
 * @module
 */
import type { ApprovalKind, PolicyId } from "./decision.ts";
import type { Endorsable } from "./endorsement.ts";
import type { ApprovalId, CallId, PersonId } from "./ids.ts";
import type { Digest, JsonObject } from "./json.ts";
import type { ArgumentFact, Facts } from "./call.ts";
import type { Found } from "./item.ts";
import type { Confidentiality, Source, Trust } from "./label.ts";
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
  /** Where each value stands in its source, as much as a person needs to see. */
  readonly quotes: readonly Quote[];
  readonly leaving: Leaving;
  /** Signs of hidden or commanding text in what the model had read. */
  readonly found: Found;
  /** What a yes for a recipient would cover, in words; absent: it can be said to this very call only. */
  readonly covers?: string;
  /** Texts that the model has read and that he could endorse instead: then the call is judged anew. */
  readonly sources: readonly Endorsable[];
  /** Asked together with others of the same answer of the model. */
  readonly grouped?: Grouped;
};

/** `id`: the call that the group began with; `at`: which of them this one is, from 1, at most `of`. */
export type Grouped = { readonly id: CallId; readonly at: number; readonly of: number };

/** A value in its surroundings, as they stand in one source. */
export type Quote = {
  readonly argument: string;
  readonly value: string;
  readonly source: Source;
  readonly text: string;
};

/** What goes out with a call, and who will see it. */
export type Leaving = {
  /** The most confidential of all that the call was made from. */
  readonly confidentiality: Confidentiality;
  /** Kinds of sensitive data. */
  readonly carries: readonly string[];
  /** Each who gets it, and whether he may know all of it already. Empty: nothing leaves. */
  readonly to: readonly { readonly name: string; readonly mayKnow: boolean }[];
};

/**
 * `once`: this call. `session`: the same call again in this session. `recipient`: this tool toward this recipient or
 * host in this session, whatever it says. `never`: the same question is answered no in this session.
 */
export const APPROVAL_SCOPES = ["once", "session", "recipient", "never"] as const;
export type ApprovalScope = (typeof APPROVAL_SCOPES)[number];

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
