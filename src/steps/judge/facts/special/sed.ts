/**
 * sed: its scripts can run commands (`e`, `s///e`) and read and write files.
 *
 * @module
 */
import { type Field, literal, shown, type Stream, UNSET_MARK, withNames } from "../fields.ts";
import { grammarOf, type Read, readArguments } from "../options.ts";
import type { Program } from "../programs/table.ts";
import { type Run, runScript, runShell, usePath } from "../roles.ts";

const SED: Program = {
  options:
    "-n,--quiet,--silent -e,--expression=text -f,--file=script -E,-r,--regexp-extended -i?text --in-place?text -l,--line-length=text " +
    "-s,--separate -u,--unbuffered -z,--null-data -b,--binary --posix --debug --sandbox --follow-symlinks",
  operands: "text*",
};

const UNCLEAR: Stream = { kind: "unknown", why: "`sed` prints it" };

export function sed(run: Run): Stream {
  const read = readArguments(run.args, grammarOf(SED));
  for (const option of read.strange) run.issues.push({ says: `the option \`${option.slice(0, 40)}\`` });
  const scripts = scriptsOf(read, run);
  for (const script of scripts.texts) followScript(script, run);
  const inPlace = read.seen.has("-i") || read.seen.has("--in-place");
  for (const file of scripts.files) {
    usePath("read", file, run);
    if (inPlace) usePath("write", file, run);
  }
  return UNCLEAR;
}

function scriptsOf(read: Read, run: Run): { texts: readonly Field[]; files: readonly Field[] } {
  const texts = read.meanings.filter((meaning) => meaning.label === "-e").map((meaning) => meaning.field);
  const files = read.meanings.filter((meaning) => meaning.label === "-f").map((meaning) => meaning.field);
  for (const file of files) runScript(file, run);
  if (texts.length + files.length > 0) return { texts, files: read.operands };
  return { texts: read.operands.slice(0, 1), files: read.operands.slice(1) };
}

function followScript(script: Field, run: Run): void {
  const text = withNames(script)?.replaceAll(UNSET_MARK, "");
  run.analysis.found.plainNames(script, run.call.state);
  const effects = text === undefined ? null : effectsOf(text);
  if (effects === null) {
    run.issues.push({ says: "a sed script that is not followed" });
    run.analysis.found.hide(`the sed script \`${shown(script).slice(0, 60)}\``);
    return;
  }
  for (const [access, file] of effects.files) usePath(access, literal(file), run);
  for (const command of effects.commands) {
    if (command === "") runsInput(run);
    else runShell(literal(command), run);
  }
}

function runsInput(run: Run): void {
  run.issues.push({ says: "runs what it reads" });
  run.analysis.found.hide("sed runs what it reads");
}

type Effects = { readonly commands: string[]; readonly files: (readonly ["read" | "write", string])[] };

type Cursor = { readonly text: string; readonly brackets: boolean; at: number };

/**
 * Whether a delimiter in brackets ends a pattern differs between versions of sed: both readings count.
 *
 * @returns null where the script is not understood in either.
 */
export function effectsOf(text: string): Effects | null {
  const readings = [true, false].map((brackets) => reading({ text, brackets, at: 0 }));
  const understood = readings.filter((effects) => effects !== null);
  if (understood.length === 0) return null;
  return {
    commands: [...new Set(understood.flatMap((effects) => effects.commands))],
    files: understood.flatMap((effects) => effects.files),
  };
}

function reading(cursor: Cursor): Effects | null {
  const effects: Effects = { commands: [], files: [] };
  while (cursor.at < cursor.text.length) {
    skip(cursor, /[\s;]*/y);
    if (cursor.at >= cursor.text.length) break;
    if (!skipAddress(cursor)) return null;
    // No sed has such a command: the script is refused as a whole, before anything of it runs.
    if (cursor.at < cursor.text.length && /[^A-Za-z={}#:\s;]/.test(cursor.text[cursor.at] ?? ""))
      return { commands: [], files: [] };
    if (!takeCommand(cursor, effects)) return null;
  }
  return effects;
}

function skip(cursor: Cursor, expression: RegExp): string {
  expression.lastIndex = cursor.at;
  const match = expression.exec(cursor.text)?.[0] ?? "";
  cursor.at += match.length;
  return match;
}

function skipAddress(cursor: Cursor): boolean {
  if (!skipOneAddress(cursor)) return false;
  skip(cursor, /\s*/y);
  if (cursor.text[cursor.at] === ",") {
    cursor.at += 1;
    skip(cursor, /\s*[+~]?/y);
    if (!skipOneAddress(cursor)) return false;
  }
  skip(cursor, /[\s!]*/y);
  return true;
}

function skipOneAddress(cursor: Cursor): boolean {
  const char = cursor.text[cursor.at];
  if (char === "/") return skipDelimited(cursor, "/") && skip(cursor, /[IM]*/y) !== undefined;
  if (char === "\\") {
    const delimiter = cursor.text[cursor.at + 1];
    cursor.at += 1;
    return delimiter !== undefined && skipDelimited(cursor, delimiter) && skip(cursor, /[IM]*/y) !== undefined;
  }
  skip(cursor, /\$|\d*(?:~\d+)?/y);
  return true;
}

/** From the delimiter that opens a pattern behind the one that ends it. */
function skipDelimited(cursor: Cursor, delimiter: string): boolean {
  cursor.at += 1;
  return toDelimiter(cursor, delimiter, cursor.brackets);
}

const BRACKETS = /\[\^?\]?(?:\[[:.=][^\]]*[:.=]\]|[^\]\n])*\]/y;

function toDelimiter(cursor: Cursor, delimiter: string, brackets: boolean): boolean {
  while (cursor.at < cursor.text.length) {
    const char = cursor.text[cursor.at];
    if (char === delimiter) {
      cursor.at += 1;
      return true;
    }
    if (char === "\\") cursor.at += 2;
    else if (char !== "[" || !brackets || skip(cursor, BRACKETS) === "") cursor.at += 1;
  }
  return false;
}

const ALONE = /^[={}dDgGhHlnNpPvxFz]$/;

function takeCommand(cursor: Cursor, effects: Effects): boolean {
  const command = cursor.text[cursor.at] ?? "";
  cursor.at += 1;
  if (command === "#") return skip(cursor, /[^\n]*/y) !== undefined;
  if (command === "s") return takeSubstitution(cursor, effects);
  if (command === "y") return takeTwo(cursor) !== undefined;
  if (/[rRwW]/.test(command)) return takeFile(command, cursor, effects);
  if (command === "e") {
    effects.commands.push(skip(cursor, /[^\n]*/y).trim());
    return true;
  }
  if (/[aic]/.test(command)) {
    // Text up to a line that does not end in a backslash.
    skip(cursor, /(?:[^\n\\]|\\[\s\S])*\\?/y);
    return true;
  }
  if (/[:btT]/.test(command)) return skip(cursor, /[^\n;}]*/y) !== undefined;
  if (/[qQlL]/.test(command)) return skip(cursor, /\s*\d*/y) !== undefined;
  return ALONE.test(command);
}

function takeTwo(cursor: Cursor): string | undefined {
  const delimiter = cursor.text[cursor.at];
  if (delimiter === undefined || delimiter === "\n" || delimiter === "\\") return undefined;
  const from = cursor.at;
  if (!skipDelimited(cursor, delimiter) || !toDelimiter(cursor, delimiter, false)) return undefined;
  return cursor.text.slice(from, cursor.at);
}

function takeSubstitution(cursor: Cursor, effects: Effects): boolean {
  if (takeTwo(cursor) === undefined) return false;
  const flags = skip(cursor, /[gpiIMme0-9]*/y);
  if (/[eE]/.test(flags.replaceAll(/[mM]/g, ""))) effects.commands.push("");
  if (cursor.text[cursor.at] !== "w") return true;
  cursor.at += 1;
  return takeFile("w", cursor, effects);
}

function takeFile(command: string, cursor: Cursor, effects: Effects): boolean {
  const file = skip(cursor, /[^\n]*/y).trim();
  if (file === "") return false;
  effects.files.push([/[rR]/.test(command) ? "read" : "write", file]);
  return true;
}
