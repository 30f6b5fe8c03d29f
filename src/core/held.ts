/**
 * Held values: untrusted content that is kept out of the model's context. The
 * model has a handle, which it can pass on and cannot read.
 *
 * INVARIANT(held-is-untrusted): whatever a handle stands for has trust none, wherever it is put.
 *
 * @module
 */
import type { HandleId, SessionId } from "./ids.ts";
import type { JsonObject } from "./json.ts";
import type { Label } from "./label.ts";
import type { RunOutcome } from "./run.ts";

export type Held = {
  readonly id: HandleId;
  readonly value: string | number;
  /** Its trust is none. */
  readonly label: Label;
  /** What it is of, as a person is shown it: `result of exec`, `file /home/ana/vambrace/mail.txt`. */
  readonly from: string;
  /** Whose bits its answers are counted against: those of the first text that it came out of. */
  readonly source: string;
  /** The call that brought the content, where one did. */
  readonly call?: { readonly tool: string; readonly arguments: JsonObject };
};

/** A text that is asked about in quarantine. */
export type Content = {
  readonly text: string;
  /** There is more of it than this. */
  readonly isPart: boolean;
  readonly label: Label;
  /** As a person is shown it. */
  readonly from: string;
  readonly source: string;
  /** How it was come by, for the record. */
  readonly access?: JsonObject;
};

/** What came of looking for the text; a failure is told as it is. */
export type Found =
  | { readonly kind: "found"; readonly content: Content }
  | { readonly kind: "failed"; readonly outcome: RunOutcome };

/** Kept for one session; a handle means nothing in another. */
export type HeldValues = {
  /** Durable when it resolves. */
  hold(session: SessionId, value: Omit<Held, "id">): Promise<HandleId>;
  get(session: SessionId, handle: string): Promise<Held | undefined>;
  /**
   * Takes bits off what a source, and all sources together, may still tell this session. Durable when it resolves.
   *
   * @returns what is left for the source where it was too little: then nothing was taken.
   */
  spend(
    session: SessionId,
    source: string,
    bits: number,
  ): Promise<{ readonly kind: "spent" } | { readonly kind: "short"; readonly left: number }>;
};

/** A handle wherever it stands in a text. */
export const HANDLE = /\bhdl_[0-9a-hjkmnp-tv-z]{26}\b/g;
