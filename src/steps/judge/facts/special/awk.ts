/**
 * awk: programs can start commands, and read and write files.
 *
 * @module
 */
import { type Field, literal, prefixOf, shown, type Stream } from "../fields.ts";
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
  const programs: Field[] = [];
  let hasFile = false;
  for (const { label, field } of read.meanings) {
    if (label === "-e") programs.push(field);
    else if (/^-[fEi]$/.test(label)) {
      hasFile ||= label !== "-i";
      runScript(field, run);
    } else if (label === "-l" || label === "-W" || label === "-D") run.issues.push({ says: `the option \`${label}\`` });
    else if (/^-[dop]$|^--/.test(label)) usePath("write", field, run);
  }
  const operands = [...read.operands];
  if (programs.length === 0 && !hasFile) {
    const first = operands.shift();
    if (first !== undefined) programs.push(first);
  }
  for (const program of programs) followProgram(program, run);
  for (const file of operands) if (!/^[A-Za-z_]\w*=/.test(prefixOf(file))) usePath("read", file, run);
  return UNCLEAR;
}

function followProgram(program: Field, run: Run): void {
  const effects = program.kind === "unknown" ? null : effectsOf(shown(program));
  if (effects === null) {
    runCode(program, run);
    return;
  }
  for (const [access, file] of effects.files) usePath(access, literal(file), run);
  for (const command of effects.commands) {
    runShell(literal(command), run);
  }
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
  if (tokens === null || tokens.some((token) => token.text === "@")) return null;
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

function tokensOf(program: string): readonly Token[] | null {
  const tokens: Token[] = [];
  let at = 0;
  while (at < program.length) {
    const last = tokens.at(-1)?.text ?? "";
    const regex =
      VALUE.test(last) && !KEYWORD.test(last)
        ? null
        : /^\s*\/(?:[^/\\\n[]|\\.|\[\^?\]?(?:[^\]\\\n]|\\.)*\])*\//.exec(program.slice(at));
    if (regex !== null) {
      tokens.push({ kind: "regex", text: '"regex"' });
      at += regex[0].length;
      continue;
    }
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(program);
    if (match === null) return /^\s*$/.test(program.slice(at)) ? tokens : null;
    at = TOKEN.lastIndex;
    for (const [kind, text] of Object.entries(match.groups ?? {})) {
      if (
        text !== undefined &&
        (kind === "string" || kind === "word" || kind === "number" || kind === "sign" || kind === "end")
      ) {
        tokens.push({ kind, text });
      }
    }
  }
  return tokens;
}

type Place = { readonly tokens: readonly Token[]; readonly effects: Effects; readonly writes: boolean };

function follow(token: Token, i: number, place: Place): boolean {
  const { tokens, effects, writes } = place;
  const next = tokens[i + 1];
  const whole = isWhole(tokens[i + 2]);
  if (token.text === "system") {
    const command = tokens[i + 2];
    const closed = tokens[i + 3]?.text === ")";
    return closed && take(command, (text) => effects.commands.push(text));
  }
  if (token.text === "|" || token.text === "|&") {
    if (next?.text === "getline")
      return isStart(tokens[i - 2]) && take(tokens[i - 1], (text) => effects.commands.push(text));
    return whole && take(next, (text) => effects.commands.push(text));
  }
  if (writes && (token.text === ">" || token.text === ">>"))
    return whole && take(next, (text) => effects.files.push(["write", text]));
  if (token.text === "getline") return followGetline(i, tokens, effects);
  return true;
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
