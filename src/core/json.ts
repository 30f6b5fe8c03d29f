/**
 * JSON values, and the one canonical spelling of each (RFC 8785).
 *
 * Everything that is hashed or signed goes through `canonicalJson`, so that
 * two processes that mean the same value hash the same bytes.
 *
 * @module
 */
import { hash } from "node:crypto";
import type { Brand } from "./brand.ts";
import { Fault } from "./fault.ts";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [key: string]: JsonValue | undefined };

/** A SHA-256 as 64 lower-case hexadecimal digits. */
export type Digest = Brand<string, "Digest">;

const DIGEST = /^[0-9a-f]{64}$/;

export function parseDigest(text: string): Digest {
  if (!DIGEST.test(text)) {
    throw new Fault("DIGEST_MALFORMED", {
      message: `not a SHA-256 digest: \`${text.slice(0, 80)}\``,
      hint: "a digest is 64 lower-case hexadecimal digits",
    });
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place a Digest is made
  return text as Digest;
}

/** SHA-256 of bytes or of UTF-8 text. */
export function sha256(data: string | Uint8Array): Digest {
  return parseDigest(hash("sha256", data, "hex"));
}

/** SHA-256 of the canonical spelling of a value. */
export function digestOf(value: JsonValue): Digest {
  return sha256(canonicalJson(value));
}

/**
 * The canonical spelling: keys in UTF-16 order, no white space, numbers as ECMAScript prints them.
 *
 * Members that are `undefined` are left out, as `JSON.stringify` does.
 *
 * @throws Fault JSON_UNREPRESENTABLE for a number that is not finite, a lone surrogate, or nesting over 200.
 * @see RFC 8785
 */
export function canonicalJson(value: JsonValue): string {
  return write(value, 0);
}

function write(value: JsonValue, depth: number): string {
  if (depth > 200) throw unrepresentable("nested deeper than 200");
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return writeString(value);
  if (typeof value === "number") return writeNumber(value);
  if (isArray(value)) return `[${value.map((item) => write(item, depth + 1)).join(",")}]`;
  return writeObject(value, depth);
}

function writeObject(value: JsonObject, depth: number): string {
  let text = "";
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member !== undefined) text += `${text === "" ? "" : ","}${writeString(key)}:${write(member, depth + 1)}`;
  }
  return `{${text}}`;
}

function writeNumber(value: number): string {
  if (!Number.isFinite(value)) throw unrepresentable(`the number ${value}`);
  return JSON.stringify(value);
}

/** What is spelled as it stands. */
const PLAIN = /^[ !#-[\]-~]{0,64}$/;

function writeString(value: string): string {
  if (PLAIN.test(value)) return `"${value}"`;
  if (!value.isWellFormed()) throw unrepresentable("a lone surrogate");
  return JSON.stringify(value);
}

function unrepresentable(what: string): Fault {
  return new Fault("JSON_UNREPRESENTABLE", {
    message: `cannot be written as canonical JSON: ${what}`,
    hint: "send well-formed UTF-8 text and finite numbers",
  });
}

/** Narrows a readonly array, which `Array.isArray` alone does not. */
export function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Every string and number inside a value, with the JSON pointer (RFC 6901) of each, in document order. */
export function* leaves(value: JsonValue | undefined, pointer = ""): Generator<{ pointer: string; value: string }> {
  if (value === undefined || value === null || typeof value === "boolean") return;
  if (typeof value === "string") yield { pointer, value };
  else if (typeof value === "number") yield { pointer, value: String(value) };
  else if (isArray(value)) for (const [i, item] of value.entries()) yield* leaves(item, `${pointer}/${i}`);
  else {
    for (const key of Object.keys(value)) {
      yield* leaves(value[key], `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
    }
  }
}
