/**
 * What builtins have in common.
 *
 * @module
 */
import type { Call, Outcome, Shell } from "./analysis.ts";
import { type Field, literal, NO_INPUT, shown, type Stream, withWords } from "./fields.ts";
import { assign } from "./state.ts";
import { arithmeticText } from "./values.ts";

export type Builtin = (args: readonly Field[], call: Call, shell: Shell) => Outcome;

export function stay(call: Call, out: Stream = NO_INPUT): Outcome {
  return { ok: call.state, fail: call.state, out };
}

export const inert: Builtin = (_args, call) => stay(call);
export const gone: Builtin = (_args, call) => ({ ok: null, fail: null, out: stay(call).out });

/** Builtins that take the name of a variable evaluate an index in it, commands and all. */
export function checkName(field: Field, call: Call, shell: Shell): void {
  const text = field.kind === "literal" ? field.text : withWords(field);
  const [, index] = /^\w*(?:\[([\w@*%+ -]*)\])?$/.exec(text ?? "[") ?? [undefined, null];
  if (index === null) shell.found.hide(`the name \`${shown(field).slice(0, 40)}\``);
  else if (index !== undefined) arithmeticText(index, { analysis: shell, call, assigned: new Map() });
}

export function afterOptions(args: readonly Field[], valued: string): readonly Field[] {
  let at = 0;
  for (; at < args.length; at += 1) {
    const text = shown(args[at] ?? literal(""));
    if (text === "--") return args.slice(at + 1);
    if (!/^-[A-Za-z]/.test(text)) break;
    const first = text.slice(1).search(valued === "" ? /(?!)/ : new RegExp(`[${valued}]`));
    if (first >= 0 && first === text.length - 2) at += 1;
  }
  return args.slice(at);
}

/** The outcome of one assignment. */
export function set(call: Call, name: string, value: Field): Outcome {
  const state = assign(call.state, name, [{ fields: [value] }]);
  return { ok: state, fail: state, out: NO_INPUT };
}
