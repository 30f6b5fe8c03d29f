/**
 * A person's own words: what of a message its author says himself, and what of
 * that is said positively.
 *
 * Pasted, quoted and forwarded parts are somebody else's and name nothing. A
 * short quotation in a line is one value as a whole, never the words in it. In
 * doubt a part is left out: then a person is asked, nothing worse.
 *
 * @module
 */

/** Characters of a message that are looked at; what lies beyond names nothing. */
export const WORDS_LIMIT = 32_768;

export type Span = { readonly start: number; readonly end: number };

export type OwnWords = {
  /** As long as the message, with everything that is not the author's own blanked out. */
  readonly text: string;
  /** Short quotations in a line: `send 'hello' to …`. */
  readonly quotations: readonly (Span & { readonly text: string })[];
  /** What is said not to be done. */
  readonly negated: readonly Span[];
};

export function ownWords(message: string): OwnWords {
  const own = foreignParts(message.slice(0, WORDS_LIMIT).replaceAll("\r", "\n"));
  const quotations = [...own.matchAll(QUOTATION)].map((match) => {
    const text = match[1] ?? match[2] ?? match[3] ?? match[4] ?? match[5] ?? "";
    const start = match.index + match[0].indexOf(text, match[0].search(/["'“‘`]/) + 1);
    return { start, end: start + text.length, text };
  });
  const text = own.replace(QUOTATION, blank);
  return { text, quotations, negated: negatedSpans(text) };
}

export function overlaps(spans: readonly Span[], one: Span): boolean {
  return spans.some((span) => span.start < one.end && one.start < span.end);
}

// One line, at most 400 characters; a single quote opens only after a space, so that apostrophes do not.
const QUOTATION =
  /"([^"\n]{1,400})"|“([^”\n]{1,400})”|(?<![\p{L}\p{N}])'([^'\n]{1,400})'(?![\p{L}\p{N}])|‘([^’\n]{1,400})’|`([^`\n]{1,400})`/gu;

const FOREIGN = [
  /^(```|~~~)[^]*?(?:^\1|$(?![^]))/gm, // fenced, to its end or the end of the message
  /<<<[^]*?(?:>>>|$)/g,
  /"""[^]*?(?:"""|$)/g,
  /'''[^]*?(?:'''|$)/g,
  /^[ \t]*(?:-{2,}[ \t]*(?:original|forwarded)[ \t]+message|begin forwarded message|on [^\n]{4,160} wrote:[ \t]*$|(?:from|von|de):[ \t])[^]*/gim,
  /^[ \t]*[>|].*$/gm,
  /<([a-z][\w-]{0,40})(?:\s[^<>]{0,200})?>[^]*?(?:<\/\1>|$)/gi,
  /"[^"\n]*\n[^"]*(?:"|$)/g, // a quotation over several lines was pasted
  /“[^”\n]*\n[^”]*(?:”|$)/g,
] as const;

function foreignParts(message: string): string {
  return FOREIGN.reduce((text, pattern) => text.replace(pattern, blank), message);
}

/** Keeps offsets and lines. */
function blank(part: string): string {
  return part.replace(/[^\n]/g, " ");
}

const HARMLESS =
  /\b(?:(?:do not|don['’]?t) (?:forget|hesitate)|not only|no later than|no more than|no problem|why not|if not)\b/giu;
const NEGATION =
  /\b(?:do not|don['’]?t|never|not|no|none|without|except(?:ing)?|exclud(?:e|ing)|other than|rather than|instead of|avoid|besides|cannot|can['’]t|mustn['’]t|shouldn['’]t|won['’]t|isn['’]t|aren['’]t|unless|neither|nor|stop|ignore|skip|refuse)\b/giu;
/** `bob@x should not get it`: what stands before is meant as well. */
const AFTERWARDS =
  /\b(?:should|must|may|can|could|shall|will|would|is|are|needs?|has|have)(?: not\b|n['’]t\b)|\b(?:cannot|can['’]t|won['’]t|excluded|forbidden|off limits)\b/iu;
const TURN = /\bbut\b(?!\s+not\b)/iu;

function negatedSpans(text: string): readonly Span[] {
  const spans: Span[] = [];
  const calm = text.replace(HARMLESS, blank);
  for (const sentence of sentences(calm)) {
    const words = calm.slice(sentence.start, sentence.end);
    if (AFTERWARDS.test(words)) {
      spans.push(sentence);
      continue;
    }
    for (const cue of words.matchAll(NEGATION)) {
      const rest = words.slice(cue.index);
      const turn = rest.search(TURN);
      const start = sentence.start + cue.index;
      spans.push({ start, end: turn < 0 ? sentence.end : start + turn });
    }
  }
  return spans;
}

/** Ends at a line's end, or at a stop that white space follows: not inside addresses and numbers. */
function* sentences(text: string): Generator<Span> {
  let start = 0;
  for (const stop of text.matchAll(/[.!?;](?=\s)|\n/g)) {
    yield { start, end: stop.index };
    start = stop.index + 1;
  }
  yield { start, end: text.length };
}
