/**
 * The close watch (R-IR-4): while an incident about everything is open, and
 * for 30 days after any was closed, whatever changes or leaves something is
 * asked, and alerts come at half their thresholds.
 *
 * It is a policy like the operator's own, so it can only forbid more.
 *
 * @module
 */
import type { PolicyFile } from "../../steps/judge/policy/vet.ts";
import type { Stand } from "../../ops/incident/case.ts";

const POLICY: PolicyFile = {
  name: "close-watch (built in)",
  text: `@id("watch.close.ask")
@says("An incident is open or was closed less than 30 days ago: everything that changes or leaves something is asked.")
@hint("a person who may do this himself can say yes; \`vambrace status\` shows how long it lasts")
forbid (
  principal,
  action in
    [Action::"write", Action::"delete", Action::"exec", Action::"fetch", Action::"send", Action::"pay",
     Action::"remember", Action::"schedule", Action::"spawn", Action::"configure", Action::"install",
     Action::"use_mcp", Action::"unknown"],
  resource
)
unless { context.approvals.contains("yes") };
`,
};

export function isClose({ closeWatchUntilMs, servicesOff, withoutCause, wholeOpen }: Stand): boolean {
  return closeWatchUntilMs !== null || servicesOff.size > 0 || withoutCause.length > 0 || wholeOpen;
}

export function closeWatchPolicies(stand: Stand): readonly PolicyFile[] {
  return isClose(stand) ? [POLICY] : [];
}

/** What thresholds of alerts are multiplied by. */
export function strictnessOf(stand: Stand): number {
  return isClose(stand) ? 0.5 : 1;
}
