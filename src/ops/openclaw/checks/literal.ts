/** Whether a setting is a secret in clear. @module */
import type { JsonValue } from "../../../core/json.ts";

export function isReference(text: string): boolean {
  return /^(?:[A-Za-z]+ )?\$\{[A-Z_][A-Z0-9_]*\}$/.test(text);
}

export function isLiteralSecret(value: JsonValue | undefined): boolean {
  return typeof value === "string" && value.trim() !== "" && !isReference(value);
}
