/**
 * What is wrong with a configuration, as one fault: the line, the key, and what
 * to write instead. Values are never repeated: one of them may be a secret.
 *
 * @module
 */
import type { z } from "zod";
import { Fault } from "../../core/fault.ts";
import { isArray, isObject, type JsonValue } from "../../core/json.ts";
import { CONFIG_NAME, type ConfigText, type Path, valueAt } from "./document.ts";
import { nearest } from "../../core/nearest.ts";
import { configFile } from "./schema.ts";
import { type Correction, foreign } from "./vocabulary.ts";

type Issue = z.core.$ZodIssue;

/** @throws Fault CONFIG_KEY_UNKNOWN where a key or value is one of another product or guide. */
export function refuseForeign(source: ConfigText): void {
  const found = firstForeign(source.tree, []);
  if (found === undefined) return;
  throw new Fault("CONFIG_KEY_UNKNOWN", {
    message: `${CONFIG_NAME}, line ${source.lineOf(found.path)}: ${found.says}`,
    hint: found.hint,
  });
}

/** The deepest first: it says more than the correction of its section. */
function firstForeign(value: JsonValue | undefined, path: Path): Correction | undefined {
  const entries = isArray(value) ? value.entries() : isObject(value) ? Object.entries(value) : [];
  for (const [step, member] of entries) {
    const found = firstForeign(member, [...path, step]);
    if (found !== undefined) return found;
  }
  return path.length > 0 ? foreign(path, value) : undefined;
}

/** The fault for what the schema found; unknown keys first, because they explain the rest. */
export function explain(issues: readonly Issue[], source: ConfigText): Fault {
  const unknown = issues.find((issue) => issue.code === "unrecognized_keys");
  if (unknown?.code === "unrecognized_keys") return unknownKey(pathOf(unknown), unknown.keys[0] ?? "", source);
  const issue = issues[0];
  const path = issue === undefined ? [] : pathOf(issue);
  const isEmpty = valueAt(source.tree, path) === null;
  const [says, hint] = issue === undefined ? ["it is not valid", SCHEMA] : isEmpty ? EMPTY : wording(issue);
  return new Fault("CONFIG_MALFORMED", {
    message: `${CONFIG_NAME}, line ${source.lineOf(path)}: \`${path.join(".") || "the file"}\` ${says}`,
    hint,
  });
}

const EMPTY = ["has nothing behind it", "write a value, or take the key out"] as const;
const SCHEMA = "`vambrace config schema` lists every key and what it takes";

function unknownKey(parent: Path, name: string, source: ConfigText): Fault {
  const path = [...parent, name];
  const known = keysAt(parent);
  const near = nearest(name, known);
  const suggestion = near === undefined ? undefined : [...parent, near].join(".");
  return new Fault("CONFIG_KEY_UNKNOWN", {
    message: `${CONFIG_NAME}, line ${source.lineOf(path)}: there is no key \`${path.join(".").slice(0, 300)}\``,
    hint: suggestion === undefined ? listed(known) : `did you mean \`${suggestion}\`?`,
  });
}

function listed(known: readonly string[]): string {
  return known.length === 0 ? SCHEMA : `the keys here are: ${known.join(", ")}`;
}

/** The keys that the schema has at a place. */
export function keysAt(path: Path): readonly string[] {
  let schema: unknown = configFile;
  for (const step of path) schema = childOf(bare(schema), step);
  const shape = shapeOf(bare(schema));
  return shape === undefined ? [] : Object.keys(shape);
}

/** Without the wrappers of defaults and optional values; of several forms the last, which is the longest. */
function bare(schema: unknown): unknown {
  const def = defOf(schema);
  if (def !== undefined && "innerType" in def) return bare(def.innerType);
  if (def !== undefined && "options" in def && Array.isArray(def.options)) return bare(def.options.at(-1));
  return schema;
}

function childOf(schema: unknown, step: string | number): unknown {
  const def = defOf(schema);
  if (def === undefined) return undefined;
  if ("valueType" in def) return def.valueType;
  if ("element" in def) return def.element;
  return shapeOf(schema)?.[String(step)];
}

function shapeOf(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  const def = defOf(schema);
  if (def === undefined || !("shape" in def) || typeof def.shape !== "object" || def.shape === null) return undefined;
  return Object.fromEntries(Object.entries(def.shape));
}

function defOf(schema: unknown): object | undefined {
  if (typeof schema !== "object" || schema === null || !("_zod" in schema)) return undefined;
  const inner = schema._zod;
  if (typeof inner !== "object" || inner === null || !("def" in inner)) return undefined;
  return typeof inner.def === "object" && inner.def !== null ? inner.def : undefined;
}

function pathOf(issue: Issue): Path {
  return issue.path.map((step) => (typeof step === "number" ? step : String(step)));
}

function wording(issue: Issue): readonly [string, string] {
  switch (issue.code) {
    case "invalid_type":
      return [`has to be ${article(issue.expected)}`, SCHEMA];
    case "invalid_value":
      return ["has a value that it does not take", `write one of: ${issue.values.map(String).join(", ")}`];
    case "too_small":
      return [`is too small or too short: at least ${String(issue.minimum)}`, SCHEMA];
    case "too_big":
      return [`is too large or too long: at most ${String(issue.maximum)}`, SCHEMA];
    case "invalid_key":
      return ["has a name that it may not have", "use lower-case letters, digits and . _ @ + -"];
    case "custom":
    case "invalid_format":
      return ["is not of the form that it takes", issue.message];
    case "invalid_union":
      return ["is not of the form that it takes", unionHint(issue.errors)];
    case "invalid_element":
    case "not_multiple_of":
    case "unrecognized_keys":
      return ["is not of the form that it takes", SCHEMA];
    default:
      return ["is not of the form that it takes", SCHEMA];
  }
}

function unionHint(errors: readonly (readonly Issue[])[]): string {
  const deepest = errors.flat().find((issue) => issue.path.length > 0 || issue.code === "custom");
  if (deepest === undefined) return SCHEMA;
  const [says, hint] =
    deepest.code === "unrecognized_keys" ? [`there is no key \`${deepest.keys[0] ?? ""}\``, SCHEMA] : wording(deepest);
  return deepest.path.length === 0 ? hint : `\`${deepest.path.join(".")}\` ${says}: ${hint}`;
}

function article(expected: string): string {
  const words: Readonly<Record<string, string>> = {
    object: "a map",
    array: "a list",
    boolean: "true or false",
    int: "a whole number",
  };
  return words[expected] ?? `a ${expected}`;
}
