/**
 * The list of checks in docs/audit.md, from the catalogue. Printed; with
 * `--write` put in its place. A test holds the two equal.
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CATALOGUE } from "../src/ops/audit/catalogue.ts";
import type { Check } from "../src/ops/audit/check.ts";
import { RUN_WORDS } from "../src/ops/audit/checks/accepted.ts";

export const AUDIT_DOC = fileURLToPath(new URL("../docs/audit.md", import.meta.url));
const MARK = "<!-- checks: written by scripts/audit-doc.ts -->\n";

export function checkTables(): string {
  const count = CATALOGUE.reduce((sum, { checks }) => sum + checks.length, 0);
  const own = Object.values(RUN_WORDS).map(({ id, title, references }) =>
    row({ id, title, references }, "by what it names"),
  );
  const families = CATALOGUE.map(({ name, says, checks }) => {
    const rows = [...checks.map((check) => row(check, check.severity)), ...(name === "audit" ? own : [])];
    return `### ${name}: ${says}\n\n| check | severity | finds | harden | references |\n|---|---|---|---|---|\n${rows.join("\n")}\n`;
  });
  return `${count} checks, and ${own.length} that speak of a whole run.\n\n${families.join("\n")}`;
}

function row(
  check: Pick<Check, "id" | "title" | "references"> & { readonly mend?: unknown },
  severity: string,
): string {
  return `| \`${check.id}\` | ${severity} | ${check.title.replaceAll("|", "\\|")} | ${check.mend === undefined ? "" : "mends"} | ${check.references.join(", ")} |`;
}

/** The document with the list that the catalogue gives now. */
export function withTables(document: string): string {
  const [head] = document.split(MARK);
  return `${head}${MARK}\n${checkTables()}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes("--write")) writeFileSync(AUDIT_DOC, withTables(readFileSync(AUDIT_DOC, "utf8")));
  else console.log(checkTables());
}
