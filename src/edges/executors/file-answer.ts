/**
 * The helper's answer, field by field: it ran where a model's files are, so
 * its shape is not taken on trust.
 *
 * @module
 */
import { isArray, isObject, type JsonObject, type JsonValue, parseDigest } from "../../core/json.ts";
import type { FileAnswer, FileDone, FileKind } from "../../core/ports/files.ts";

const KINDS: readonly FileKind[] = ["absent", "file", "folder", "link", "special"];

/** @throws Error for anything that is not an answer. */
export function readAnswer(value: JsonObject): FileAnswer {
  if (value["ok"] === false) {
    return { ok: false, code: text(value["code"]), message: text(value["message"]), hint: text(value["hint"]) };
  }
  if (value["ok"] !== true) throw new Error("not an answer");
  const before = value["before"];
  return {
    ok: true,
    path: text(value["path"]),
    ...field(value, "kind", kind),
    ...field(value, "digest", (digest) => parseDigest(text(digest))),
    ...(before === null ? { before } : field(value, "before", (digest) => parseDigest(text(digest)))),
    ...numbers(value),
    ...field(value, "created", flag),
    ...field(value, "binary", flag),
    ...field(value, "cut", flag),
    ...field(value, "content", text),
    ...field(value, "entries", (items) => list(items).map(entry)),
    ...field(value, "matches", (items) => list(items).map(match)),
  };
}

function numbers(value: JsonObject): Partial<FileDone> {
  return {
    ...field(value, "bytes", number),
    ...field(value, "replaced", number),
    ...field(value, "lines", number),
    ...field(value, "from", number),
    ...field(value, "to", number),
  };
}

function entry(value: JsonValue): { path: string; kind: FileKind; bytes?: number } {
  if (!isObject(value)) throw new Error("not an entry");
  return { path: text(value["path"]), kind: kind(value["kind"]), ...field(value, "bytes", number) };
}

function match(value: JsonValue): { path: string; line: number; text: string } {
  if (!isObject(value)) throw new Error("not a match");
  return { path: text(value["path"]), line: number(value["line"]), text: text(value["text"]) };
}

function field<K extends string, T>(value: JsonObject, name: K, read: (item: JsonValue) => T): { [P in K]?: T } {
  const item = value[name];
  const out: { [P in K]?: T } = {};
  if (item !== undefined) out[name] = read(item);
  return out;
}

function kind(value: JsonValue | undefined): FileKind {
  const found = KINDS.find((name) => name === value);
  if (found === undefined) throw new Error("not a kind");
  return found;
}

function list(value: JsonValue): readonly JsonValue[] {
  if (!isArray(value)) throw new Error("not a list");
  return value;
}

function text(value: JsonValue | undefined): string {
  if (typeof value !== "string") throw new Error("not a text");
  return value;
}

function number(value: JsonValue | undefined): number {
  if (typeof value !== "number") throw new Error("not a number");
  return value;
}

function flag(value: JsonValue): boolean {
  if (typeof value !== "boolean") throw new Error("not a flag");
  return value;
}
