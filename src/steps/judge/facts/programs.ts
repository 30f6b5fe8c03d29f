/**
 * Programs: what starting one with these arguments would read, write, reach
 * and start, as the table says.
 *
 * A program that the table does not have is not guessed at: only forms whose
 * arguments cannot be code, a program or a place elsewhere count as everyday.
 *
 * @module
 */
import type { Analysis, Call } from "./analysis.ts";
import { below, type Field, literal, NAME_MARK, shown, type Stream } from "./fields.ts";
import { floorOf } from "./floor.ts";
import type { Issue } from "./found.ts";
import { grammarOf, type Read, readArguments } from "./options.ts";
import { programNamed } from "./programs/index.ts";
import type { Program } from "./programs/table.ts";
import { applyMeanings, hideUnknownWords, type Run } from "./roles.ts";
import { SPECIAL } from "./special/index.ts";
import { strangerIssues } from "./stranger.ts";

const DEEPEST = 16;
const SYSTEM = /^\/(?:usr\/(?:local\/)?)?s?bin\/([^/]+)$/;

export function startProgram(argv: readonly Field[], call: Call, analysis: Analysis): Stream {
  const [first, ...args] = argv;
  const { found } = analysis;
  if (first === undefined || !found.step()) return { kind: "none" };
  if (first.kind !== "literal" || first.marked !== undefined || first.text.includes(NAME_MARK)) {
    found.hide(`which program \`${shown(first).slice(0, 60)}\` is`);
    return { kind: "unknown", why: "an unknown program prints it" };
  }
  if (first.text === "") return { kind: "none" };
  if (call.via.length >= DEEPEST) {
    found.hide("programs that start programs, too deep");
    return { kind: "unknown", why: "too deep" };
  }
  const name = SYSTEM.exec(first.text)?.[1] ?? first.text;
  const issues: Issue[] = [];
  const run: Run = { name, args, call: { ...call, via: [...call.via, name] }, analysis, issues };
  if (name.includes("/")) {
    issues.push({ says: `runs the program \`${first.text.slice(0, 80)}\``, script: first.text });
    found.path("read", first, call.state);
  }
  const out = interpret(run);
  floorOf(name, args, { found, world: analysis.world, state: call.state });
  found.start({
    name: first.text,
    words: knownWords(args),
    whole: args.every((arg) => arg.kind === "literal" && arg.marked === undefined && !arg.text.includes(NAME_MARK)),
    issues,
    builtin: false,
    lookupChanged: call.state.lookup === "changed" && !first.text.startsWith("/"),
    places: call.state.places,
  });
  return out;
}

function knownWords(args: readonly Field[]): readonly string[] {
  const end = args.findIndex((arg) => arg.kind === "unknown");
  return (end < 0 ? args : args.slice(0, end)).map(shown);
}

const ASKS_ONLY = /^--(?:help|version)$/;

function interpret(run: Run): Stream {
  const [only, ...more] = run.args;
  if (only?.kind === "literal" && more.length === 0 && ASKS_ONLY.test(only.text))
    return { kind: "unknown", why: "it prints help" };
  const base = run.name.slice(run.name.lastIndexOf("/") + 1);
  const program = programNamed(base);
  if (program === undefined) {
    strangerIssues(run);
    return { kind: "unknown", why: `\`${base.slice(0, 40)}\` prints it` };
  }
  return byTable(program, run);
}

function byTable(program: Program, run: Run): Stream {
  if (asksOnly(program, run)) return { kind: "unknown", why: `\`${run.name}\` tells about itself` };
  noteNature(program, run);
  const grammar = grammarOf(program);
  if (!grammar.harmless) hideUnknownWords(run);
  if (program.special !== undefined) {
    const special = SPECIAL.get(program.special);
    if (special === undefined) throw new TypeError(`the table names a reader that is not there: ${program.special}`);
    return special(run, program, byTable);
  }
  const read = readArguments(run.args, grammar);
  if (program.commands !== undefined) return byCommand(program, read, run);
  for (const option of read.strange) run.issues.push({ says: `the option \`${option.slice(0, 40)}\`` });
  if (program.bare !== undefined && read.operands.length === 0) run.issues.push({ says: program.bare });
  const out = applyMeanings(read.meanings, run);
  return printed(program, read, { run, out });
}

function asksOnly({ asks }: Program, { args: [only, ...more] }: Run): boolean {
  return only?.kind === "literal" && more.length === 0 && asks?.split(" ").includes(only.text) === true;
}

/** What holds for every form of a program. */
function noteNature(program: Program, run: Run): void {
  const { found } = run.analysis;
  if (program.never !== undefined) run.issues.push({ says: program.never });
  if (program.reaches !== undefined) run.issues.push({ says: `reaches ${program.reaches}` });
  found.privileged ||= program.privileged === true;
  found.destructive ||= program.destructive === true;
  const obeys = program.obeysInput === true && run.call.input.kind !== "none";
  if (obeys) run.issues.push({ says: "obeys its standard input" });
}

function byCommand(program: Program, read: Read, run: Run): Stream {
  const [first] = read.operands;
  const at = first === undefined ? -1 : run.args.indexOf(first);
  const options = read.meanings.filter((meaning) => meaning.label !== "operand");
  for (const option of read.strange) run.issues.push({ says: `the option \`${option.slice(0, 40)}\`` });
  applyMeanings(options, run);
  const unclear: Stream = { kind: "unknown", why: `\`${run.name}\` prints it` };
  if (first === undefined || at < 0) return unclear;
  const entry = first.kind === "literal" ? ownEntry(program, first.text) : undefined;
  if (entry === undefined) run.issues.push({ says: `\`${run.name} ${shown(first).slice(0, 40)}\`` });
  else if (typeof entry === "string") run.issues.push({ says: entry });
  else return byTable(entry, { ...run, args: run.args.slice(at + 1), call: placed(options, run) });
  return unclear;
}

function ownEntry(program: Program, name: string): Program | string | undefined {
  const commands = program.commands ?? {};
  return Object.hasOwn(commands, name) ? commands[name] : undefined;
}

/** The call with the folder that `-C` names. */
function placed(options: Read["meanings"], run: Run): Call {
  const folder = options.findLast((meaning) => meaning.role === "folder")?.field;
  if (folder === undefined) return run.call;
  const { places } = run.call.state;
  const literalPlace = folder.kind === "literal" ? folder.text : null;
  const next = literalPlace === null || places === null ? null : places.map((place) => joinPath(place, literalPlace));
  return { ...run.call, state: { ...run.call.state, places: next } };
}

function joinPath(place: string, text: string): string {
  return text.startsWith("/") ? text : `${place}/${text}`;
}

function printed(program: Program, read: Read, made: { run: Run; out: Stream | undefined }): Stream {
  const { run, out } = made;
  const files = read.meanings.filter((meaning) => meaning.label === "operand").map((meaning) => meaning.field);
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- most print something else
  switch (program.prints) {
    case "word":
      return { kind: "word" };
    case "operands":
      return { kind: "paths", fields: files };
    case "below":
      return { kind: "paths", fields: (files.length === 0 ? [literal(".")] : files).map(below) };
    case "input": {
      const input = run.call.input;
      if (files.length === 0 && input.kind !== "none" && input.kind !== "literal") return input;
      return { kind: "unknown", why: `\`${run.name}\` prints it` };
    }
    default:
      return out ?? { kind: "unknown", why: `\`${run.name}\` prints it` };
  }
}
