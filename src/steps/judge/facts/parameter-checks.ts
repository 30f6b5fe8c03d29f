/**
 * Expansions that run what a value holds: `${x@P}` and `${!x}`.
 *
 * @module
 */
import type { ParameterExpansionPart } from "unbash";
import { type Field, withWords } from "./fields.ts";
import { type Expansion, valueOf } from "./values.ts";

/** `${name@P}` expands the value as a prompt, substitutions and all. */
export function checkPrompt(part: ParameterExpansionPart, expansion: Expansion): void {
  if (part.operation?.type !== "Transform" || part.operation.operand.text !== "P") return;
  if (!known(part, expansion).every((field) => !/[$`\\]/.test(withWords(field) ?? "$")))
    expansion.analysis.found.hide(`what \`${part.text.slice(0, 60)}\` runs`);
}

/**
 * `${!name}` takes the value for a name, and evaluates an index in it. `${!name@}` and `${!name[@]}` list names and keys
 * and take nothing for one.
 */
export function checkIndirect(part: ParameterExpansionPart, expansion: Expansion): void {
  if (part.prefix !== "!" || part.operation?.type === "Names" || /^[@*]$/.test(part.index?.text ?? "")) return;
  if (!known(part, expansion).every((field) => /^\w*$/.test(withWords(field) ?? "[")))
    expansion.analysis.found.hide(`which name \`${part.text.slice(0, 60)}\` stands for`);
}

function known({ parameter }: ParameterExpansionPart, expansion: Expansion): readonly Field[] {
  const value = valueOf(parameter, expansion);
  return value === "unset" ? [] : value;
}
