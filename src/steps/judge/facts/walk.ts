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
import type { Statement, SyntaxNode } from "unbash";
import { type Call, Choices, type Outcome } from "./analysis.ts";
import { compound, expansionOf } from "./compound.ts";
import { type Field, literal, NO_INPUT, shown, type Stream, withNames } from "./fields.ts";
import { Found } from "./found.ts";
import { parseGuarded } from "./guard.ts";
import { namesThatAct, promptsOf } from "./names.ts";
import { after, either, same, together } from "./outcome.ts";
import { startProgram } from "./programs.ts";
import { redirected } from "./redirect.ts";
import { dispatch, runCommand, type Walker } from "./simple.ts";
import { firstState, join, type State, whenever } from "./state.ts";
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
  followTraps(shell, 0, end);
  const { length } = shell.traps;
  for (const prompt of promptsOf(end.ever)) shell.later(prompt, { ...call, state: end });
  followTraps(shell, length, end);
  namesThatAct(call.state.ever, found, world);
  // INVARIANT(shell-whole): whatever the words of the grammar will hold one day, nothing in them is passed over.
  for (const text of found.shown) if (!found.walked.has(text)) found.hide(`\`${text.slice(0, 60)}\` was not followed`);
  return found;
}

/** What a trap runs may set traps. */
function followTraps(shell: Walking, from: number, end: State): void {
  for (let i = from; i < Math.min(shell.traps.length, MOST_TRAPS); i += 1) {
    const set = shell.traps[i];
    if (set !== undefined) evaluate(set.text, { ...set.call, state: whenever(join(end, set.call.state)) }, shell);
  }
  if (shell.traps.length > MOST_TRAPS) shell.found.hide("too many traps");
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
  if (source === undefined) {
    const why = text.kind === "unknown" ? text.why : "its text is not known";
    shell.found.hide(`what \`${shown(text).slice(0, 60)}\` runs: ${why}`);
    return same(call.state);
  }
  const parsed = parseGuarded(source);
  if (!parsed.ok) {
    shell.found.hide(`\`${source.slice(0, 60)}\`: ${parsed.why}`);
    return same(call.state);
  }
  for (const substitution of parsed.substitutions) shell.found.shown.add(substitution);
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

function sequence(statements: readonly Statement[], call: Call, shell: Walking): Outcome {
  let outcome: Outcome = same(call.state);
  const outs: Stream[] = [];
  for (const statement of statements) {
    outcome = exec(statement, { ...call, state: after(outcome, call.state) }, shell);
    outs.push(outcome.out);
  }
  return { ...outcome, out: together(outs) };
}

function exec(node: SyntaxNode, call: Call, shell: Walking): Outcome {
  if (!shell.found.step()) return same(call.state);
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- what is not here is a compound command
  switch (node.type) {
    case "Script":
    case "CompoundList":
      return sequence(node.commands, call, shell);
    case "Statement":
      return statement(node, call, shell);
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
    case "Function":
      return define(node, call);
    default:
      return grouped(node, call, shell);
  }
}

function grouped(node: SyntaxNode, call: Call, shell: Walking): Outcome {
  if (node.type === "BraceGroup") return exec(node.body, call, shell);
  if (node.type === "Subshell") return same(call.state, exec(node.body, call, shell).out);
  if (node.type !== "Coproc") return compound(node, call, shell);
  return same(call.state, exec(node.body, { ...call, input: COPROCESS }, shell).out);
}

const COPROCESS: Stream = { kind: "unknown", why: "a coprocess" };

function statement(node: Statement, call: Call, shell: Walking): Outcome {
  const outcome = exec(node.command, call, shell);
  return node.background === true ? same(call.state, outcome.out) : outcome;
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
