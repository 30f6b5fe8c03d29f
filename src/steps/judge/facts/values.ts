/**
 * Values: what a name stands for at one point of a command.
 *
 * @module
 */
import type { Analysis, Call } from "./analysis.ts";
import { type Field, literal, shown, SOME_WORD, unknown, withWords } from "./fields.ts";
import type { Value } from "./state.ts";

export type Expansion = {
  readonly analysis: Analysis;
  readonly call: Call;
  /** `${x:=word}` assigns; whoever expands takes it over. */
  readonly assigned: Map<string, Value>;
};

/** Special parameters and shell variables whose value is a number or a short word. */
export const SHORT_VALUES: ReadonlySet<string> = new Set(
  (
    "? # $ ! - RANDOM SRANDOM SECONDS EPOCHSECONDS EPOCHREALTIME LINENO UID EUID PPID BASHPID SHLVL BASH_VERSION " +
    "HOSTNAME HOSTTYPE MACHTYPE OSTYPE COLUMNS LINES OPTIND BASH_SUBSHELL HISTCMD SHELLOPTS"
  ).split(" "),
);
/** Set by the shell itself, to something that is not followed. */
const SHELL_VALUES: ReadonlySet<string> = new Set(
  (
    "0 _ BASH BASH_SOURCE BASH_COMMAND BASH_ARGV BASH_ARGV0 BASHOPTS FUNCNAME REPLY OPTARG OLDPWD DIRSTACK GROUPS " +
    "PIPESTATUS BASH_REMATCH MAPFILE COPROC BASH_VERSINFO BASH_LINENO READLINE_LINE BASH_EXECUTION_STRING"
  ).split(" "),
);

export function standing(expansion: Expansion): readonly Field[] {
  const places = expansion.call.state.places;
  if (places === null) return [{ kind: "unknown", text: "", why: "the folder is not known", many: false }];
  const chosen = expansion.analysis.choices.pick(
    "PWD",
    places.map((place) => ({ fields: [literal(place)] })),
  );
  return typeof chosen === "string" ? [] : chosen.fields;
}

/** The value of a name now; several fields for an array or `$@`. */
export function valueOf(name: string, expansion: Expansion): readonly Field[] | "unset" {
  const { state } = expansion.call;
  if (name === "@" || name === "*" || /^[1-9]\d*$/.test(name)) return positional(name, expansion);
  if (SHORT_VALUES.has(name)) return [SOME_WORD];
  if (name === "PWD" && !state.vars.has(name)) return standing(expansion);
  const values = state.vars.get(name);
  const picked = values === undefined ? "inherited" : expansion.analysis.choices.pick(name, values);
  const value = expansion.assigned.get(name) ?? picked;
  if (value === "inherited") return inherited(name, expansion);
  return value === "unset" ? value : value.fields;
}

function inherited(name: string, expansion: Expansion): readonly Field[] | "unset" {
  const value = expansion.analysis.world.environment.get(name);
  if (value !== undefined) return [literal(value)];
  if (SHELL_VALUES.has(name)) return [unknown(`\`$${name}\` is set by the shell`)];
  return name === "IFS" ? [literal(" \t\n")] : "unset";
}

function positional(name: string, expansion: Expansion): readonly Field[] | "unset" {
  const fields = expansion.call.state.positional;
  if (fields === null) return [{ kind: "unknown", text: "", why: `\`$${name}\` is not known here`, many: true }];
  if (name === "@" || name === "*") return fields;
  const at = Number(name) - 1;
  const many = fields.findIndex((field) => field.kind === "unknown" && field.many);
  const wild = fields.findIndex((field) => field.kind === "pattern" && field.word !== true);
  // A pattern is one word or many: which word comes behind it cannot be told.
  if ((many >= 0 && at >= many) || (wild >= 0 && at > wild))
    return [{ kind: "unknown", text: "", why: `\`$${name}\` is not known here`, many: false }];
  const one = fields[at];
  return one === undefined ? "unset" : [one];
}

/** A word whose text the shell evaluates as arithmetic. */
export function arithmeticField(field: Field, expansion: Expansion, seen: ReadonlySet<string> = new Set()): void {
  const text = field.kind === "literal" ? field.text : withWords(field);
  // What is not known of a short word may be any name.
  if (field.kind === "pattern") expansion.analysis.found.anyNumber = true;
  if (text !== undefined && !/[[$`]/.test(text)) arithmeticText(text, expansion, seen);
  else expansion.analysis.found.hide(`arithmetic on \`${shown(field).slice(0, 40)}\`, which could hold a command`);
}

/**
 * Text that the shell evaluates as arithmetic. What a name in it holds is evaluated in turn, names and all: somewhere in
 * there may be `a[$(…)]`, which bash would run.
 */
export function arithmeticText(text: string, expansion: Expansion, seen: ReadonlySet<string> = new Set()): void {
  for (const [, parameter, name = parameter ?? ""] of text.matchAll(/\$\{?[!#]?(\d+|[@*])|([A-Za-z_]\w*)/g)) {
    const value = seen.has(name) || name === "0" ? "unset" : valueOf(name, expansion);
    if (value === "unset") continue;
    for (const field of value) arithmeticField(field, expansion, new Set([...seen, name]));
  }
}
