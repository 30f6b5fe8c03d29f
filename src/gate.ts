/**
 * The gate: one call from proposal to outcome. The only function that turns a
 * call into an effect; every door and every agent comes through it.
 *
 *     judge ─► approval ─► prepared record ─► permit ─► run ─► label ─► outcome record
 *
 * Each step may refuse; none can be left out, because each needs what only the
 * one before it makes. Nothing here decides: it only keeps the order.
 *
 * @module
 */
import { bounded } from "./core/bounded.ts";
import type { ApprovalRecord } from "./core/approval.ts";
import type { Facts, Proposal } from "./core/call.ts";
import type { Decision } from "./core/decision.ts";
import { writeFacts, writeWhole } from "./core/decision-record.ts";
import type { Endorsing } from "./core/endorsement.ts";
import { toFault } from "./core/fault.ts";
import type { SessionId } from "./core/ids.ts";
import type { Found } from "./core/item.ts";
import type { JsonObject } from "./core/json.ts";
import type { Label, Trust } from "./core/label.ts";
import type { Permit, PermitOffice } from "./core/permit.ts";
import type { Clock } from "./core/ports/clock.ts";
import type { Ledger, LedgerEntry, Receipt } from "./core/ports/ledger.ts";
import type { SessionStore } from "./core/ports/store.ts";
import type { Judged, RunOutcome, RunRequest } from "./core/run.ts";
import type { Effect } from "./core/tool.ts";
import type { CallResult, TurnEvent } from "./core/turn.ts";

export type GateSteps = {
  readonly judge: (proposal: Proposal) => Promise<Judged>;
  /** Asks who may be asked; answers no where nobody can be. */
  readonly approve: (proposal: Proposal, judged: Judged, io: GateIo) => Promise<ApprovalRecord | Endorsing>;
  /** Lets a text count as somebody said, once that is recorded; what is judged from then on is judged with it. */
  readonly endorse: (proposal: Proposal, endorsing: Endorsing) => Promise<void>;
  readonly ledger: Ledger;
  readonly calls: Pick<SessionStore, "prepareCall" | "endCall">;
  readonly office: PermitOffice;
  readonly run: (permit: Permit, request: RunRequest) => Promise<RunOutcome>;
  readonly label: (proposal: Proposal, facts: Facts, recorded: { readonly label?: Label }) => ResultLabel;
  readonly labelRefusal: (facts: Facts | undefined) => ResultLabel;
  /** Takes out of a record what must not be kept in clear (R-DLP-2). */
  readonly redact: (value: JsonObject) => JsonObject;
  /** What the model may read of a result, and the signs that were found in it (R-DLP-1, R-FLOW-5). */
  readonly incoming: (text: string, brought: { readonly effect: Effect; readonly trust: Trust }) => Incoming;
  readonly clock: Clock;
  /** `halted` where `stop` was said, `frozen` where this session may not go on: then nothing runs. */
  readonly state: (session: SessionId) => "running" | "halted" | "frozen";
};

/** `own`: what of it is the result's alone. */
type ResultLabel = { readonly label: Label; readonly own: Label };

export type Incoming = { readonly text: string; readonly found: Found };

export type GateIo = { readonly emit: (event: TurnEvent) => void; readonly signal: AbortSignal };

export type Gate = (proposal: Proposal, io: GateIo) => Promise<CallResult>;

/** INVARIANT(one-gate): an effect happens only through a permit, after its prepared record is durable. */
export function createGate(steps: GateSteps): Gate {
  return async (proposal, io) => {
    const state = steps.state(proposal.origin.session);
    if (state !== "running") return refuse(steps, proposal, undefined, state === "frozen" ? FROZEN : HALTED);
    const judged = await steps.judge(proposal);
    await recordDecision(steps, proposal, judged);
    tellDecision(proposal, judged.decision, io);
    const cleared = await clear(steps, proposal, judged, io);
    if (cleared.verdict === "refused") return refuse(steps, proposal, cleared.judged, cleared);
    return effect(steps, proposal, cleared, io);
  };
}

const HALTED = { says: "everything is stopped", hint: "an operator can start again with `vambrace resume`" };
const FROZEN = { says: "this session is frozen", hint: "an operator can let it go with `vambrace thaw SESSION`" };

type Cleared =
  | { readonly verdict: "cleared"; readonly judged: Judged; readonly approval: ApprovalRecord | undefined }
  | { readonly verdict: "refused"; readonly judged: Judged; readonly says: string; readonly hint: string };

/** One question after the other, each with one text less to endorse: no more of them than this for one call. */
const ENDORSED_AT_MOST = 8;

/**
 * What is allowed goes on; what asks goes on only with a yes, and only if nothing it names has changed meanwhile. Where
 * somebody endorses a text instead, the call is judged anew.
 */
async function clear(steps: GateSteps, proposal: Proposal, first: Judged, io: GateIo): Promise<Cleared> {
  let judged = first;
  for (let endorsed = 0; ; endorsed += 1) {
    const { decision } = judged;
    if (decision.verdict === "deny") return { verdict: "refused", judged, says: decision.says, hint: decision.hint };
    if (decision.verdict === "allow") return { verdict: "cleared", judged, approval: undefined };
    const answered = await steps.approve(proposal, judged, io);
    if (answered.answer !== "endorse") return settle(steps, proposal, judged, { answered, io });
    if (endorsed === ENDORSED_AT_MOST || steps.state(proposal.origin.session) !== "running") {
      return { verdict: "refused", judged, says: decision.says, hint: "propose it again" };
    }
    await steps.endorse(proposal, answered);
    io.emit({ type: "approval.answered", call: proposal.id, answer: "endorse", by: answered.by });
    judged = await steps.judge(proposal);
    await recordDecision(steps, proposal, judged);
    tellDecision(proposal, judged.decision, io);
  }
}

async function settle(
  steps: GateSteps,
  proposal: Proposal,
  judged: Judged,
  { answered: approval, io }: { readonly answered: ApprovalRecord; readonly io: GateIo },
): Promise<Cleared> {
  await steps.ledger.append(approvalEntry(proposal, judged, approval));
  io.emit({ type: "approval.answered", call: proposal.id, answer: approval.answer, by: approval.by });
  if (approval.answer !== "yes") {
    return {
      verdict: "refused",
      judged,
      says: `it needs a person's yes, and ${whoRefused(approval)}: ${judged.decision.says}`,
      hint: "do something else, or ask again",
    };
  }
  const now = await steps.judge(proposal);
  if (
    now.digest !== approval.digest ||
    now.decision.verdict === "deny" ||
    steps.state(proposal.origin.session) !== "running"
  ) {
    return {
      verdict: "refused",
      judged,
      says: "what the call names has changed since it was approved",
      hint: "propose it again, so that the person sees it as it is now",
    };
  }
  return { verdict: "cleared", judged, approval };
}

function whoRefused({ by, unattended }: ApprovalRecord): string {
  if (by !== "nobody") return `${by} said no`;
  return unattended === true ? "nobody could be asked" : "nobody said yes in time";
}

async function effect(
  steps: GateSteps,
  proposal: Proposal,
  cleared: Extract<Cleared, { verdict: "cleared" }>,
  io: GateIo,
): Promise<CallResult> {
  const { judged, approval } = cleared;
  await steps.calls.prepareCall({
    id: proposal.id,
    turn: proposal.origin.turn,
    tool: proposal.tool,
    digest: judged.digest,
  });
  const prepared = await prepare(steps, proposal, judged);
  const grant = { call: proposal.id, digest: judged.digest, decision: judged.decision, prepared };
  const permit = steps.office.issue(approval === undefined ? grant : { ...grant, approval });
  const startedMs = steps.clock.monotonicMs();
  const outcome = await attempt(steps, permit, { proposal, judged, emit: io.emit, signal: io.signal });
  const wallMs = Math.round(steps.clock.monotonicMs() - startedMs);
  const { state, result } = outcome;
  const { label, own } = steps.label(proposal, judged.facts, result.label === undefined ? {} : { label: result.label });
  const { text, found } = steps.incoming(result.text, { effect: judged.facts.effect, trust: label.trust });
  const signs = Object.keys(found).length === 0 ? {} : { found };
  await steps.ledger.append({
    ...entryOf(proposal, "outcome", "call.ended", state === "unknown" ? "unknown" : result.ok ? "ok" : "failed"),
    data: recorded(steps, { ...result.data, ...signs, summary: result.summary, wallMs }),
  });
  await steps.calls.endCall(proposal.id, state, result.summary);
  io.emit({ type: "call.finished", call: proposal.id, ok: result.ok, summary: result.summary, wallMs });
  return {
    call: proposal.id,
    tool: proposal.tool,
    verdict: judged.decision.verdict,
    ok: result.ok,
    text,
    label,
    own,
    ...signs,
  };
}

function prepare(steps: GateSteps, proposal: Proposal, judged: Judged): Promise<Receipt> {
  return steps.ledger.append({
    ...entryOf(proposal, "prepared", "call.prepared", "begun"),
    data: { ...recorded(steps, { arguments: proposal.arguments, cwd: proposal.cwd }), digest: judged.digest },
  });
}

/** A run that throws may or may not have had its effect, unless the fault says that nothing was started. */
async function attempt(
  steps: GateSteps,
  permit: Permit,
  request: RunRequest,
): Promise<{ readonly state: "done" | "unknown"; readonly result: RunOutcome }> {
  try {
    return { state: "done", result: await steps.run(permit, request) };
  } catch (thrown) {
    const fault = toFault(thrown);
    const state = fault.code === "BROKER_UNAVAILABLE" || fault.code === "INTERNAL" ? "unknown" : "done";
    const text =
      state === "unknown" ? "it is unknown whether this happened; do not repeat it without asking" : fault.message;
    return {
      state,
      result: { ok: false, text: `${text} (hint: ${fault.hint})`, summary: fault.code, data: { fault: fault.code } },
    };
  }
}

function tellDecision(proposal: Proposal, decision: Decision, io: GateIo): void {
  const { verdict, says, because } = decision;
  io.emit({ type: "call.decided", call: proposal.id, verdict, says, because });
}

async function recordDecision(steps: GateSteps, proposal: Proposal, judged: Judged): Promise<void> {
  const { decision, facts } = judged;
  const result = { allow: "ok", ask: "asked", deny: "denied" }[decision.verdict];
  await steps.ledger.append({
    ...entryOf(proposal, "call", "call.decided", result),
    data: {
      ...recorded(steps, {
        tool: proposal.tool,
        arguments: proposal.arguments,
        cwd: proposal.cwd,
        because: decision.because,
        says: decision.says,
        policies: decision.policies,
        digest: judged.digest,
        agent: proposal.origin.agent,
        facts: writeFacts(facts),
      }),
      ...(judged.asked === undefined ? {} : { asked: writeWhole(judged.asked, steps.redact) }),
    },
  });
}

/** Without secrets, then small enough: a cut must not leave half of a secret that nobody recognises. */
function recorded(steps: GateSteps, data: JsonObject): JsonObject {
  return bounded(steps.redact(data));
}

async function refuse(
  steps: GateSteps,
  proposal: Proposal,
  judged: Judged | undefined,
  why: { readonly says: string; readonly hint: string },
): Promise<CallResult> {
  if (judged === undefined) await steps.ledger.append(entryOf(proposal, "call", "call.refused", "denied"));
  return {
    call: proposal.id,
    tool: proposal.tool,
    verdict: "deny",
    ok: false,
    text: `not done: ${why.says} (hint: ${why.hint})`,
    ...steps.labelRefusal(judged?.facts),
  };
}

function approvalEntry(proposal: Proposal, judged: Judged, approval: ApprovalRecord): LedgerEntry {
  return {
    ...entryOf(proposal, "approval", "approval.answered", approval.answer === "yes" ? "ok" : "denied"),
    who: approval.by,
    data: {
      approval: approval.id,
      digest: approval.digest,
      scope: approval.scope,
      because: judged.decision.because,
      ...(approval.unattended === true ? { unattended: true } : {}),
    },
  };
}

function entryOf(proposal: Proposal, kind: LedgerEntry["kind"], what: string, result: string): LedgerEntry {
  const { session, turn } = proposal.origin;
  return {
    kind,
    who: proposal.principal.person,
    what,
    target: proposal.tool,
    result,
    session,
    turn,
    call: proposal.id,
  };
}
