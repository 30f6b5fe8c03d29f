/**
 * Secrets do not belong into the file: it is copied, shown, versioned and
 * backed up. What looks like one is refused, and never repeated in a message.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import { isArray, isObject, type JsonValue } from "../../core/json.ts";
import { CONFIG_NAME, type ConfigText, type Path } from "./document.ts";
import { isReference } from "./references.ts";
import { isSecretKey } from "./secret-keys.ts";

/** Shapes of what providers give out; any place in the file counts, comments too. */
const SHAPES: readonly (readonly [string, RegExp])[] = [
  ["an API key", /\bsk-[A-Za-z0-9_-]{16,}/],
  ["a GitHub token", /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})/],
  ["a GitLab token", /\bglpat-[A-Za-z0-9_-]{16,}/],
  ["a Slack token", /\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-[A-Za-z0-9-]{10,}/],
  ["an AWS key", /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/],
  ["a Google API key", /\bAIza[A-Za-z0-9_-]{30,}/],
  ["a Stripe key", /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}/],
  ["a Telegram bot token", /\b[0-9]{8,10}:[A-Za-z0-9_-]{35}\b/],
  ["a signed token", /\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/],
  ["a vambrace token", /\bvmb_[A-Za-z0-9_-]{20,}/],
  ["a private key", /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----|AGE-SECRET-KEY-1[A-Z0-9]{20,}/],
  ["an address with a password", /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@]{1,200}:(?!\$\{)[^\s/@]{1,200}@/i],
];

/** @throws Fault CONFIG_SECRET, naming line and key, and where to put it instead. */
export function refuseSecrets(source: ConfigText, text: string): void {
  refuseUnder(source, source.tree, []);
  for (const [i, line] of text.split(/\r\n|\r|\n/).entries()) {
    const found = SHAPES.find(([, shape]) => shape.test(line));
    if (found !== undefined) throw secret(`line ${i + 1} holds what looks like ${found[0]}`, "NAME");
  }
}

function refuseUnder(source: ConfigText, value: JsonValue | undefined, path: Path): void {
  if (isArray(value)) for (const [i, item] of value.entries()) refuseUnder(source, item, [...path, i]);
  if (!isObject(value)) return;
  for (const [name, member] of Object.entries(value)) {
    const inner = [...path, name];
    if (isSecretKey(name) && isLiteral(member)) {
      throw secret(`line ${source.lineOf(inner)}: \`${inner.join(".")}\` is written out`, variableFor(inner));
    }
    refuseUnder(source, member, inner);
  }
}

function isLiteral(value: JsonValue | undefined): boolean {
  if (typeof value === "string") return value !== "" && !isReference(value);
  return typeof value === "number";
}

function variableFor(path: Path): string {
  const words = path
    .slice(-2)
    .join("_")
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2");
  return (
    words
      .toUpperCase()
      .replaceAll(/[^A-Z0-9_]/g, "_")
      .replace(/^[0-9_]+/, "") || "NAME"
  );
}

function secret(what: string, variable: string): Fault {
  return new Fault("CONFIG_SECRET", {
    message: `${CONFIG_NAME}: ${what}; secrets do not belong into the file`,
    hint: `keep it with \`vambrace secrets set NAME\` and write \`\${vault:NAME}\` in its place, or put it into the environment and write \`\${${variable}}\`; then give out a new one, because this one was on disk`,
  });
}
