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
import { addAnsi } from "./ansi.ts";
import { expandBraces } from "./braces.ts";
import { type Field, FieldBuilder, literal, type Stream, UNSET_MARK } from "./fields.ts";
import { elements, type Operated, operandsOf, operate, valueName } from "./parameter.ts";
import { checkIndirect, checkPrompt } from "./parameter-checks.ts";
import { arithmeticField, arithmeticText, type Expansion, SHORT_VALUES, standing, valueOf } from "./values.ts";

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
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the others are expansions
  switch (part.type) {
    case "Literal":
    case "SingleQuoted":
      builder.quoted(part.value);
      return;
    case "AnsiCQuoted":
      addAnsi(part.text, builder);
      return;
    case "DoubleQuoted":
    case "LocaleString":
      addQuoted(part.parts, target);
      return;
    case "Glob":
      addPattern(part.text, part.text, part.parts, target);
      return;
    case "ExtendedGlob":
      addPattern(part.text, "*", part.parts, target);
      return;
    case "BraceExpansion":
      // Braces that the shell would expand were expanded before; these stand for themselves, or are not understood.
      builder.unknown(`\`${part.text.slice(0, 40)}\``, true);
      return;
    default:
      addExpansion(part, target);
  }
}

/** What is substituted inside a pattern runs like anything else, and may make any pattern of it. */
function addPattern(text: string, pattern: string, parts: readonly WordPart[] | undefined, target: Target): void {
  const inner: Target = { builder: new FieldBuilder(), expansion: target.expansion, split: false };
  for (const part of parts ?? []) addPart(part, inner);
  const isKnown = inner.builder.fields(true).every((field) => field.kind !== "unknown");
  if (isKnown && (parts ?? []).every((part) => FIXED.test(part.type))) target.builder.glob(pattern);
  else target.builder.unknown(`the pattern \`${text.slice(0, 40)}\``, true);
}

const FIXED = /^(?:Literal|SingleQuoted|AnsiCQuoted|(?:Extended)?Glob|LocaleString|DoubleQuoted)$/;

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
      analysis.found.walked.add(part.text);
      if (part.script === undefined) builder.unknown("a substitution without a body", true);
      else addStream(analysis.script(part.script, call), part.text, target);
      return;
    case "ProcessSubstitution":
      analysis.found.walked.add(part.text);
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

function addParameter(part: ParameterExpansionPart, target: Target): void {
  const { builder, expansion } = target;
  const operands = operandsOf(part).map((word) => expandWhole(word, expansion));
  checkIndices(part, operands, expansion);
  checkPrompt(part, expansion);
  if (part.prefix === "#") builder.word();
  else if (part.prefix === "!" || part.operation?.type === "Names") {
    checkIndirect(part, expansion);
    builder.unknown(`\`${part.text}\` names another name`, true);
  } else {
    const value = elements(part, valueOf(part.parameter, expansion));
    if (part.operation === undefined) addValue(valueName(part), value, target);
    else addOperated(part, operate(part.operation, value, operands), target);
  }
}

/** Indices and offsets are arithmetic. */
function checkIndices(part: ParameterExpansionPart, operands: readonly Field[], expansion: Expansion): void {
  if (part.index !== undefined && !/^[@*\d]+$/.test(part.index.text)) {
    const index = expandWhole(part.index, expansion);
    if (!expansion.call.state.keyed.has(part.parameter)) arithmeticField(index, expansion);
  }
  if (part.operation?.type !== "Slice") return;
  for (const operand of operands) arithmeticField(operand, expansion);
}

function addOperated(part: ParameterExpansionPart, result: Operated, target: Target): void {
  const { builder, expansion } = target;
  const assigns = part.operation?.type === "Default" && part.operation.operator.endsWith("=");
  if (assigns && result.kind === "value") expansion.assigned.set(part.parameter, { fields: result.fields });
  if (result.kind === "unknown") builder.unknown(`what \`${part.text.slice(0, 60)}\` gives`, target.split);
  else if (result.kind === "unset") builder.unset();
  else for (const field of result.fields.slice(0, 1)) addField(field, target);
}

/** What is put into arithmetic is evaluated as arithmetic. */
function evaluated(add: (target: Target) => void, expansion: Expansion): void {
  const builder = new FieldBuilder();
  add({ builder, expansion, split: false });
  for (const field of builder.fields(true)) arithmeticField(field, expansion);
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
      expansion.analysis.found.walked.add(expression.text);
      if (expression.script !== undefined) {
        const stream = expansion.analysis.script(expression.script, expansion.call);
        evaluated((target) => addStream(stream, expression.text, target), expansion);
      }
      return;
    case "ArithmeticWord":
      arithmeticText(expression.value, expansion);
      for (const part of expression.parts ?? []) {
        if (part.type !== "Literal") evaluated((target) => addPart(part, target), expansion);
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
