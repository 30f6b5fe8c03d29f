/**
 * What stands where a secret belongs and is none: placeholders, what people
 * type when they make a key up, names of things.
 *
 * @module
 */
import { entropy } from "./rule.ts";

const PLACEHOLDER =
  /^(?:x{4,}|\*{3,}|\.{3,}|<.*>|\$\{?.*|%.*%|your[-_].*|my[-_].*|.*(?:example|placeholder|changeme|change-me|redacted|dummy|sample|xxxx|replace[-_]|insert[-_]|[-_]your[-_]|[-_]here$|\.\.\.$).*)$/i;

/** A value that stands for a secret rather than being one. */
export function isPlaceholder(value: string): boolean {
  return PLACEHOLDER.test(value) || new Set(value.replace(/^[A-Za-z]{2,6}[-_]/, "")).size <= 3;
}

/**
 * What people type where a key belongs: the alphabet, or one letter again and again. A random key of 62 letters has ten
 * in the order of the alphabet once in 10^15 keys.
 */
export function isMadeUp(value: string): boolean {
  return isPlaceholder(value) || longestRun(value) >= 10 || (value.length >= 20 && entropy(value) < 1);
}

/** Letters that follow each other as in the alphabet. */
function longestRun(value: string): number {
  let longest = 1;
  let run = 1;
  for (let at = 1; at < value.length; at++) {
    const letter = value.charAt(at);
    run = /[a-z]/i.test(letter) && value.charCodeAt(at) === value.charCodeAt(at - 1) + 1 ? run + 1 : 1;
    longest = Math.max(longest, run);
  }
  return longest;
}

/** Words, each with two digits at most behind it, and short numbers: a name, a version, an enumeration. */
export function isName(value: string): boolean {
  const pieces = value
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2")
    .split(/[^A-Za-z0-9]+/)
    .filter((piece) => piece !== "");
  return (
    pieces.some((piece) => /^[A-Za-z]{2}/.test(piece)) &&
    pieces.every((piece) => /^(?:[A-Za-z][a-z]{1,15}|[A-Z]{1,12})\d{0,2}$|^\d{1,8}$/.test(piece))
  );
}

const FILE =
  /\.(?:pem|crt|cer|key|pub|p12|pfx|jks|json|ya?ml|toml|xml|ini|conf|cfg|env|txt|md|log|html?|css|[jt]sx?|py|go|rs|java|rb|sh|so|dll|jar|gz|zip|png|jpe?g|gif|svg)$/i;

/** A file, or the name of a variable: what a program says instead of a value. */
export function isReference(value: string): boolean {
  return FILE.test(value) || /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/.test(value);
}

/** Letters and digits in an order that no word has. */
export function looksRandom(value: string): boolean {
  if (isPlaceholder(value) || value.length < 8) return false;
  if (/^[\d.,:/-]+$/.test(value) || /^(?:[a-z]+[-_./]){2,}[a-z]+$/i.test(value) || /^[a-z]+$/.test(value)) return false;
  if (value.startsWith("/") || value.startsWith("./") || value.includes("://")) return false;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(value)).length;
  if (kinds < 2 || !/\d/.test(value)) return false;
  return entropy(value) >= (value.length >= 20 ? 3.2 : 2.7);
}
