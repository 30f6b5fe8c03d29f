/**
 * Values as typed tokens: what an argument is, and where a text names that very
 * value, whole. `mariana@x.org` does not name `ana@x.org`, nor `2000` `20`.
 *
 * Every search is linear in the text: patterns are made of escaped characters
 * and bounded gaps.
 *
 * @module
 */
import { resolve } from "node:path/posix";
import type { ArgumentRole } from "../../../core/tool.ts";
import type { OwnWords, Span } from "./words.ts";

/** Longer values are never taken for named. */
export const VALUE_LIMIT = 2000;

export type ValueKind = "address" | "url" | "host" | "path" | "account" | "phone" | "number" | "command" | "words";

export type Mention = Span & { readonly spelling: string; readonly quoted: boolean };

const ADDRESS = /^[^\s@<>"'(),;:]{1,64}@[^\s@<>"'(),;:]{1,255}$/u;
const URL_FORM = /^[a-z][a-z0-9+.-]{0,20}:\/\//i;
const HOST = /^(?:[a-z0-9_-]{1,63}\.){1,10}[a-z][a-z0-9-]{1,62}$/i;
const ACCOUNT = /^[A-Z]{2}\d{2}[A-Z0-9]{10,30}$/;
const PHONE = /^(?:\+|00)?[\d\s()./-]{7,25}$/;
const NUMBER = /^-?\d{1,15}(?:\.\d{1,10})?$/;

/** Roles that say by themselves what their values are. */
const KIND_OF_ROLE: Partial<Record<ArgumentRole, ValueKind>> = { command: "command", path: "path" };

export function kindOf(value: string, role: ArgumentRole): ValueKind {
  return KIND_OF_ROLE[role] ?? (role === "amount" && NUMBER.test(value) ? "number" : kindOfForm(value, role));
}

function kindOfForm(value: string, role: ArgumentRole): ValueKind {
  if (role === "url" || URL_FORM.test(value)) return "url";
  if (ADDRESS.test(value)) return "address";
  if (ACCOUNT.test(unspaced(value))) return "account";
  if (role === "host") return "host";
  if (isPhone(value, role)) return "phone";
  if (NUMBER.test(value)) return "number";
  return HOST.test(value) ? "host" : "words";
}

const unspaced = (text: string): string => text.replaceAll(" ", "");

const digits = (text: string): string => text.replace(/\D/g, "");

/** A bare run of digits is a phone number only where somebody is to be reached. */
function isPhone(value: string, role: ArgumentRole): boolean {
  if (!PHONE.test(value) || digits(value).length < 7) return false;
  return role === "recipient" || /^(?:\+|00)/.test(value);
}

/** Where the author's own words name the value. */
export function* mentionsOf(value: string, kind: ValueKind, words: OwnWords, cwd: string): Generator<Mention> {
  if (value.length > VALUE_LIMIT) return;
  const same = sameness(value, kind, cwd);
  for (const quotation of words.quotations) {
    const spelling = trimmed(quotation.text);
    if (same(spelling) || same(quotation.text.trim())) yield { ...quotation, spelling, quoted: true };
  }
  if (kind === "command") yield* commandLines(value, words.text);
  else if (kind === "words") yield* runs(wordsPattern(value), words.text);
  else if (kind === "account") yield* runs(accountPattern(value), words.text);
  else if (kind === "phone") yield* runs(phonePattern(value), words.text);
  else for (const piece of pieces(words.text)) if (same(piece.spelling)) yield { ...piece, quoted: false };
}

/** Whether any part of a text, whoever wrote it, holds the value as a whole token. For showing where it came from. */
export function holds(text: string, value: string): boolean {
  if (value.length > VALUE_LIMIT || value.trim() === "") return false;
  return wordsPattern(value).test(text);
}

function* runs(pattern: RegExp, text: string): Generator<Mention> {
  for (const match of text.matchAll(pattern)) {
    yield { start: match.index, end: match.index + match[0].length, spelling: match[0], quoted: false };
  }
}

/** A command is named as a whole line or after the word that asks to run it, to the line's end: a part of one is another. */
function* commandLines(value: string, text: string): Generator<Mention> {
  for (const match of text.matchAll(
    /^[ \t]*(?:(?:please|now)[ ,]{1,3})?(?:(?:run|execute)(?: this| the command)?:?[ \t]{1,8})?(\S.*)$/gim,
  )) {
    const spelling = (match[1] ?? "").trimEnd();
    const start = match.index + match[0].indexOf(spelling);
    if (spelling === value.trim()) yield { start, end: start + spelling.length, spelling, quoted: false };
  }
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

function wordsPattern(value: string): RegExp {
  const inner = value.trim().split(/\s+/).map(escaped).join("\\s{1,8}");
  return new RegExp(`(?<![\\p{L}\\p{N}_@.\\-/+$])${inner}(?![\\p{L}\\p{N}_@/+\\-]|\\.[\\p{L}\\p{N}])`, "giu");
}

function accountPattern(value: string): RegExp {
  const inner = unspaced(value).split("").map(escaped).join(" ?");
  return new RegExp(`(?<![\\p{L}\\p{N}])${inner}(?![\\p{L}\\p{N}])`, "gu");
}

function phonePattern(value: string): RegExp {
  const international = /^(?:\+|00)/.test(value.trim());
  const bare = digits(value.trim().replace(/^00/, "+"));
  const prefix = international ? "(?:\\+|00)[ ]?" : "";
  const inner = bare.split("").join("[\\s()./-]{0,2}");
  return new RegExp(`(?<!\\p{L})(?<![\\d+][\\s()./-]{0,2})${prefix}[(]?${inner}(?![\\s()./-]{0,2}\\d|\\p{L})`, "gu");
}

/** Equality after normalising by kind. */
function sameness(value: string, kind: ValueKind, cwd: string): (text: string) => boolean {
  const canonical = canonicalBy(kind, cwd);
  const wanted = canonical(value);
  return (text) => wanted !== undefined && canonical(text) === wanted;
}

function canonicalBy(kind: ValueKind, cwd: string): (text: string) => string | undefined {
  switch (kind) {
    case "address":
      return (text) => (ADDRESS.test(text) ? text.toLowerCase() : undefined);
    case "url":
      return canonicalUrl;
    case "host":
      return canonicalHost;
    case "path":
      return (text) => (text === "" ? undefined : resolve(cwd, text));
    case "account":
      return (text) => unspaced(text).toUpperCase();
    case "phone":
      return (text) =>
        PHONE.test(text)
          ? text
              .trim()
              .replace(/^00/, "+")
              .replace(/[^\d+]/g, "")
          : undefined;
    case "number":
      return canonicalNumber;
    case "command":
      return (text) => text.trim();
    case "words":
      return (text) => text.trim().replace(/\s+/g, " ").toLowerCase();
  }
}

function canonicalUrl(text: string): string | undefined {
  if (text.length > VALUE_LIMIT) return undefined;
  const bare = /^www\.|^(?:[a-z0-9-]{1,63}\.){1,10}[a-z]{2,24}(?::\d{1,5})?(?:[/?#]|$)/i;
  const full = URL_FORM.test(text) ? text : bare.test(text) && !text.includes("@") ? `https://${text}` : undefined;
  if (full === undefined) return undefined;
  const url = URL.parse(full);
  if (url === null || url.username !== "" || url.password !== "") return undefined;
  // A person who writes `example.org` means the site, by whichever of the two it is served.
  const scheme = url.protocol === "http:" ? "https:" : url.protocol;
  return `${scheme}//${url.host}${url.pathname}${url.search}${url.hash}`;
}

function canonicalHost(text: string): string | undefined {
  const host = URL_FORM.test(text) ? URL.parse(text)?.hostname : HOST.test(text) ? text : undefined;
  return host?.toLowerCase();
}

function canonicalNumber(text: string): string | undefined {
  const bare = text.replace(/^[$€£¥]|[$€£¥]$/gu, "");
  const plain = /^-?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/.test(bare) ? bare.replaceAll(",", "") : bare;
  return NUMBER.test(plain) ? String(Number(plain)) : undefined;
}

const trimmed = (text: string): string => text.replace(/^[\s("'<[{`]+|[\s)"'>\]}`,;:!?]+$|\.+[\s)"'>\]}]*$/gu, "");

/** White-space pieces, without the punctuation around them; a list joined by commas comes apart, a URL does not. */
function* pieces(text: string): Generator<Span & { readonly spelling: string }> {
  for (const match of text.matchAll(/\S{1,2000}/g)) {
    const [chunk] = match;
    yield piece(chunk, match.index);
    if (chunk.includes("://") || !/[,;]/.test(chunk)) continue;
    for (const part of chunk.matchAll(/[^,;]+/g)) yield piece(part[0], match.index + part.index);
  }
}

function piece(chunk: string, start: number): Span & { readonly spelling: string } {
  return { start, end: start + chunk.length, spelling: trimmed(chunk) };
}
