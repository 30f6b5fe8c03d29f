/**
 * Brace expansion, which the shell does on the text before anything else.
 *
 * @module
 */

const MOST_WORDS = 256;
const RANGE = /^(-?\d{1,9}|[A-Za-z])\.\.(-?\d{1,9}|[A-Za-z])(?:\.\.(-?\d{1,9}))?$/;

/** @returns the words that one becomes, as they would be written without braces. */
export function expandBraces(text: string): readonly string[] | "none" | "too many" {
  if (!text.includes("{")) return "none";
  const words = expand(text);
  if (words === "too many") return words;
  return words.length === 1 && words[0] === text ? "none" : words;
}

function expand(text: string): readonly string[] | "too many" {
  const group = firstGroup(text);
  if (group === undefined) return [text];
  const tails = expand(text.slice(group.to));
  if (tails === "too many") return tails;
  const out: string[] = [];
  for (const choice of group.choices) {
    const middles = expand(choice);
    if (middles === "too many") return middles;
    for (const middle of middles) {
      for (const tail of tails) out.push(text.slice(0, group.from) + middle + tail);
    }
    if (out.length > MOST_WORDS) return "too many";
  }
  return out;
}

type Group = { readonly from: number; readonly to: number; readonly choices: readonly string[] };

function firstGroup(text: string): Group | undefined {
  for (let at = 0; at < text.length; ) {
    if (text[at] === "{" && text[at - 1] !== "$") {
      const group = groupAt(text, at);
      if (group !== undefined) return group;
    }
    at = skip(text, at);
  }
  return undefined;
}

function groupAt(text: string, from: number): Group | undefined {
  const cuts: number[] = [];
  let depth = 0;
  for (let at = from + 1; at < text.length; ) {
    const char = text[at];
    if (char === "{" && text[at - 1] !== "$") depth += 1;
    else if (char === "," && depth === 0) cuts.push(at);
    else if (char === "}") {
      if (depth === 0) return choicesOf(text, { from, to: at, cuts });
      depth -= 1;
    }
    at = skip(text, at);
  }
  return undefined;
}

function choicesOf(text: string, group: { from: number; to: number; cuts: readonly number[] }): Group | undefined {
  const { from, to, cuts } = group;
  if (cuts.length === 0) {
    const range = rangeOf(text.slice(from + 1, to));
    return range === undefined ? undefined : { from, to: to + 1, choices: range };
  }
  const edges = [from, ...cuts, to];
  const choices = edges.slice(1).map((end, i) => text.slice((edges[i] ?? 0) + 1, end));
  return { from, to: to + 1, choices };
}

function rangeOf(text: string): readonly string[] | undefined {
  const [, first = "", last = "", by] = RANGE.exec(text) ?? [];
  const numeric = /\d/.test(first);
  if (first === "" || numeric !== /\d/.test(last)) return undefined;
  const width = /^-?0\d/.test(first) || /^-?0\d/.test(last) ? Math.max(first.length, last.length) : 0;
  const spell = (at: number): string => (numeric ? padded(at, width) : String.fromCharCode(at));
  const ends = [first, last].map((end) => (numeric ? Number(end) : end.charCodeAt(0)));
  return steps(ends[0] ?? 0, ends[1] ?? 0, Math.max(1, Math.abs(Number(by ?? 1)))).map(spell);
}

function steps(from: number, to: number, by: number): readonly number[] {
  const count = Math.min(MOST_WORDS + 1, Math.floor(Math.abs(to - from) / by) + 1);
  return Array.from({ length: count }, (_, i) => from + i * (to < from ? -by : by));
}

function padded(value: number, width: number): string {
  return value < 0 ? `-${String(-value).padStart(width - 1, "0")}` : String(value).padStart(width, "0");
}

/** The place behind one character, or behind a quoted or substituted piece that begins here. */
function skip(text: string, at: number): number {
  const char = text[at];
  if (char === "\\") return at + 2;
  if (char === "'") return behind(text.indexOf("'", at + 1), text);
  if (char === '"' || char === "`") return closing(text, at + 1, char);
  if (char === "$" && text[at + 1] === "(") return nested(text, at + 2, "(", ")");
  if (char === "$" && text[at + 1] === "{") return nested(text, at + 2, "{", "}");
  return at + 1;
}

function behind(found: number, text: string): number {
  return found < 0 ? text.length : found + 1;
}

function closing(text: string, from: number, quote: string): number {
  let at = from;
  while (at < text.length && text[at] !== quote) at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function nested(text: string, from: number, open: string, close: string): number {
  let depth = 1;
  let at = from;
  while (at < text.length && depth > 0) {
    if (text[at] === open) depth += 1;
    else if (text[at] === close) depth -= 1;
    at = depth > 0 ? Math.max(at + 1, skip(text, at)) : at + 1;
  }
  return at;
}
