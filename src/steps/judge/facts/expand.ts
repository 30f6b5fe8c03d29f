/**
 * Expansion: from the words of the grammar to fields, as the shell does it.
 *
 * @module
 */
import type {
  ArithmeticExpression,
  DoubleQuotedPart,
  HereDocBody,
  ParameterExpansionPart,
  Word,
  WordPart,
} from "unbash";
import { parse } from "unbash";
import type { Analysis, Call } from "./analysis.ts";
import { expandBraces } from "./braces.ts";
import { type Field, FieldBuilder, literal, SOME_WORD, type Stream, UNSET_MARK } from "./fields.ts";
import { operate } from "./parameter.ts";
import type { Value } from "./state.ts";

export type Expansion = {
  readonly analysis: Analysis;
  readonly call: Call;
  /** `${x:=word}` assigns; whoever expands takes it over. */
  readonly assigned: Map<string, Value>;
};

/** Special parameters and shell variables whose value is a number or a short word. */
const SHORT_VALUES: ReadonlySet<string> = new Set(
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

/** All fields of a word, split and with braces expanded, as in the arguments of a command. */
export function expandWord(word: Word, expansion: Expansion): readonly Field[] {
  const braced = expandBraces(word.text);
  if (braced === "none") return oneWord(word, expansion, true);
  if (braced === "too many")
    return [{ kind: "unknown", text: "", why: `too many words in \`${word.text}\``, many: true }];
  return braced.flatMap((text) => {
    const again = wordOf(text);
    return again === undefined ? [literal(text)] : oneWord(again, expansion, true);
  });
}

/** A word where the shell neither splits nor expands braces: assignments, redirections, case words. */
export function expandWhole(word: Word, expansion: Expansion): Field {
  return oneWord(word, expansion, false)[0] ?? literal("");
}

function wordOf(text: string): Word | undefined {
  const command = parse(`: ${text}`).commands[0]?.command;
  const arg = command?.type === "Command" ? command.args[0] : undefined;
  return arg?.type === "Word" && arg.text === text ? arg : undefined;
}

function oneWord(word: Word, expansion: Expansion, split: boolean): readonly Field[] {
  const plain = word.parts === undefined && !word.text.startsWith("~");
  if (plain && !word.value.includes(UNSET_MARK)) return [literal(word.value)];
  const builder = new FieldBuilder();
  const parts: readonly WordPart[] = word.parts ?? [
    { type: "Literal", pos: word.pos, end: word.end, value: word.value, text: word.text },
  ];
  for (const [i, part] of parts.entries()) {
    if (i === 0 && part.type === "Literal" && part.text.startsWith("~"))
      tilde(part.text, part.value, { builder, expansion });
    else addPart(part, { builder, expansion, split });
  }
  return builder.fields(!split);
}

type Target = { readonly builder: FieldBuilder; readonly expansion: Expansion; readonly split: boolean };

function tilde(text: string, value: string, target: Pick<Target, "builder" | "expansion">): void {
  const name = /^~([^/\\'"]*)/.exec(text)?.[1] ?? "";
  const { builder, expansion } = target;
  if (name === "") {
    const home = valueOf("HOME", expansion);
    builder.list(home === "unset" ? [literal("")] : home);
  } else if (name === "+") builder.list(standing(expansion));
  else builder.unknown(`the home folder of \`${name}\``, false);
  builder.quoted(value.slice(name.length + 1));
}

function addPart(part: WordPart, target: Target): void {
  const { builder } = target;
  switch (part.type) {
    case "Literal":
    case "SingleQuoted":
      builder.quoted(part.value);
      return;
    case "AnsiCQuoted":
      addAnsi(part.text, part.value, builder);
      return;
    case "DoubleQuoted":
    case "LocaleString":
      addQuoted(part.parts, target);
      return;
    case "Glob":
      builder.glob(part.text);
      return;
    case "ExtendedGlob":
      builder.glob("*");
      return;
    case "BraceExpansion":
      // Braces that the shell would expand were expanded before; these stand for themselves, or are not understood.
      builder.unknown(`\`${part.text.slice(0, 40)}\``, true);
      return;
    default:
      addExpansion(part, target);
  }
}

const PLAIN_ANSI = /^\$'(?:[^\\']|\\(?:[abeEfnrtv\\'"?]|x[0-9a-fA-F]{2}|[0-7]{3}))*'$/;

function addAnsi(text: string, value: string, builder: FieldBuilder): void {
  if (PLAIN_ANSI.test(text) && !/\\x[0-9a-fA-F]{3}/.test(text)) builder.quoted(value);
  else if (/^\$'(?:[^\\']|\\.)*'$/s.test(text) && !/\\[xuUc0-7]/.test(text.replaceAll("\\\\", "")))
    builder.quoted(value);
  else builder.unknown(`the escapes in \`${text.slice(0, 40)}\``, false);
}

function addQuoted(parts: DoubleQuotedPart["parts"], target: Target): void {
  target.builder.quoted("");
  for (const part of parts) {
    if (part.type === "Literal")
      target.builder.quoted(part.text.replaceAll(/\\([$`"\\\n])/g, (_, c: string) => (c === "\n" ? "" : c)));
    else addExpansion(part, { ...target, split: false });
  }
}

type ExpansionPart = Exclude<
  WordPart,
  {
    type:
      | "Literal"
      | "SingleQuoted"
      | "AnsiCQuoted"
      | "DoubleQuoted"
      | "LocaleString"
      | "Glob"
      | "ExtendedGlob"
      | "BraceExpansion";
  }
>;

function addExpansion(part: ExpansionPart, target: Target): void {
  const { builder, expansion } = target;
  const { analysis, call } = expansion;
  switch (part.type) {
    case "SimpleExpansion":
      addValue(part.text.slice(1), valueOf(part.text.slice(1), expansion), target);
      return;
    case "ParameterExpansion":
      addParameter(part, target);
      return;
    case "CommandExpansion":
      if (part.script === undefined) builder.unknown("a substitution without a body", true);
      else addStream(analysis.script(part.script, call), part.text, target);
      return;
    case "ProcessSubstitution":
      if (part.script !== undefined) analysis.script(part.script, call);
      builder.quoted("/dev/fd/63");
      return;
    case "ArithmeticExpansion":
      if (part.expression === undefined) builder.unknown(`\`${part.text}\``, true);
      else arithmetic(part.expression, expansion);
      builder.word();
      return;
  }
}

function addStream(stream: Stream, text: string, target: Target): void {
  const { builder, split } = target;
  switch (stream.kind) {
    case "none":
      return;
    case "literal": {
      const value = stream.text.replace(/\n+$/, "");
      if (split) builder.split(value);
      else builder.quoted(value);
      return;
    }
    case "paths":
      if (split || stream.fields.length === 1) builder.list(stream.fields);
      else builder.unknown(`what \`${text.slice(0, 60)}\` prints`, false);
      return;
    case "word":
      builder.word();
      return;
    case "unknown":
      builder.unknown(`what \`${text.slice(0, 60)}\` prints`, split);
  }
}

function addValue(name: string, value: readonly Field[] | "unset", target: Target): void {
  const { builder, expansion, split } = target;
  if (value === "unset") {
    builder.unset();
    return;
  }
  const all = name === "@" || name === "*";
  if (split && expansion.call.state.splitting === "changed" && !SHORT_VALUES.has(name)) {
    builder.unknown(`how \`$${name}\` is split`, true);
  } else if (all && (split || name === "@")) builder.list(value);
  else for (const field of all ? value : value.slice(0, 1)) addField(field, target);
}

function addField(field: Field, target: Target): void {
  const { builder, split } = target;
  if (field.kind === "literal" && split) {
    if (field.text === "") builder.unset();
    else builder.split(field.text);
  } else if (field.kind === "unknown") {
    builder.quoted(field.text);
    builder.unknown(field.why, split);
  } else builder.field(field);
}

function standing(expansion: Expansion): readonly Field[] {
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
  const value = values === undefined ? "inherited" : expansion.analysis.choices.pick(name, values);
  if (value === "unset") return "unset";
  if (value !== "inherited") return value.fields;
  const inherited = expansion.analysis.world.environment.get(name);
  if (inherited !== undefined) return [literal(inherited)];
  if (SHELL_VALUES.has(name))
    return [{ kind: "unknown", text: "", why: `\`$${name}\` is set by the shell`, many: false }];
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

function addParameter(part: ParameterExpansionPart, target: Target): void {
  const { builder, expansion } = target;
  if (part.index !== undefined && !/^[@*\d]+$/.test(part.index.text)) expandWhole(part.index, expansion);
  const operands = operandsOf(part).map((word) => expandWhole(word, expansion));
  if (part.prefix === "#") {
    builder.word();
    return;
  }
  if (part.prefix === "!" || part.operation?.type === "Names") {
    builder.unknown(`\`${part.text}\` names another name`, true);
    return;
  }
  const value = elements(part, valueOf(part.parameter, expansion));
  if (part.operation === undefined) {
    addValue(part.index?.text === "@" ? "@" : part.index?.text === "*" ? "*" : part.parameter, value, target);
    return;
  }
  const result = operate(part.operation, value, operands);
  if (part.operation.type === "Default" && part.operation.operator.endsWith("=") && result.kind === "value") {
    expansion.assigned.set(part.parameter, { fields: result.fields });
  }
  if (result.kind === "unknown") builder.unknown(`what \`${part.text.slice(0, 60)}\` gives`, target.split);
  else if (result.kind === "unset") builder.unset();
  else for (const field of result.fields.slice(0, 1)) addField(field, target);
}

function elements(part: ParameterExpansionPart, value: readonly Field[] | "unset"): readonly Field[] | "unset" {
  const index = part.index?.text;
  if (value === "unset" || index === undefined) return value;
  if (index === "@" || index === "*") return value;
  const one = /^\d+$/.test(index) ? value[Number(index)] : undefined;
  if (one !== undefined) return [one];
  return [{ kind: "unknown", text: "", why: `the element \`${part.text}\``, many: false }];
}

function operandsOf(part: ParameterExpansionPart): readonly Word[] {
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

/** Follows what arithmetic runs. A name in it whose value is not known can hide `a[$(…)]`, which bash would run. */
export function arithmetic(expression: ArithmeticExpression, expansion: Expansion): void {
  switch (expression.type) {
    case "ArithmeticBinary":
      arithmetic(expression.left, expansion);
      arithmetic(expression.right, expansion);
      return;
    case "ArithmeticUnary":
      arithmetic(expression.operand, expansion);
      return;
    case "ArithmeticTernary":
      for (const part of [expression.test, expression.consequent, expression.alternate]) arithmetic(part, expansion);
      return;
    case "ArithmeticGroup":
      arithmetic(expression.expression, expansion);
      return;
    case "ArithmeticCommandExpansion":
      if (expression.script !== undefined) expansion.analysis.script(expression.script, expansion.call);
      return;
    case "ArithmeticWord":
      arithmeticText(expression.value, expansion);
      for (const part of expression.parts ?? []) {
        addPart(part, { builder: new FieldBuilder(), expansion, split: false });
      }
  }
}

/** Text that the shell evaluates as arithmetic. */
export function arithmeticText(text: string, expansion: Expansion): void {
  for (const [name] of text.matchAll(/[A-Za-z_]\w*/g)) {
    const value = valueOf(name, expansion);
    if (value === "unset") continue;
    for (const field of value) {
      const hides =
        field.kind === "unknown" ||
        (field.kind === "pattern" && field.word !== true) ||
        (field.kind === "literal" && /[[$`]/.test(field.text));
      if (hides) expansion.analysis.found.hide(`arithmetic on \`${name}\`, whose value could hold a command`);
    }
  }
}

/** The body of a here-document whose delimiter was not quoted. */
export function expandHereDoc(body: HereDocBody, expansion: Expansion): Field {
  const builder = new FieldBuilder();
  const plain = (text: string): string => text.replaceAll(/\\([$`\\\n])/g, (_, c: string) => (c === "\n" ? "" : c));
  if (body.parts === undefined) return literal(plain(body.text));
  for (const part of body.parts) {
    if (part.type === "Literal") builder.quoted(plain(part.text));
    else addPart(part, { builder, expansion, split: false });
  }
  return builder.fields(true)[0] ?? literal("");
}
