/**
 * Compound commands: branches, loops, tests, arithmetic.
 *
 * @module
 */
import type { ArithmeticExpression, SyntaxNode, TestExpression } from "unbash";
import type { Call, Outcome, Shell } from "./analysis.ts";
import { arithmetic, expandWhole, expandWord } from "./expand.ts";
import { arithmeticField, type Expansion } from "./values.ts";
import { NO_INPUT, shown, SOME_WORD, type Stream } from "./fields.ts";
import { after, either, same, together } from "./outcome.ts";
import { assign, join, sameState, type State, type Value } from "./state.ts";

export function expansionOf(call: Call, shell: Shell): Expansion {
  return { analysis: shell, call, assigned: new Map() };
}

export function compound(node: SyntaxNode, call: Call, shell: Shell): Outcome {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- what is not here is reported
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

function branch(node: Extract<SyntaxNode, { type: "If" }>, call: Call, shell: Shell): Outcome {
  const ends: (State | null)[] = [];
  const outs: Stream[] = [];
  let test: Outcome = shell.exec(node.clause, call);
  const take = (body: SyntaxNode, from: State | null): void => {
    const outcome = shell.exec(body, { ...call, state: from ?? after(test, call.state) });
    ends.push(either(outcome.ok, outcome.fail));
    outs.push(outcome.out);
  };
  take(node.then, test.ok);
  for (const other of node.elif) {
    test = shell.exec(other.clause, { ...call, state: test.fail ?? after(test, call.state) });
    take(other.then, test.ok);
  }
  if (node.else === undefined) ends.push(test.fail);
  else take(node.else, test.fail);
  const end = ends.reduce(either, null);
  return { ok: end, fail: end, out: together(outs) };
}

type Clause = Extract<SyntaxNode, { type: "While" }>;

function loop(body: SyntaxNode, call: Call, shell: Shell, clause?: Clause): Outcome {
  let state = call.state;
  let left: State | null = null;
  let out: Stream = NO_INPUT;
  for (let round = 0; round < 3; round += 1) {
    const test = clause === undefined ? same(state) : shell.exec(clause.clause, { ...call, state });
    const until = clause?.kind === "until";
    left = either(left, until ? test.ok : test.fail);
    const before = (until ? test.fail : test.ok) ?? after(test, state);
    const outcome = shell.exec(body, { ...call, state: before });
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

function forEach(node: Extract<SyntaxNode, { type: "For" | "Select" }>, call: Call, shell: Shell): Outcome {
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

function cases(node: Extract<SyntaxNode, { type: "Case" }>, call: Call, shell: Shell): Outcome {
  const expansion = expansionOf(call, shell);
  expandWhole(node.word, expansion);
  let end: State = call.state;
  const outs: Stream[] = [];
  for (const item of node.items) {
    for (const pattern of item.pattern) expandWhole(pattern, expansion);
    // A body may fall through into the next one, so each starts from anything that came before.
    const outcome = shell.exec(item.body, { ...call, state: end });
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
      if (NUMERIC_TESTS.has(expression.operator)) for (const side of sides) arithmeticField(side, expansion);
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

function arithmeticIn(expression: ArithmeticExpression | undefined, call: Call, shell: Shell): void {
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
