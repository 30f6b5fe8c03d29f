/**
 * Guards around the shell parser. It is fast and right, and not ours.
 *
 * It is known to drop a substitution that stands directly behind an array
 * literal, to take quadratic time on deep nesting, and to go on after errors.
 * So: a cap on length and depth before it runs, and afterwards every opening
 * of a substitution outside single quotes must lie in a substitution that the
 * parser reported, and no node may carry an error.
 *
 * @module
 */
import { forEachChild, parse, type ParsedScript, type SyntaxNode } from "unbash";

export const LONGEST_COMMAND = 32 * 1024;
/** Openings of anything that nests, before the parser is asked at all. */
const DEEPEST = 64;
const MOST_OPENINGS = 2000;

export type Parsed =
  | {
      readonly ok: true;
      readonly script: ParsedScript;
      /** The text of every substitution in it: who walks the script has to meet each of them. */
      readonly substitutions: readonly string[];
    }
  | { readonly ok: false; readonly why: string };

/** INVARIANT(shell-whole): a script that is `ok` has no substitution that the tree does not show. */
export function parseGuarded(source: string): Parsed {
  if (source.length > LONGEST_COMMAND) return refused(`longer than ${LONGEST_COMMAND} characters`);
  if (source.includes("\0")) return refused("holds a NUL character");
  if (tooDeep(source)) return refused("nested too deep");
  try {
    const script = parse(source);
    const substitutions: string[] = [];
    const why = faultIn(script, source, substitutions);
    return why === undefined ? { ok: true, script, substitutions } : refused(why);
  } catch (error) {
    return refused(`cannot be parsed: ${error instanceof Error ? error.message.slice(0, 80) : "unknown reason"}`);
  }
}

function refused(why: string): Parsed {
  return { ok: false, why };
}

/** Counts openings without looking at quotes: too many is refused, too few never matters. */
function tooDeep(source: string): boolean {
  let depth = 0;
  let openings = 0;
  for (const char of source) {
    if (char === "(" || char === "{") {
      depth += 1;
      openings += 1;
    } else if (char === ")" || char === "}") depth = Math.max(0, depth - 1);
    else if (char === "`") openings += 1;
    if (depth > DEEPEST || openings > MOST_OPENINGS) return true;
  }
  return false;
}

type Span = { readonly from: number; readonly to: number };

type Seen = {
  /** Where substitutions begin, and where those in backticks end. */
  readonly edges: Set<number>;
  /** Text in which no substitution can open. */
  readonly quiet: Span[];
  /** Text in which `<(` and `>(` are only characters. */
  readonly plain: Span[];
  /** Words, assignments, here-documents: what is not in one of them is a comment or a keyword. */
  readonly words: Span[];
  readonly substitutions: string[];
  why: string | undefined;
};

/** @returns why the tree cannot be trusted, or undefined. */
function faultIn(script: ParsedScript, source: string, substitutions: string[]): string | undefined {
  const seen: Seen = { edges: new Set(), quiet: [], plain: [], words: [], substitutions, why: errorOf(script) };
  const visit = (node: SyntaxNode): void => {
    if (seen.why !== undefined) return;
    note(node, seen, source);
    if (node.type === "Script") {
      seen.why = errorOf(node);
      if (node.source !== undefined) {
        // Its positions are those of a text of its own, which is checked on its own.
        seen.why ??= faultIn(node, node.source, substitutions);
        return;
      }
    }
    forEachChild(node, visit);
  };
  forEachChild(script, visit);
  return seen.why ?? firstHidden(source, seen);
}

function errorOf(script: ParsedScript): string | undefined {
  const first = script.errors?.[0];
  return first === undefined ? undefined : `bash would not accept it: ${first.message}`;
}

type Node<T extends SyntaxNode["type"]> = Extract<SyntaxNode, { type: T }>;

function note(node: SyntaxNode, seen: Seen, source: string): void {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- only what opens, hides or holds a substitution
  switch (node.type) {
    case "Subshell":
      if (source.startsWith("((", node.pos)) seen.why = "`((` may be arithmetic";
      return;
    case "CommandExpansion":
      noteSubstitution(node, seen);
      return;
    case "ProcessSubstitution":
    case "ArithmeticCommandExpansion":
      seen.substitutions.push(node.text);
      seen.edges.add(node.pos);
      return;
    case "ArithmeticExpansion":
      seen.edges.add(node.pos);
      return;
    case "HereDoc":
      noteHereDoc(node, seen);
      return;
    default:
      noteText(node, seen);
  }
}

function noteSubstitution(node: Node<"CommandExpansion">, seen: Seen): void {
  seen.substitutions.push(node.text);
  seen.edges.add(node.pos);
  // bash reads `$((…))` as arithmetic first, whatever stands in it.
  if (node.text.startsWith("$((")) seen.why = "`$((` may be arithmetic";
  if (node.text.startsWith("`")) seen.edges.add(node.end - 1);
  if (node.script?.source !== undefined) seen.quiet.push({ from: node.pos, to: node.end });
}

const WORDS: ReadonlySet<string> = new Set(["Word", "Assignment", "TestCommand", "ArithmeticCommand", "ArithmeticFor"]);

function noteText(node: SyntaxNode, seen: Seen): void {
  const span = { from: node.pos, to: node.end };
  if (node.type === "SingleQuoted" || node.type === "AnsiCQuoted") seen.quiet.push(span);
  else if (node.type === "DoubleQuoted" || node.type === "LocaleString") {
    for (const part of node.parts) if (part.type === "Literal") seen.plain.push({ from: part.pos, to: part.end });
  } else if (WORDS.has(node.type)) seen.words.push(span);
}

function noteHereDoc(node: Node<"HereDoc">, seen: Seen): void {
  const body = { from: node.body.pos, to: node.body.end };
  seen.words.push(body);
  if (node.delimiter?.quoted === true) seen.quiet.push(body);
  else if (node.body.parts === undefined) seen.plain.push(body);
  else
    for (const part of node.body.parts) if (part.type === "Literal") seen.plain.push({ from: part.pos, to: part.end });
}

const OPENING = /\$\(|`|[<>]\(/g;

function firstHidden(source: string, seen: Seen): string | undefined {
  for (const match of source.matchAll(OPENING)) {
    const at = match.index;
    if (seen.edges.has(at) || escaped(source, at) || inside(at, seen.quiet)) continue;
    if (/^[<>]/.test(match[0]) && inside(at, seen.plain)) continue;
    if (!inside(at, seen.words) && inComment(source, at)) continue;
    return `the parser does not show what stands at \`${source.slice(at, at + 20)}\``;
  }
  return undefined;
}

/** Behind an odd number of backslashes; in single quotes it would be quiet anyway. */
function escaped(source: string, at: number): boolean {
  let count = 0;
  while (source[at - 1 - count] === "\\") count += 1;
  return count % 2 === 1;
}

function inside(at: number, spans: readonly Span[]): boolean {
  return spans.some((span) => at >= span.from && at < span.to);
}

function inComment(source: string, at: number): boolean {
  return source.slice(source.lastIndexOf("\n", at) + 1, at).includes("#");
}
