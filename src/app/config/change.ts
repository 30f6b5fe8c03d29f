/**
 * Changes to the text of config.yaml that leave the rest of it alone: comments,
 * order, and what a person wrote in his own way.
 *
 * The changed text is read again and compared with what was meant; where it
 * differs nothing is written.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { type Document, isAlias, isCollection, isNode, isScalar, type Node } from "yaml";
import { Fault } from "../../core/fault.ts";
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import { type ConfigText, parseText, type Path, valueAt } from "./document.ts";
import { parsePath } from "./paths.ts";
import { splice } from "./splice.ts";

export type Change =
  | { readonly op: "set"; readonly path: string; readonly value: JsonValue }
  | { readonly op: "unset"; readonly path: string }
  /** A JSON merge patch (RFC 7396): null takes a key out, lists are replaced whole. */
  | { readonly op: "patch"; readonly value: JsonObject };

type Step = { readonly path: Path; readonly value: JsonValue | undefined };

/** @throws Fault CONFIG_MALFORMED where a change does not fit the text. */
export function changeText(
  text: string,
  changes: readonly Change[],
): { readonly text: string; readonly paths: readonly Path[] } {
  const paths: Path[] = [];
  let result = text;
  for (const step of changes.flatMap(stepsOf)) {
    const changed = changeOne(result, step);
    if (changed !== result) paths.push(step.path);
    result = changed;
  }
  return { text: result, paths };
}

function changeOne(text: string, step: Step): string {
  const source = parseText(text);
  if (isDeepStrictEqual(valueAt(source.tree, step.path), step.value)) return text;
  const wanted = withValue(source.tree, step.path, step.value);
  if (isDeepStrictEqual(normal(wanted), normal(source.tree))) return text;
  const cut = withLineEnds(splice(source, text, step.path, step.value), text);
  if (cut !== undefined && says(cut, wanted)) return cut;
  // Not to be done with lines: the document is changed and written anew, comments and all.
  apply(source, step);
  const anew = withLineEnds(textOf(source, text), text);
  if (anew !== undefined && says(anew, wanted)) return anew;
  throw cannot(step.path);
}

function says(text: string, wanted: JsonValue): boolean {
  try {
    return isDeepStrictEqual(normal(parseText(text).tree), normal(wanted));
  } catch (thrown) {
    if (thrown instanceof Fault) return false;
    throw thrown;
  }
}

function withLineEnds(text: string | undefined, before: string): string | undefined {
  return /\r\n/.test(before) ? text?.replaceAll(/\r?\n/g, "\r\n") : text;
}

function stepsOf(change: Change): readonly Step[] {
  switch (change.op) {
    case "set":
      return [{ path: parsePath(change.path), value: change.value }];
    case "unset":
      return [{ path: parsePath(change.path), value: undefined }];
    case "patch":
      return patchSteps(change.value, []);
    default:
      return [];
  }
}

/** A merge patch, taken apart to the deepest maps, so that what it does not name stays as it is written. */
function patchSteps(patch: JsonObject, path: Path): readonly Step[] {
  return Object.entries(patch).flatMap(([name, value]): readonly Step[] => {
    const inner = [...path, name];
    if (isObject(value) && Object.keys(value).length > 0) return patchSteps(value, inner);
    if (value === undefined) return [];
    return [{ path: inner, value: value === null ? undefined : value }];
  });
}

function withValue(tree: JsonValue, path: Path, value: JsonValue | undefined): JsonValue {
  const [step, ...rest] = path;
  if (step === undefined) return value ?? {};
  if (typeof step === "number") return inList(tree, step, { rest, value });
  if (tree !== null && !isObject(tree)) throw misfit(path);
  const map = tree ?? {};
  const inner = rest.length === 0 ? value : innerValue(Object.hasOwn(map, step) ? map[step] : undefined, rest, value);
  const entries = Object.entries(map).filter(([name]) => name !== step || inner !== undefined);
  if (inner === undefined) return Object.fromEntries(entries);
  return Object.fromEntries(
    Object.hasOwn(map, step)
      ? entries.map(([name, member]) => [name, name === step ? inner : member])
      : [...entries, [step, inner]],
  );
}

function innerValue(member: JsonValue | undefined, rest: Path, value: JsonValue | undefined): JsonValue | undefined {
  if (value === undefined && (member === undefined || member === null)) return member;
  return withValue(member ?? (typeof rest[0] === "number" ? [] : {}), rest, value);
}

function inList(
  tree: JsonValue,
  index: number,
  what: { readonly rest: Path; readonly value: JsonValue | undefined },
): JsonValue {
  if (!isArray(tree) || index > tree.length) throw misfit([index, ...what.rest]);
  const inner = what.rest.length === 0 ? what.value : innerValue(tree[index], what.rest, what.value);
  return inner === undefined
    ? tree.filter((_, i) => i !== index)
    : [...tree.slice(0, index), inner, ...tree.slice(index + 1)];
}

function apply({ doc }: ConfigText, { path, value }: Step): void {
  for (const depth of path.keys()) makeWay(doc, path, { depth, creates: value !== undefined });
  if (isAlias(nodeAt(doc, path))) throw cannot(path);
  if (value === undefined) doc.deleteIn(path);
  else
    doc.setIn(
      path,
      isObject(value) || isArray(value) ? doc.createNode(value, { aliasDuplicateObjects: false }) : value,
    );
}

/** Sees to it that a key can be looked up at this depth of the path. */
function makeWay(doc: Document, path: Path, at: { readonly depth: number; readonly creates: boolean }): void {
  const here = path.slice(0, at.depth);
  const node = nodeAt(doc, here);
  if (isAlias(node)) throw cannot(path);
  if (isCollection(node)) return;
  if (node !== null && !(isScalar(node) && node.value === null)) throw misfit(path);
  // `tools:` with nothing behind it is an empty map that a person began.
  if (at.creates && at.depth > 0) doc.setIn(here, doc.createNode(typeof path[at.depth] === "number" ? [] : {}));
}

function nodeAt(doc: Document, path: Path): Node | null {
  const node: unknown = path.length === 0 ? doc.contents : doc.getIn(path, true);
  return isNode(node) ? node : null;
}

/** @returns undefined where the document cannot be written, as when what an alias names is gone. */
function textOf({ doc }: ConfigText, before: string): string | undefined {
  const indent = /^( +)\S/m.exec(before.replaceAll(/^ *#.*$/gm, ""))?.[1]?.length ?? 2;
  // Whether lists stand further in than their key, as this person writes them.
  const indentSeq = !/^( *)[^\s#-][^\n]*:[ \t]*\r?\n\1- /m.test(before);
  try {
    return doc.toString({ lineWidth: 0, indent: Math.min(Math.max(indent, 1), 8), indentSeq });
  } catch {
    // Said by the caller, with the place.
    return undefined;
  }
}

/** The order of keys means nothing. */
function normal(value: JsonValue | undefined): unknown {
  if (isArray(value)) return value.map(normal);
  if (!isObject(value)) return value;
  return new Map(Object.entries(value).map(([name, member]) => [name, normal(member)]));
}

function misfit(path: Path): Fault {
  return new Fault("CONFIG_MALFORMED", {
    message: `\`${path.join(".").slice(0, 200)}\` does not fit what is in the file: something on the way is not a map or list, or the list is shorter`,
    hint: "look at the place with `vambrace config get`, or set the whole section",
  });
}

function cannot(path: Path): Fault {
  return new Fault("CONFIG_MALFORMED", {
    message: `\`${path.join(".").slice(0, 200)}\` cannot be changed without changing something else in the file`,
    hint: "change it by hand in an editor, then run `vambrace config validate`",
  });
}
