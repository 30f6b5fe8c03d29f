/**
 * Simple commands: expands the words, then finds what the first one names, as
 * the shell does: a function, a builtin, a program.
 *
 * @module
 */
import type { Assignment, Command, CommandArgument, Word } from "unbash";
import type { Call, Outcome, Shell } from "./analysis.ts";
import { ACTING, BUILTINS } from "./builtins.ts";
import { expandWhole, expandWord } from "./expand.ts";
import { arithmeticText, type Expansion } from "./values.ts";
import { type Field, FieldBuilder, NAME_MARK, NO_INPUT, shown, type Stream } from "./fields.ts";
import { INERT_VARIABLES } from "./programs/environment.ts";
import { floorOf } from "./floor.ts";
import { redirected } from "./redirect.ts";
import { assign, type FunctionNode, join, sameState, type State, type Value } from "./state.ts";

/** Combinations of values that one command is followed through. */
const MOST_PASSES = 48;

/** One call of a function that is being followed. */
export type Active = { readonly body: FunctionNode; readonly state: State };

export type Walker = Shell & { readonly called: Set<string>; readonly active: Active[] };

/** Every combination of the values that its names may have, one pass for each. */
export function runCommand(node: Command, call: Call, shell: Walker): Outcome {
  return shell.choices.nested(() => {
    let outcome = pass(node, call, shell);
    for (;;) {
      const more = shell.choices.next(MOST_PASSES);
      if (more === "done") return outcome;
      if (more === "too many") {
        shell.found.hide("too many values to follow");
        return outcome;
      }
      outcome = merge(outcome, pass(node, call, shell));
    }
  });
}

function merge(a: Outcome, b: Outcome): Outcome {
  return { ok: either(a.ok, b.ok), fail: either(a.fail, b.fail), out: mergeOut(a.out, b.out) };
}

function either(a: State | null, b: State | null): State | null {
  return a === null || b === null ? (a ?? b) : join(a, b);
}

function mergeOut(a: Stream, b: Stream): Stream {
  if (JSON.stringify(a) === JSON.stringify(b)) return a;
  const fields = [a, b].map(asPaths);
  if (fields.every((list) => list !== undefined)) return { kind: "paths", fields: fields.flat() };
  return { kind: "unknown", why: "it depends on values" };
}

function asPaths(stream: Stream): readonly Field[] | undefined {
  if (stream.kind === "paths") return stream.fields;
  if (stream.kind !== "literal" || stream.text.trimEnd().includes("\n")) return undefined;
  return [{ kind: "literal", text: stream.text.trimEnd() }];
}

function pass(node: Command, call: Call, shell: Walker): Outcome {
  const expansion: Expansion = { analysis: shell, call, assigned: new Map() };
  const argv: Field[] = [];
  if (node.name !== undefined) {
    argv.push(...expandWord(node.name, expansion));
    if (argv.length === 0)
      shell.found.hide(`which program \`${node.name.text.slice(0, 60)}\` is: it is empty or not set`);
  }
  for (const arg of node.args) argv.push(...argument(arg, expansion));
  const assignments = node.prefix.filter((part) => part.type === "Assignment");
  let state = call.state;
  for (const assignment of assignments) state = assigned(assignment, state, expansion);
  for (const [name, value] of expansion.assigned) state = assign(state, name, [value]);
  const input = redirected(node.redirects, { ...expansion, call: { ...call, state } }) ?? call.input;
  if (argv.length === 0) return { ok: state, fail: state, out: substitutionOnly(node) };
  if (node.name !== undefined) noteEnvironment(assignments, shell);
  const outcome = shell.dispatch(argv, { ...call, state, input }, "any");
  return assignments.length === 0 ? outcome : restored(outcome, assignments, call.state);
}

/** `$(<file)`: a command of redirections only. */
function substitutionOnly(node: Command): Stream {
  return node.redirects.length > 0 ? { kind: "unknown", why: "it comes from a file" } : NO_INPUT;
}

/** Assignments before a command last as long as the command. */
function restored(outcome: Outcome, assignments: readonly Assignment[], before: State): Outcome {
  const back = (state: State | null): State | null => {
    if (state === null) return null;
    const vars = new Map(state.vars);
    for (const { name } of assignments) {
      const old = before.vars.get(name);
      if (old === undefined) vars.delete(name);
      else vars.set(name, old);
    }
    return { ...state, vars, lookup: before.lookup, splitting: before.splitting };
  };
  return { ...outcome, ok: back(outcome.ok), fail: back(outcome.fail) };
}

function noteEnvironment(assignments: readonly Assignment[], shell: Walker): void {
  for (const { name } of assignments) {
    if (!INERT_VARIABLES.test(name)) shell.found.settings.add(`sets \`${name}\` for a program`);
  }
}

function argument(arg: CommandArgument, expansion: Expansion): readonly Field[] {
  if (arg.type === "Word") return expandWord(arg, expansion);
  const builder = new FieldBuilder();
  builder.quoted(arg.text.slice(0, arg.text.indexOf("=") + 1));
  if (arg.value.type === "Word") builder.field(expandWhole(arg.value, expansion));
  else {
    elementsOf(arg.value.elements, expansion);
    builder.unknown("it is an array", false);
  }
  return builder.fields(true);
}

/** The state after `name=value`, `name+=value`, `name[i]=value` or `name=(…)`. */
function assigned(assignment: Assignment, state: State, expansion: Expansion): State {
  const here: Expansion = { ...expansion, call: { ...expansion.call, state } };
  const { name } = assignment;
  if (assignment.index !== undefined) {
    const index = expandWhole(assignment.index, here);
    if (index.kind !== "literal" || !/^\w*$/.test(index.text)) here.analysis.found.hide(`the index of \`${name}\``);
    else if (!state.keyed.has(name)) arithmeticText(index.text, here);
  }
  const before = state.vars.get(name);
  const value = valueOf(assignment, here);
  if (assignment.index !== undefined) return assign(state, name, [notKnown(`\`${name}\` is an array`)]);
  if (assignment.append !== true) return assign(state, name, [value]);
  const old = before === undefined ? "unset" : here.analysis.choices.pick(name, before);
  return assign(state, name, [appended(old, value, assignment.value.type === "ArrayValue")]);
}

function valueOf(assignment: Assignment, expansion: Expansion): Value {
  if (assignment.value.type === "Word") return { fields: [expandWhole(assignment.value, expansion)] };
  const fields = elementsOf(assignment.value.elements, expansion);
  return assignment.value.elements.some(isIndexed) ? notKnown("an array with indices") : { fields };
}

function elementsOf(elements: readonly Word[], expansion: Expansion): readonly Field[] {
  for (const element of elements.filter(isIndexed)) checkIndex(element.text, expansion);
  return elements.flatMap((element) => expandWord(element, expansion));
}

const isIndexed = ({ text }: Word): boolean => text.startsWith("[");

/** `[index]=value` in an array: words are names of numbers, or keys. */
function checkIndex(element: string, expansion: Expansion): void {
  const index = /^\[(["']?)([\w.-]*)\1\]/.exec(element)?.[2];
  if (index === undefined) expansion.analysis.found.hide(`the index in \`${element.slice(0, 40)}\``);
  else arithmeticText(index, expansion);
}

function appended(old: Value, value: Value, array: boolean): Value {
  if (old === "unset") return value;
  if (old === "inherited" || typeof value === "string") return notKnown("something is appended");
  if (array) return { fields: [...old.fields, ...value.fields] };
  const builder = new FieldBuilder();
  for (const field of [...old.fields.slice(0, 1), ...value.fields]) builder.field(field);
  return { fields: builder.fields(true) };
}

function notKnown(why: string): Value {
  return { fields: [{ kind: "unknown", text: "", why, many: true }] };
}

export type Dispatch = {
  readonly shell: Shell;
  readonly only: "any" | "no functions" | "programs";
  readonly called: Set<string>;
  readonly active: Active[];
};

/** The first word as the shell looks it up. */
export function dispatch(argv: readonly Field[], call: Call, how: Dispatch): Outcome {
  const [first, ...rest] = argv;
  const { shell, only } = how;
  const stay: Outcome = { ok: call.state, fail: call.state, out: NO_INPUT };
  if (first === undefined || !shell.found.step()) return stay;
  if (first.kind !== "literal" || first.marked !== undefined || first.text.includes(NAME_MARK)) {
    shell.found.hide(`which program \`${shown(first).slice(0, 60)}\` is`);
    return { ...stay, out: { kind: "unknown", why: "an unknown program prints it" } };
  }
  const bodies = only === "any" ? call.state.functions.get(first.text) : undefined;
  if (bodies !== undefined) {
    const outcomes = bodies.map((body) =>
      body === null
        ? dispatch(argv, call, { ...how, only: "no functions" })
        : callFunction({ name: first.text, body, args: rest }, call, how),
    );
    return outcomes.reduce(merge, outcomes[0] ?? stay);
  }
  const builtin = only === "programs" ? undefined : BUILTINS.get(first.text);
  if (builtin === undefined) return { ...stay, out: shell.argv(argv, call) };
  floorOf(first.text, rest, { found: shell.found, world: shell.world, state: call.state });
  shell.found.start({
    name: first.text,
    words: rest.map(shown),
    whole: false,
    issues: [],
    builtin: true,
    ...(ACTING.has(first.text) ? { acts: true as const } : {}),
    lookupChanged: false,
    places: call.state.places,
  });
  return builtin(rest, call, shell);
}

type FunctionCall = { readonly name: string; readonly body: FunctionNode; readonly args: readonly Field[] };

/** How often a function is followed into itself, as long as something differs each time. */
const MOST_RECURSIONS = 5;

function callFunction({ name, body, args }: FunctionCall, call: Call, how: Dispatch): Outcome {
  const stay: Outcome = { ok: call.state, fail: call.state, out: { kind: "unknown", why: `\`${name}\` prints it` } };
  how.called.add(name);
  const state: State = { ...call.state, positional: args };
  const inside = how.active.filter((active) => active.body === body);
  // A function that starts itself twice over, in pipes or in the background, only ever fills the machine.
  if (inside.length > 0 && /[|&]/.test(shapeOf(body.body))) how.shell.found.destructive = true;
  if (inside.some((active) => sameCall(active.state, state))) return stay;
  if (inside.length >= MOST_RECURSIONS) {
    how.shell.found.hide(`how often \`${name.slice(0, 40)}\` calls itself`);
    return stay;
  }
  how.active.push({ body, state });
  const outcome = how.shell.exec(body.body, { ...call, state });
  how.active.pop();
  const back = (end: State | null): State => ({
    ...(end ?? call.state),
    positional: call.state.positional,
    // What is declared in a function is its own.
    keyed: call.state.keyed.intersection((end ?? call.state).keyed),
  });
  return { ok: back(outcome.ok), fail: back(outcome.fail), out: outcome.out };
}

function sameCall(a: State, b: State): boolean {
  return (
    sameState(a, b) && JSON.stringify(a.positional) === JSON.stringify(b.positional) && a.functions === b.functions
  );
}

/** `|` where the body has a pipeline, `&` where something runs in the background. */
function shapeOf(node: { readonly type: string }): string {
  const text = JSON.stringify(node);
  return (text.includes('"type":"Pipeline"') ? "|" : "") + (text.includes('"background":true') ? "&" : "");
}
