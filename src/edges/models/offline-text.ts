/**
 * Plain requests, taken apart: quoted pieces are set aside first, so that
 * nothing inside a quotation is ever taken for an order; then clauses.
 *
 * @module
 */

/** One thing that is asked for. `text` has a mark in the place of every quotation. */
export type Clause = { readonly text: string; readonly quotes: readonly string[] };

const OPEN = "\uE000";
const CLOSE = "\uE001";
const MARK = /\uE000(\d+)\uE001/g;
const ONE_MARK = /^\uE000(\d+)\uE001$/;
const QUOTED =
  /```[^\n`]*\n?[\s\S]*?```|`[^`\n]+`|"[^"\n]*"|“[^”\n]*”|«[^»\n]*»|(?<=^|[\s(:=])'[^'\n]*'(?=$|[\s,.;:)?!])/g;

const VERBS =
  "list|show|read|cat|open|print|display|write|create|make|save|store|put|append|add|edit|replace|change|delete|remove|rename|move|copy|search|find|grep|run|execute|fetch|download|get|visit|remember|recall|remind|schedule|send|tell|message|email|spawn|summari[sz]e|touch|commit|build|test|look|click|fill|close|type(?=\\s+\uE000)|take(?=\\s+a\\s)";
const SEQUENCE = "(?:and\\s+)?(?:then|after\\s+that|afterwards|finally)\\b,?\\s*(?:please\\s+)?";
const STRONG = new RegExp(`\\s*;\\s*|\\s*\\n+\\s*|[,.!]?\\s+${SEQUENCE}`, "i");
const WEAK = new RegExp(
  `(?:,\\s*(?:and\\s+)?|\\s+and\\s+|[.!?]\\s+(?:and\\s+)?)(?=(?:please\\s+|also\\s+)?(?:${VERBS})\\b)`,
  "i",
);
/** What follows these is text of the person's own, in which an "and send" is no order. */
const FREE_TEXT =
  /^(?:remember|remind|note|don'?t forget|tell|message|email|send|let|spawn|delegate|ask|have|start|schedule|every)\b/i;
const POLITE =
  /^(?:(?:please|now|then|first|also|and|ok|okay|hey|hi|hello|so|well|vambrace|kindly)\b[\s,!:]*|(?:can|could|would|will) you (?:please )?|i(?:'d| would) like you to |i (?:want|need) you to |let'?s )+/i;
/** What belongs to the request before it: it names a piece of what came of it. */
const CONTINUES =
  /^(?:save|store|write|put|keep)\s+(?:the\s+|its\s+|that\s+)?(?:title|page|text|contents?|result|answer|output|it)\b/i;
const FETCHES = /^(?:fetch|download|get|visit|open|browse|read|go)\b/i;
const ECHO =
  /^(?:show|give|tell)\s+me\s+(?:the\s+|its\s+)?(?:outputs?|results?|contents?|answer|what (?:it|they) says?)\b/i;

export function clausesOf(message: string): readonly Clause[] {
  const quotes: string[] = [];
  const setAside = (quoted: string): string => {
    quotes.push(quoted);
    return `${OPEN}${quotes.length - 1}${CLOSE}`;
  };
  const clean = message.replace(/[\uE000\uE001]/g, "");
  // A line that begins like a shell's is one command, whatever stands in it.
  if (/^\s*[$] /.test(clean)) return [{ text: `run ${setAside(`\`${clean.trim().slice(2)}\``)}`, quotes }];
  const masked = withoutBlock(clean, setAside).replace(QUOTED, setAside);
  const pieces = masked.split(STRONG).flatMap((piece) => (isFree(piece) ? [piece] : piece.split(WEAK)));
  const joined: string[] = [];
  for (const piece of pieces.map(withoutPoliteness).filter((text) => text !== "")) {
    const before = joined.at(-1);
    if (before !== undefined && ECHO.test(piece)) continue;
    if (before !== undefined && CONTINUES.test(piece) && FETCHES.test(before))
      joined[joined.length - 1] = `${before} and ${piece}`;
    else joined.push(piece);
  }
  return joined.map((text) => ({ text, quotes }));
}

/** `write notes.txt:` and a block: all the lines that follow are content. */
function withoutBlock(message: string, setAside: (quoted: string) => string): string {
  const [, head = "", body] =
    /^([^\n]*\b(?:write|create|make|save|append|add|put)\b[^\n]*:)[ \t]*\n([\s\S]+)$/i.exec(message) ?? [];
  return body === undefined || body.startsWith("```") ? message : `${head} ${setAside(`\`\`\`\n${body}\`\`\``)}`;
}

function isFree(piece: string): boolean {
  return FREE_TEXT.test(withoutPoliteness(piece));
}

function withoutPoliteness(piece: string): string {
  return piece
    .trim()
    .replace(POLITE, "")
    .replace(/[\s,]*(?:,?\s*please|\bfor me|\bthanks?(?: you)?)\s*[.!?]*$/i, "")
    .trim();
}

/** The words as they were written, marks put back. */
export function rawOf(text: string, clause: Clause): string {
  return text.replace(MARK, (_, index: string) => clause.quotes[Number(index)] ?? "").trim();
}

/** What a piece of a clause stands for: the inside of a quotation, else the words without closing punctuation. */
export function valueOf(text: string, clause: Clause): string {
  const trimmed = text.trim().replace(/(?<=\uE001)[.,!?;:]+$/, "");
  const mark = ONE_MARK.exec(trimmed);
  if (mark !== null) return inside(clause.quotes[Number(mark[1])] ?? "");
  return rawOf(trimmed, clause);
}

export function isQuoted(text: string): boolean {
  return ONE_MARK.test(text.trim().replace(/(?<=\uE001)[.,!?;:]+$/, ""));
}

function inside(quoted: string): string {
  if (!quoted.startsWith("```")) return quoted.slice(1, -1);
  return quoted.replace(/^```[^\n`]*\n?/, "").replace(/```$/, "");
}

/** A path that somebody named, or undefined: several words are a path only in quotes. */
export function pathOf(text: string, clause: Clause): string | undefined {
  const bare = text
    .trim()
    .replace(
      /^(?:the |a |my |our |this )?(?:(?:file|folder|directory|script|document)\s+)?(?:(?:called|named)\s+)?/i,
      "",
    )
    .replace(/\s+(?:file|folder|directory)$/i, "");
  const value = isQuoted(bare)
    ? valueOf(bare, clause)
    : rawOf(bare, clause).replace(/(?<=[^./])[.,!?;:]+$|[,!?;:]+$/, "");
  if (value === "" || (!isQuoted(bare) && /\s/.test(value))) return undefined;
  return value;
}

const EXTENSION =
  /\.(?:md|txt|json|jsonl|tsx?|jsx?|mjs|cjs|py|sh|html?|csv|ya?ml|log|pdf|toml|xml|css|rs|go|c|h|cpp|java|rb|ini|cfg|conf|env|lock|sql|svg|png|jpe?g)$/i;
const KNOWN_FILES = /^(?:readme|license|makefile|dockerfile|changelog|contributing|notice|copying|\.[\w-]+)$/i;

export function looksLikeFile(path: string): boolean {
  const name = path.split("/").at(-1) ?? "";
  return EXTENSION.test(name) || KNOWN_FILES.test(name);
}

/** `https://…` as written, or a bare host name with a scheme put before it. Undefined: no address. */
export function urlOf(text: string, clause: Clause): string | undefined {
  const value = valueOf(text, clause).replace(/[.,!?;:)]+$/, "");
  if (/^https?:\/\/\S+$/i.test(value)) return value;
  const isHost = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?::\d+)?(?:\/\S*)?$/i.test(value);
  if (!isHost || (!value.includes("/") && EXTENSION.test(value))) return undefined;
  return `https://${value}`;
}
