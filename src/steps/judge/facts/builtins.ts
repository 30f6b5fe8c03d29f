/**
 * What bash does itself, without starting a program.
 *
 * @module
 */
import { posix } from "node:path";
import type { Shell } from "./analysis.ts";
import { afterOptions, type Builtin, checkName, gone, inert, set, stay } from "./builtin.ts";
import { arithmetic, declare, exported, getopts, mapfile, read, shift, testing, unset } from "./builtins-names.ts";
import { dropPrefix, type Field, joined, literal, NO_INPUT, prefixOf, shown, type Stream, unknown } from "./fields.ts";
import { join, type State } from "./state.ts";

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
    checkName(second, call, shell);
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
  if (args.some((arg, i) => i < 2 && /^-\w*c/.test(shown(arg)))) shell.found.bare = true;
  const rest = afterOptions(args, "a");
  return rest.length === 0 ? stay(call) : { ...shell.dispatch(rest, call, "programs"), ok: call.state };
};

const command: Builtin = (args, call, shell) => {
  const asks = args.some((arg, i) => i === 0 && /^-[pvV]*[vV]/.test(shown(arg)));
  if (asks) return stay(call, { kind: "paths", fields: [{ kind: "pattern", text: "/usr/bin/*" }] });
  const rest = afterOptions(args, "");
  return rest.length === 0 ? stay(call) : shell.dispatch(rest, call, "no functions");
};

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
    (arg) =>
      arg.kind !== "literal" ||
      /^(?:expand_aliases|lastpipe|extdebug|cdable_vars|xpg_echo|allexport|keyword|histexpand|posix)$/.test(arg.text),
  );
  if (changes) shell.found.hide("`shopt` changes how commands are read");
  return stay(call);
};

const trap: Builtin = (args, call, shell) => {
  const [action, signal] = args.filter((arg) => shown(arg) !== "--");
  if (action !== undefined && signal !== undefined && !/^-[lp]?$/.test(shown(action))) shell.later(action, call);
  return stay(call);
};

/** Every name goes to programs, words become assignments, text is replaced before it is read, other rules. */
const READS_OTHERWISE = /^-\w*[akH]|^(?:allexport|keyword|histexpand|posix)$/;

const positional: Builtin = (args, call, shell) => {
  const isFlag = (arg: Field, before: Field | undefined): boolean =>
    /^[-+](?!-)./.test(shown(arg)) || /^[-+]\w*o$/.test(before === undefined ? "" : shown(before));
  const end = args.findIndex((arg, i) => !isFlag(arg, args[i - 1]));
  const flags = end < 0 ? args : args.slice(0, end);
  if (args[0]?.kind === "unknown" || flags.some((flag) => READS_OTHERWISE.test(shown(flag))))
    shell.found.issues.add("`set` changes how commands are read");
  const dashes = args.findIndex((arg) => shown(arg) === "--");
  const first = args.findIndex((arg) => !/^[-+]/.test(shown(arg)));
  const at = dashes >= 0 ? dashes + 1 : first;
  if (at < 0 || args.some((arg, i) => i < at && /^[-+]\w*o$/.test(shown(arg)))) return stay(call);
  const state: State = { ...call.state, positional: args.slice(at) };
  return { ok: state, fail: state, out: NO_INPUT };
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
  ...": true false dirs unalias times ulimit umask fg bg kill disown suspend caller help type"
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
  ["jobs", cautious(/^-\w*x/, "`jobs -x` runs a command")],
  ["hash", cautious(/^-\w*p/, "`hash -p` changes what names mean")],
  ["wait", cautious(/^-\w*p/, "`wait -p` gives a value to a name")],
  ["enable", cautious(/^-\w*[fn]/, "`enable` changes what names mean")],
  ["bind", cautious(/^-\w*[xf]/, "`bind` runs commands")],
  ["fc", cautious(/^(?!-\w*l)/, "`fc` runs commands again")],
  ["complete", cautious(/^-[CF]/, "`complete` runs commands")],
  ["compgen", cautious(/^-[CFW]/, "`compgen` runs commands")],
  ["compopt", inert],
]);

/** Builtins that print, or do something to others: whoever approved `ls` approved none of them. */
export const ACTING: ReadonlySet<string> = new Set(
  "echo printf pwd kill jobs dirs history help type caller fc compgen".split(" "),
);
