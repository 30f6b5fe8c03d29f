/**
 * Endorsing: somebody says of one text, by its digest, that he has read it and
 * stands for it. An approval of its own: it is recorded, it holds in one
 * session, it can be taken back, and it says yes to no call.
 *
 * @module
 */
import type { ApprovalId, CallId, ItemId, PersonId, SessionId } from "./ids.ts";
import type { Digest } from "./json.ts";
import type { Confidentiality, Trust } from "./label.ts";

/** `trusted`: as if whoever endorses had written it. `private`: not secret any more; who may know it stays. */
export const ENDORSED_AS = ["trusted", "private"] as const;
export type EndorsedAs = (typeof ENDORSED_AS)[number];

/** Something that a question offers to endorse, as a person is shown it. */
export type Endorsable = {
  readonly item: ItemId;
  readonly digest: Digest;
  /** What it is: `result of read /home/ana/notes.txt`. */
  readonly from: string;
  /** Of it alone, without what led to it. */
  readonly trust: Trust;
  readonly confidentiality: Confidentiality;
  readonly as: readonly EndorsedAs[];
  /** Its beginning. */
  readonly text: string;
  /** Of the whole, in UTF-16 units. */
  readonly characters: number;
};

/** The answer to a question that endorses one of the texts that it offers. */
export type Endorsing = {
  readonly answer: "endorse";
  readonly id: ApprovalId;
  readonly call: CallId;
  readonly by: PersonId;
  readonly of: Endorsable;
  readonly as: EndorsedAs;
  /** That of whoever endorses, at the door at which he said it: no text is endorsed above it. */
  readonly trust: Trust;
};

export type Endorsement = {
  readonly session: SessionId;
  readonly item: ItemId;
  readonly digest: Digest;
  readonly from: string;
  readonly by: PersonId;
  readonly atMs: number;
  /** What it counts as at least; absent: as it is. */
  readonly trust?: Trust;
  /** What it counts as at most; absent: as it is. */
  readonly confidentiality?: Confidentiality;
};
