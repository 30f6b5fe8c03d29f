/**
 * What bash does itself, without starting a program.
 *
 * @module
 */
import { posix } from "node:path";
import type { Call, Outcome, Shell } from "./analysis.ts";
import { arithmeticText, type Expansion } from "./expand.ts";
import {
  dropPrefix,
  type Field,
  joined,
  literal,
  NO_INPUT,
  prefixOf,
  shown,
  SOME_WORD,
  type Stream,
  unknown,
  withWords,
} from "./fields.ts";
import { INERT_VARIABLES } from "./programs/environment.ts";
import { assign, join, type State, type Value } from "./state.ts";

type Builtin = (args: readonly Field[], call: Call, shell: Shell) => Outcome;

function stay(call: Call, out: Stream = NO_INPUT): Outcome {
  return { ok: call.state, fail: call.state, out };
}

const inert: Builtin = (_args, call) => stay(call);
const gone: Builtin = (_args, call) => ({ ok: null, fail: null, out: stay(call).out });

/** Builtins that take the name of a variable evaluate an index in it, commands and all. */
function checkName(field: Field, shell: Shell): void {
  const text = field.kind === "literal" ? field.text : withWords(field);
  const plain = text !== undefined && /^\w*(?:\[[\w@*%+ -]*\])?$/.test(text);
  if (!plain) shell.found.hide(`the name \`${shown(field).slice(0, 40)}\``);
}

const echo: Builtin = (args, call) => {
  const words = args.filter((arg) => !/^-[neE]+$/.test(shown(arg)));
  if (words.length === 0) return stay(call, { kind: "literal", text: "" });
  if (words.every((word) => word.kind === "literal")) {
    const text = words.map((word) => word.text).join(" ");
    const escapes = args.some((arg) => /^-[nE]*e/.test(shown(arg))) && text.includes("\\");
    return stay(
      call,
      escapes ? { kind: "unknown", why: "`echo -e` prints it" } : { kind: "literal", text: `${text}\n` },
    );
  }
  if (words.every((word) => word.kind !== "unknown")) return stay(call, { kind: "paths", fields: words });
  return stay(call, { kind: "unknown", why: "`echo` prints what is not known" });
};

const printf: Builtin = (args, call, shell) => {
  const [first, second] = args;
  if (first !== undefined && shown(first) === "-v") {
    if (second === undefined) return stay(call);
    checkName(second, shell);
    return set(call, shown(second), unknown("`printf` makes it"));
  }
  const [format, ...rest] = first !== undefined && shown(first) === "--" ? args.slice(1) : args;
  if (format === undefined || format.kind !== "literal")
    return stay(call, { kind: "unknown", why: "`printf` prints it" });
  return stay(call, formatted(format.text, rest));
};

function formatted(format: string, args: readonly Field[]): Stream {
  const plain = /^(?:%s)?(?:\\[n0]|\n)?$/.test(format);
  if (plain && args.length > 0 && args.every((arg) => arg.kind !== "unknown")) {
    const literals = args.every((arg) => arg.kind === "literal");
    if (!literals || format.endsWith("0")) return { kind: "paths", fields: args };
    const end = format.length > 2 ? "\n" : "";
    return { kind: "literal", text: args.map((arg) => arg.text + end).join("") };
  }
  if (!/[%\\]/.test(format)) return { kind: "literal", text: format };
  if (!format.includes("%") && /^(?:[^\\]|\\n)*$/.test(format)) {
    return { kind: "literal", text: format.replaceAll(String.raw`\n`, "\n") };
  }
  return { kind: "unknown", why: "`printf` prints it" };
}

const pwd: Builtin = (_args, call) => {
  const { places } = call.state;
  const [only] = places ?? [];
  if (places !== null && places.length === 1 && only !== undefined)
    return stay(call, { kind: "literal", text: `${only}\n` });
  if (places === null) return stay(call, { kind: "unknown", why: "the folder is not known" });
  return stay(call, { kind: "paths", fields: places.map(literal) });
};

const cd: Builtin = (args, call, shell) => {
  const [target] = args.filter((arg) => !/^-[LPe@]+$|^--$/.test(shown(arg)));
  return { ok: moved(call.state, target ?? homeOf(shell), shell), fail: call.state, out: NO_INPUT };
};

function homeOf(shell: Shell): Field {
  return literal(shell.world.environment.get("HOME") ?? "");
}

function moved(state: State, target: Field, shell: Shell): State {
  const known = target.kind === "literal" && target.text !== "-" && !state.vars.has("CDPATH");
  const home = shown(target) === shown(homeOf(shell)) && state.vars.has("HOME");
  if (!known || home) return { ...state, places: null };
  const places = (state.places ?? (target.text.startsWith("/") ? ["/"] : null))?.map((place) =>
    posix.resolve(place, target.text),
  );
  return { ...state, places: places === undefined ? null : [...new Set(places)] };
}

const popd: Builtin = (_args, call) => {
  const lost: State = { ...call.state, places: null };
  return { ok: lost, fail: call.state, out: { kind: "unknown", why: "`popd` prints it" } };
};

const evaluate: Builtin = (args, call, shell) => (args.length === 0 ? stay(call) : shell.evaluate(joined(args), call));

/** What a sourced file does to names and folders is not followed: after it nothing is what it was. */
const source: Builtin = (args, call, shell) => {
  const [file] = args.filter((arg) => shown(arg) !== "--");
  if (file === undefined) return stay(call);
  if (file.kind !== "literal" || /^\/dev\/|^\/proc\//.test(file.text)) {
    shell.found.hide(`what \`source ${shown(file).slice(0, 60)}\` runs`);
  } else shell.found.path("read", file, call.state);
  shell.found.issues.add(`runs the script \`${shown(file).slice(0, 80)}\``);
  const state: State = { ...call.state, lookup: "changed" };
  return { ok: state, fail: join(state, call.state), out: { kind: "unknown", why: "a script prints it" } };
};

const exec: Builtin = (args, call, shell) => {
  const rest = afterOptions(args, "a");
  return rest.length === 0 ? stay(call) : { ...shell.dispatch(rest, call, "programs"), ok: call.state };
};

const command: Builtin = (args, call, shell) => {
  const asks = args.some((arg, i) => i === 0 && /^-[pvV]*[vV]/.test(shown(arg)));
  if (asks) return stay(call, { kind: "paths", fields: [{ kind: "pattern", text: "/usr/bin/*" }] });
  const rest = afterOptions(args, "");
  return rest.length === 0 ? stay(call) : shell.dispatch(rest, call, "no functions");
};

function afterOptions(args: readonly Field[], valued: string): readonly Field[] {
  let at = 0;
  for (; at < args.length; at += 1) {
    const text = shown(args[at] ?? literal(""));
    if (text === "--") return args.slice(at + 1);
    if (!/^-[A-Za-z]/.test(text)) break;
    const first = [...text.slice(1)].findIndex((letter) => valued.includes(letter));
    if (first >= 0 && first === text.length - 2) at += 1;
  }
  return args.slice(at);
}

const alias: Builtin = (args, call, shell) => {
  for (const arg of args) {
    const at = prefixOf(arg).indexOf("=");
    // Aliases are off in scripts; where they come to be on, what they stand for was seen all the same.
    if (at > 0) shell.text(dropPrefix(arg, at + 1), call);
  }
  return stay(call);
};

const shopt: Builtin = (args, call, shell) => {
  const changes = args.some(
    (arg) => arg.kind !== "literal" || /^(?:expand_aliases|lastpipe|extdebug|cdable_vars)$/.test(arg.text),
  );
  if (changes) shell.found.hide("`shopt` changes how commands are read");
  return stay(call);
};

const declare: Builtin = (args, call, shell) => {
  let state = call.state;
  const flags = args.map(shown).filter((text) => /^[-+][A-Za-z]+$/.test(text));
  if (flags.some((flag) => /^-.*n/.test(flag))) shell.found.hide("a name that stands for another name");
  for (const arg of args) {
    if (/^[-+][A-Za-z]+$/.test(shown(arg))) continue;
    const at = prefixOf(arg).indexOf("=");
    const name = at < 0 ? shown(arg) : prefixOf(arg).slice(0, at).replace(/\+$/, "");
    checkName(literal(name), shell);
    if (at >= 0) state = declared(state, name, dropPrefix(arg, at + 1));
    if (at >= 0 && flags.some((flag) => flag.includes("i"))) evaluated(dropPrefix(arg, at + 1), call, shell);
  }
  return { ok: state, fail: state, out: NO_INPUT };
};

function declared(state: State, name: string, value: Field): State {
  return assign(state, name, [{ fields: [value] }]);
}

function evaluated(value: Field, call: Call, shell: Shell): void {
  const expansion: Expansion = { analysis: shell, call, assigned: new Map() };
  const text = value.kind === "literal" ? value.text : withWords(value);
  if (text !== undefined && !/[[$`]/.test(text)) arithmeticText(text, expansion);
  else shell.found.hide(`arithmetic on \`${shown(value).slice(0, 40)}\``);
}

const exported: Builtin = (args, call, shell) => {
  for (const arg of args) {
    const name = /^\w+/.exec(prefixOf(arg))?.[0] ?? "";
    if (name !== "" && !INERT_VARIABLES.test(name)) shell.found.issues.add(`sets \`${name}\` for programs`);
  }
  return declare(args, call, shell);
};

const unset: Builtin = (args, call, shell) => {
  let state = call.state;
  for (const arg of args) {
    const text = shown(arg);
    if (text.startsWith("-")) continue;
    if (!args.some((flag) => shown(flag) === "-f")) checkName(arg, shell);
    const functions = new Map(state.functions);
    functions.set(text, [null]);
    state = assign(
      { ...state, functions: args.some((flag) => shown(flag) === "-v") ? state.functions : functions },
      text,
      ["unset"],
    );
  }
  return { ok: state, fail: state, out: NO_INPUT };
};

function set(call: Call, name: string, value: Field): Outcome {
  const state = assign(call.state, name, [{ fields: [value] }]);
  return { ok: state, fail: state, out: NO_INPUT };
}

const READ_VALUED = "adinNptu";

const read: Builtin = (args, call, shell) => {
  const array = args.findIndex((arg) => /^-\w*a$/.test(shown(arg)));
  const names = array >= 0 ? args.slice(array + 1, array + 2) : afterOptions(args, READ_VALUED);
  for (const name of names) checkName(name, shell);
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

const mapfile: Builtin = (args, call, shell) => {
  const at = args.findIndex((arg) => /^-\w*C$/.test(shown(arg)));
  const callback = args[at + 1];
  if (at >= 0 && callback !== undefined) shell.text(callback, call);
  const name = afterOptions(args, "dnOsucC")[0];
  if (name !== undefined) checkName(name, shell);
  const fields = call.input.kind === "paths" ? call.input.fields : [unknown("it is read", "", true)];
  const state = assign(call.state, name === undefined ? "MAPFILE" : shown(name), [{ fields }]);
  return { ok: state, fail: state, out: NO_INPUT };
};

const arithmetic: Builtin = (args, call, shell) => {
  let state = call.state;
  for (const arg of args) {
    evaluated(arg, { ...call, state }, shell);
    const name = /^\s*([A-Za-z_]\w*)\s*(?:[-+*/%]|<<|>>)?(?:=|\+\+|--)/.exec(shown(arg))?.[1];
    if (name !== undefined) state = join(state, assign(state, name, [{ fields: [SOME_WORD] }]));
  }
  return { ok: state, fail: state, out: NO_INPUT };
};

const trap: Builtin = (args, call, shell) => {
  const [action, signal] = args.filter((arg) => shown(arg) !== "--");
  if (action !== undefined && signal !== undefined && !/^-[lp]?$/.test(shown(action))) shell.later(action, call);
  return stay(call);
};

const positional: Builtin = (args, call) => {
  const dashes = args.findIndex((arg) => shown(arg) === "--");
  const first = args.findIndex((arg) => !/^[-+]/.test(shown(arg)));
  const at = dashes >= 0 ? dashes + 1 : first;
  if (at < 0 || args.some((arg, i) => i < at && /^[-+]\w*o$/.test(shown(arg)))) return stay(call);
  const state: State = { ...call.state, positional: args.slice(at) };
  return { ok: state, fail: state, out: NO_INPUT };
};

const shift: Builtin = (args, call) => {
  const count = args[0] === undefined ? 1 : Number(shown(args[0]));
  const fields = call.state.positional;
  const state: State = { ...call.state, positional: fields === null || !(count >= 0) ? null : fields.slice(count) };
  return { ok: state, fail: join(state, call.state), out: NO_INPUT };
};

const getopts: Builtin = (args, call) => {
  const name = args[1];
  const found =
    name === undefined ? call.state : assign(call.state, shown(name), [{ fields: [{ kind: "pattern", text: "?" }] }]);
  const state = assign(found, "OPTARG", [{ fields: [unknown("it is an option's value", "", true)] }]);
  return { ok: state, fail: state, out: NO_INPUT };
};

const testing: Builtin = (args, call, shell) => {
  const at = args.findIndex((arg) => /^-[vR]$/.test(shown(arg)));
  const name = args[at + 1];
  if (at >= 0 && name !== undefined) checkName(name, shell);
  return stay(call);
};

/** Refused wherever an argument could make it run something. */
function cautious(danger: RegExp, why: string): Builtin {
  return (args, call, shell) => {
    if (args.some((arg) => arg.kind === "unknown" || danger.test(shown(arg)))) shell.found.hide(why);
    return stay(call);
  };
}

const history: Builtin = (args, call, shell) => {
  const file = args[1];
  const [flag] = args;
  if (file !== undefined && flag !== undefined && /^-[anrw]$/.test(shown(flag))) {
    shell.found.path(/[aw]/.test(shown(flag)) ? "write" : "read", file, call.state);
  }
  return stay(call);
};

const directly: Builtin = (args, call, shell) =>
  args.length === 0 ? stay(call) : shell.dispatch(args, call, "no functions");

export const BUILTINS: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  ...": true false dirs hash unalias times ulimit umask jobs fg bg kill disown suspend wait caller help type"
    .split(" ")
    .map((name): [string, Builtin] => [name, inert]),
  ...["exit", "return", "break", "continue", "logout"].map((name): [string, Builtin] => [name, gone]),
  ...["declare", "typeset", "local", "readonly"].map((name): [string, Builtin] => [name, declare]),
  ["export", exported],
  ["echo", echo],
  ["printf", printf],
  ["pwd", pwd],
  ["cd", cd],
  ["pushd", cd],
  ["popd", popd],
  ["eval", evaluate],
  ["source", source],
  [".", source],
  ["exec", exec],
  ["command", command],
  ["builtin", directly],
  ["alias", alias],
  ["shopt", shopt],
  ["unset", unset],
  ["read", read],
  ["mapfile", mapfile],
  ["readarray", mapfile],
  ["let", arithmetic],
  ["trap", trap],
  ["set", positional],
  ["shift", shift],
  ["getopts", getopts],
  ["test", testing],
  ["[", testing],
  ["history", history],
  ["enable", cautious(/^-\w*[fn]/, "`enable` changes what names mean")],
  ["bind", cautious(/^-\w*[xf]/, "`bind` runs commands")],
  ["fc", cautious(/^(?!-\w*l)/, "`fc` runs commands again")],
  ["complete", cautious(/^-[CF]/, "`complete` runs commands")],
  ["compgen", cautious(/^-[CFW]/, "`compgen` runs commands")],
  ["compopt", inert],
]);
