/**
 * Rows back into values: each is parsed, none is believed. What does not parse
 * is damage, and damage is a fault, never a default: a label that is lost would
 * otherwise come back as trust.
 *
 * @module
 */
import { z } from "zod";
import { parseAgentId, parseId, parsePersonId } from "../../core/ids.ts";
import type { ContextItem } from "../../core/item.ts";
import { canonicalJson, isObject, type JsonObject, type JsonValue, parseDigest } from "../../core/json.ts";
import { CONFIDENTIALITY_LEVELS, type Label, TRUST_LEVELS } from "../../core/label.ts";
import { PERMISSIONS, type Principal } from "../../core/person.ts";
import type { Row } from "./database.ts";
import { corrupt } from "./errors.ts";

const id = <P extends Parameters<typeof parseId>[0]>(prefix: P) =>
  z.string().transform((text) => parseId(prefix, text));
const trust = z.enum(TRUST_LEVELS);
/** Not `z.record`: it leaves out a key `__proto__`, and the value's digest would change. */
const jsonObject = z.custom<JsonObject>(isObject);

const audience = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("anyone") }),
  z.strictObject({ kind: z.literal("persons"), persons: z.array(z.string()) }),
]);

const source = z.strictObject({
  kind: z.enum([
    "system",
    "person",
    "quoted",
    "model",
    "tool",
    "file",
    "web",
    "memory",
    "schedule",
    "session",
    "directory",
    "api",
  ]),
  id: z.string(),
  trust,
  item: z.string().exactOptional(),
});

const label = z.strictObject({
  trust,
  confidentiality: z.enum(CONFIDENTIALITY_LEVELS),
  audience,
  sources: z.array(source),
}) satisfies z.ZodType<Label>;

const principal = z.strictObject({
  person: z.string().transform(parsePersonId),
  trust,
  roles: z.array(z.string()),
  within: z.array(z.strictObject({ agent: z.string().transform(parseAgentId), channel: z.string() })).exactOptional(),
}) satisfies z.ZodType<Principal>;

const part = {
  trust,
  confidentiality: z.enum(CONFIDENTIALITY_LEVELS),
  persons: z.union([z.null(), z.array(z.string())]),
};
/** Absent in what older versions kept: those labels stand as they are. */
const basis = z
  .strictObject({
    ...part,
    rests: z.array(z.strictObject({ ...part, item: id("itm"), digest: z.string().transform(parseDigest) })),
  })
  .exactOptional();

const proposedCall = z.strictObject({ id: id("call"), tool: z.string(), arguments: jsonObject });
const item = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("system"), id: id("itm"), text: z.string(), label, basis }),
  z.strictObject({ kind: z.literal("person"), id: id("itm"), person: z.string(), text: z.string(), label, basis }),
  z.strictObject({ kind: z.literal("note"), id: id("itm"), from: z.string(), text: z.string(), label, basis }),
  z.strictObject({
    kind: z.literal("model"),
    id: id("itm"),
    text: z.string(),
    calls: z.array(proposedCall),
    label,
    basis,
  }),
  z.strictObject({
    kind: z.literal("result"),
    id: id("itm"),
    call: id("call"),
    tool: z.string(),
    text: z.string(),
    ok: z.boolean(),
    label,
    basis,
    found: z.record(z.string(), z.number()).exactOptional(),
  }),
]) satisfies z.ZodType<ContextItem>;

const permissions = z.array(z.enum(PERMISSIONS));

/** Columns of a row, each as the type that it must have. */
export type Columns = {
  text(name: string): string;
  textOr(name: string): string | undefined;
  number(name: string): number;
  numberOrNull(name: string): number | null;
};

export function columns(row: Row): Columns {
  const wrong = (name: string): never => {
    throw corrupt(`a column \`${name}\` holds what it cannot hold`);
  };
  return {
    text: (name) => {
      const value = row[name];
      return typeof value === "string" ? value : wrong(name);
    },
    textOr: (name) => {
      const value = row[name];
      return value === null ? undefined : typeof value === "string" ? value : wrong(name);
    },
    number: (name) => {
      const value = row[name];
      return typeof value === "number" ? value : wrong(name);
    },
    numberOrNull: (name) => {
      const value = row[name];
      return value === null ? null : typeof value === "number" ? value : wrong(name);
    },
  };
}

function read<T>(schema: z.ZodType<T>, text: string, what: string): T {
  return whole(what, () => schema.parse(JSON.parse(text)));
}

/** Runs a parser of stored text; its failure is damage of the store. */
export function whole<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw corrupt(`a stored ${what} cannot be read`, { cause });
  }
}

export const readLabel = (text: string): Label => read(label, text, "label");
export const readItem = (text: string): ContextItem => read(item, text, "item");
export const readPrincipal = (text: string): Principal => read(principal, text, "principal");
export const readPermissions = (text: string) => read(permissions, text, "permission list");
export const readTrust = (text: string) => whole("trust level", () => trust.parse(text));
export const readObject = (text: string): JsonObject => read(jsonObject, text, "value");
export const readDigest = (text: string) => whole("digest", () => parseDigest(text));
export const readAgent = (text: string) => whole("agent id", () => parseAgentId(text));
export const readPerson = (text: string) => whole("person id", () => parsePersonId(text));
export const readId = <P extends Parameters<typeof parseId>[0]>(prefix: P, text: string) =>
  whole("id", () => parseId(prefix, text));

/** Canonical, so that the same value is the same text. @throws Fault JSON_UNREPRESENTABLE */
export const writeJson = (value: JsonValue): string => canonicalJson(value);

/** Text that SQLite gives back as it was. @throws Fault JSON_UNREPRESENTABLE where it holds a lone surrogate. */
export function writeText(text: string): string {
  if (!text.isWellFormed()) canonicalJson(text);
  return text;
}
