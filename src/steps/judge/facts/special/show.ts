/**
 * Programs that only show something: what they read, and what their output is worth knowing for.
 *
 * @module
 */
import { anyBelow, below, escapePattern, type Field, literal, prefixOf, shown } from "../fields.ts";
import { usePath } from "../roles.ts";
import { readBy, type Special, unclear } from "./special.ts";

/** The pattern comes first unless `-e` or `-f` gives it. */
export const grep: Special = (run, program) => {
  const read = readBy(program, run);
  const given = read.seen.has("-e") || read.seen.has("-f") || read.seen.has("--files");
  const files = given ? read.operands : read.operands.slice(1);
  for (const file of files) usePath("read", file, run);
  const names = ["-l", "-L", "--files-with-matches", "--files-without-match", "--files"].some((flag) =>
    read.seen.has(flag),
  );
  if (names) return { kind: "paths", fields: (files.length === 0 ? [literal(".")] : files).map(below) };
  if (read.seen.has("-c") || read.seen.has("--count")) return { kind: "word" };
  return files.length === 0 && run.call.input.kind !== "none" && run.call.input.kind !== "literal"
    ? run.call.input
    : unclear(run);
};

export const ls: Special = (run, program) => {
  const read = readBy(program, run);
  for (const file of read.operands) usePath("read", file, run);
  if (read.operands.length === 0) usePath("read", literal("."), run);
  const long = ["-l", "-s", "-i", "-Z", "-o", "-g", "-n", "--long"].some((flag) => read.seen.has(flag));
  if (long) return unclear(run);
  return {
    kind: "paths",
    fields: read.operands.length === 0 ? [{ kind: "pattern", text: "*" }] : read.operands.flatMap((f) => [f, below(f)]),
  };
};

export const names: Special = (run, program) => {
  const read = readBy(program, run);
  const [first] = read.operands;
  const base = run.name.slice(run.name.lastIndexOf("/") + 1);
  const all = read.seen.has("-a") || base === "dirname" ? read.operands : read.operands.slice(0, 1);
  if (first === undefined) return { kind: "none" };
  if (
    all.every((field) => field.kind === "literal") &&
    !read.seen.has("-s") &&
    (base === "dirname" || read.operands.length === 1)
  ) {
    return {
      kind: "literal",
      text: `${all.map((field) => (base === "dirname" ? dirOf(field.text) : baseOf(field.text))).join("\n")}\n`,
    };
  }
  if (base === "basename") return { kind: "paths", fields: [{ kind: "pattern", text: "*" }] };
  return all.some((field) => field.kind === "unknown") ? unclear(run) : { kind: "paths", fields: all.map(folderOf) };
};

function dirOf(text: string): string {
  const trimmed = text.replace(/\/+$/, "");
  const at = trimmed.lastIndexOf("/");
  if (at < 0) return text.startsWith("/") ? "/" : ".";
  return trimmed.slice(0, at).replace(/\/+$/, "") || "/";
}

function baseOf(text: string): string {
  return text.replace(/\/+$/, "").split("/").at(-1) ?? "";
}

function folderOf(field: Field): Field {
  if (field.text.includes("**")) return { kind: "pattern", text: anyBelow(field.text) };
  const at = field.text.lastIndexOf("/");
  return at < 0 ? literal(".") : { kind: "pattern", text: `${field.text.slice(0, at)}/**` };
}

export const split: Special = (run, program) => {
  const read = readBy(program, run);
  const [file, prefix] = read.operands;
  if (file !== undefined) usePath("read", file, run);
  usePath("write", pieces(prefix ?? literal("x")), run);
  return unclear(run);
};

/** The files that a prefix begins. */
function pieces(prefix: Field): Field {
  return prefix.kind === "unknown"
    ? prefix
    : { kind: "pattern", text: `${prefix.kind === "literal" ? escapePattern(prefix.text) : prefix.text}*` };
}

/** A `+command` of a pager is obeyed. */
/** Starts a pager, unless it is told not to or its output goes to another program. */
export const paged: Special = (run, program) => {
  const read = readBy(program, run);
  if (!read.seen.has("--no-pager")) run.issues.push({ says: "starts a pager" });
  return unclear(run);
};

export const pager: Special = (run, program) => {
  const read = readBy(program, run);
  for (const operand of read.operands) {
    if (prefixOf(operand).startsWith("+") && !/^\+(?:\d+|[FG]|\/.*)$/.test(shown(operand)))
      run.issues.push({ says: `\`${shown(operand).slice(0, 40)}\`` });
    else usePath("read", operand, run);
  }
  return unclear(run);
};

export const date: Special = (run, program) => {
  const read = readBy(program, run);
  for (const operand of read.operands)
    if (!prefixOf(operand).startsWith("+")) run.issues.push({ says: "sets the clock" });
  const slash = run.args.some((arg) => /^\+.*(?:\/|%[Dcx])/s.test(shown(arg)));
  const word = run.args.some((arg) => /^\+[%\w.:+-]+$/.test(shown(arg)) && !/%[aAbBcDhpPrRTxXZ+]/.test(shown(arg)));
  return word && !slash ? { kind: "word" } : unclear(run);
};

export const top: Special = (run, program) => {
  const read = readBy(program, run);
  if (!read.seen.has("-b")) run.issues.push({ says: "is steered by keys" });
  return unclear(run);
};

export const plain: Special = (run) => ({ kind: "unknown", why: `\`${run.name}\` prints it` });

export const which: Special = () => ({ kind: "paths", fields: [{ kind: "pattern", text: "/usr/bin/*" }] });

export const temporary: Special = (run, program) => {
  const read = readBy(program, run);
  const [template] = read.operands;
  if (template !== undefined) usePath("write", template, run);
  const folder = template === undefined ? "/tmp/" : "";
  return {
    kind: "paths",
    fields: [
      { kind: "pattern", text: template === undefined ? `${folder}*` : `${shown(template).replace(/X+.*$/, "")}*` },
    ],
  };
};

/** Without operands it shows; with them it may change. */
export const showOnly: Special = (run, program) => {
  const read = readBy(program, run);
  const changes = read.operands.some((operand) => !/^(?:show|list|dev|-?a|[a-z]{2,6}\d{1,2}|lo)$/.test(shown(operand)));
  if (changes) run.issues.push({ says: "changes the network" });
  return unclear(run);
};

/** Writes its operands and hands on what it reads. */
export const tee: Special = (run, program) => {
  const read = readBy(program, run);
  const adds = read.seen.has("-a");
  for (const file of read.operands) usePath(adds ? "add" : "write", file, run);
  return run.call.input.kind === "none" ? unclear(run) : run.call.input;
};

/** One number where one thing is counted, of one input without a name. */
export const count: Special = (run, program) => {
  const read = readBy(program, run);
  for (const file of read.operands) usePath("read", file, run);
  return read.operands.length === 0 && read.seen.size === 1 ? { kind: "word" } : unclear(run);
};

/** Pages have names; a path is a file, which is shown as it is. */
export const manual: Special = (run, program) => {
  const read = readBy(program, run);
  for (const page of read.operands) {
    if (!prefixOf(page).includes("/") && page.kind !== "unknown") continue;
    usePath("read", page, run);
  }
  return unclear(run);
};

/** Who and what this machine is: a short word where one thing is asked. */
export const identity: Special = (run, program) => {
  const read = readBy(program, run);
  const base = run.name.slice(run.name.lastIndexOf("/") + 1);
  const one =
    /^(?:whoami|arch|nproc|logname|hostid|hostname)$/.test(base) ||
    /^-[nrsmpugG]n?$|^-un$/.test(run.args.map(shown).join(" "));
  return one && read.operands.length === 0 ? { kind: "word" } : unclear(run);
};

const LINE_ENDS = /^(?:\\n|\\0|\\0?12|\\000|\n)$/;

/** Line ends for NUL and back changes no name. */
export const translate: Special = (run, program) => {
  const read = readBy(program, run);
  const ends = read.operands.length === 2 && read.operands.every((set) => LINE_ENDS.test(shown(set)));
  return ends && run.call.input.kind === "paths" ? run.call.input : unclear(run);
};

/** With `-f` and without lines between, names below the folders. */
export const treeOf: Special = (run, program) => {
  const read = readBy(program, run);
  for (const folder of read.operands) usePath("read", folder, run);
  if (read.operands.length === 0) usePath("read", literal("."), run);
  const names = read.seen.has("-i") && read.seen.has("-f");
  return names
    ? { kind: "paths", fields: (read.operands.length === 0 ? [literal(".")] : read.operands).map(below) }
    : unclear(run);
};

/** Numbers, one a line, unless a format says otherwise. */
export const sequence: Special = (run, program) => {
  const read = readBy(program, run);
  return read.seen.has("-f") || read.seen.has("-s") ? unclear(run) : { kind: "word" };
};
