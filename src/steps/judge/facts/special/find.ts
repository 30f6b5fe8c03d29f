/**
 * find: starting points, then an expression that can start, write and delete.
 *
 * @module
 */
import { below, type Field, literal, prefixOf, shown, type Stream } from "../fields.ts";
import { type Run, startNext, usePath } from "../roles.ts";
import { replaced } from "./wrappers.ts";

const RUNS: ReadonlySet<string> = new Set(["-exec", "-execdir", "-ok", "-okdir"]);
const WRITES: ReadonlySet<string> = new Set(["-fprint", "-fprint0", "-fls", "-fprintf"]);
/** Tests and actions that take one value and look at nothing but names and inodes. */
const VALUED =
  /^-(?:[aBcm](?:min|time|newer)|newer(?:[aBcm][aBcmt])?|anewer|cnewer|used|i?name|i?path|i?wholename|i?lname|i?regex|regextype|type|xtype|size|perm|user|group|uid|gid|links|inum|samefile|fstype|(?:max|min)depth|printf|context|used|flags|D|O)$/;
const PLAIN =
  /^-(?:a|and|o|or|not|true|false|print|print0|ls|prune|quit|depth|d|daystart|follow|mount|xdev|empty|executable|readable|writable|nouser|nogroup|noleaf|warn|nowarn|ignore_readdir_race|noignore_readdir_race|help|version|x|H|L|P|E|s|X|O\d)$/;

export function find(run: Run): Stream {
  const start = run.args.findIndex(
    (arg) => /^(?:-.|[(!)]|,$)/.test(prefixOf(arg)) && !/^-(?:[HLPEXdsx]|O\d|D)$/.test(prefixOf(arg)),
  );
  const before = run.args.slice(0, start < 0 ? run.args.length : start);
  const roots = before.filter((arg) => !prefixOf(arg).startsWith("-"));
  const standing = roots.length === 0 ? [literal(".")] : roots;
  for (const root of standing) usePath("read", root, run);
  const expression = start < 0 ? [] : run.args.slice(start);
  const search: Search = { run, under: standing.map((root) => named(below(root), expression)), expression };
  let prints: Stream = { kind: "paths", fields: search.under };
  for (let at = 0; at < search.expression.length; ) {
    const step = follow(at, search);
    prints = step.prints ?? prints;
    at = step.next;
  }
  return prints;
}

type Search = { readonly run: Run; readonly under: readonly Field[]; readonly expression: readonly Field[] };

const JOINS = /^(?:-o|-or|,|!|-not|\(|\)|\\[()!])$/;

/** Where all that is done is done to names of one form, only those count. An expression with a choice in it is not read. */
function named(all: Field, expression: readonly Field[]): Field {
  if (all.kind !== "pattern" || expression.some((word) => word.kind === "unknown" || JOINS.test(shown(word))))
    return all;
  const first = expression.findIndex(
    (word) => RUNS.has(shown(word)) || WRITES.has(shown(word)) || ACTS.test(shown(word)),
  );
  const tests = expression.slice(0, first < 0 ? expression.length : first);
  const at = tests.findIndex((word) => shown(word) === "-name");
  const name = at < 0 ? undefined : tests[at + 1];
  // Behind `-maxdepth` and its kind a word may be a value; a name that looks like an option is not worth the doubt.
  if (name === undefined || /^-|\//.test(prefixOf(name)) || VALUED.test(shown(tests[at - 1] ?? literal(""))))
    return all;
  // find reads wildcards in the name itself, quoted or not.
  return { kind: "pattern", text: `${all.text}/${name.text}` };
}

const ACTS = /^-(?:delete|print0?|printf|ls|prune|quit)$/;

function follow(at: number, search: Search): { readonly next: number; readonly prints?: Stream } {
  const { run, under, expression } = search;
  const word = expression[at] ?? literal("");
  const name = shown(word);
  if (RUNS.has(name)) {
    const end = endOf(expression, at);
    return { next: end + 1, prints: runFor(expression.slice(at + 1, end), under, run) };
  }
  if (name === "-delete") for (const item of under) usePath("delete", item, run);
  else if (WRITES.has(name)) usePath("write", expression[at + 1] ?? literal(""), run);
  else if (name === "-printf") return { next: at + 2, prints: printed(expression[at + 1], under) };
  else if (!VALUED.test(name)) check(word, run);
  const values = name === "-fprintf" ? 2 : WRITES.has(name) || VALUED.test(name) ? 1 : 0;
  return { next: at + 1 + values };
}

/** Names of what was found, whole or in part, one a line; quotes around them are those that xargs takes away. */
function printed(format: Field | undefined, under: readonly Field[]): Stream {
  const text = format?.kind === "literal" ? format.text : "";
  if (/^(["']?)%p\1(?:\\[n0])?$/.test(text)) return { kind: "paths", fields: under };
  if (/^%[fPH](?:\\[n0])?$/.test(text)) return { kind: "paths", fields: [{ kind: "pattern", text: "**" }, ...under] };
  if (/^%h(?:\\[n0])?$/.test(text)) return { kind: "paths", fields: under };
  return { kind: "unknown", why: "`find -printf` prints it" };
}

function check(field: Field, run: Run): void {
  const text = shown(field);
  if (field.kind === "unknown") run.analysis.found.hide(`a part of the expression of find: ${field.why}`);
  else if (!PLAIN.test(text) && !/^(?:[()!,]|\\[()!])$/.test(text) && text.startsWith("-")) {
    run.issues.push({ says: `the expression \`${text.slice(0, 40)}\`` });
  }
}

function endOf(expression: readonly Field[], from: number): number {
  for (let at = from + 1; at < expression.length; at += 1) {
    const text = shown(expression[at] ?? literal(""));
    if (text === ";" || (text === "+" && shown(expression[at - 1] ?? literal("")) === "{}")) return at;
  }
  return expression.length;
}

/** One command for each root, with `{}` standing for anything below it. */
function runFor(command: readonly Field[], under: readonly Field[], run: Run): Stream {
  let out: Stream = { kind: "none" };
  const inner: Run = { ...run, call: { ...run.call, input: { kind: "none" } } };
  for (const item of under) {
    out =
      startNext(
        command.map((word) => replaced(word, "{}", item)),
        inner,
      ) ?? out;
  }
  return out;
}
