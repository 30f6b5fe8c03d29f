/**
 * One change to the text itself: what is not touched stays as it is to the
 * byte. Answers undefined where that cannot be done by cutting and pasting
 * lines; the caller reads the result again and compares.
 *
 * @module
 */
import { Document, isCollection, isMap, isNode, isPair, isScalar, type Pair, type YAMLMap, type YAMLSeq } from "yaml";
import { type ConfigText, type Path } from "./document.ts";
import type { JsonValue } from "../../core/json.ts";

export function splice(source: ConfigText, text: string, path: Path, value: JsonValue | undefined): string | undefined {
  if (value === undefined) return without(source, text, path);
  const node: unknown = source.doc.getIn(path, true);
  if (node === undefined) return withNew(source, text, { path, value });
  return overwrite(text, node, value);
}

/** Puts a value in the place of one that stands on one line. */
function overwrite(text: string, node: unknown, value: JsonValue): string | undefined {
  if (!isScalar(node) && !isFlow(node)) return undefined;
  if (node.anchor !== undefined || node.tag !== undefined || !node.range) return undefined;
  const [start, end] = node.range;
  const before = text.slice(start, end);
  if (before === "" || /[\r\n]/.test(before)) return undefined;
  const quoted = /^["']/.test(before) && typeof value === "string";
  return text.slice(0, start) + (quoted ? JSON.stringify(value) : onOneLine(value)) + text.slice(end);
}

function isFlow(node: unknown): node is YAMLMap | YAMLSeq {
  return isCollection(node) && node.flow === true;
}

function onOneLine(value: JsonValue): string {
  const doc = new Document(null);
  doc.contents = doc.createNode(value, { flow: true, aliasDuplicateObjects: false });
  const written = doc.toString({ lineWidth: 0 }).trimEnd();
  return /[\r\n]/.test(written) || written === "" ? JSON.stringify(value) : written;
}

/** Takes a pair of a block map out, with the comment lines right above it. */
function without(source: ConfigText, text: string, path: Path): string | undefined {
  const parent: unknown = path.length === 1 ? source.doc.contents : source.doc.getIn(path.slice(0, -1), true);
  const pair = isMap(parent) && parent.flow !== true ? pairOf(parent, path.at(-1)) : undefined;
  const start = pair === undefined ? undefined : startOf(pair);
  const end = pair === undefined ? undefined : endOf(pair);
  if (!isMap(parent) || start === undefined || end === undefined) return undefined;
  if (parent.items.length === 1) return `${text.slice(0, start)}{}${text.slice(lineEnd(text, end))}`;
  const head = lineStart(text, start);
  // A pair that shares its line with something else, `- a: 1`, is not a line of its own.
  if (text.slice(head, start).trim() !== "") return undefined;
  return text.slice(0, withoutOwnComments(text, head)) + text.slice(nextLine(text, end));
}

/** Comment lines right above belong to the key, unless they begin the file. */
function withoutOwnComments(text: string, head: number): number {
  const indent = /^ */.exec(text.slice(head))?.[0] ?? "";
  let start = head;
  while (start > 0) {
    const above = lineStart(text, start - 1);
    const line = text.slice(above, start);
    if (!line.startsWith(`${indent}#`)) return start;
    if (above === 0) return head;
    start = above;
  }
  return start;
}

/** Puts a new key behind the last one of the deepest block map that is there. */
function withNew(
  source: ConfigText,
  text: string,
  what: { readonly path: Path; readonly value: JsonValue },
): string | undefined {
  if (what.path.some((step) => typeof step === "number")) return undefined;
  if (source.doc.contents === null) return `${endLine(text)}${indented(wrap(what.path, what.value), 0)}`;
  const depth = deepestMap(source, what.path);
  const map: unknown = depth === 0 ? source.doc.contents : source.doc.getIn(what.path.slice(0, depth), true);
  if (!isMap(map) || map.flow === true || source.doc.hasIn(what.path.slice(0, depth + 1))) return undefined;
  const [first, last] = [map.items[0], map.items.at(-1)];
  const start = first === undefined ? undefined : startOf(first);
  const end = last === undefined ? undefined : endOf(last);
  if (start === undefined || end === undefined) return undefined;
  const at = nextLine(text, end);
  const added = indented(wrap(what.path.slice(depth), what.value), start - lineStart(text, start));
  return endLine(text.slice(0, at)) + added + text.slice(at);
}

function deepestMap(source: ConfigText, path: Path): number {
  let depth = 0;
  while (depth < path.length - 1 && isCollection(source.doc.getIn(path.slice(0, depth + 1), true))) depth += 1;
  return depth;
}

function wrap(path: Path, value: JsonValue): JsonValue {
  return path.reduceRight<JsonValue>((inner, step) => ({ [String(step)]: inner }), value);
}

function indented(value: JsonValue, columns: number): string {
  const text = new Document(value, { aliasDuplicateObjects: false }).toString({ lineWidth: 0 });
  return text.replaceAll(/^(?=.)/gm, " ".repeat(columns));
}

function pairOf(map: YAMLMap, step: string | number | undefined): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(step));
}

function startOf(pair: Pair): number | undefined {
  return isNode(pair.key) ? pair.key.range?.[0] : undefined;
}

/** Where the last word of a thing ends; comments behind it are not part of it. */
function endOf(thing: unknown): number | undefined {
  if (isPair(thing)) return endOf(thing.value) ?? endOf(thing.key);
  if (isCollection(thing) && thing.flow !== true && thing.items.length > 0) return endOf(thing.items.at(-1));
  if (!isNode(thing) || !thing.range) return undefined;
  return thing.range[1];
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}

/** The beginning of the line behind the one that `at` is on; a block of text ends with its line. */
function nextLine(text: string, at: number): number {
  if (at > 0 && text[at - 1] === "\n") return at;
  return Math.min(lineEnd(text, at) + 1, text.length);
}

function endLine(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
