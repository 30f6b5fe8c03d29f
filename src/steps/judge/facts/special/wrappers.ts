/**
 * Programs that put a command together from their arguments and their input.
 *
 * @module
 */
import {
  dropPrefix,
  type Field,
  FieldBuilder,
  joined,
  literal,
  prefixOf,
  shown,
  SOME_WORD,
  type Stream,
} from "../fields.ts";
import { grammarOf, readArguments } from "../options.ts";
import { INERT_VARIABLES } from "../programs/environment.ts";
import type { Program } from "../programs/table.ts";
import { applyMeanings, type Run, runShell, startNext, within } from "../roles.ts";

const UNCLEAR: Stream = { kind: "unknown", why: "a command prints it" };

const XARGS: Program = {
  options:
    "-0,--null -a,--arg-file=read -d,--delimiter=text -E=text -e?text --eof?text -I=text -i?text --replace?text -L=text -l?text " +
    "--max-lines?text -n,--max-args=text -o,--open-tty -P,--max-procs=text -p,--interactive -r,--no-run-if-empty " +
    "-s,--max-chars=text -t,--verbose -x,--exit --show-limits --process-slot-var=text",
  operands: "argv",
};

/** Appends what it reads to a command, or puts it in the place of a mark. */
export function xargs(run: Run): Stream {
  const read = readArguments(run.args, grammarOf(XARGS));
  for (const option of read.strange) run.analysis.found.hide(`the option \`${option.slice(0, 40)}\` of xargs`);
  applyMeanings(
    read.meanings.filter((meaning) => meaning.role === "read"),
    run,
  );
  const command = read.operands.length === 0 ? [literal("echo")] : read.operands;
  const fromFile = read.seen.has("-a");
  const items = fromFile ? [data("it comes from a file")] : itemsOf(run.call.input);
  const mark = markOf(read.meanings, read.seen);
  const inner: Run = { ...run, call: { ...run.call, input: { kind: "none" } } };
  if (mark === undefined) return startNext([...command, ...items], inner) ?? UNCLEAR;
  let out: Stream = UNCLEAR;
  for (const item of items)
    out =
      startNext(
        command.map((word) => replaced(word, mark, item)),
        inner,
      ) ?? UNCLEAR;
  return out;
}

function markOf(meanings: readonly { label: string; field: Field }[], seen: ReadonlySet<string>): string | undefined {
  const given = meanings.find((meaning) => /^-[Ii]$|^--replace$/.test(meaning.label));
  if (given !== undefined) return shown(given.field);
  return seen.has("-i") || seen.has("--replace") ? "{}" : undefined;
}

function data(why: string): Field {
  return { kind: "unknown", text: "", why, many: true, data: true };
}

/** @returns what is read, as the words that it becomes. */
function itemsOf(input: Stream): readonly Field[] {
  switch (input.kind) {
    case "none":
      return [];
    case "paths":
      return input.fields;
    case "word":
      return [SOME_WORD];
    case "literal":
      if (/['"\\\0]/.test(input.text)) return [data("quotes in what xargs reads")];
      return input.text
        .split(/\s+/)
        .filter((word) => word !== "")
        .map(literal);
    case "unknown":
      return [data(input.why)];
  }
}

/** A word with every mark in it replaced. A word that is only known from some point on may hold marks. */
export function replaced(word: Field, mark: string, item: Field): Field {
  if (mark === "" || !shown(word).includes(mark)) return word;
  if (word.kind === "unknown") return word;
  const builder = new FieldBuilder();
  const text = word.kind === "literal" ? word.text : shown(word);
  for (const [i, piece] of text.split(mark).entries()) {
    if (i > 0) builder.field(item.kind === "unknown" ? { ...item, many: false } : item);
    if (word.kind === "pattern") builder.glob(piece);
    else builder.quoted(piece);
  }
  return builder.fields(true)[0] ?? word;
}

const ENV_PLAIN = /^-(?:i|0|v|-ignore-environment|-null|-debug|u.*|-unset(?:=.*)?|)$/;
const ENV_SPLIT = /^(?:-[iv0]*S|--split-string(?:=|$))/;

/** `env [-i] [-u NAME] [-C DIR] [-S TEXT] [NAME=VALUE]… COMMAND`. */
export function env(run: Run): Stream {
  let { call } = run;
  for (let at = 0; at < run.args.length; at += 1) {
    const field = run.args[at] ?? literal("");
    const text = prefixOf(field);
    const split = ENV_SPLIT.exec(text)?.[0];
    if (split !== undefined) return splitString(field, split, { ...run, call, args: run.args.slice(at + 1) });
    if (/^[A-Za-z_]\w*=/.test(text)) setVariable(text, run);
    else if (!text.startsWith("-")) return startNext(run.args.slice(at), { ...run, call }) ?? UNCLEAR;
    else {
      const folder = envOption(field, run.args[at + 1], run);
      if (folder !== undefined) call = within(folder, call);
      if (/^(?:-u|--unset|-C|--chdir)$/.test(text)) at += 1;
    }
  }
  return UNCLEAR;
}

/** @returns the folder, where the option names one. */
function envOption(field: Field, next: Field | undefined, run: Run): Field | undefined {
  const text = prefixOf(field);
  const folder = folderOption(field, next);
  const plain = ENV_PLAIN.test(text) && field.kind === "literal";
  if (plain) noteRemoved(text, next, run);
  if (folder === undefined && !plain) run.analysis.found.hide(`the option \`${text.slice(0, 40)}\` of env`);
  return folder;
}

/** What commands start with keeps git from settings that somebody put into a folder. */
function noteRemoved(text: string, next: Field | undefined, run: Run): void {
  const name = /^-u(.+)$|^--unset=(.*)$/.exec(text);
  const removed = /^(?:-u|--unset)$/.test(text) ? shown(next ?? literal("")) : (name?.[1] ?? name?.[2]);
  const all = removed === undefined && /^-(?:[v0]*i|-ignore-environment|)$/.test(text);
  if (all || (removed !== undefined && run.analysis.world.environment.has(removed))) run.analysis.found.bare = true;
}

function folderOption(field: Field, next: Field | undefined): Field | undefined {
  const text = prefixOf(field);
  if (/^(?:-C|--chdir)$/.test(text)) return next;
  return text.startsWith("--chdir=") ? dropPrefix(field, "--chdir=".length) : undefined;
}

function setVariable(text: string, run: Run): void {
  const name = text.slice(0, text.indexOf("="));
  if (!INERT_VARIABLES.test(name)) run.issues.push({ says: `sets \`${name.slice(0, 40)}\` for a program` });
}

/** Its quoting is almost that of a shell; where it is not, it is a shell's all the same: more is found, not less. */
function splitString(field: Field, option: string, run: Run): Stream {
  const glued = dropPrefix(field, option.length);
  const [first, ...rest] = shown(glued) === "" && field.kind === "literal" ? run.args : [glued, ...run.args];
  if (first === undefined) return UNCLEAR;
  if (/[\\$'"]/.test(prefixOf(first))) run.analysis.found.hide("the text that env splits");
  return runShell(joined([literal("env"), first, ...rest]), run);
}
