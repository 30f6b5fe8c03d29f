/**
 * Putting a call to somebody who may decide it: who is asked, what he is shown,
 * and the record that he was.
 *
 * @module
 */
import type { ApprovalRecord, Grouped } from "../../core/approval.ts";
import type { Proposal } from "../../core/call.ts";
import type { Endorsing } from "../../core/endorsement.ts";
import { parsePersonId } from "../../core/ids.ts";
import type { Ledger } from "../../core/ports/ledger.ts";
import type { Judged } from "../../core/run.ts";
import type { GateIo } from "../../gate.ts";
import type { ApprovalDesk, QuestionDraft } from "../../steps/approval/desk.ts";
import type { Endorsements } from "../../steps/label/endorsements.ts";
import { foundIn, leavingOf, quotesOf } from "./asking.ts";
import { sourcesOf } from "./endorsing.ts";
import type { Reachable } from "./people.ts";

export type QuestionParts = {
  readonly desk: ApprovalDesk;
  readonly ledger: Ledger;
  /** Of the best door that each has open now. */
  readonly doors: () => readonly Reachable[];
  readonly endorsements: Endorsements;
  /** Whether it would not ask, had what the model read more trust. */
  readonly doesTrustMatter: (proposal: Proposal, judged: Judged) => boolean;
};

export async function putQuestion(
  parts: QuestionParts,
  asking: { readonly proposal: Proposal; readonly judged: Judged; readonly grouped: Grouped | undefined },
  io: GateIo,
): Promise<ApprovalRecord | Endorsing> {
  const { proposal, judged, grouped } = asking;
  const { decision, facts, digest } = judged;
  if (decision.verdict !== "ask") throw new Error("only a decision to ask is put to a person");
  const { id: call, tool, arguments: args, cwd, origin } = proposal;
  const draft: QuestionDraft = {
    call,
    digest,
    tool,
    effect: facts.effect,
    arguments: args,
    cwd,
    because: decision.because,
    says: decision.says,
    needs: decision.needs,
    origins: facts.arguments.filter((one) => one.role !== "plain"),
    facts,
    origin,
    // Each may do this himself: nobody approves above his own permissions.
    askedOf: decision.askOf.map(parsePersonId),
    quotes: quotesOf(
      facts.arguments.filter((one) => one.role !== "plain"),
      proposal.context,
    ),
    leaving: leavingOf(proposal, facts),
    found: foundIn(proposal.context),
    sources: sourcesOf(proposal, {
      endorsements: parts.endorsements,
      known: decision.askOf,
      doesTrustMatter: parts.doesTrustMatter(proposal, judged),
    }),
    ...(grouped === undefined ? {} : { grouped }),
    askedAt: Object.fromEntries(parts.doors().map(({ person, trust }) => [person, trust])),
  };
  await parts.ledger.append({
    kind: "approval",
    who: draft.askedOf.join(",") || "nobody",
    what: "approval.asked",
    target: tool,
    result: "asked",
    session: origin.session,
    turn: origin.turn,
    call,
    data: { digest, because: decision.because, askedOf: [...draft.askedOf] },
  });
  return parts.desk.ask(draft, io.signal, (question) => io.emit({ type: "approval.asked", question }));
}
