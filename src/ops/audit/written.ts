/** What is written in the configuration, found by patterns of paths. @module */
import type { Mend } from "../../core/finding.ts";
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";

export type Path = readonly (string | number)[];
export type Written = { readonly path: Path; readonly value: JsonValue };

/** @param patterns keys with dots between them; `*` stands for any key, `[]` for each entry of a list. */
export function written(tree: JsonObject, patterns: readonly string[]): readonly Written[] {
  return patterns.flatMap((pattern) => found(tree, pattern.replaceAll("[]", ".[]").split("."), []));
}

function found(value: JsonValue | undefined, steps: readonly string[], path: Path): readonly Written[] {
  const [step, ...rest] = steps;
  if (step === undefined) return value === undefined ? [] : [{ path, value }];
  if (step === "[]") return isArray(value) ? value.flatMap((each, i) => found(each, rest, [...path, i])) : [];
  if (!isObject(value)) return [];
  const names = step === "*" ? Object.keys(value) : Object.hasOwn(value, step) ? [step] : [];
  return names.flatMap((name) => found(value[name], rest, [...path, name]));
}

const WORD = /^[A-Za-z_][A-Za-z0-9_@-]*$/;

/** As `config set` reads it. */
export function pathText(path: Path): string {
  return path
    .map((step, i) => {
      if (typeof step === "number") return `[${step}]`;
      if (!WORD.test(step)) return `["${step.replaceAll(/["\\]/g, "\\$&")}"]`;
      return i === 0 ? step : `.${step}`;
    })
    .join("");
}

/** Takes keys out; of a list the entries. */
export function mendsOf(hits: readonly Written[]): readonly Mend[] {
  return hits.map(({ path, value }) =>
    typeof path.at(-1) === "number"
      ? { op: "drop", path: pathText(path.slice(0, -1)), values: [value] }
      : { op: "unset", path: pathText(path) },
  );
}
