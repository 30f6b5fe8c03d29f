/**
 * What can be brought in: `.env` files, JSON such as OpenClaw's, and variables
 * of this environment. Only what looks like a secret is taken; the rest is
 * named and left.
 *
 * @module
 */
import { parseDocument } from "yaml";
import { Fault } from "../../core/fault.ts";
import { isArray, isObject, type JsonValue } from "../../core/json.ts";
import { isVaultName } from "../../core/secret-ref.ts";
import { isSecretKey } from "../config/secret-keys.ts";

export type Found = {
  /** As the vault will call it. */
  readonly name: string;
  /** Where it stood: a variable, or keys with dots. */
  readonly from: string;
  readonly value: string;
};

export type Brought = {
  readonly found: readonly Found[];
  /** Places of what looks like a secret and was left, with why. */
  readonly left: readonly string[];
};

const SHORTEST = 8;
const VARIABLE = /^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]{0,127})[ \t]*=[ \t]*(.*)$/;
const SECRET_VARIABLE = /(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASS|PASSPHRASE|CREDENTIALS?|PAT|DSN)(?:_|$)/;

/** Variables that hold a secret, by their names. */
export function isSecretVariable(name: string): boolean {
  return SECRET_VARIABLE.test(name.toUpperCase());
}

/** @throws Fault SECRET_UNKNOWN where it is neither form. Nothing of the text is repeated. */
export function fromText(text: string): Brought {
  const trimmed = text.trimStart();
  return trimmed.startsWith("{") ? fromJson(text) : fromDotenv(text);
}

function fromDotenv(text: string): Brought {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const entries = lines.flatMap((line) => {
    const [, name, raw] = line.startsWith("#") ? [] : (VARIABLE.exec(line) ?? []);
    return name === undefined || raw === undefined ? [] : [[name, unquoted(raw)] as const];
  });
  if (entries.length === 0) {
    throw new Fault("SECRET_UNKNOWN", {
      message: "there is nothing to bring in: no line is `NAME=value`, and it is no JSON",
      hint: "give a `.env` file, a JSON file, or `--env VARIABLE,…`",
    });
  }
  return taken(entries.map(([from, value]) => ({ from, value, isSecret: isSecretVariable(from) })));
}

/** Without quotes; a comment behind an unquoted value is none of it. */
function unquoted(raw: string): string {
  const [, quote, inner] = /^(["'])(.*)\1[ \t]*(?:#.*)?$/.exec(raw) ?? [];
  if (inner === undefined) return raw.replace(/[ \t]+#.*$/, "").trim();
  if (quote === "'") return inner;
  return inner.replaceAll(/\\([nrt"\\$])/g, (_, letter: string) => ESCAPES[letter] ?? letter);
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** JSON, and JSON with comments and trailing commas as people write it. */
function fromJson(text: string): Brought {
  const entries: { readonly from: string; readonly value: string; readonly isSecret: boolean }[] = [];
  const walk = (value: JsonValue | undefined, path: readonly string[], isSecret: boolean): void => {
    if (isArray(value)) for (const [i, item] of value.entries()) walk(item, [...path, String(i)], isSecret);
    else if (isObject(value)) {
      // Under `env` or `vars` names are variables.
      const areVariables = path.at(-1) === "env" || path.at(-1) === "vars";
      for (const [name, member] of Object.entries(value))
        walk(member, [...path, name], areVariables ? isSecretVariable(name) : isSecretKey(name));
    } else if (typeof value === "string") entries.push({ from: path.join("."), value, isSecret });
  };
  walk(parsed(text), [], false);
  return taken(entries);
}

function parsed(text: string): JsonValue {
  const bare = text
    .split("\n")
    .filter((line) => !/^\s*\/\//.test(line))
    .join("\n");
  const value = looselyParsed(bare);
  if (isObject(value)) return value;
  throw new Fault("SECRET_UNKNOWN", {
    message: "the file begins like JSON and cannot be read as JSON",
    hint: "take comments and line breaks inside of texts out, and try again",
  });
}

function looselyParsed(text: string): unknown {
  try {
    const doc = parseDocument(text, { version: "1.2", schema: "core", uniqueKeys: false, logLevel: "silent" });
    return doc.errors.length > 0 ? null : doc.toJS({ maxAliasCount: 0 });
  } catch {
    // Aliases, or too deep: its words quote the text, which holds secrets.
    return null;
  }
}

function taken(
  entries: readonly { readonly from: string; readonly value: string; readonly isSecret: boolean }[],
): Brought {
  const found: Found[] = [];
  const left: string[] = [];
  for (const { from, value, isSecret } of entries) {
    if (!isSecret || value === "") continue;
    const why = whyNot(value);
    if (why === undefined) found.push({ name: uniqueName(from, found), from, value });
    else left.push(`${from}: ${why}`);
  }
  return { found, left };
}

function whyNot(value: string): string | undefined {
  if (/^\$\{?[A-Za-z_][A-Za-z0-9_]*\}?$/.test(value)) return "it is a reference to a variable";
  if (value.length < SHORTEST) return `it has fewer than ${SHORTEST} characters`;
  return /^(?:change.?me|your[-_ ].*|xxx+|\*+|<.*>|todo|placeholder)$/i.test(value) ? "it is a placeholder" : undefined;
}

/** `OPENAI_API_KEY` → `openai_api_key`; `models.providers.openai.apiKey` → `models.providers.openai.apikey`. */
function uniqueName(from: string, found: readonly Found[]): string {
  const plain = from
    .toLowerCase()
    .replaceAll(/[^a-z0-9._@+-]/g, "-")
    .replace(/^[^a-z0-9]+/, "");
  const name = isVaultName(plain) ? plain : "secret";
  const isTaken = (one: string): boolean => found.some((other) => other.name === one);
  if (!isTaken(name)) return name;
  for (let i = 2; ; i++) if (!isTaken(`${name}-${i}`)) return `${name}-${i}`;
}
