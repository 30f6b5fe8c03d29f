/**
 * From requests to one decision.
 *
 * Asking is a counterfactual: what is denied now, and would be allowed with the
 * first kind of yes that somebody could give who is reachable now and may do
 * the whole of it himself, is asked of those persons. Everything else that is
 * denied stays denied. An approval changes nothing but the set of approvals: no
 * trust, no label.
 *
 * @module
 */
import { APPROVAL_KINDS, type ApprovalKind, type Decision, type Limits, type PolicyId } from "../../core/decision.ts";
import { type Trust, trustRank } from "../../core/label.ts";
import type { Engine, PolicyAnswer } from "./policy/engine.ts";
import type { LoadedPolicy } from "./policy/vet.ts";
import type { RequestBody } from "./requests.ts";

/** Somebody who can be asked now. */
export type Reachable = { readonly person: string; readonly trust: Trust; readonly roles: readonly string[] };

export type DecideInput = {
  readonly requests: readonly RequestBody[];
  readonly principal: Reachable;
  readonly reachable: readonly Reachable[];
  readonly limits: Limits;
};

const CLEARS: Readonly<Record<ApprovalKind, readonly ApprovalKind[]>> = {
  yes: ["yes"],
  "owner-yes": ["yes", "owner-yes"],
};

export function decide(engine: Engine, input: DecideInput): Decision {
  const { requests, principal } = input;
  // A call about which nothing is asked would be allowed by nobody.
  if (requests.length === 0) return denied(engine, [], "Nothing is known of what this call would do.");
  const answers = requests.map((request) => put(engine, request, principal, []));
  const broken = answers.find((answer) => answer.decision === "error");
  if (broken !== undefined) return failed(engine, broken);
  const refusals = answers.filter((answer) => answer.decision === "deny");
  const policies = engine.set.digest;
  if (refusals.length === 0) {
    return { verdict: "allow", because: merge(answers), says: "Allowed.", policies, limits: input.limits };
  }
  const because = merge(refusals);
  return ask(engine, input, because) ?? denied(engine, because, "No policy allows it.");
}

function put(engine: Engine, request: RequestBody, who: Reachable, approvals: readonly ApprovalKind[]): PolicyAnswer {
  return engine.ask({
    principal: { id: who.person, trust: trustRank(who.trust), roles: who.roles },
    action: request.action,
    resource: request.resource,
    context: { ...request.context, approvals },
  });
}

function ask(engine: Engine, input: DecideInput, because: readonly PolicyId[]): Decision | undefined {
  const { requests, principal, reachable, limits } = input;
  for (const kind of APPROVAL_KINDS) {
    const withYes = requests.map((request) => put(engine, request, principal, CLEARS[kind]));
    const broken = withYes.find((answer) => answer.decision === "error");
    if (broken !== undefined) return failed(engine, broken);
    if (withYes.some((answer) => answer.decision !== "allow")) continue;
    const able = reachable.filter(
      (person) => isEqualTo(person, principal, kind) || mayApprove(engine, requests, person, kind),
    );
    if (able.length === 0) continue;
    return {
      verdict: "ask",
      because,
      says: sayGravest(engine, because)?.says ?? "No policy allows it without a yes.",
      policies: engine.set.digest,
      limits,
      needs: kind,
      askOf: [...new Set(able.map(({ person }) => person))],
    };
  }
  return undefined;
}

/** For the person who asked himself the answer is known already. */
function isEqualTo(person: Reachable, principal: Reachable, kind: ApprovalKind): boolean {
  if (kind === "owner-yes" && person.trust !== "full") return false;
  return (
    person.person === principal.person &&
    person.trust === principal.trust &&
    person.roles.join() === principal.roles.join()
  );
}

/** Nobody approves above his own permissions: with that yes, he could have it done on his own behalf. */
function mayApprove(engine: Engine, requests: readonly RequestBody[], person: Reachable, kind: ApprovalKind): boolean {
  if (kind === "owner-yes" && person.trust !== "full") return false;
  return requests.every((request) => put(engine, request, person, CLEARS[kind]).decision === "allow");
}

function denied(engine: Engine, because: readonly PolicyId[], otherwise: string): Decision {
  const first = sayFirst(engine, because);
  return {
    verdict: "deny",
    because,
    says: first?.says ?? otherwise,
    policies: engine.set.digest,
    hint: first?.hint ?? "ask when somebody can be reached who may approve it, or do it another way",
  };
}

/** R-WHO-6: what could not be evaluated denies, whatever the other policies said. */
function failed(engine: Engine, answer: Extract<PolicyAnswer, { decision: "error" }>): Decision {
  const named = answer.because.length === 0 ? "the request" : `policy ${answer.because.join(", ")}`;
  return {
    verdict: "deny",
    because: answer.because,
    says: `This cannot be decided: ${named} could not be evaluated.`,
    policies: engine.set.digest,
    hint: `an operator has to mend it: ${answer.problem.slice(0, 300)}`,
  };
}

const LAYERS = ["floor", "config", "operator", "flow"] as const;

/** Where several policies refuse, the one that cannot be talked about first. */
function sayFirst(engine: Engine, because: readonly PolicyId[]): LoadedPolicy | undefined {
  const policies = because.flatMap((id) => engine.set.policies.get(id) ?? []);
  for (const layer of LAYERS) {
    const found = policies.find((policy) => policy.layer === layer);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What cannot be taken back, or leaves: a person who is asked reads that before he reads which list something is not on. */
const GRAVE: readonly string[] = [
  "flow.trifecta",
  "flow.audience",
  "flow.plan",
  "flow.pay",
  "flow.delete.last-copy",
  "flow.delete.remote",
  "flow.overwrite",
];

function sayGravest(engine: Engine, because: readonly PolicyId[]): LoadedPolicy | undefined {
  const gravest = GRAVE.flatMap((grave) => because.filter((id) => id === grave)).at(0);
  return (gravest === undefined ? undefined : engine.set.policies.get(gravest)) ?? sayFirst(engine, because);
}

function merge(answers: readonly PolicyAnswer[]): readonly PolicyId[] {
  return [...new Set(answers.flatMap((answer) => answer.because))].sort();
}
