/**
 * Reasons: a policy says one sentence for every command; what it is about in
 * this one stands in the facts, and is said with it.
 *
 * @module
 */
import type { CommandFacts, Facts } from "../../core/call.ts";
import type { Decision } from "../../core/decision.ts";
import type { PolicySet } from "./policy/load.ts";

const MOST_REASONS = 2;
const LONGEST_REASON = 120;

const ABOUT: readonly (readonly [policy: RegExp, reasons: (command: CommandFacts) => readonly string[]])[] = [
  [/^(?:config|flow)\.exec\.unlisted(?:\.|$)/, ({ unlisted }) => unlisted],
  [/^config\.exec\.opaque\./, ({ opaque }) => opaque],
  [/^config\.exec\.block$/, ({ blocked }) => blocked],
];

/** The same decision; its sentence names the part of the command that it is about. */
export function withReason<D extends Decision>(decision: D, { command }: Facts, set: PolicySet): D {
  if (command === undefined || decision.verdict === "allow") return decision;
  const speaker = decision.because.find((id) => set.policies.get(id)?.says === decision.says);
  const about = ABOUT.find(([policy]) => speaker !== undefined && policy.test(speaker));
  const reasons = (about?.[1](command) ?? []).slice(0, MOST_REASONS).map(plain);
  return reasons.length === 0
    ? decision
    : { ...decision, says: `${decision.says.replace(/\.$/, "")} (${reasons.join("; ")}).` };
}

/** Parts of a reason are the model's own words: nothing in them may steer a terminal or break the line. */
function plain(reason: string): string {
  const text = reason.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ").trim();
  return text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON - 1)}…` : text;
}
