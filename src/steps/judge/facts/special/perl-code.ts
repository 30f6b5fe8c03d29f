/**
 * Perl that only computes and prints.
 *
 * The text is taken apart into quoted pieces, patterns, variables and names.
 * Every piece has to be one that can neither start, open nor evaluate
 * anything, and where two readings are possible the text counts as code.
 *
 * @module
 */

const LONGEST = 500;

const NAMES: ReadonlySet<string> = new Set(
  (
    "print printf say if elsif else unless and or not xor while until for foreach my our length join split push pop shift " +
    "unshift splice scalar chomp chop lc uc lcfirst ucfirst substr index rindex sprintf sort reverse map grep keys values each " +
    "defined undef exists delete eof last next redo BEGIN END int abs sqrt sin cos atan2 log exp hex oct ord chr time localtime " +
    "gmtime x eq ne lt gt le ge cmp ref STDIN STDOUT STDERR return pos rand"
  ).split(" "),
);
/** Behind these a slash opens a pattern; behind other names it may divide. */
const BEFORE_PATTERN =
  /^(?:if|elsif|unless|and|or|not|xor|while|until|split|grep|map|join|return|print)$|^[-(,;{!=~&|?:]+$/;
/** What is opened, looked up or obeyed by the interpreter itself. */
const SPECIAL_VARIABLES = /^[$@%]#?(?:ARGV|ENV|INC|SIG|ISA|DB|main)$/;

/** Text in which nothing but whole variables is filled in: an index could hold any expression. */
const PLAIN = String.raw`(?:[^\\$@{(]|\\.|\((?!\?\??\{)|\{(?=[\d,]+\})|\$(?:\w+|&)(?![\w[{-])|\$(?=[\s)|]|$)|@(?=[\s.])|@\w+(?![\w[{-]))`;
const STRINGS: readonly RegExp[] = [/'(?:[^'\\]|\\.)*'/y, new RegExp(`"(?:(?!")${PLAIN})*"`, "y")];
const PATTERNS: readonly RegExp[] = [
  new RegExp(String.raw`s([/|,#!%])(?:(?!\1)(?:${PLAIN}|\$(?=\1)))*\1(?:(?!\1)${PLAIN})*\1[gimsx]*(?![a-z])`, "y"),
  new RegExp(String.raw`m?\/(?:(?!\/)(?:${PLAIN}|\$(?=\/)))*\/[gimsxo]*(?![a-z])`, "y"),
  /(?:y|tr)\/(?:[^/\\]|\\.)*\/(?:[^/\\]|\\.)*\/[cds]*(?![a-z])/y,
];
const TOKENS: readonly RegExp[] = [
  /<(?:STDIN)?>/y,
  /[$@%]#?[A-Za-z_]\w*|\$[0-9&.,;/\\_!]|@_/y,
  /[A-Za-z_]\w*/y,
  /\d[\d.]*|[\s.,;:?!~()[\]{}=<>+*%/-]|\|\||&&/y,
];
const NEVER = /<\s*[*$"'~A-Za-z/.](?!TDIN>)|[$@%&]\s*\{|->|::|<</;

/** @returns true where the text cannot do more than compute and print. */
export function onlyComputes(text: string): boolean {
  if (text.length > LONGEST || NEVER.test(text)) return false;
  let before = ";";
  for (let at = 0; at < text.length; ) {
    const piece = pieceAt(text, at, before);
    if (piece === undefined) return false;
    if (piece.trim() !== "") before = piece;
    at += piece.length;
  }
  return true;
}

function pieceAt(text: string, at: number, before: string): string | undefined {
  const patterns = BEFORE_PATTERN.test(before) ? PATTERNS : [];
  const piece = firstMatch([...STRINGS, ...patterns, ...TOKENS], text, at);
  if (piece === undefined || SPECIAL_VARIABLES.test(piece)) return undefined;
  return /^[A-Za-z_]\w*$/.test(piece) && !NAMES.has(piece) ? undefined : piece;
}

function firstMatch(expressions: readonly RegExp[], text: string, at: number): string | undefined {
  for (const expression of expressions) {
    expression.lastIndex = at;
    const found = expression.exec(text)?.[0];
    if (found !== undefined && found !== "") return found;
  }
  return undefined;
}

const SUBSTITUTIONS =
  /^\s*(?:(?:s|y|tr)([/|,#!:@%])(?:(?!\1)[^\\$@({]|\\.|\((?!\?\??\{)|\{\d|\$(?=\1|\)|\|))*\1(?:(?!\1)[^\\$@{]|\\.|\$[\d&](?![[{-]))*\1[gimsx]*\s*(?:;\s*|$))+$/;

/** One or more of `s/a/b/`, `y/a/b/`; in what replaces, only `$1` and the like are filled in. */
export function onlySubstitutes(text: string): boolean {
  return text.length <= LONGEST && SUBSTITUTIONS.test(text);
}
