/**
 * Builtins that give values to names.
 *
 * @module
 */
import type { Call, Shell } from "./analysis.ts";
import { afterOptions, type Builtin, checkName, stay } from "./builtin.ts";
import {
  dropPrefix,
  type Field,
  literal,
  NO_INPUT,
  prefixOf,
  shown,
  SOME_WORD,
  type Stream,
  unknown,
} from "./fields.ts";
import { INERT_VARIABLES } from "./programs/environment.ts";
import { assign, join, type State, type Value } from "./state.ts";
import { arithmeticField } from "./values.ts";

export const declare: Builtin = (args, call, shell) => {
  let state = call.state;
  const flags = args.map(shown).filter((text) => /^[-+][A-Za-z]+$/.test(text));
  if (flags.some((flag) => /^-.*n/.test(flag))) shell.found.hide("a name that stands for another name");
  const numbers = flags.some((flag) => /^-.*i/.test(flag));
  const keys = flags.some((flag) => /^-.*A/.test(flag));
  const exports = flags.some((flag) => flag.includes("x"));
  for (const arg of args) {
    if (/^[-+][A-Za-z]+$/.test(shown(arg))) continue;
    const at = prefixOf(arg).indexOf("=");
    const name = at < 0 ? shown(arg) : prefixOf(arg).slice(0, at).replace(/\+$/, "");
    checkName(literal(name), call, shell);
    state = { ...state, keyed: keyedAfter(state, name, keys) };
    if (at >= 0) state = declared(state, name, dropPrefix(arg, at + 1));
    if (numbers) shell.found.numbers.add(name);
    if (exports) noteExport(name, shell);
  }
  return { ok: state, fail: state, out: NO_INPUT };
};

/** A name that is an array with numbers already stays one; declared otherwise, in a function, it is another. */
function keyedAfter({ keyed, ever }: State, name: string, keys: boolean): State["keyed"] {
  const one = new Set([name]);
  if (!keys) return keyed.difference(one);
  return ever.has(name) ? keyed : keyed.union(one);
}

function declared(state: State, name: string, value: Field): State {
  return assign(state, name, [{ fields: [value] }]);
}

function evaluated(value: Field, call: Call, shell: Shell): void {
  arithmeticField(value, { analysis: shell, call, assigned: new Map() });
}

export const exported: Builtin = (args, call, shell) => {
  for (const arg of args) {
    const name = /^\w+/.exec(prefixOf(arg))?.[0] ?? "";
    if (name !== "") noteExport(name, shell);
  }
  return declare(args, call, shell);
};

function noteExport(name: string, shell: Shell): void {
  if (!INERT_VARIABLES.test(name)) shell.found.settings.add(`sets \`${name}\` for programs`);
}

export const unset: Builtin = (args, call, shell) => {
  let state = call.state;
  for (const arg of args) {
    const text = shown(arg);
    if (text.startsWith("-")) continue;
    if (!args.some((flag) => shown(flag) === "-f")) checkName(arg, call, shell);
    const functions = new Map(state.functions);
    functions.set(text, [null]);
    const keyed = state.keyed.difference(new Set([text]));
    state = assign(
      { ...state, keyed, functions: args.some((flag) => shown(flag) === "-v") ? state.functions : functions },
      text,
      ["unset"],
    );
  }
  return { ok: state, fail: state, out: NO_INPUT };
};

const READ_VALUED = "adinNptu";

export const read: Builtin = (args, call, shell) => {
  const array = args.findIndex((arg) => /^-\w*a$/.test(shown(arg)));
  const names = array >= 0 ? args.slice(array + 1, array + 2) : afterOptions(args, READ_VALUED);
  for (const name of names) checkName(name, call, shell);
  const values = readValues(call.input, array < 0 && names.length <= 1);
  let ok = call.state;
  let fail = call.state;
  for (const name of names.length === 0 ? ["REPLY"] : names.map(shown)) {
    ok = assign(ok, name, values);
    // At the end of the input, what is there without a line end is still taken.
    fail = assign(fail, name, [...values, "unset"]);
  }
  return { ok, fail, out: NO_INPUT };
};

function readValues(input: Stream, single: boolean): readonly Value[] {
  if (single && input.kind === "paths") return input.fields.map((field) => ({ fields: [field] }));
  if (single && input.kind === "literal" && !input.text.includes("\\")) {
    const lines = input.text.split("\n").map((line) => line.trim());
    return lines.filter((line) => line !== "").map((line) => ({ fields: [literal(line)] }));
  }
  if (input.kind === "word") return [{ fields: [SOME_WORD] }];
  const why = input.kind === "unknown" ? input.why : "it is read";
  return [{ fields: [unknown(why, "", true)] }];
}

export const mapfile: Builtin = (args, call, shell) => {
  const at = args.findIndex((arg) => /^-\w*C$/.test(shown(arg)));
  const callback = args[at + 1];
  if (at >= 0 && callback !== undefined) shell.text(callback, call);
  const name = afterOptions(args, "dnOsucC")[0];
  if (name !== undefined) checkName(name, call, shell);
  const fields = call.input.kind === "paths" ? call.input.fields : [unknown("it is read", "", true)];
  const state = assign(call.state, name === undefined ? "MAPFILE" : shown(name), [{ fields }]);
  return { ok: state, fail: state, out: NO_INPUT };
};

export const arithmetic: Builtin = (args, call, shell) => {
  let state = call.state;
  for (const arg of args) {
    evaluated(arg, { ...call, state }, shell);
    const name = /^\s*([A-Za-z_]\w*)\s*(?:[-+*/%]|<<|>>)?(?:=|\+\+|--)/.exec(shown(arg))?.[1];
    if (name !== undefined) state = join(state, assign(state, name, [{ fields: [SOME_WORD] }]));
  }
  return { ok: state, fail: state, out: NO_INPUT };
};

export const shift: Builtin = (args, call) => {
  const count = args[0] === undefined ? 1 : Number(shown(args[0]));
  const fields = call.state.positional;
  const state: State = { ...call.state, positional: fields === null || !(count >= 0) ? null : fields.slice(count) };
  return { ok: state, fail: join(state, call.state), out: NO_INPUT };
};

export const getopts: Builtin = (args, call) => {
  const name = args[1];
  const found =
    name === undefined ? call.state : assign(call.state, shown(name), [{ fields: [{ kind: "pattern", text: "?" }] }]);
  const state = assign(found, "OPTARG", [{ fields: [unknown("it is an option's value", "", true)] }]);
  return { ok: state, fail: state, out: NO_INPUT };
};

export const testing: Builtin = (args, call, shell) => {
  const at = args.findIndex((arg) => /^-[vR]$/.test(shown(arg)));
  const name = args[at + 1];
  if (at >= 0 && name !== undefined) checkName(name, call, shell);
  return stay(call);
};
