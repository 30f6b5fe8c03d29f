/**
 * OpenClaw's configuration as it reads it itself: JSON5, with `$include` in
 * place. Hostile input: bounded in size, depth and number of files, and never
 * outside of the folder that it lies in.
 *
 * @module
 */
import JSON5 from "json5";
import { lstatSync, readFileSync, realpathSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";

/** OpenClaw's own bounds; the file itself is bounded here. */
const FILE_BYTES = 2 * 1024 * 1024;
const INCLUDE_DEPTH = 10;
const INCLUDE_FILES = 200;
const PATH_CHARS = 4096;
const VALUE_DEPTH = 100;

export type ReadConfig = {
  readonly config: JsonObject;
  readonly includes: readonly string[];
  readonly unread: readonly { readonly path: string; readonly why: string }[];
};

type Reading = { readonly root: string; readonly includes: string[]; readonly unread: { path: string; why: string }[] };

/** What cannot be read is left out and told in `unread`; what is missing altogether is an empty configuration. */
export function readConfig(path: string): ReadConfig {
  const reading: Reading = { root: dirname(path), includes: [], unread: [] };
  const tree = readTree(path, reading, []);
  if (tree === undefined) return { config: {}, includes: [], unread: reading.unread };
  if (!isObject(tree)) return { config: {}, includes: [], unread: [...reading.unread, { path, why: "not an object" }] };
  return { config: tree, includes: reading.includes, unread: reading.unread };
}

/** @returns undefined where it could not be read, or is not there. */
function readTree(path: string, reading: Reading, above: readonly string[]): JsonValue | undefined {
  const fail = (why: string): undefined => void reading.unread.push({ path, why });
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return above.length === 0 ? undefined : fail("there is no such file");
    const real = realpathSync(path);
    if (above.length > 0 && isOutside(real, realpathSync(reading.root)))
      return fail("an include outside of the folder of the configuration");
    const bytes = readFileSync(real);
    if (bytes.byteLength > FILE_BYTES) return fail(`larger than ${FILE_BYTES} bytes`);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const tree: JsonValue = JSON5.parse(text);
    if (isDeeper(tree, VALUE_DEPTH)) return fail(`nested deeper than ${VALUE_DEPTH}`);
    return withIncludes(tree, path, reading, [...above, real]);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return fail(error.message.slice(0, 200));
  }
}

function isOutside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || way === ".." || way.startsWith("../");
}

/** Without recursion: the text may be made to nest deeper than a stack is. */
function isDeeper(tree: JsonValue, most: number): boolean {
  const open: { readonly value: JsonValue; readonly depth: number }[] = [{ value: tree, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    if (depth > most) return true;
    const inner = isArray(value) ? value : isObject(value) ? Object.values(value) : [];
    for (const each of inner) if (each !== undefined) open.push({ value: each, depth: depth + 1 });
  }
  return false;
}

function withIncludes(value: JsonValue, path: string, reading: Reading, above: readonly string[]): JsonValue {
  if (isArray(value)) return value.map((each) => withIncludes(each, path, reading, above));
  if (!isObject(value)) return value;
  const own = Object.entries(value).flatMap(([key, each]): readonly [string, JsonValue][] =>
    key === "$include" || each === undefined ? [] : [[key, withIncludes(each, path, reading, above)]],
  );
  const siblings: JsonObject = Object.fromEntries(own);
  if (!Object.hasOwn(value, "$include")) return siblings;
  const named = value["$include"];
  const paths = typeof named === "string" ? [named] : isArray(named) ? named : [];
  const included = paths.map((each) => include(each, path, reading, above));
  const whole = included.reduce<JsonValue>((all, each) => merged(all, each), {});
  return merged(whole, siblings);
}

function include(named: JsonValue, from: string, reading: Reading, above: readonly string[]): JsonValue {
  const fail = (why: string): JsonObject => {
    reading.unread.push({ path: from, why });
    return {};
  };
  if (typeof named !== "string" || named.length === 0 || named.length >= PATH_CHARS)
    return fail("an include that is not a path");
  if (above.length > INCLUDE_DEPTH) return fail(`includes nested deeper than ${INCLUDE_DEPTH}`);
  if (reading.includes.length >= INCLUDE_FILES) return fail(`more than ${INCLUDE_FILES} includes`);
  const path = resolve(dirname(from), named);
  if (above.includes(path)) return fail(`an include that includes itself: ${named.slice(0, 200)}`);
  reading.includes.push(path);
  return readTree(path, reading, above) ?? {};
}

/** Objects key by key, later ones win; everything else as a whole. */
function merged(first: JsonValue, later: JsonValue): JsonValue {
  if (!isObject(first) || !isObject(later)) return later;
  const keys = new Set([...Object.keys(first), ...Object.keys(later)]);
  return Object.fromEntries(
    [...keys].flatMap((key): readonly [string, JsonValue][] => {
      const a = Object.hasOwn(first, key) ? first[key] : undefined;
      const b = Object.hasOwn(later, key) ? later[key] : undefined;
      if (a === undefined) return b === undefined ? [] : [[key, b]];
      return [[key, b === undefined ? a : merged(a, b)]];
    }),
  );
}
