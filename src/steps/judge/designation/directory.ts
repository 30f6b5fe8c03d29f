/**
 * The person's own directory: an entry of it may say which address or id a name
 * means that a person wrote. It never names anything by itself.
 *
 * A value stands for a name only where every entry that answers to that name
 * has it, in a field that fits the argument, and never where the call that
 * asked the directory already contained the value (an echo). Free text of an
 * entry, which a stranger may have written, gives neither names nor values.
 *
 * @module
 */
import { leaves } from "../../../core/json.ts";
import type { ContextItem } from "../../../core/item.ts";
import { entriesOf, type Entry } from "./entries.ts";
import { nameWords } from "./fitting.ts";
import { holds } from "./values.ts";

/** One result of a tool that an operator declared to be a directory, and what its call asked. */
export type Directory = { readonly entries: readonly Entry[]; readonly asked: readonly string[] };

/** What a person may have written to mean a value. */
export type NamedBy = {
  readonly name: string;
  /** The value is one of a list: one of these words has to stand in the message too (`the same participants as …`). */
  readonly beside: readonly string[];
};

/** Results in the context of directory tools, without what their own calls said. */
export function directoriesIn(
  context: readonly ContextItem[],
  isDirectory: (tool: string) => boolean,
): readonly Directory[] {
  const asked = new Map<string, readonly string[]>();
  for (const item of context) {
    if (item.kind !== "model") continue;
    for (const call of item.calls)
      asked.set(
        call.id,
        [...leaves(call.arguments)].map((leaf) => leaf.value),
      );
  }
  return context.flatMap((item) => {
    if (item.kind !== "result" || !item.ok || !isDirectory(item.tool)) return [];
    // Without the call that asked, nobody can say what is an echo.
    const question = asked.get(item.call);
    return question === undefined ? [] : [{ entries: entriesOf(item.text), asked: question }];
  });
}

/**
 * The names under which the one entry that has the value is known.
 *
 * @param argument the name of the argument that the value was given for.
 * @returns empty where no entry, or more than one, could be meant by a name.
 */
export function namesFor(value: string, argument: string, directories: readonly Directory[]): readonly NamedBy[] {
  const entries = directories.flatMap((directory) => directory.entries);
  const found = new Map<string, NamedBy>();
  for (const { entries: own, asked } of directories) {
    if (asked.some((words) => echoes(words, value))) continue;
    for (const entry of own) {
      const beside = gives(entry, value, argument);
      if (beside === undefined) continue;
      for (const name of namesOf(entry)) {
        const answering = entries.filter((other) => answersTo(other, name));
        if (answering.every((other) => gives(other, value, argument) !== undefined)) found.set(name, { name, beside });
      }
    }
  }
  return [...found.values()];
}

/** Long values count wherever they stand; a short id would stand in every date. */
function echoes(words: string, value: string): boolean {
  return value.length >= 6 ? words.toLowerCase().includes(value.toLowerCase()) : holds(words, value);
}

const FREE_TEXT =
  /(?:description|content|body|text|notes?|comments?|summary|message|snippet|details?|subject|reason)$/i;
const NAMES = /(?:^|_)(?:(?:file|display|full|first|last|nick|event|user)?_?name|title|alias|label)$/i;
const ADDRESSES = /^(?:e?mails?|address(?:es)?|phones?|tel|mobile|accounts?|iban|handles?)$/i;
/** Keys and arguments of one kind: `email` gives `recipients`, `id_` gives `file_id`. */
const KINDS: readonly RegExp[] = [
  /^(?:e?mails?|address(?:es)?|phones?|tel|mobile|numbers?|accounts?|iban|handles?|recipients?|to|cc|bcc|participants?|attendees?|guests?|members?|invitees?|payees?|contacts?|users?)$/i,
  /^(?:ids?|uuid|key)$/i,
];

/**
 * Whether the entry says the value in a field that fits the argument.
 *
 * @returns words that have to stand in the message besides the name, none where the name is enough; undefined for no.
 */
function gives(entry: Entry, value: string, argument: string): readonly string[] | undefined {
  const field = entry.find(
    ({ key, values }) => !FREE_TEXT.test(key) && isKin(key, argument) && values.some((one) => isSame(one, value)),
  );
  if (field === undefined) return undefined;
  return field.values.length > 1 ? nameWords(field.key) : [];
}

function isKin(key: string, argument: string): boolean {
  const [keys, names] = [nameWords(key), nameWords(argument)];
  if (keys.some((word) => names.includes(word))) return true;
  return KINDS.some((kind) => keys.some((word) => kind.test(word)) && names.some((word) => kind.test(word)));
}

const isSame = (one: string, other: string): boolean => one.trim().toLowerCase() === other.trim().toLowerCase();

function answersTo(entry: Entry, name: string): boolean {
  return nameFields(entry).some((one) => isSame(one, name) || holds(spoken(one), name));
}

const nameFields = (entry: Entry): readonly string[] =>
  entry.filter(({ key }) => NAMES.test(key)).flatMap(({ values }) => values);

/** A name as it stands, as people say it, and its parts: two words of a title, one of a person's name. */
function namesOf(entry: Entry): readonly string[] {
  const found = new Set<string>();
  const isPerson = entry.some(({ key }) => nameWords(key).some((word) => ADDRESSES.test(word)));
  for (const { key, values } of entry) {
    if (!NAMES.test(key)) continue;
    for (const value of values) {
      found.add(value.trim());
      const words = spoken(value)
        .split(/\s+/)
        .filter((word) => word !== "");
      const least = isPerson && isPersonKey(key) && words.every((word) => /^\p{Lu}/u.test(word)) ? 1 : 2;
      for (const part of runsOf(words.slice(0, 8), least)) found.add(part);
    }
  }
  found.delete("");
  return [...found];
}

const isPersonKey = (key: string): boolean =>
  /(?:^|_)(?:(?:display|full|first|last|nick|user)?_?name|alias)$/i.test(key);

/** `grocery-list.docx` is spoken of as the grocery list. */
function spoken(name: string): string {
  return name
    .replace(/\.[a-z0-9]{1,5}$/i, "")
    .replaceAll(/[-_]+/g, " ")
    .trim();
}

function* runsOf(words: readonly string[], least: number): Generator<string> {
  for (let start = 0; start < words.length; start++) {
    for (let end = start + least; end <= words.length; end++) {
      const part = words.slice(start, end).join(" ");
      if (part.length >= 3) yield part;
    }
  }
}
