/**
 * What a check is: data beside one pure function.
 *
 * @module
 */
import type { Mend, Severity } from "../../core/finding.ts";
import type { JsonValue } from "../../core/json.ts";
import type { Installation } from "./installation.ts";
import { need } from "./known.ts";
import { mendsOf, pathText, written, type Written } from "./written.ts";

export type CheckWords = {
  /** `family.thing.what`. Never changes its meaning. */
  readonly id: string;
  readonly severity: Severity;
  readonly title: string;
  readonly why: string;
  readonly fix: string;
  /** OWASP (`LLM06`, `ASI02`), MITRE ATLAS (`AML.T0051`), CWE. */
  readonly references: readonly string[];
};

export type Check = CheckWords & {
  /** Places that are wrong; empty: it is as it should be. @throws Unknown where it cannot be told. */
  readonly look: (at: Installation) => readonly string[];
  readonly mend?: (at: Installation) => readonly Mend[];
};

export type Family = { readonly name: string; readonly says: string; readonly checks: readonly Check[] };

export type SettingWords = CheckWords & {
  /** Places in the file, the canonical one first, then every other spelling. `*`: any key; `[]`: each of a list. */
  readonly keys: readonly string[];
  /** What is wrong with a value, in a few words; null: nothing. */
  readonly bad: (value: JsonValue, at: Installation) => string | null;
  /** What depends on the key would not work without it: a person has to say what stands there instead. */
  readonly byHand?: true;
};

/**
 * A check of what is written in the file, also where a gateway would not start
 * with it. Every default is safe, so mending is taking the key out: of a list,
 * the entries that are wrong.
 */
export function setting({ keys, bad, byHand, ...words }: SettingWords): Check {
  const hits = (at: Installation): readonly (Written & { readonly says: string })[] =>
    written(need(need(at.config).tree), keys).flatMap((one) => {
      const says = bad(one.value, at);
      return says === null ? [] : [{ ...one, says }];
    });
  return {
    ...words,
    look: (at) => hits(at).map(({ path, says }) => `${pathText(path)}: ${says}`),
    ...(byHand === true ? {} : { mend: (at) => mendsOf(hits(at)) }),
  };
}

/** The value as it may be shown. */
export function shown(value: JsonValue): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

export const isOneOf =
  (...bad: readonly JsonValue[]) =>
  (value: JsonValue): string | null =>
    bad.includes(value) ? shown(value) : null;

export const above =
  (most: number, unit: string) =>
  (value: JsonValue): string | null =>
    typeof value === "number" && value > most ? `${value} ${unit}, more than ${most}` : null;
