/**
 * Names that act: variables whose value the shell or a program obeys, whatever
 * way it came into them.
 *
 * Looked at once, at the end, over every value that any name was given: which
 * of them was in force when is not followed.
 *
 * @module
 */
import { type Field, literal } from "./fields.ts";
import type { Found } from "./found.ts";
import { INERT_VARIABLES } from "./programs/environment.ts";
import type { State, Value } from "./state.ts";
import type { CommandWorld } from "./types.ts";

const NUMBER = /^[\d\s()+*/%<>=&|^~-]*$/;

/** bash takes whatever is assigned to these for arithmetic. */
const NUMBERS: ReadonlySet<string> = new Set(
  "RANDOM SRANDOM SECONDS OPTIND LINENO HISTCMD MAILCHECK EPOCHSECONDS BASHPID BASH_SUBSHELL SHLVL PPID UID EUID".split(
    " ",
  ),
);

/** `set -x` shows it before each command, expanded like a text in double quotes: commands that run it. */
export function promptsOf(ever: State["ever"]): readonly Field[] {
  const fields = (ever.get("PS4") ?? []).flatMap((value) => (typeof value === "string" ? [] : value.fields));
  const acting = fields.filter((field) => !isShort(field) && !isText(field, (text) => !/[$`\\]/.test(text)));
  return acting.map((field) => (field.kind === "literal" ? literal(`: "${field.text}"`) : field));
}

export function namesThatAct(ever: State["ever"], found: Found, { environment }: CommandWorld): void {
  noteBare(found);
  for (const [name, values] of ever) {
    if (found.anyNumber && values.some((value) => !allFields(value, (text) => !/\[.*[$`]/s.test(text), "unknown too")))
      found.hide(`arithmetic that may take \`${name.slice(0, 40)}\` for a number`);
    if (
      (found.numbers.has(name) || NUMBERS.has(name)) &&
      !values.every((value) => allFields(value, (text) => NUMBER.test(text)))
    )
      found.hide(`arithmetic on what \`${name.slice(0, 40)}\` is given`);
    // What came from outside goes on to programs without being exported anew; how they are looked up is noted elsewhere.
    if (environment.has(name) && name !== "PATH" && name !== "PWD" && !INERT_VARIABLES.test(name))
      found.settings.add(`sets \`${name}\` for programs`);
  }
}

/** Whatever started it: git without what commands start with. */
function noteBare(found: Found): void {
  if (found.bare && found.starts.values().some(({ name }) => /(?:^|\/)git$/.test(name)))
    found.issues.add("takes from git what keeps it from the settings of strangers");
}

function allFields(value: Value, holds: (text: string) => boolean, but?: "unknown too"): boolean {
  if (typeof value === "string") return true;
  return value.fields.every(
    (field) => isShort(field) || isText(field, holds) || (but !== undefined && field.kind !== "literal"),
  );
}

function isShort(field: Field): boolean {
  return field.kind === "pattern" && field.word === true;
}

function isText(field: Field, holds: (text: string) => boolean): boolean {
  return field.kind === "literal" && holds(field.text);
}
