/**
 * The text of config.yaml, parsed as YAML 1.2 and nothing more: no tags, no
 * merge keys, no duplicate keys, no key that is a trap in JavaScript, few
 * aliases, limited depth and size.
 *
 * The document keeps comments and positions: errors name line and key, and an
 * edit writes back what a person wrote.
 *
 * @module
 */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLError,
} from "yaml";
import { Fault } from "../../core/fault.ts";
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";

export const CONFIG_NAME = "config.yaml";
/** Bytes; a configuration that a person keeps is a few kilobytes. */
export const SIZE_MAX = 1024 * 1024;
const DEPTH_MAX = 24;
const ALIASES_MAX = 16;

/** Keys that reach a prototype where some code copies objects carelessly. */
const TRAPS: ReadonlySet<string> = new Set(["__proto__", "prototype", "constructor"]);

export type Path = readonly (string | number)[];

export type ConfigText = {
  readonly doc: Document.Parsed;
  /** What the document says, references to the environment as they are written. */
  readonly tree: JsonObject;
  /** The line of a key or value, counting from 1; of the nearest thing above it that the text has. */
  lineOf(path: Path): number;
};

/** @throws Fault CONFIG_MALFORMED */
export function parseText(text: string): ConfigText {
  if (Buffer.byteLength(text) > SIZE_MAX)
    throw malformed("it is larger than 1 MiB", "keep data out of the configuration");
  const control = /[^\P{Cc}\t\n\r]/u.exec(text);
  if (control !== null) {
    throw malformed(`line ${lineAt(text, control.index)} holds a control character`, "write it as plain text");
  }
  const lines = new LineCounter();
  const doc = parsed(text, lines);
  const tree = treeOf(doc, lines);
  return { doc, tree, lineOf: (path) => lineOf(doc, lines, path) };
}

function parsed(text: string, lines: LineCounter): Document.Parsed {
  const doc = guarded(() =>
    parseDocument(text, {
      version: "1.2",
      schema: "core",
      merge: false,
      resolveKnownTags: false,
      stringKeys: true,
      uniqueKeys: true,
      prettyErrors: false,
      // Not `silent`: that would let a second document pass unread.
      logLevel: "error",
      lineCounter: lines,
    }),
  );
  const [problem] = [...doc.errors, ...doc.warnings];
  if (problem !== undefined) throw yamlProblem(problem, lines);
  return doc;
}

/** Deep nesting overflows the parser's stack: that is a bad file, not a broken program. */
function guarded<T>(body: () => T): T {
  try {
    return body();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw malformed("it is nested too deeply or too intricately to be read", "write it plainly", cause);
  }
}

function treeOf(doc: Document.Parsed, lines: LineCounter): JsonObject {
  // The tags of anchors and `%YAML 1.1` would change what the words mean.
  if (doc.directives?.yaml.explicit === true && doc.directives.yaml.version !== "1.2") {
    throw malformed("it asks for another version of YAML than 1.2", "leave the %YAML line out");
  }
  const budget = { aliases: ALIASES_MAX };
  guarded(() => walk(doc.contents, { depth: 0, lines, budget, anchors: new Set() }));
  const tree: unknown = guarded(() => doc.toJS({ maxAliasCount: 100 }));
  if (tree === null || tree === undefined) return {};
  if (isObject(tree)) return tree;
  throw malformed("it is not a map of keys and values", "begin with `gateway:` or `tools:`, or leave the file empty");
}

type Walk = {
  readonly depth: number;
  readonly lines: LineCounter;
  readonly budget: { aliases: number };
  readonly anchors: Set<string>;
};

function walk(node: unknown, state: Walk): void {
  if (state.depth > DEPTH_MAX) throw malformed(`it is nested deeper than ${DEPTH_MAX}`, "write it more flatly");
  const inner = { ...state, depth: state.depth + 1 };
  if (isAlias(node)) checkAlias(node.source, state);
  if (isMap(node)) for (const pair of node.items) walk(pair, inner);
  if (isSeq(node)) for (const item of node.items) walk(item, inner);
  if (isPair(node)) {
    checkKey(node.key, state.lines);
    walk(node.value, state);
  }
  // Only now: an alias inside of what it names would be a value without end.
  if (isNode(node) && "anchor" in node && typeof node.anchor === "string") state.anchors.add(node.anchor);
}

function checkAlias(anchor: string, state: Walk): void {
  state.budget.aliases -= 1;
  if (state.budget.aliases < 0) throw malformed(`it has more than ${ALIASES_MAX} aliases`, "write the values out");
  if (!state.anchors.has(anchor)) throw malformed("an alias (`*…`) names nothing before it", "write the value out");
}

function checkKey(key: unknown, lines: LineCounter): void {
  const name = isScalar(key) ? String(key.value) : String(key);
  const line = isScalar(key) && key.range ? lines.linePos(key.range[0]).line : 0;
  if (TRAPS.has(name)) {
    throw new Fault("CONFIG_KEY_UNKNOWN", {
      message: `${CONFIG_NAME}, line ${line}: there is no key \`${name}\``,
      hint: "take it out; no part of the configuration has this name",
    });
  }
  if (/\$\{/.test(name)) {
    throw malformed(`line ${line}: a key holds a reference to the environment`, "use `${NAME}` in values only");
  }
  if (name.length > 200) throw malformed(`line ${line}: a key is longer than 200 characters`, "use a shorter name");
}

function lineOf(doc: Document.Parsed, lines: LineCounter, path: Path): number {
  let node: Node | null = doc.contents;
  let offset = 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((each) => isScalar(each.key) && String(each.key.value) === String(step));
      if (pair === undefined) break;
      if (isScalar(pair.key) && pair.key.range) offset = pair.key.range[0];
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- values of a parsed map are nodes or null
      node = pair.value as Node | null;
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(step)];
      if (!isScalar(item) && !isMap(item) && !isSeq(item)) break;
      if (item.range) offset = item.range[0];
      node = item;
    } else break;
  }
  return lines.linePos(offset).line || 1;
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

const SAYS: ReadonlyMap<string, readonly [string, string]> = new Map([
  ["DUPLICATE_KEY", ["a key stands here twice", "keep one of the two; which one counts would be a guess"]],
  ["TAB_AS_INDENT", ["a tab is used to indent", "indent with spaces"]],
  ["MULTIPLE_DOCS", ["a second document begins", "keep one document; take the `---` out"]],
  ["TAG_RESOLVE_FAILED", ["a tag (`!…`) is used", "write the plain value, in quotes if it is text"]],
  ["NON_STRING_KEY", ["a key is not a plain word", "write the key as text"]],
]);

/** The parser's own messages quote the text around the error, which may be a secret: they are not shown. */
function yamlProblem(problem: YAMLError, lines: LineCounter): Fault {
  const line = lines.linePos(problem.pos[0]).line;
  const [says, hint] = SAYS.get(problem.code) ?? [
    `it is not valid YAML (${problem.code.toLowerCase().replaceAll("_", " ")})`,
    "look at the indentation, the colons and the quotes of this line and the one above",
  ];
  return malformed(`line ${line}: ${says}`, hint);
}

export function malformed(what: string, hint: string, cause?: unknown): Fault {
  return new Fault("CONFIG_MALFORMED", { message: `${CONFIG_NAME}: ${what}`, hint, cause });
}

/** The value at a path; undefined where there is none. */
export function valueAt(tree: JsonValue, path: Path): JsonValue | undefined {
  let value: JsonValue | undefined = tree;
  for (const step of path) {
    if (isArray(value)) value = typeof step === "number" ? value[step] : undefined;
    else if (isObject(value)) value = Object.hasOwn(value, step) ? value[step] : undefined;
    else return undefined;
  }
  return value;
}
