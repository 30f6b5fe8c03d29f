/**
 * The person's own directory: an entry of it may say which address a name means
 * that a person wrote. It never names anything by itself: an address stands for
 * a name only where exactly one entry answers to that name, and never where the
 * call that asked the directory already contained the address (an echo).
 *
 * @module
 */
import { isArray, isObject, type JsonValue, leaves } from "../../../core/json.ts";
import type { ContextItem } from "../../../core/item.ts";
import { holds } from "./values.ts";

/** One result of a tool that an operator declared to be a directory. */
export type DirectoryEntries = { readonly entries: readonly string[]; readonly item: string };

const ENTRIES_LIMIT = 2000;
const TEXT_LIMIT = 200_000;

/** Results in the context of directory tools, without what their own calls said. */
export function directoriesIn(
  context: readonly ContextItem[],
  isDirectory: (tool: string) => boolean,
): readonly (DirectoryEntries & { readonly asked: string })[] {
  const asked = new Map<string, string>();
  for (const item of context) {
    if (item.kind === "model") for (const call of item.calls) asked.set(call.id, JSON.stringify(call.arguments));
  }
  return context.flatMap((item) => {
    if (item.kind !== "result" || !item.ok || !isDirectory(item.tool)) return [];
    // Without the call that asked, nobody can say what is an echo.
    const question = asked.get(item.call);
    return question === undefined ? [] : [{ entries: entriesOf(item.text), item: item.id, asked: question }];
  });
}

/**
 * The names under which the one entry that holds the value is known.
 *
 * @returns empty where no entry, or more than one, could be meant by a name.
 */
export function namesFor(
  value: string,
  directories: readonly (DirectoryEntries & { readonly asked: string })[],
): readonly string[] {
  const names = new Set<string>();
  const entries = directories.flatMap((directory) => directory.entries);
  for (const directory of directories) {
    if (directory.asked.toLowerCase().includes(value.toLowerCase())) continue;
    for (const entry of directory.entries) {
      if (!holds(entry, value)) continue;
      for (const name of nameCandidates(entry, value)) {
        const answering = new Set(entries.filter((other) => holds(other, name)));
        if ([...answering].every((other) => holds(other, value))) names.add(name);
      }
    }
  }
  return [...names];
}

function entriesOf(text: string): readonly string[] {
  const bounded = text.slice(0, TEXT_LIMIT);
  const parsed = parseJson(bounded);
  if (parsed !== undefined) return [...objectsIn(parsed)].slice(0, ENTRIES_LIMIT);
  const blocks = bounded.split(/\n(?=- )|\n\s*\n/);
  const parts = blocks.length > 1 ? blocks : bounded.split("\n");
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .slice(0, ENTRIES_LIMIT);
}

function parseJson(text: string): JsonValue | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch {
    // Not JSON after all: read as lines, which only finds less.
    return undefined;
  }
}

/** Innermost objects, each as its values line by line. */
function* objectsIn(value: JsonValue | undefined): Generator<string> {
  if (isArray(value)) for (const member of value) yield* objectsIn(member);
  else if (isObject(value)) {
    const inner = Object.values(value).filter(
      (member) => isObject(member) || (isArray(member) && member.some(isObject)),
    );
    if (inner.length === 0) yield [...leaves(value)].map((leaf) => leaf.value).join("\n");
    else for (const member of inner) yield* objectsIn(member);
  }
}

/** Runs of capitalised words in the entry, whole and one by one; handles such as `@bob`. Never parts of addresses. */
function nameCandidates(entry: string, value: string): readonly string[] {
  const found = new Set<string>();
  const lines = entry.replaceAll(value, "\n");
  for (const match of lines.matchAll(
    /(?<![\p{L}\p{N}@._-])\p{Lu}[\p{L}'’-]{1,40}(?: \p{Lu}[\p{L}'’.-]{0,40}){0,3}(?![\p{L}\p{N}@_]|\.\p{L})/gu,
  )) {
    found.add(match[0]);
    for (const word of match[0].split(" ")) if (word.length >= 3) found.add(word);
  }
  return [...found];
}
