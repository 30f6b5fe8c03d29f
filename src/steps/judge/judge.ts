/**
 * The judge: facts about a call in, a decision out.
 *
 * It looks and decides; it changes nothing. The same code judges live calls,
 * replayed sessions and `vambrace check`. It throws for nothing that a model or
 * a finder can cause: what cannot be found out is denied, with what was missing.
 *
 * @module
 */
import { callDigest, type Facts, type Proposal } from "../../core/call.ts";
import type { FindSensitive } from "../../core/dlp.ts";
import type { Decision } from "../../core/decision.ts";
import { digestOf } from "../../core/json.ts";
import { joinAll, type Label } from "../../core/label.ts";
import type { Plan } from "../../core/plan.ts";
import type { Posture } from "../../core/posture.ts";
import type { Judged } from "../../core/run.ts";
import type { Effect, ToolDeclaration } from "../../core/tool.ts";
import { carriedBy } from "./carries.ts";
import { decide, type Reachable } from "./decide.ts";
import { designate, type Designation } from "./designation/designate.ts";
import { FinderFault, type FinderSource, gather, type WorldFacts } from "./gather.ts";
import { limitsFor } from "./limits.ts";
import { DECLARED_GROUP, type NamedTool } from "./offered.ts";
import { type Planned, plannedFor } from "./planned.ts";
import { type Engine, openEngine } from "./policy/engine.ts";
import { loadPolicies, type PolicySet } from "./policy/load.ts";
import type { PolicyFile, Vet } from "./policy/vet.ts";
import { withReason } from "./reasons.ts";
import { requestsFor } from "./requests.ts";

export type JudgedTool = { readonly declaration: ToolDeclaration; readonly groups: readonly string[] };

export type JudgeDeps = {
  readonly posture: Posture;
  /** Text of `operator/*.cedar`, already read. */
  readonly operatorPolicies: readonly PolicyFile[];
  /** Checks the whole set before it counts. */
  readonly vet: Vet;
  /** The tools that ship; those of `posture.declarations` are added. */
  readonly tools: readonly JudgedTool[];
  readonly facts: FinderSource;
  /** What is sensitive in a text, the secrets of this very gateway among it. */
  readonly sensitive: FindSensitive;
};

export type JudgeOptions = {
  /** Who can be asked now. */
  readonly reachable: readonly Reachable[];
  /** Facts that were recorded when the call was live: used instead of looking again. */
  readonly recorded?: WorldFacts;
  /** Declarations that hold for this session only, as a recorded session brings its own. */
  readonly declarations?: ReadonlyMap<string, ToolDeclaration>;
  /** The plan that was made from the request alone. Absent: nothing is outside it, and nothing is bound. */
  readonly plan?: Plan;
};

export type Judge = {
  judge(proposal: Proposal, options: JudgeOptions): Promise<Judged>;
  readonly policies: PolicySet;
  readonly posture: Posture;
  readonly engine: Engine;
};

/** @throws Fault POLICY_INVALID where the set does not validate; keep the judge that you have. */
export async function createJudge(deps: JudgeDeps): Promise<Judge> {
  const policies = await loadPolicies({ posture: deps.posture, operator: deps.operatorPolicies, vet: deps.vet });
  const engine = openEngine(policies);
  const tools = new Map(deps.tools.map((tool) => [tool.declaration.name, tool]));
  for (const [name, declaration] of deps.posture.declarations) {
    if (!tools.has(name)) tools.set(name, { declaration, groups: [DECLARED_GROUP] });
  }
  const bench: Bench = { deps, engine, tools };
  return {
    policies,
    engine,
    posture: deps.posture,
    judge: (proposal, options) => judgeOne(withSession(bench, options), proposal, options),
  };
}

type Bench = {
  readonly deps: JudgeDeps;
  readonly engine: Engine;
  readonly tools: ReadonlyMap<string, JudgedTool>;
};

function withSession(bench: Bench, { declarations }: JudgeOptions): Bench {
  if (declarations === undefined) return bench;
  const own = [...declarations].map(([name, declaration]) => {
    const known = bench.tools.get(name);
    const groups = known?.declaration.effect === declaration.effect ? known.groups : [DECLARED_GROUP];
    return [name, { declaration, groups }] as const;
  });
  return { ...bench, tools: new Map([...bench.tools, ...own]) };
}

/** A declaration that the judge has itself is the one that counts. */
function withDeclaration({ tools }: Bench, proposal: Proposal): Proposal {
  const known = tools.get(proposal.tool)?.declaration ?? proposal.declaration;
  return known === undefined ? proposal : { ...proposal, declaration: known };
}

async function judgeOne(bench: Bench, proposed: Proposal, options: JudgeOptions): Promise<Judged> {
  const { deps, engine } = bench;
  const proposal = withDeclaration(bench, proposed);
  const effect: Effect = proposal.declaration?.effect ?? "unknown";
  const influence = influenceOf(proposal);
  const isDirectory = directories(bench, proposal);
  const planned = plannedFor(options.plan, proposal, { effect, effectOf: effects(bench), isDirectory });
  const designation = narrowed(designate({ proposal, effect, influence, isDirectory, binds: planned.binds }), planned);
  const partial = { effect, influence, arguments: designation.arguments, designated: designation.designated };
  const tool = named(bench, proposal);
  try {
    const world =
      options.recorded ??
      (await gather(proposal, effect, {
        posture: deps.posture,
        finders: deps.facts,
        filesByDefault: tool.groups.includes("group:fs"),
      }));
    const carries = world.carries ?? carriedBy(proposal, { effect, hosts: world.hosts }, deps.sensitive);
    const facts: Facts = { ...partial, ...world, carries };
    const requests = requestsFor({ proposal, facts, designation, planned, tool, posture: deps.posture });
    const { person, trust, roles } = proposal.principal;
    const asked = { requests, principal: { person, trust, roles }, reachable: options.reachable };
    const decision = decide(engine, { ...asked, limits: limitsFor(facts, deps.posture) });
    return { facts, decision: withReason(decision, facts, engine.set), digest: callDigest(proposal, facts), asked };
  } catch (thrown) {
    return undecided(bench, proposal, { ...partial, paths: [], hosts: [], carries: [] }, thrown);
  }
}

/** INVARIANT(weakest-influence): the least of the principal and of every item in the model request. */
export function influenceOf({ principal, context }: Pick<Proposal, "principal" | "context">): Label {
  const own: Label = {
    trust: principal.trust,
    confidentiality: "public",
    audience: { kind: "anyone" },
    sources: [{ kind: "person", id: principal.person, trust: principal.trust }],
  };
  return joinAll([own, ...context.map((item) => item.label)]);
}

/** INVARIANT(plan-narrows): outside the plan nothing is taken for named. */
function narrowed(designation: Designation, { standing }: Planned): Designation {
  if (standing !== "outside") return designation;
  return { ...designation, named: false, designated: false, ownerDesignated: false };
}

function named({ tools }: Bench, proposal: Proposal): NamedTool {
  return { name: proposal.tool, groups: tools.get(proposal.tool)?.groups ?? [DECLARED_GROUP] };
}

function effects({ tools }: Bench): (tool: string) => Effect {
  return (tool) => tools.get(tool)?.declaration.effect ?? "unknown";
}

/** Only a declaration that an operator made says that a tool is a directory. */
function directories({ tools }: Bench, { declaration }: Proposal): (tool: string) => boolean {
  return (tool) => {
    const known = tools.get(tool)?.declaration ?? (declaration?.name === tool ? declaration : undefined);
    return known?.directory === true;
  };
}

/** INVARIANT(fail-closed): what the judge could not find out is a no. */
function undecided({ engine }: Bench, proposal: Proposal, facts: Facts, thrown: unknown): Judged {
  const finder = thrown instanceof FinderFault ? thrown.finder : undefined;
  const decision: Decision = {
    verdict: "deny",
    because: [finder === undefined ? "judge.failed" : `judge.facts.${finder}`],
    says:
      finder === undefined
        ? "The call could not be judged."
        : `What the call would touch could not be found out: its ${finder} facts are missing.`,
    policies: engine.set.digest,
    hint: "write it in a simpler way; if it happens again, look in the log",
  };
  return { facts, decision, digest: safeDigest(proposal, facts) };
}

/** The arguments themselves may be what cannot be hashed. */
function safeDigest(proposal: Proposal, facts: Facts): Judged["digest"] {
  try {
    return callDigest(proposal, facts);
  } catch {
    // A denied call is never bound to a permit: its id is enough to tell it from others.
    return digestOf({ unhashable: proposal.id });
  }
}
