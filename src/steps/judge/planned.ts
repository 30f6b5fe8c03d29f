/**
 * What a plan means for one call: whether it is inside, and which of its
 * arguments may come out of a source that the person named.
 *
 * INVARIANT(plan-narrows): a binding needs the person's own words to name the source, a call that read it, the value in
 * what came back, and a type and a count that were fixed beforehand. It never says whom, how much or what is run.
 *
 * @module
 */
import { resolve } from "node:path/posix";
import type { Proposal } from "../../core/call.ts";
import type { ContextItem, ProposedCall } from "../../core/item.ts";
import { leaves } from "../../core/json.ts";
import { type BoundType, NEVER_BOUND, type Plan, type PlannedArgument, type PlannedEffect } from "../../core/plan.ts";
import type { Effect } from "../../core/tool.ts";
import type { Binds } from "./designation/designate.ts";
import { directoriesIn, namesFor } from "./designation/directory.ts";
import { currentRequest } from "./designation/request.ts";
import { holds, mentionsOf } from "./designation/values.ts";
import { overlaps } from "./designation/words.ts";

export type Planned = {
  /** `open`: there is no plan, so nothing is outside it. */
  readonly standing: "open" | "inside" | "outside";
  readonly binds: Binds;
};

const BINDS_NOTHING: Binds = () => false;

export function plannedFor(
  plan: Plan | undefined,
  proposal: Proposal,
  { effect, effectOf, isDirectory }: Knowing,
): Planned {
  if (plan === undefined) return { standing: "open", binds: BINDS_NOTHING };
  const { done } = currentRequest(proposal.context, effect);
  const directories = directoriesIn(proposal.context, isDirectory);
  const isMeant: Meant = (name, value, planned) =>
    isSame(value, planned, proposal.cwd) ||
    namesFor(value, name, directories).some((known) => isSame(known.name, planned, proposal.cwd));
  const fitting = plan.effects.filter((one) => fits(one, proposal, isMeant));
  const isDone = (call: ProposedCall): boolean => fitting.some((one) => fits(one, call, isMeant));
  const used = done.filter(isDone).length;
  const most = fitting.reduce((sum, { count }) => sum + (count ?? Number.POSITIVE_INFINITY), 0);
  if (!(used < most)) return { standing: "outside", binds: BINDS_NOTHING };
  return { standing: "inside", binds: bindsOf(fitting, { proposal, done: done.filter(isDone), effectOf }) };
}

type Knowing = {
  readonly effect: Effect;
  readonly effectOf: (tool: string) => Effect;
  readonly isDirectory: (tool: string) => boolean;
};

/** Whether this argument's value is what the plan says, as it stands or by the name that a directory has for it. */
type Meant = (name: string, value: string, planned: string) => boolean;

type Called = Pick<ProposedCall, "tool" | "arguments">;

/** The same tool, with every value that was known beforehand. */
function fits(planned: PlannedEffect, call: Called, isMeant: Meant): boolean {
  if (planned.tool !== call.tool) return false;
  return [...planned.arguments].every(([name, argument]) => {
    if (argument.kind === "from") return true;
    const given = [...leaves(call.arguments[name])].map((leaf) => leaf.value);
    return given.length > 0 && given.every((value) => isMeant(name, value, argument.value));
  });
}

/** Spelling apart: a plan that says `./Notes.md` means the file that the call names from the root. */
function isSame(value: string, planned: string, cwd: string): boolean {
  const plain = (text: string): string => text.trim().toLowerCase().replace(/\s+/g, " ");
  if (plain(value) === plain(planned)) return true;
  if (value.includes("://") || planned.includes("://")) return value.replace(/\/$/, "") === planned.replace(/\/$/, "");
  const isNumber = /^-?\d/.test(value) && /^-?\d/.test(planned);
  return isNumber ? Number(value) === Number(planned) : resolve(cwd, value) === resolve(cwd, planned);
}

type Bench = {
  readonly proposal: Proposal;
  readonly done: readonly ProposedCall[];
  readonly effectOf: (tool: string) => Effect;
};

function bindsOf(fitting: readonly PlannedEffect[], bench: Bench): Binds {
  const { proposal } = bench;
  return ({ name, value }, words) => {
    // The role of the argument itself: what a text leads to has another.
    const role = proposal.declaration?.roles.get(name) ?? "target";
    if (NEVER_BOUND.has(role)) return false;
    return fitting.some(({ arguments: args }) => {
      const bound = args.get(name);
      if (bound?.kind !== "from" || !hasType(value, bound.type)) return false;
      const kind = bound.source.includes("://") ? "url" : "path";
      const mentions = [...mentionsOf(bound.source, kind, words, proposal.cwd)];
      if (mentions.length === 0 || mentions.some((one) => overlaps(words.negated, one))) return false;
      return isWithinCount(name, bound, bench) && readFrom(bound.source, bench).some((item) => holds(item.text, value));
    });
  };
}

/** Of this call and of those before it together. */
function isWithinCount(
  name: string,
  { most }: Extract<PlannedArgument, { kind: "from" }>,
  { proposal, done }: Bench,
): boolean {
  const values = new Set(
    [proposal, ...done].flatMap((call) => [...leaves(call.arguments[name])].map((leaf) => leaf.value)),
  );
  return values.size <= most;
}

type Result = Extract<ContextItem, { kind: "result" }>;

/** What calls brought that read this very source, and did nothing else. */
function readFrom(source: string, { proposal, effectOf }: Bench): readonly Result[] {
  const { context, cwd } = proposal;
  const reading = new Set<string>();
  for (const item of context) {
    for (const call of item.kind === "model" ? item.calls : []) {
      const isReading = ["read", "fetch"].includes(effectOf(call.tool));
      const named = [...leaves(call.arguments)].map((leaf) => leaf.value);
      if (isReading && named.some((value) => isSame(value, source, cwd))) reading.add(call.id);
    }
  }
  return context.filter((item): item is Result => item.kind === "result" && reading.has(item.call));
}

const TYPES: Readonly<Record<BoundType, RegExp>> = {
  address: /^(?:[^\s@<>"'(),;:]{1,64}@[^\s@<>"'(),;:]{1,255}|\+[\d\s()./-]{7,25})$/u,
  number: /^-?\d{1,15}(?:\.\d{1,10})?$/,
  date: /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?$/,
  name: /^\p{L}[\p{L}\p{M}'’. -]{0,79}$/u,
  path: /^(?!.*(?:\.\.|:\/\/))[^\0\r\n]{1,300}$/,
};

function hasType(value: string, type: BoundType): boolean {
  return TYPES[type].test(value);
}
