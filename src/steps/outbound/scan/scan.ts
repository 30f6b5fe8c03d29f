/** Everything that scanning knows, in one call. @module */
import { bare, unbare } from "./bare.ts";
import { scanInjection } from "./injection.ts";
import { PERSONAL_RULES } from "./personal.ts";
import { createScan, type Finding, type Scan } from "./rule.ts";
import { SECRET_RULES } from "./secrets.ts";

const PERSONAL = createScan(PERSONAL_RULES);
const SECRETS = createScan(SECRET_RULES);

/** @returns findings of every kind, by where they start. */
export function scanText(text: string): readonly Finding[] {
  return [...scanSecrets(text), ...scanPersonal(text), ...scanInjection(text)].sort((a, b) => a.start - b.start);
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
