/**
 * When a plan is made, and where it is kept: once a turn, at the first call
 * that it could change anything for, from the persons' words alone.
 *
 * @module
 */
import type { Facts, Proposal } from "../../core/call.ts";
import { toFault } from "../../core/fault.ts";
import { canonicalJson, type JsonObject } from "../../core/json.ts";
import { trustRank } from "../../core/label.ts";
import { NEVER_BOUND, type Plan } from "../../core/plan.ts";
import type { Ledger } from "../../core/ports/ledger.ts";
import type { StateStore } from "../../core/ports/store.ts";
import type { Judged } from "../../core/run.ts";
import { planQuestion, readPlan, requestWords, writePlan } from "../../steps/agent/plan.ts";
import type { Judge, JudgeOptions } from "../../steps/judge/judge.ts";
import type { Asker } from "./asker.ts";
import type { Kit } from "./kits.ts";

export type PlannerParts = {
  readonly asker: Asker;
  readonly state: StateStore;
  readonly ledger: Ledger;
  readonly kitOf: (agent: Proposal["origin"]["agent"]) => Kit;
  /** Ends a request for a plan: everything was stopped. */
  readonly signal: () => AbortSignal;
  readonly mode: "on" | "off";
};

const NOTHING: Plan = { effects: [] };

/** How long a plan may take; without one the call is judged as if there were none. */
const PLAN_MS = 60_000;

/** Judges a call; with the plan of its turn where that could make a difference. */
export async function judgeByPlan(
  parts: PlannerParts,
  judge: Judge,
  proposal: Proposal,
  options: Pick<JudgeOptions, "reachable">,
): Promise<Judged> {
  const first = await judge.judge(proposal, options);
  if (!(await couldMatter(parts, judge, { proposal, first, options }))) return first;
  const plan = await planOf(parts, proposal);
  return plan === undefined ? first : judge.judge(proposal, { ...options, plan });
}

type Case = {
  readonly proposal: Proposal;
  readonly first: Judged;
  readonly options: Pick<JudgeOptions, "reachable">;
};

/** Only where something less trusted than whoever asked is in the context, and the answer might be another. */
async function couldMatter(parts: PlannerParts, judge: Judge, { proposal, first, options }: Case): Promise<boolean> {
  const { facts, decision } = first;
  if (parts.mode === "off" || parts.kitOf(proposal.origin.agent).model.identity.provider === "offline") return false;
  if (decision.verdict === "deny" || trustRank(facts.influence.trust) >= trustRank(proposal.principal.trust)) {
    return false;
  }
  if (decision.verdict === "ask") return mightBeBound(facts);
  const { paths, hosts, command } = facts;
  const recorded = command === undefined ? { paths, hosts } : { paths, hosts, command };
  const outside = await judge.judge(proposal, { ...options, recorded, plan: NOTHING });
  return outside.decision.verdict !== "allow";
}

function mightBeBound({ arguments: args }: Facts): boolean {
  const open = args.filter((one) => !one.designated && one.role !== "plain");
  return open.length > 0 && open.every((one) => !NEVER_BOUND.has(one.role));
}

/** The plan of the turn: what was stored, else a new one; undefined where none can be had. */
async function planOf(parts: PlannerParts, proposal: Proposal): Promise<Plan | undefined> {
  const key = `plan:${proposal.origin.turn}`;
  const stored = await parts.state.get(key);
  // Asked once a turn: one that could not be had is not tried at each call.
  if (stored !== undefined) return "absent" in stored ? undefined : readPlan(canonicalJson(stored));
  const made = await makePlan(parts, proposal);
  const row: JsonObject = typeof made === "string" ? { absent: made } : { ...writePlan(made) };
  await parts.ledger.append({
    kind: "turn",
    who: proposal.principal.person,
    what: "plan.made",
    target: proposal.origin.turn,
    result: typeof made === "string" ? "failed" : "ok",
    session: proposal.origin.session,
    turn: proposal.origin.turn,
    // Tools and counts: the arguments are the person's words, which the record does not hold.
    data: typeof made === "string" ? row : { effects: made.effects.map(({ tool, count }) => ({ tool, count })) },
  });
  await parts.state.set(key, row);
  return typeof made === "string" ? undefined : made;
}

/** @returns why there is none, as a code or word. */
async function makePlan(parts: PlannerParts, proposal: Proposal): Promise<Plan | string> {
  const { principal, origin, context } = proposal;
  const tools = parts.kitOf(origin.agent).offered(origin.channel, principal.within);
  const question = planQuestion(requestWords(context, principal.trust), tools);
  if (question === undefined) return "nobody's words";
  const signal = AbortSignal.any([parts.signal(), AbortSignal.timeout(PLAN_MS)]);
  try {
    const asking = { person: principal.person, origin };
    return readPlan(await parts.asker.ask(asking, { ...question, purpose: "plan" }, signal)) ?? "not a plan";
  } catch (thrown) {
    const { code } = toFault(thrown);
    // Nothing may be done without the ledger, a plan neither.
    if (code === "LEDGER_UNAVAILABLE") throw thrown;
    return code;
  }
}
