/**
 * The walk: goes through a command as bash would, and notes every program that
 * could be started on any way through it.
 *
 * Both branches are taken, loops are walked until nothing new is learned, and
 * code behind `exit` is walked as well: what is found may be more than what
 * runs, never less.
 *
 * @module
 */
import type { ArithmeticExpression, Statement, SyntaxNode, TestExpression } from "unbash";
import { type Call, Choices, type Outcome, type Shell } from "./analysis.ts";
import { arithmetic, arithmeticText, type Expansion, expandWhole, expandWord } from "./expand.ts";
import {
  type Field,
  literal,
  NO_INPUT,
  shown,
  SOME_WORD,
  type Stream,
  UNSET_MARK,
  withNames,
  withWords,
} from "./fields.ts";
import { Found } from "./found.ts";
import { parseGuarded } from "./guard.ts";
import { startProgram } from "./programs.ts";
import { redirected } from "./redirect.ts";
import { dispatch, runCommand, type Walker } from "./simple.ts";
import { assign, firstState, join, sameState, type State, type Value, whenever } from "./state.ts";
import type { CommandWorld } from "./types.ts";

/** Scripts in scripts, functions in functions. */
const DEEPEST = 24;
const MOST_TRAPS = 8;

/** Everything that a command would do, as far as it can be known. */
export function analyse(source: string, cwd: string, world: CommandWorld): Found {
  const found = new Found(world.workspace);
  const shell = newShell(found, world);
  const call: Call = { state: firstState(cwd), input: NO_INPUT, via: [] };
  const outcome = shell.evaluate(literal(source), call);
  const end = after(outcome, call.state);
  walkUncalled(shell, { ...call, state: end });
  for (const { text, call: set } of shell.traps.slice(0, MOST_TRAPS)) {
    evaluate(text, { ...set, state: whenever(join(end, set.state)) }, shell);
  }
  if (shell.traps.length > MOST_TRAPS) found.hide("too many traps");
  return found;
}

type Walking = Walker & { readonly traps: { text: Field; call: Call }[]; depth: number };

function newShell(found: Found, world: CommandWorld): Walking {
  const shell: Walking = {
    world,
    found,
    choices: new Choices(),
    called: new Set(),
    active: [],
    traps: [],
    depth: 0,
    later: (text, call) => shell.traps.push({ text, call }),
    exec: (node, call) => exec(node, call, shell),
    script: (script, call) => deeper(shell, call, () => sequence(script.commands, call, shell)).out,
    text: (text, call) => evaluate(text, call, shell).out,
    evaluate: (text, call) => evaluate(text, call, shell),
    argv: (argv, call) => startProgram(argv, call, shell),
    dispatch: (argv, call, only) => dispatch(argv, call, { shell, only, called: shell.called, active: shell.active }),
  };
  return shell;
}

function deeper(shell: Walking, call: Call, walk: () => Outcome): Outcome {
  if (shell.depth >= DEEPEST) {
    shell.found.hide("nested too deep");
    return same(call.state);
  }
  shell.depth += 1;
  try {
    return shell.choices.nested(walk);
  } finally {
    shell.depth -= 1;
  }
}

function evaluate(text: Field, call: Call, shell: Walking): Outcome {
  const source = withNames(text);
  shell.found.plainNames(text, call.state);
  if (source === undefined || (source.includes(UNSET_MARK) && source.replaceAll(UNSET_MARK, "").trim() === "")) {
    const why = text.kind === "unknown" ? text.why : "its text is not known";
    shell.found.hide(`what \`${shown(text).slice(0, 60)}\` runs: ${why}`);
    return same(call.state);
  }
  const parsed = parseGuarded(source);
  if (!parsed.ok) {
    shell.found.hide(`\`${source.slice(0, 60)}\`: ${parsed.why}`);
    return same(call.state);
  }
  return deeper(shell, call, () => sequence(parsed.script.commands, call, shell));
}

/** Bodies of functions that nobody called: they are part of what was asked, so their programs are named. */
function walkUncalled(shell: Walking, call: Call): void {
  for (const [name, nodes] of call.state.functions) {
    if (shell.called.has(name)) continue;
    for (const node of nodes)
      if (node !== null) exec(node.body, { ...call, state: { ...call.state, positional: null } }, shell);
  }
}

export function same(state: State, out: Stream = NO_INPUT): Outcome {
  return { ok: state, fail: state, out };
}

function after(outcome: Outcome, before: State): State {
  return either(outcome.ok, outcome.fail) ?? before;
}

function either(a: State | null, b: State | null): State | null {
  if (a === null || b === null) return a ?? b;
  return join(a, b);
}

function sequence(statements: readonly Statement[], call: Call, shell: Walking): Outcome {
  let outcome: Outcome = same(call.state);
  const outs: Stream[] = [];
  for (const statement of statements) {
    outcome = exec(statement, { ...call, state: after(outcome, call.state) }, shell);
    outs.push(outcome.out);
  }
  return { ...outcome, out: together(outs) };
}

/** What several commands print one after the other. */
function together(outs: readonly Stream[]): Stream {
  const some = outs.filter((out) => out.kind !== "none");
  const [first] = some;
  if (first === undefined || some.length === 1) return first ?? NO_INPUT;
  if (some.every((out) => out.kind === "paths")) return { kind: "paths", fields: some.flatMap((out) => out.fields) };
  if (some.every((out) => out.kind === "literal"))
    return { kind: "literal", text: some.map((out) => out.text).join("") };
  return some.find((out) => out.kind === "unknown") ?? { kind: "unknown", why: "several commands print it" };
}

function exec(node: SyntaxNode, call: Call, shell: Walking): Outcome {
  if (!shell.found.step()) return same(call.state);
  switch (node.type) {
    case "Script":
    case "CompoundList":
      return sequence(node.commands, call, shell);
    case "Statement": {
      const outcome = exec(node.command, call, shell);
      return node.background === true ? same(call.state, outcome.out) : outcome;
    }
    case "Command":
      return runCommand(node, call, shell);
    case "Pipeline":
      return pipeline(node, call, shell);
    case "AndOr":
      return andOr(node, call, shell);
    case "Redirected": {
      const input = redirected(node.redirects, expansionOf(call, shell)) ?? call.input;
      return exec(node.command, { ...call, input }, shell);
    }
    case "Subshell":
      return same(call.state, exec(node.body, call, shell).out);
    case "BraceGroup":
      return exec(node.body, call, shell);
    case "Coproc":
      return same(call.state, exec(node.body, { ...call, input: { kind: "unknown", why: "a coprocess" } }, shell).out);
    case "Function":
      return define(node, call);
    default:
      return compound(node, call, shell);
  }
}

function compound(node: SyntaxNode, call: Call, shell: Walking): Outcome {
  switch (node.type) {
    case "If":
      return branch(node, call, shell);
    case "While":
      return loop(node.body, call, shell, node);
    case "For":
    case "Select":
      return forEach(node, call, shell);
    case "ArithmeticFor":
      for (const part of [node.initialize, node.test, node.update]) arithmeticIn(part, call, shell);
      return loop(node.body, numbered([node.initialize, node.update], call), shell);
    case "Case":
      return cases(node, call, shell);
    case "TestCommand":
      test(node.expression, expansionOf(call, shell));
      return same(call.state);
    case "ArithmeticCommand":
      arithmeticIn(node.expression, call, shell);
      return same(numbered([node.expression], call).state);
    default:
      shell.found.hide(`a piece of shell that is not known: ${node.type}`);
      return same(call.state);
  }
}

function expansionOf(call: Call, shell: Shell): Expansion {
  return { analysis: shell, call, assigned: new Map() };
}

function define(node: Extract<SyntaxNode, { type: "Function" }>, call: Call): Outcome {
  const functions = new Map(call.state.functions);
  functions.set(node.name.value, [node]);
  return same({ ...call.state, functions });
}

function pipeline(node: Extract<SyntaxNode, { type: "Pipeline" }>, call: Call, shell: Walking): Outcome {
  const [only] = node.commands;
  if (node.commands.length === 1 && only !== undefined) {
    const outcome = exec(only, call, shell);
    const negated = node.prefixes.filter((prefix) => prefix.type === "Negation").length % 2 === 1;
    return negated ? { ...outcome, ok: outcome.fail, fail: outcome.ok } : outcome;
  }
  let input = call.input;
  for (const command of node.commands) input = exec(command, { ...call, input }, shell).out;
  return same(call.state, input);
}

function andOr(node: Extract<SyntaxNode, { type: "AndOr" }>, call: Call, shell: Walking): Outcome {
  const [first, ...rest] = node.commands;
  if (first === undefined) return same(call.state);
  let outcome = exec(first, call, shell);
  const outs = [outcome.out];
  for (const [i, command] of rest.entries()) {
    const and = node.operators[i] === "&&";
    const from = (and ? outcome.ok : outcome.fail) ?? after(outcome, call.state);
    const next = exec(command, { ...call, state: from }, shell);
    outs.push(next.out);
    outcome = and
      ? { ok: next.ok, fail: either(outcome.fail, next.fail), out: next.out }
      : { ok: either(outcome.ok, next.ok), fail: next.fail, out: next.out };
  }
  return { ...outcome, out: together(outs) };
}

function branch(node: Extract<SyntaxNode, { type: "If" }>, call: Call, shell: Walking): Outcome {
  const ends: (State | null)[] = [];
  const outs: Stream[] = [];
  let test: Outcome = exec(node.clause, call, shell);
  const take = (body: SyntaxNode, from: State | null): void => {
    const outcome = exec(body, { ...call, state: from ?? after(test, call.state) }, shell);
    ends.push(either(outcome.ok, outcome.fail));
    outs.push(outcome.out);
  };
  take(node.then, test.ok);
  for (const other of node.elif) {
    test = exec(other.clause, { ...call, state: test.fail ?? after(test, call.state) }, shell);
    take(other.then, test.ok);
  }
  if (node.else === undefined) ends.push(test.fail);
  else take(node.else, test.fail);
  const end = ends.reduce(either, null);
  return { ok: end, fail: end, out: together(outs) };
}

type Clause = Extract<SyntaxNode, { type: "While" }>;

function loop(body: SyntaxNode, call: Call, shell: Walking, clause?: Clause): Outcome {
  let state = call.state;
  let left: State | null = null;
  let out: Stream = NO_INPUT;
  for (let round = 0; round < 3; round += 1) {
    const test = clause === undefined ? same(state) : exec(clause.clause, { ...call, state }, shell);
    const until = clause?.kind === "until";
    left = either(left, until ? test.ok : test.fail);
    const before = (until ? test.fail : test.ok) ?? after(test, state);
    const outcome = exec(body, { ...call, state: before }, shell);
    out = outcome.out;
    const next = join(state, after(outcome, before));
    if (sameState(next, state)) break;
    state = round === 0 ? next : forget(state, next);
  }
  return same(join(left ?? state, state), out.kind === "literal" ? { kind: "unknown", why: "a loop prints it" } : out);
}

/** Names that a loop still changes in its second round may have any value. */
function forget(before: State, next: State): State {
  let state: State = { ...next, places: sameState({ ...before, vars: next.vars }, next) ? next.places : null };
  for (const [name, values] of next.vars) {
    if (JSON.stringify(values) === JSON.stringify(before.vars.get(name))) continue;
    const value: Value = { fields: [{ kind: "unknown", text: "", why: `a loop changes \`${name}\``, many: true }] };
    state = assign(state, name, [value]);
  }
  return state;
}

function forEach(node: Extract<SyntaxNode, { type: "For" | "Select" }>, call: Call, shell: Walking): Outcome {
  const expansion = expansionOf(call, shell);
  const fields =
    node.wordlist === undefined
      ? (call.state.positional ?? [{ kind: "unknown", text: "", why: "`$@` is not known here", many: true } as const])
      : node.wordlist.flatMap((word) => expandWord(word, expansion));
  const values: readonly Value[] = fields.length === 0 ? ["unset"] : fields.map((field) => ({ fields: [field] }));
  let state = assign(call.state, node.name.value, values);
  if (node.type === "Select")
    state = assign(state, "REPLY", [{ fields: [{ kind: "unknown", text: "", why: "it is read", many: true }] }]);
  const outcome = loop(node.body, { ...call, state }, shell);
  return { ...outcome, ok: join(call.state, outcome.ok ?? state), fail: call.state };
}

function cases(node: Extract<SyntaxNode, { type: "Case" }>, call: Call, shell: Walking): Outcome {
  const expansion = expansionOf(call, shell);
  expandWhole(node.word, expansion);
  let end: State = call.state;
  const outs: Stream[] = [];
  for (const item of node.items) {
    for (const pattern of item.pattern) expandWhole(pattern, expansion);
    // A body may fall through into the next one, so each starts from anything that came before.
    const outcome = exec(item.body, { ...call, state: end }, shell);
    outs.push(outcome.out);
    end = join(end, after(outcome, end));
  }
  return same(end, together(outs));
}

const NUMERIC_TESTS: ReadonlySet<string> = new Set(["-eq", "-ne", "-lt", "-le", "-gt", "-ge"]);

function test(expression: TestExpression, expansion: Expansion): void {
  switch (expression.type) {
    case "TestUnary": {
      const operand = expandWhole(expression.operand, expansion);
      const names = expression.operator === "-v" || expression.operator === "-R";
      if (names && /\[/.test(shown(operand))) expansion.analysis.found.hide("a name with an index is evaluated");
      return;
    }
    case "TestBinary": {
      const sides = [expandWhole(expression.left, expansion), expandWhole(expression.right, expansion)];
      if (NUMERIC_TESTS.has(expression.operator)) for (const side of sides) numeric(side, expansion);
      return;
    }
    case "TestLogical":
      for (const operand of expression.operands) test(operand, expansion);
      return;
    case "TestNot":
      test(expression.operand, expansion);
      return;
    case "TestGroup":
      test(expression.expression, expansion);
  }
}

function numeric(field: Field, expansion: Expansion): void {
  const text = field.kind === "literal" ? field.text : withWords(field);
  if (text !== undefined && !/[[$`]/.test(text)) arithmeticText(text, expansion);
  else expansion.analysis.found.hide(`arithmetic on \`${shown(field).slice(0, 40)}\``);
}

function arithmeticIn(expression: ArithmeticExpression | undefined, call: Call, shell: Walking): void {
  if (expression !== undefined) arithmetic(expression, expansionOf(call, shell));
}

/** Names that arithmetic assigns hold numbers afterwards. */
function numbered(expressions: readonly (ArithmeticExpression | undefined)[], call: Call): Call {
  let state = call.state;
  for (const expression of expressions) {
    for (const name of assignedIn(expression)) state = join(state, assign(state, name, [{ fields: [SOME_WORD] }]));
  }
  return { ...call, state };
}

function assignedIn(expression: ArithmeticExpression | undefined): readonly string[] {
  if (expression === undefined) return [];
  if (expression.type === "ArithmeticBinary") {
    const names = [...assignedIn(expression.left), ...assignedIn(expression.right)];
    const assigns = /^(?:[-+*/%&|^]|<<|>>)?=$/.test(expression.operator) && expression.left.type === "ArithmeticWord";
    return assigns && expression.left.type === "ArithmeticWord" ? [...names, expression.left.value] : names;
  }
  if (expression.type === "ArithmeticUnary") {
    const inner = assignedIn(expression.operand);
    const steps = expression.operator === "++" || expression.operator === "--";
    return steps && expression.operand.type === "ArithmeticWord" ? [...inner, expression.operand.value] : inner;
  }
  if (expression.type === "ArithmeticGroup") return assignedIn(expression.expression);
  if (expression.type === "ArithmeticTernary") {
    return [expression.test, expression.consequent, expression.alternate].flatMap(assignedIn);
  }
  return [];
}
