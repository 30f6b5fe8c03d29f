/**
 * Fields: what one word of a command becomes after the shell expanded it.
 *
 * A field is known, or a pattern over file names, or unknown from some point
 * on. Nothing here guesses: whatever is joined with something unknown is
 * unknown, and keeps only the text that surely comes first.
 *
 * @module
 */

export type Field =
  /** `marked`: the text with a mark wherever a name that is not set left nothing. */
  | { readonly kind: "literal"; readonly text: string; readonly marked?: string }
  /**
   * A shell pattern; characters that stand for themselves are escaped with a backslash. `**` stands for anything below.
   * `word`: what is not known of it are short words of letters, digits, `.`, `_`, `:`, `+` and `-`, not names of files.
   * `from`: the patterns of names that were put into a text which is more than a path.
   */
  | { readonly kind: "pattern"; readonly text: string; readonly word?: true; readonly from?: readonly string[] }
  /**
   * `text` is what it surely begins with; `many`: may be several words, or none. `data`: no expansion of the shell, but
   * something that a program reads while it runs; as a path it can only be one that the sandbox shows.
   */
  | {
      readonly kind: "unknown";
      readonly text: string;
      readonly why: string;
      readonly many: boolean;
      readonly data?: true;
    };

/** What a program writes to its standard output, or finds on its standard input. */
export type Stream =
  | { readonly kind: "none" }
  | { readonly kind: "literal"; readonly text: string }
  /** Names of files, one a line: of these patterns only. */
  | { readonly kind: "paths"; readonly fields: readonly Field[] }
  /** One short word of letters, digits, `.`, `_`, `:`, `+` and `-`: a number, a date, a host. */
  | { readonly kind: "word" }
  | { readonly kind: "unknown"; readonly why: string };

export const NO_INPUT: Stream = { kind: "none" };

/** Stands for nothing, where a name that is not set was used. It is taken out of every text that a command could use. */
export const UNSET_MARK = "\uE000";

export function literal(text: string): Field {
  return { kind: "literal", text };
}

export function unknown(why: string, text = "", many = false): Field {
  return { kind: "unknown", text, why, many };
}

/** A pattern that stands for this text only. */
export function escapePattern(text: string): string {
  return text.replaceAll(/[\\*?[\]]/g, String.raw`\$&`);
}

export function unescapePattern(text: string): string {
  return text.replaceAll(/\\([\s\S])/g, "$1");
}

/** As a regular expression that matches this text only. */
export function escapeExpression(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}

const ACTIVE = /(?:^|[^\\])(?:\\\\)*[*?[]/;

export function isPattern(text: string): boolean {
  return ACTIVE.test(text);
}

/** What a field surely begins with, and what is shown of it. */
export function prefixOf(field: Field): string {
  if (field.kind !== "pattern") return field.text;
  const active = /^(?:[^\\*?[]|\\[\s\S])*/.exec(field.text);
  return unescapePattern(active === null ? "" : active[0]);
}

/** As a person reads it. */
export function shown(field: Field): string {
  if (field.kind === "literal") return field.text;
  return field.kind === "pattern" ? unescapePattern(field.text) : `${field.text}…`;
}

/** The field without its first characters, which must be known. */
export function dropPrefix(field: Field, length: number): Field {
  if (field.kind === "pattern") {
    let at = 0;
    for (let dropped = 0; dropped < length && at < field.text.length; dropped += 1)
      at += field.text[at] === "\\" ? 2 : 1;
    const rest = field.text.slice(at);
    return isPattern(rest) ? { kind: "pattern", text: rest } : literal(unescapePattern(rest));
  }
  return { ...field, text: field.text.slice(length) };
}

/** A text with something in the place of each short word that is not known; undefined where more is not known. */
export function withWords(field: Field): string | undefined {
  if (field.kind === "literal") return field.marked ?? field.text;
  if (field.kind !== "pattern" || field.word !== true) return undefined;
  return unescapePattern(field.text.replaceAll(/(\\[\s\S])|\*/g, (_, kept: string | undefined) => kept ?? "0"));
}

/** Stands in a text for part of the name of a file that is not known. */
export const NAME_MARK = "\uE001";

/** A pattern as one text, with a mark wherever it stands for names of files. */
export function withNames(field: Field): string | undefined {
  if (field.kind !== "pattern") return withWords(field);
  const wild = /(\\[\s\S])|\*+|\?|\[[^\]]*\]/g;
  return unescapePattern(field.text.replaceAll(wild, (_, kept: string | undefined) => kept ?? NAME_MARK));
}

/** Any short word. */
export const SOME_WORD: Field = { kind: "pattern", text: "*", word: true };

/** Anything in or below a folder. */
export function below(field: Field): Field {
  if (field.kind === "unknown") return unknown(field.why, prefixOf(field), false);
  const text = field.kind === "literal" ? escapePattern(field.text) : field.text;
  return { kind: "pattern", text: `${text.replace(/\/$/, "")}/**` };
}

/** Of a pattern that asks for a name below a folder: anything below it. */
export function anyBelow(text: string): string {
  const at = text.indexOf("**");
  return at < 0 ? text : text.slice(0, at + 2);
}

/** Several fields as one text with spaces between, as `eval` and `ssh` see it. */
export function joined(fields: readonly Field[]): Field {
  const builder = new FieldBuilder();
  for (const [i, field] of fields.entries()) {
    if (i > 0) builder.quoted(" ");
    builder.field(field);
  }
  return builder.fields(true)[0] ?? literal("");
}

/** Puts a word together from its parts, and splits it where the shell would. */
export class FieldBuilder {
  readonly #done: Field[] = [];
  #text = "";
  #pattern = false;
  #words = true;
  #from: string[] = [];
  #started = false;
  #unset = false;
  #unknown: { why: string; many: boolean; data: boolean } | undefined;

  quoted(text: string): void {
    this.#started = true;
    if (text.includes(UNSET_MARK)) this.#unset = true;
    if (this.#unknown === undefined) this.#text += escapePattern(text);
  }

  /** Characters that the shell matches against file names. */
  glob(text: string): void {
    this.#started = true;
    if (this.#unknown !== undefined) return;
    this.#text += text;
    this.#pattern = true;
    this.#words = false;
  }

  /** A short word that is not known. */
  word(): void {
    const before = this.#words;
    this.glob("*");
    this.#words = before;
  }

  /** The value of an expansion outside quotes: split at blanks, matched against names. */
  split(text: string): void {
    const pieces = text.split(/[ \t\n]+/);
    for (const [i, piece] of pieces.entries()) {
      if (i > 0) this.#finish();
      if (piece === "") continue;
      if (/[*?[]/.test(piece)) this.glob(piece);
      else this.quoted(piece);
    }
  }

  /** A name that is not set: nothing, but what is nothing here may be something elsewhere. */
  unset(): void {
    this.#unset = true;
    if (this.#unknown === undefined) this.#text += UNSET_MARK;
  }

  unknown(why: string, many: boolean, data = false): void {
    this.#started = true;
    this.#unknown ??= { why, many, data };
    if (many) this.#unknown.many = true;
  }

  /** A field as it is, joined to what stands before it. */
  field(field: Field): void {
    if (field.kind === "literal") {
      this.quoted(field.marked ?? field.text);
    } else if (field.kind === "pattern") {
      const before = this.#words;
      this.glob(field.text);
      this.#words = before && field.word === true;
      if (field.word !== true) this.#from.push(...(field.from ?? [field.text]));
    } else {
      this.quoted(field.text);
      this.unknown(field.why, field.many, field.data === true);
    }
  }

  /** Several fields, as `"$@"` is: the first joins what stands before, the last what comes after. */
  list(fields: readonly Field[]): void {
    for (const [i, field] of fields.entries()) {
      if (i > 0) this.#finish();
      this.field(field);
    }
  }

  #finish(): void {
    const marked = this.#text;
    this.#text = marked.replaceAll(UNSET_MARK, "");
    if (this.#started) {
      if (this.#unknown !== undefined) {
        const sure = this.#pattern ? prefixOf({ kind: "pattern", text: this.#text }) : unescapePattern(this.#text);
        const { why, many, data } = this.#unknown;
        this.#done.push({ kind: "unknown", text: sure, why, many, ...(data ? { data } : {}) });
      } else if (this.#pattern) {
        const from = this.#from.length > 0 ? { from: this.#from } : {};
        this.#done.push({ kind: "pattern", text: this.#text, ...(this.#words ? { word: true } : {}), ...from });
      } else {
        const mark = this.#unset ? { marked: unescapePattern(marked) } : {};
        this.#done.push({ kind: "literal", text: unescapePattern(this.#text), ...mark });
      }
    }
    this.#text = "";
    this.#pattern = false;
    this.#words = true;
    this.#from = [];
    this.#started = false;
    this.#unset = false;
    this.#unknown = undefined;
  }

  /** @param always one field even where nothing was written, as quotes and assignments give. */
  fields(always: boolean): readonly Field[] {
    if (always) this.#started = true;
    this.#finish();
    return this.#done;
  }
}
