/**
 * Forms: what an entry of an allowlist or blocklist says about the words of a
 * program.
 *
 * An entry is a program's name or absolute path, and words behind it, blanks
 * between; a word with blanks stands in quotes. In a word, `*` is any text,
 * but never the dash that begins an option; `**` at the end is any further
 * words, options too. Words are compared with what the shell would hand over,
 * never with the text of the command.
 *
 * @module
 */
import { escapeExpression } from "./fields.ts";

export type Form = {
  /** As the operator wrote it. */
  readonly text: string;
  readonly name: string;
  readonly words: readonly string[];
  /** Ends in `**`. */
  readonly open: boolean;
  /** A name alone says nothing about words: it stands for everyday forms. */
  readonly bare: boolean;
};

const WORD = /"([^"]*)"|'([^']*)'|(\S+)/g;
const PARSED = new WeakMap<readonly string[], readonly Form[]>();

/** Parsed once for each list: a configuration is judged by many times. */
export function formsOf(entries: readonly string[]): readonly Form[] {
  const before = PARSED.get(entries);
  if (before !== undefined) return before;
  const forms = entries.map(formOf);
  PARSED.set(entries, forms);
  return forms;
}

function formOf(entry: string): Form {
  const text = entry.trim();
  const [name = "", ...rest] = [...text.matchAll(WORD)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
  const open = rest.at(-1) === "**";
  return { text, name, words: open ? rest.slice(0, -1) : rest, open, bare: rest.length === 0 };
}

/** `words` are all that the program is given. */
export function isForm(form: Form, words: readonly string[]): boolean {
  if (form.bare || (form.open ? words.length < form.words.length : words.length !== form.words.length)) return false;
  return form.words.every((wanted, i) => fits(wanted, words[i] ?? ""));
}

/** The program is given these words first, and maybe more. */
export function beginsAs(form: Form, words: readonly string[]): boolean {
  return words.length >= form.words.length && form.words.every((wanted, i) => fits(wanted, words[i] ?? ""));
}

function fits(wanted: string, word: string): boolean {
  if (!wanted.includes("*")) return wanted === word;
  if (wanted.startsWith("*") && word.startsWith("-")) return false;
  return expressionOf(wanted).test(word);
}

const EXPRESSIONS = new Map<string, RegExp>();
const MOST_EXPRESSIONS = 1000;

function expressionOf(wanted: string): RegExp {
  const known = EXPRESSIONS.get(wanted);
  if (known !== undefined) return known;
  const source = wanted.split(/\*+/).map(escapeExpression).join("[\\s\\S]*");
  const made = new RegExp(`^${source}$`, "u");
  if (EXPRESSIONS.size >= MOST_EXPRESSIONS) EXPRESSIONS.clear();
  EXPRESSIONS.set(wanted, made);
  return made;
}

/**
 * For blocklists, as wide as a program would read it: options in any place, letters of one dash in any bundle, long ones
 * shortened or with a value; all else in this order, with anything between.
 */
export function isAmong(form: Form, words: readonly string[]): boolean {
  const options = form.words.filter(isOption);
  if (!options.every((option) => hasOption(option, words))) return false;
  let at = 0;
  const wanted = form.words.filter((word) => !isOption(word));
  for (const word of words) if (at < wanted.length && fits(wanted[at] ?? "", word)) at += 1;
  return at >= wanted.length;
}

function isOption(word: string): boolean {
  return word.length > 1 && word.startsWith("-");
}

function hasOption(option: string, words: readonly string[]): boolean {
  if (words.some((word) => fits(option, word))) return true;
  if (option.startsWith("--")) return words.some((word) => isShortened(word, option));
  const letters = words.filter((word) => /^-[A-Za-z0-9]/.test(word)).join("");
  return Array.from(option.slice(1)).every((letter) => letters.includes(letter));
}

/** `--forc` and `--force=yes` are `--force`. */
function isShortened(word: string, option: string): boolean {
  const name = word.split("=", 1)[0] ?? "";
  return name.length > 2 && name.startsWith("--") && option.startsWith(name);
}
