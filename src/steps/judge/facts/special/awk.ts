/**
 * awk: programs can start commands, and read and write files.
 *
 * @module
 */
import { type Field, literal, prefixOf, type Stream, UNSET_MARK, withNames } from "../fields.ts";
import { grammarOf, readArguments } from "../options.ts";
import type { Program } from "../programs/table.ts";
import { type Run, runCode, runScript, runShell, usePath } from "../roles.ts";

const AWK: Program = {
  options:
    "-F,--field-separator=text -v,--assign=text -f,--file=script -e,--source=text -E,--exec=script -i,--include=script -l,--load=never " +
    "-b,--characters-as-bytes -c,--traditional -C,--copyright -g,--gen-pot -k,--csv -M,--bignum -n,--non-decimal-data -N,--use-lc-numeric " +
    "-O,--optimize -P,--posix -r,--re-interval -s,--no-optimize -S,--sandbox -t,--lint-old -L?text --lint?text -W=never -d?write " +
    "--dump-variables?write -o?write --pretty-print?write -p?write --profile?write -D?never --debug?never",
  operands: "text*",
  posix: true,
};

const UNCLEAR: Stream = { kind: "unknown", why: "`awk` prints it" };

export function awk(run: Run): Stream {
  const read = readArguments(run.args, grammarOf(AWK));
  for (const option of read.strange) run.issues.push({ says: `the option \`${option.slice(0, 40)}\`` });
  const options = read.meanings.filter((meaning) => meaning.label !== "operand");
  for (const { label, field } of options) takeOption(label, field, run);
  const programs = options.filter((meaning) => meaning.label === "-e").map((meaning) => meaning.field);
  const given = options.some((meaning) => /^-[efE]$/.test(meaning.label));
  for (const program of given ? programs : read.operands.slice(0, 1)) followProgram(program, run);
  for (const file of given ? read.operands : read.operands.slice(1)) {
    if (!/^[A-Za-z_]\w*=/.test(prefixOf(file))) usePath("read", file, run);
  }
  return UNCLEAR;
}

function takeOption(label: string, field: Field, run: Run): void {
  if (/^-[fEi]$/.test(label)) runScript(field, run);
  else if (/^-[lWD]$|^--debug$/.test(label)) run.issues.push({ says: `the option \`${label}\`` });
  else if (/^-[dop]$|^--(?:dump|pretty|profile)/.test(label)) usePath("write", field, run);
}

function followProgram(program: Field, run: Run): void {
  const text = withNames(program)?.replaceAll(UNSET_MARK, "");
  run.analysis.found.plainNames(program, run.call.state);
  const effects = text === undefined ? null : effectsOf(text);
  if (effects === null) {
    runCode(program, run);
    return;
  }
  for (const [access, file] of effects.files) usePath(access, literal(file), run);
  for (const command of effects.commands) runShell(literal(command), run);
}

type Token = { readonly kind: "string" | "regex" | "word" | "number" | "sign" | "end"; readonly text: string };
type Effects = { readonly commands: string[]; readonly files: (readonly ["read" | "write", string])[] };

const TOKEN =
  /\s*(?:#[^\n]*|(?<string>"(?:[^"\\\n]|\\[\s\S])*")|(?<word>[A-Za-z_]\w*)|(?<number>\d[\w.]*|\.\d+)|(?<end>[\n;{}])|(?<sign>\|\||\|&|>>|>=|<=|&&|==|!=|[-+*/%^]=|\+\+|--|\\\n|[^\s]))/y;
/** Behind one of these a slash divides. */
const VALUE = /^(?:[\w.]+|"[\s\S]*|[)\]$]|\+\+|--)$/;
const KEYWORD = /^(?:print|printf|return|in|if|while|else|do|getline|case|delete|exit|and|or|not)$/;

/** @returns null where the program is not understood, or may start or open what is not written in it. */
export function effectsOf(program: string): Effects | null {
  const tokens = tokensOf(program);
  // A program that may change `ARGV` chooses itself what it reads.
  if (tokens === null || tokens.some(({ text }) => text === "@" || text === "ARGV")) return null;
  const effects: Effects = { commands: [], files: [] };
  let depth = 0;
  let printing = -1;
  for (const [i, token] of tokens.entries()) {
    if (token.kind === "end") printing = -1;
    else if (token.text === "print" || token.text === "printf") printing = depth;
    else if (/^[([]$/.test(token.text)) depth += 1;
    else if (/^[)\]]$/.test(token.text)) depth -= 1;
    else if (!follow(token, i, { tokens, effects, writes: printing >= 0 && depth === printing })) return null;
  }
  return effects;
}

const KINDS = ["string", "word", "number", "end", "sign"] as const;
const REGEX = /\s*\/(?:[^/\\\n[]|\\.|\[\^?\]?(?:[^\]\\\n]|\\.)*\])*\//y;

function tokensOf(program: string): readonly Token[] | null {
  const tokens: Token[] = [];
  for (let at = 0; at < program.length; ) {
    const found = tokenAt(program, at, tokens.at(-1)?.text ?? "");
    if (found === null) return program.slice(at).trim() === "" ? tokens : null;
    at += found.length;
    if (found.token !== undefined) tokens.push(found.token);
  }
  return tokens;
}

function tokenAt(program: string, at: number, last: string): { length: number; token?: Token } | null {
  const divides = VALUE.test(last) && !KEYWORD.test(last);
  const regex = divides ? null : matchAt(REGEX, program, at);
  if (regex !== null) return { length: regex[0].length, token: { kind: "regex", text: '"regex"' } };
  const match = matchAt(TOKEN, program, at);
  if (match === null) return null;
  for (const kind of KINDS) {
    const text = match.groups?.[kind];
    if (text !== undefined) return { length: match[0].length, token: { kind, text } };
  }
  return { length: match[0].length };
}

function matchAt(expression: RegExp, text: string, at: number): RegExpExecArray | null {
  expression.lastIndex = at;
  return expression.exec(text);
}

type Place = { readonly tokens: readonly Token[]; readonly effects: Effects; readonly writes: boolean };

/** @returns false where something could be started or opened that is not written here. */
function follow(token: Token, i: number, place: Place): boolean {
  const { tokens, effects, writes } = place;
  switch (token.text) {
    case "system":
      return tokens[i + 3]?.text === ")" && take(tokens[i + 2], (text) => effects.commands.push(text));
    case "|":
    case "|&":
      return followPipe(i, tokens, effects);
    case ">":
    case ">>":
      return !writes || (isWhole(tokens[i + 2]) && take(tokens[i + 1], (text) => effects.files.push(["write", text])));
    case "getline":
      return followGetline(i, tokens, effects);
    default:
      return true;
  }
}

function followPipe(i: number, tokens: readonly Token[], effects: Effects): boolean {
  const reads = tokens[i + 1]?.text === "getline";
  const alone = reads ? isStart(tokens[i - 2]) : isWhole(tokens[i + 2]);
  return alone && take(tokens[reads ? i - 1 : i + 1], (text) => effects.commands.push(text));
}

/** `getline [name] < "file"`; without a file it reads on in the input. */
function followGetline(i: number, tokens: readonly Token[], effects: Effects): boolean {
  const at = tokens[i + 1]?.text === "<" ? i + 1 : tokens[i + 2]?.text === "<" ? i + 2 : -1;
  if (at < 0) return true;
  return take(tokens[at + 1], (text) => effects.files.push(["read", text]));
}

/** The expression ends here, so the text before it is all there is. */
function isWhole(token: Token | undefined): boolean {
  return token === undefined || token.kind === "end" || /^(?:\)|\||&&|\|\|)$/.test(token.text);
}

function isStart(token: Token | undefined): boolean {
  return token === undefined || token.kind === "end" || /^(?:\(|=|!|&&|\|\|)$/.test(token.text);
}

/** Only text without escapes is what it looks like; `/inet/…` is a connection. */
function take(token: Token | undefined, use: (text: string) => void): boolean {
  if (token?.kind !== "string") return false;
  const text = token.text.slice(1, -1).replaceAll(String.raw`\"`, '"');
  if (text.includes("\\") || text.startsWith("/inet")) return false;
  use(text);
  return true;
}
