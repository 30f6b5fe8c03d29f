/** Values of a foreign configuration, by their path. @module */
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";

/** @param path keys with dots between them. */
export function at(tree: JsonValue | undefined, path: string): JsonValue | undefined {
  let value = tree;
  for (const key of path.split(".")) {
    if (value === undefined || !isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

export function textAt(tree: JsonValue | undefined, path: string): string | null {
  const value = at(tree, path);
  return typeof value === "string" ? value : null;
}

export function objectAt(tree: JsonValue | undefined, path: string): JsonObject {
  const value = at(tree, path);
  return value !== undefined && isObject(value) ? value : {};
}

/** Texts and numbers of a list, as texts: people write ids both ways. */
export function listAt(tree: JsonValue | undefined, path: string): readonly string[] {
  const value = at(tree, path);
  if (value === undefined || !isArray(value)) return [];
  return value.flatMap((each) => (typeof each === "string" || typeof each === "number" ? [String(each)] : []));
}
