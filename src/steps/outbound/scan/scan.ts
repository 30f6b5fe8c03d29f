/** Everything that scanning knows, in one call. @module */
import { bare, unbare } from "./bare.ts";
import { folded } from "./fold.ts";
import { INJECTION_GROUPS, inOrder, scanInjection, scanLetters } from "./injection.ts";
import { PERSONAL_RULES } from "./personal.ts";
import type { Finding, Scan } from "./rule.ts";
import { createScan } from "./search.ts";
import { SECRET_RULES } from "./secrets.ts";

const PERSONAL = createScan(PERSONAL_RULES);
const SECRETS = createScan(SECRET_RULES);

/** All at once: one pass instead of three. */
const EVERYTHING = createScan(SECRET_RULES, PERSONAL_RULES, ...INJECTION_GROUPS);

/** @returns findings of every kind, by where they start. */
export function scanText(text: string): readonly Finding[] {
  // Orders are also read behind look-alike letters, secrets are not: then each kind looks for itself.
  if (bare(text) !== undefined || folded(text) !== text)
    return inOrder([...scanSecrets(text), ...scanPersonal(text), ...scanInjection(text)]);
  return inOrder([...EVERYTHING(text), ...scanLetters(text)]);
}

export function scanSecrets(text: string): readonly Finding[] {
  return scanBare(SECRETS, text);
}

export function scanPersonal(text: string): readonly Finding[] {
  return scanBare(PERSONAL, text);
}

/** Invisible characters between the letters of a secret hide it from nobody but a scanner. */
function scanBare(scan: Scan, text: string): readonly Finding[] {
  const seen = bare(text);
  if (seen === undefined) return scan(text);
  return scan(seen.text).map((finding) => unbare(finding, seen));
}
