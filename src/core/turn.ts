/**
 * Turns: one message from a person, and all that comes of it. The events are
 * what a terminal, a page or an API caller is streamed while it runs.
 *
 * @module
 */
import type { Question } from "./approval.ts";
import type { Verdict } from "./decision.ts";
import type { FaultCode } from "./fault-codes.ts";
import type { CallId, SessionId, TurnId } from "./ids.ts";
import type { Found } from "./item.ts";
import type { JsonObject } from "./json.ts";
import type { Label } from "./label.ts";
import type { ModelIdentity, Usage } from "./ports/model.ts";

export type TurnStop = "done" | "refused" | "budget" | "loop" | "stopped" | "failed";

export type TurnEvent =
  | { readonly type: "turn.started"; readonly turn: TurnId; readonly session: SessionId; readonly model: ModelIdentity }
  | { readonly type: "text"; readonly delta: string }
  | { readonly type: "call.proposed"; readonly call: CallId; readonly tool: string; readonly arguments: JsonObject }
  | {
      readonly type: "call.decided";
      readonly call: CallId;
      readonly verdict: Verdict;
      readonly says: string;
      readonly because: readonly string[];
    }
  | { readonly type: "approval.asked"; readonly question: Question }
  | {
      readonly type: "approval.answered";
      readonly call: CallId;
      readonly answer: "yes" | "no" | "endorse";
      readonly by: string;
    }
  | { readonly type: "call.output"; readonly call: CallId; readonly stream: "stdout" | "stderr"; readonly text: string }
  | {
      readonly type: "call.finished";
      readonly call: CallId;
      readonly ok: boolean;
      readonly summary: string;
      readonly wallMs: number;
    }
  | { readonly type: "fault"; readonly code: FaultCode; readonly message: string; readonly hint: string }
  | {
      readonly type: "turn.finished";
      readonly turn: TurnId;
      readonly stop: TurnStop;
      readonly text: string;
      readonly usage: Usage;
    };

/** What became of a proposed call, as the agent step is told. */
export type CallResult = {
  readonly call: CallId;
  readonly tool: string;
  readonly verdict: Verdict;
  readonly ok: boolean;
  /** What the model reads: the result, or why not and what to do instead. */
  readonly text: string;
  readonly label: Label;
  /** What of the label is its own, apart from the call that brought it. Absent: nothing of it can be endorsed. */
  readonly own?: Label;
  readonly found?: Found;
};
