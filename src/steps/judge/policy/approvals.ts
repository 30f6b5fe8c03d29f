/**
 * The check that approvals only ever help: `permit when` and `forbid unless`,
 * never under a negation, never in the floor. Without it a policy could turn a
 * person's yes into a wider no, or a missing yes into an allow.
 *
 * @module
 */
import type { Expr, PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import { APPROVAL_KINDS } from "../../../core/decision.ts";
import { isObject } from "../../../core/json.ts";

/** What is wrong with how this policy speaks of approvals; undefined where nothing is. */
export function approvalMisuse(policy: PolicyJson, layer: "floor" | "other"): string | undefined {
  const helps = policy.effect === "permit" ? "when" : "unless";
  for (const clause of policy.conditions) {
    if (!touches(clause.body)) continue;
    if (layer === "floor") return "the floor speaks of approvals: what it forbids could be approved away";
    if (clause.kind !== helps) {
      return `approvals occur in the \`${clause.kind}\` of a ${policy.effect}; only \`permit when\` and \`forbid unless\` may`;
    }
    const misuse = misuseIn(clause.body);
    if (misuse !== undefined) return misuse;
  }
  return undefined;
}

/** Walks down the operators under which more approvals can only make the whole more true. */
function misuseIn(expr: Expr): string | undefined {
  if (!touches(expr)) return undefined;
  const entry = Object.entries(expr)[0];
  if (entry === undefined || Object.keys(expr).length !== 1) return UNREADABLE;
  const [operator, operands]: [string, unknown] = entry;
  if (operator === "&&" || operator === "||") return misuseInBoth(operands);
  if (operator === "contains") return isKnownYes(operands) ? undefined : UNREADABLE;
  return `approvals stand under \`${operator}\`; only && and || may be around them`;
}

const UNREADABLE = `approvals are read in another way than \`context.approvals.contains("yes")\` with one of: ${APPROVAL_KINDS.join(", ")}`;

function misuseInBoth(operands: unknown): string | undefined {
  if (!isObject(operands)) return UNREADABLE;
  const { left, right } = operands;
  if (!isExpr(left) || !isExpr(right)) return UNREADABLE;
  return misuseIn(left) ?? misuseIn(right);
}

function isExpr(value: unknown): value is Expr {
  return isObject(value);
}

function isKnownYes(operands: unknown): boolean {
  if (!isObject(operands)) return false;
  const { left, right } = operands;
  const kind = isObject(right) ? right["Value"] : undefined;
  return isApprovals(left) && APPROVAL_KINDS.some((known) => known === kind);
}

function isApprovals(value: unknown): boolean {
  return JSON.stringify(value) === JSON.stringify({ ".": { left: { Var: "context" }, attr: "approvals" } });
}

/** Whether approvals can be reached from here: by name, or through the whole context taken as a value. */
function touches(expr: unknown): boolean {
  if (Array.isArray(expr)) return expr.some(touches);
  if (!isObject(expr)) return false;
  if (expr["Var"] === "context") return true;
  return Object.entries(expr).some(([operator, operand]) => touchesIn(operator, operand));
}

function touchesIn(operator: string, operand: unknown): boolean {
  if ((operator === "." || operator === "has") && isObject(operand)) {
    const left = operand["left"];
    if (isObject(left) && left["Var"] === "context") return JSON.stringify(operand["attr"]).includes('"approvals"');
  }
  return touches(operand);
}
