/**
 * Label: what comes back from a call gets the label that it will carry for
 * good.
 *
 * A result's label is the join of what its tool declares (or of what is
 * recorded of the very thing that was read) and of the call that made it. So a
 * result is never more trusted than the reason why it was asked for.
 *
 * @module
 */
import type { Facts, Proposal } from "../../core/call.ts";
import { type Audience, join, type Label, UNKNOWN_LABEL } from "../../core/label.ts";

/** What a run tells of the thing itself: the stored label of a memory, the recorded writer of a file. */
export type Recorded = { readonly label?: Label };

/** `own`: of the thing itself; `label`: with what led to it. */
export type ResultLabel = { readonly label: Label; readonly own: Label };

/** INVARIANT(weakest-influence): never above the call's own influence, nor above what the tool declares or was recorded. */
export function labelResult(proposal: Proposal, facts: Facts, recorded: Recorded, owner: string): ResultLabel {
  const own = recorded.label ?? declaredLabel(proposal, owner);
  return { label: join(facts.influence, own), own };
}

function declaredLabel(proposal: Proposal, owner: string): Label {
  const returns = proposal.declaration?.returns;
  if (returns === undefined) return UNKNOWN_LABEL;
  const audience: Audience =
    returns.confidentiality === "public"
      ? { kind: "anyone" }
      : // What is recorded of nothing is the gateway's or a tool's answer to whoever asked.
        { kind: "persons", persons: [...new Set([owner, proposal.principal.person])] };
  return {
    trust: returns.trust,
    confidentiality: returns.confidentiality,
    audience,
    sources: [{ kind: "tool", id: proposal.tool, trust: returns.trust, item: proposal.id }],
  };
}

/** What vambrace itself says about a call (why it was refused): its own words, but chosen by the call. */
export function labelRefusal(facts: Facts | undefined): ResultLabel {
  const own: Label = {
    trust: "full",
    confidentiality: "private",
    // It says nothing but what the call said: whoever may know that may know this.
    audience: { kind: "anyone" },
    sources: [{ kind: "system", id: "gate", trust: "full" }],
  };
  return { label: facts === undefined ? own : join(facts.influence, own), own };
}
