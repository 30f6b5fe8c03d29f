/**
 * Runs: what a judged call becomes, and what comes of it.
 *
 * @module
 */
import type { Asked } from "./asked.ts";
import type { Facts, Proposal } from "./call.ts";
import type { Decision } from "./decision.ts";
import type { Digest, JsonObject } from "./json.ts";
import type { Label } from "./label.ts";
import type { TurnEvent } from "./turn.ts";

export type Judged = {
  readonly facts: Facts;
  readonly decision: Decision;
  readonly digest: Digest;
  /** What the policies were asked; absent where the facts for it could not be found out. */
  readonly asked?: Asked;
};

/** What came of a run. `ok: false` with a text is an ordinary failure, such as a command that exits 1. */
export type RunOutcome = {
  readonly ok: boolean;
  readonly text: string;
  /** One line for people and records; holds no content. */
  readonly summary: string;
  /** The stored label of what was read, where one is recorded. */
  readonly label?: Label;
  readonly data?: JsonObject;
};

export type RunRequest = {
  readonly proposal: Proposal;
  readonly judged: Judged;
  readonly emit: (event: TurnEvent) => void;
  readonly signal: AbortSignal;
};
