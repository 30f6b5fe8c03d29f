/**
 * Options: reads arguments the way getopt does, by an entry of the table.
 *
 * @module
 */
import { dropPrefix, type Field, literal, prefixOf, shown } from "./fields.ts";
import { type Program, type Role, ROLES } from "./programs/table.ts";

type Option = {
  readonly names: readonly string[];
  readonly value: "none" | "required" | "optional" | "digits";
  readonly role: Role;
};

export type Grammar = {
  readonly program: Program;
  readonly options: ReadonlyMap<string, Option>;
  readonly before: readonly Role[];
  readonly star: Role | undefined;
  readonly after: readonly Role[];
  /** All options are known to change nothing but looks, and no operand can start anything. */
  readonly harmless: boolean;
};

/** One value with its meaning. `label` is the option or the place where it stands. */
export type Meaning = {
  readonly role: Role;
  readonly field: Field;
  readonly label: string;
  readonly rest?: readonly Field[];
};

export type Read = {
  readonly meanings: readonly Meaning[];
  /** Options that the table does not have. */
  readonly strange: readonly string[];
  readonly operands: readonly Field[];
  readonly seen: ReadonlySet<string>;
};

/** Readers of their own that start nothing whatever the operands are. */
const QUIET: ReadonlySet<string> = new Set(
  "grep ls names date plain which count tee translate copy modes top split tree temporary sequence identity".split(" "),
);
const GRAMMARS = new WeakMap<Program, Grammar>();
const RUNS: ReadonlySet<Role> = new Set(["shell", "argv", "code", "script", "config", "never", "folder"]);

export function grammarOf(program: Program): Grammar {
  const known = GRAMMARS.get(program);
  if (known !== undefined) return known;
  const options = new Map<string, Option>();
  for (const token of words(program.options)) {
    const option = optionOf(token);
    for (const name of option.names) options.set(name, option);
  }
  const roles = words(program.operands);
  const at = roles.findIndex((role) => role.endsWith("*"));
  const before = (at < 0 ? roles : roles.slice(0, at)).map(roleOf);
  const after = (at < 0 ? [] : roles.slice(at + 1)).map(roleOf);
  const star = at < 0 ? undefined : roleOf((roles[at] ?? "text*").slice(0, -1));
  const all = [...before, ...after, ...(star === undefined ? [] : [star]), ...[...options.values()].map((o) => o.role)];
  const harmless =
    program.open === true &&
    (program.special === undefined || QUIET.has(program.special)) &&
    !all.some((role) => RUNS.has(role));
  const grammar: Grammar = { program, options, before, star, after, harmless };
  GRAMMARS.set(program, grammar);
  return grammar;
}

function words(text: string | undefined): readonly string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}

function roleOf(text: string): Role {
  const role = ROLES.find((known) => known === text);
  if (role === undefined) throw new TypeError(`the table has a role that is not known: ${text}`);
  return role;
}

function optionOf(token: string): Option {
  const [, spelling = "", mark = "", role = ""] = /^([^=?!~]+)([=?!~]?)(.*)$/.exec(token) ?? [];
  const names = spelling.split(",");
  if (mark === "") return { names, value: "none", role: "text" };
  if (mark === "!") return { names, value: "none", role: "never" };
  const value = mark === "=" ? "required" : mark === "~" ? "digits" : "optional";
  return { names, value, role: roleOf(role) };
}

type Reading = {
  readonly grammar: Grammar;
  readonly meanings: Meaning[];
  readonly strange: string[];
  readonly operands: Field[];
  readonly seen: Set<string>;
  readonly args: readonly Field[];
  at: number;
};

export function readArguments(args: readonly Field[], grammar: Grammar): Read {
  const reading: Reading = { grammar, meanings: [], strange: [], operands: [], seen: new Set(), args, at: 0 };
  const stops = grammar.program.posix === true || grammar.before.includes("argv") || grammar.star === "argv";
  const stopAt = stops ? grammar.before.filter((role) => role !== "argv").length : Number.POSITIVE_INFINITY;
  for (; reading.at < args.length; reading.at += 1) {
    const field = args[reading.at] ?? literal("");
    const text = prefixOf(field);
    if (text === "--" && field.kind === "literal") {
      reading.operands.push(...args.slice(reading.at + 1));
      break;
    }
    if (!isOption(text)) {
      if (reading.operands.length >= stopAt) {
        reading.operands.push(...args.slice(reading.at));
        break;
      }
      reading.operands.push(field);
    } else if (grammar.program.single === true) takeSingle(field, reading);
    else if (text.startsWith("--")) takeLong(field, reading);
    else takeShort(field, reading);
  }
  giveRoles(reading);
  return reading;
}

function isOption(text: string): boolean {
  return text.startsWith("-") && text !== "-";
}

function takeLong(field: Field, reading: Reading): void {
  const text = prefixOf(field);
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  const options = longOptions(name, reading.grammar);
  reading.seen.add(name);
  if (field.kind !== "literal" && equals < 0) reading.strange.push(shown(field));
  if (options.length === 0 && reading.grammar.program.open !== true) reading.strange.push(name);
  const glued = equals < 0 ? undefined : dropPrefix(field, equals + 1);
  const wants = options.some((option) => option.value === "required");
  const value = glued ?? (wants ? next(reading) : undefined);
  for (const option of options) {
    for (const spelling of option.names) reading.seen.add(spelling);
    give(option, option.value === "none" ? undefined : value, reading);
  }
}

/** getopt takes any abbreviation: of several that fit, all are assumed. */
function longOptions(name: string, grammar: Grammar): readonly Option[] {
  const exact = grammar.options.get(name);
  if (exact !== undefined) return [exact];
  const out = new Set<Option>();
  for (const [spelling, option] of grammar.options) if (spelling.startsWith(name) && name.length > 2) out.add(option);
  return [...out];
}

function takeSingle(field: Field, reading: Reading): void {
  const text = prefixOf(field);
  const equals = text.indexOf("=");
  const name = equals > 0 ? text.slice(0, equals) : text;
  const dashed = name.startsWith("--") ? name.slice(1) : name;
  const option = reading.grammar.options.get(name) ?? reading.grammar.options.get(dashed);
  reading.seen.add(dashed);
  if (option === undefined) {
    if (reading.grammar.program.open !== true) reading.strange.push(name);
    return;
  }
  if (equals > 0) give(option, dropPrefix(field, equals + 1), reading);
  else give(option, option.value === "required" ? next(reading) : undefined, reading);
}

function takeShort(field: Field, reading: Reading): void {
  const text = prefixOf(field);
  if (/^-\d+$/.test(text) && !reading.grammar.options.has(text.slice(0, 2))) return;
  for (let at = 1; at < text.length; at += 1) {
    const name = `-${text[at]}`;
    const option = reading.grammar.options.get(name);
    reading.seen.add(name);
    if (option === undefined) {
      if (reading.grammar.program.open !== true) reading.strange.push(name);
      continue;
    }
    for (const spelling of option.names) reading.seen.add(spelling);
    const taken = takeLetter(option, field, at + 1, reading);
    if (taken === "all") return;
    at += taken;
  }
  if (field.kind !== "literal") reading.strange.push(shown(field));
}

/** @returns how many characters behind the letter are its value. */
function takeLetter(option: Option, field: Field, at: number, reading: Reading): number | "all" {
  const text = prefixOf(field);
  if (option.value === "none") {
    give(option, undefined, reading);
    return 0;
  }
  if (option.value === "digits") {
    // Whatever is not a number behind it is the next option.
    const digits = /^(?:x[0-9a-f]+|[0-9]*)/i.exec(text.slice(at))?.[0] ?? "";
    give(option, literal(digits), reading);
    return digits.length;
  }
  const isGlued = at < text.length || field.kind !== "literal";
  give(option, isGlued ? dropPrefix(field, at) : option.value === "required" ? next(reading) : undefined, reading);
  return "all";
}

function next(reading: Reading): Field | undefined {
  reading.at += 1;
  return reading.args[reading.at];
}

function give(option: Option, value: Field | undefined, reading: Reading): void {
  const label = option.names[0] ?? "";
  if (option.role === "argv") {
    // The value and all that follows is the command.
    const rest = reading.args.slice(reading.at + 1);
    reading.at = reading.args.length;
    reading.meanings.push({
      role: "argv",
      field: literal(""),
      label,
      rest: value === undefined ? rest : [value, ...rest],
    });
  } else if (value !== undefined) reading.meanings.push({ role: option.role, field: value, label });
  else if (option.role === "never" || option.role === "code")
    reading.meanings.push({ role: "never", field: literal(label), label });
}

function giveRoles(reading: Reading): void {
  const { before, star, after } = reading.grammar;
  const { operands } = reading;
  const tail = star === undefined ? 0 : Math.min(after.length, Math.max(0, operands.length - before.length));
  for (const [i, field] of operands.entries()) {
    const fromEnd = operands.length - i;
    const role = before[i] ?? (fromEnd <= tail ? after[after.length - fromEnd] : star);
    if (role === "argv") {
      reading.meanings.push({ role, field, label: "operand", rest: operands.slice(i) });
      return;
    }
    reading.meanings.push({ role: role ?? "text", field, label: "operand" });
  }
}
