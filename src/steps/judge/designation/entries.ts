/**
 * A directory's answer as entries: the objects of JSON or YAML, with their
 * fields. Plain text has none: structure is what keeps a stranger's words in
 * their place, for whatever somebody wrote into a description stays one value of
 * one field.
 *
 * @module
 */
import { parseDocument } from "yaml";
import { isArray, isObject, type JsonObject, type JsonValue } from "../../../core/json.ts";

/** One field: its own name, without the path to it, and every scalar in it. */
export type Field = { readonly key: string; readonly values: readonly string[] };

export type Entry = readonly Field[];

const ENTRIES_LIMIT = 2000;
const TEXT_LIMIT = 200_000;
const DEPTH_LIMIT = 12;

/** None where it is neither JSON nor YAML, or too long. */
export function entriesOf(text: string): readonly Entry[] {
  if (text.length > TEXT_LIMIT) return [];
  return [...objectsIn(parse(text), 0)].slice(0, ENTRIES_LIMIT);
}

function parse(text: string): JsonValue | undefined {
  const document = parseDocument(text, { schema: "failsafe", uniqueKeys: true, logLevel: "silent" });
  if (document.errors.length > 0 || document.warnings.length > 0) return undefined;
  try {
    const value: JsonValue = document.toJS({ maxAliasCount: 0 });
    return value;
  } catch {
    return undefined;
  }
}

/** The outermost objects that say something themselves; what only wraps them does not. */
function* objectsIn(value: JsonValue | undefined, depth: number): Generator<Entry> {
  if (depth > DEPTH_LIMIT) return;
  if (isArray(value)) for (const member of value) yield* objectsIn(member, depth + 1);
  else if (isObject(value)) {
    const says = Object.values(value).some((member) => typeof member === "string");
    if (says) yield [...fieldsOf(value, depth)];
    else for (const member of Object.values(value)) yield* objectsIn(member, depth + 1);
  }
}

function* fieldsOf(object: JsonObject, depth: number): Generator<Field> {
  if (depth > DEPTH_LIMIT) return;
  for (const [key, value] of Object.entries(object)) {
    if (isObject(value)) yield* fieldsOf(value, depth + 1);
    else if (isArray(value)) {
      yield { key, values: value.filter((member) => typeof member === "string") };
      for (const member of value) if (isObject(member)) yield* fieldsOf(member, depth + 1);
    } else if (typeof value === "string") yield { key, values: [value] };
  }
}
