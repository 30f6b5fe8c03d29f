/**
 * Operations on the value of a parameter: `${x:-y}`, `${x%.txt}`, `${x/a/b}`.
 *
 * @module
 */
import type { ParameterExpansionPart, ParameterOperation, Word } from "unbash";
import { anyBelow, escapeExpression, type Field, isPattern, literal, unescapePattern } from "./fields.ts";

export type Operated =
  | { readonly kind: "value"; readonly fields: readonly Field[] }
  | { readonly kind: "unset" }
  | { readonly kind: "unknown" };

/** Longer values are not worked on: the time that a pattern takes grows with more than their length. */
const LONGEST = 512;
const UNKNOWN: Operated = { kind: "unknown" };

/** @param operands the expanded operands in source order. */
export function operate(
  operation: ParameterOperation,
  value: readonly Field[] | "unset",
  operands: readonly Field[],
): Operated {
  if (operation.type === "Default") return withDefault(operation.operator, value, operands[0] ?? literal(""));
  if (value === "unset") return operation.type === "Unknown" ? UNKNOWN : { kind: "unset" };
  const [one] = value;
  if (one === undefined || value.length > 1 || one.kind === "unknown") return UNKNOWN;
  return one.kind === "pattern" ? ofPattern(operation.type, one.text, operands) : ofText(operation, one.text, operands);
}

function ofText(operation: ParameterOperation, text: string, [first, second]: readonly Field[]): Operated {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the others are not followed
  switch (operation.type) {
    case "Remove":
      return remove(operation.operator, text, first);
    case "Replace":
      return replace(operation.operator, text, { pattern: first, by: second });
    case "Slice":
      return slice(text, first, second);
    case "CaseModification":
      return first === undefined ? changeCase(operation.operator, text) : UNKNOWN;
    default:
      return UNKNOWN;
  }
}

/** The value, or the operand where the value is missing; `+` the other way round. */
function withDefault(operator: string, value: readonly Field[] | "unset", operand: Field): Operated {
  const [one] = value === "unset" ? [] : value;
  if (one?.kind === "unknown") return UNKNOWN;
  const missing = one === undefined || (one.kind === "literal" && one.text === "" && operator.startsWith(":"));
  if (operator.endsWith("+")) return missing ? { kind: "unset" } : { kind: "value", fields: [operand] };
  if (!missing && value !== "unset") return { kind: "value", fields: value };
  return operator.endsWith("?") ? { kind: "unset" } : { kind: "value", fields: [operand] };
}

/** Of a name in a folder, cutting and replacing without slashes leaves a name in the same folder. */
function ofPattern(type: ParameterOperation["type"], text: string, operands: readonly Field[]): Operated {
  const plain = operands.every((operand) => operand.kind !== "unknown" && !operand.text.includes("/"));
  const folder = text.slice(0, text.lastIndexOf("/") + 1);
  if (text.includes("**")) return ofBelow(type, anyBelow(text), operands);
  if (type === "Remove" && (plain || operands.every((operand) => operand.text === "*/"))) {
    const cut = plain ? folder : "";
    return { kind: "value", fields: [{ kind: "pattern", text: `${cut}*` }] };
  }
  const small = type === "Replace" || type === "CaseModification" || type === "Slice";
  return small && plain && folder === "" ? { kind: "value", fields: [{ kind: "pattern", text: "*" }] } : UNKNOWN;
}

/**
 * Of anything below a folder, cutting at an end or replacing a text that the folder's own path does not hold leaves a
 * path below that folder.
 */
function ofBelow(type: ParameterOperation["type"], text: string, operands: readonly Field[]): Operated {
  const [first] = operands;
  const literals = operands.every((operand) => operand.kind === "literal" && !operand.text.includes("/"));
  const apart = first !== undefined && first.text !== "" && !unescapePattern(text).includes(first.text);
  if (type === "Replace" && literals && apart) return { kind: "value", fields: [{ kind: "pattern", text }] };
  if (type !== "Remove") return UNKNOWN;
  if (operands.every((operand) => operand.text === "*/"))
    return { kind: "value", fields: [{ kind: "pattern", text: "*" }] };
  const inName =
    first !== undefined && first.kind !== "unknown" && /^[^*/]+\*?$/.test(first.text) && first.text.length > 1;
  return inName ? { kind: "value", fields: [{ kind: "pattern", text }] } : UNKNOWN;
}

function remove(operator: string, text: string, operand: Field | undefined): Operated {
  const source = patternSource(operand, operator.length === 2);
  if (source === undefined || text.length > LONGEST) return UNKNOWN;
  const expression = operator.startsWith("#") ? `^${source}` : `${source}$`;
  if (operator.startsWith("#")) return value(text.replace(new RegExp(expression, "s"), ""));
  // The shortest suffix is the last place from which the pattern matches to the end.
  const places = Array.from({ length: text.length + 1 }, (_, i) => i);
  const starts = operator === "%" ? places.reverse() : places;
  const anchored = new RegExp(`^${source}$`, "s");
  const at = starts.find((start) => anchored.test(text.slice(start)));
  return value(at === undefined ? text : text.slice(0, at));
}

function replace(
  operator: string,
  text: string,
  change: { pattern: Field | undefined; by: Field | undefined },
): Operated {
  const source = patternSource(change.pattern, true);
  const by = change.by ?? literal("");
  if (source === undefined || text.length > LONGEST || by.kind !== "literal" || /[&\\]/.test(by.text)) return UNKNOWN;
  const anchored = operator === "/#" ? `^(?:${source})` : operator === "/%" ? `(?:${source})$` : source;
  return value(text.replace(new RegExp(anchored, operator === "//" ? "gs" : "s"), () => by.text));
}

function slice(text: string, offset: Field | undefined, length: Field | undefined): Operated {
  const from = numberOf(offset);
  const count = length === undefined ? text.length : numberOf(length);
  if (from === undefined || count === undefined || count < 0) return UNKNOWN;
  const start = from < 0 ? text.length + from : from;
  return start < 0 ? value("") : value(text.slice(start, start + count));
}

function numberOf(field: Field | undefined): number | undefined {
  return field?.kind === "literal" && /^\s*-?\d{1,6}\s*$/.test(field.text) ? Number(field.text) : undefined;
}

function changeCase(operator: string, text: string): Operated {
  const whole = operator.length === 2;
  const change = (part: string): string => (operator.startsWith("^") ? part.toUpperCase() : part.toLowerCase());
  return value(whole ? change(text) : change(text.slice(0, 1)) + text.slice(1));
}

function value(text: string): Operated {
  return { kind: "value", fields: [literal(text)] };
}

/** A shell pattern as a regular expression; undefined where it has more than `*` and `?`. */
function patternSource(field: Field | undefined, greedy: boolean): string | undefined {
  if (field === undefined || field.kind === "unknown") return undefined;
  const text = field.kind === "literal" ? field.text.replaceAll(/[\\*?[\]]/g, String.raw`\$&`) : field.text;
  if (isPattern(text.replaceAll(/(?<!\\)[*?]/g, ""))) return undefined;
  if (text.length > 200 || (text.match(/(?<!\\)\*/g) ?? []).length > 3) return undefined;
  return text.replaceAll(/\\[\s\S]|[\s\S]/g, (piece) => {
    if (piece === "*") return greedy ? ".*" : ".*?";
    return piece === "?" ? "." : escapeExpression(unescapePattern(piece));
  });
}

/** The words in an expansion that are expanded themselves, in source order. */
export function operandsOf(part: ParameterExpansionPart): readonly Word[] {
  const operation = part.operation;
  if (operation === undefined) return [];
  switch (operation.type) {
    case "Default":
    case "Remove":
    case "Transform":
      return [operation.operand];
    case "CaseModification":
      return operation.operand === undefined ? [] : [operation.operand];
    case "Replace":
      return [operation.pattern, operation.replacement];
    case "Slice":
      return operation.length === undefined ? [operation.offset] : [operation.offset, operation.length];
    case "Names":
    case "Unknown":
      return [];
  }
}

/** What `$name` or `${name[index]}` stands for, of the values of the name. */
export function elements(part: ParameterExpansionPart, value: readonly Field[] | "unset"): readonly Field[] | "unset" {
  const index = part.index?.text;
  if (value === "unset" || index === undefined) return value;
  if (index === "@" || index === "*") return value;
  const one = /^\d+$/.test(index) ? value[Number(index)] : undefined;
  if (one !== undefined) return [one];
  return [{ kind: "unknown", text: "", why: `the element \`${part.text}\``, many: false }];
}

/** `@` and `*` where all elements are meant. */
export function valueName(part: ParameterExpansionPart): string {
  const index = part.index?.text;
  return index === "@" || index === "*" ? index : part.parameter;
}
