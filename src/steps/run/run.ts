/**
 * Run: spends the permit and does the thing.
 *
 * The permit is spent for the digest of the call as it stands here, before
 * anything else: a call that was changed after it was judged never starts.
 *
 * @module
 */
import { callDigest } from "../../core/call.ts";
import { Fault } from "../../core/fault.ts";
import type { Permit, PermitOffice, Spent } from "../../core/permit.ts";
import type { RunOutcome, RunRequest } from "../../core/run.ts";

export type Work = RunRequest & { readonly spent: Spent };

/** Does one tool's thing with the right that a spent permit leaves. */
export type Effector = (work: Work) => Promise<RunOutcome>;

export function createRun(
  office: PermitOffice,
  effectors: ReadonlyMap<string, Effector>,
): (permit: Permit, request: RunRequest) => Promise<RunOutcome> {
  return async (permit, request) => {
    const { proposal, judged } = request;
    const spent = office.spend(permit, callDigest(proposal, judged.facts));
    const effector = effectors.get(proposal.tool);
    if (effector === undefined) {
      throw new Fault("TOOL_UNKNOWN", {
        message: `there is no tool \`${proposal.tool.slice(0, 60)}\``,
        hint: "see what there is with `vambrace status --json`",
      });
    }
    return effector({ ...request, spent });
  };
}

/** The limits of a call that may run. @throws Fault PERMIT_REFUSED for one that was denied. */
export function limitsOf(
  work: RunRequest,
): Extract<RunRequest["judged"]["decision"], { verdict: "allow" | "ask" }>["limits"] {
  const { decision } = work.judged;
  if (decision.verdict !== "deny") return decision.limits;
  throw new Fault("PERMIT_REFUSED", {
    message: "a denied call has no limits",
    hint: "this is a defect; please report it",
  });
}

/** A text argument that the tool's own schema has checked. */
export function textArgument(work: RunRequest, name: string): string {
  const value = work.proposal.arguments[name];
  return typeof value === "string" ? value : "";
}
