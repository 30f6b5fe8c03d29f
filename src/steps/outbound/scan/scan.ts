/** Everything that scanning knows, in one call. @module */
import { INJECTION_RULES } from "./injection.ts";
import { PERSONAL_RULES } from "./personal.ts";
import { type Finding, scanWith } from "./rule.ts";
import { SECRET_RULES } from "./secrets.ts";

const ALL = [...SECRET_RULES, ...PERSONAL_RULES, ...INJECTION_RULES];

/** @returns findings of every kind, by where they start. */
export function scanText(text: string): readonly Finding[] {
  return scanWith(ALL, text);
}

export function scanSecrets(text: string): readonly Finding[] {
  return scanWith(SECRET_RULES, text);
}
