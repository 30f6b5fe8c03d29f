/**
 * Programs that copy, move, pack and rename files.
 *
 * @module
 */
import { below, dropPrefix, escapePattern, type Field, literal, NAME_MARK, prefixOf, shown } from "../fields.ts";
import { type Run, usePath } from "../roles.ts";
import { readBy, type Special, unclear } from "./special.ts";

/** cp, mv, ln, install: everything is read, the last is written, unless `-t` names the target. */
export const copy: Special = (run, program) => {
  const read = readBy(program, run);
  const base = run.name.slice(run.name.lastIndexOf("/") + 1);
  if (base === "install" && read.seen.has("-d")) {
    for (const folder of read.operands) usePath("add", folder, run);
    return unclear(run);
  }
  const lastIsTarget = !read.seen.has("-t") && read.operands.length > 1;
  const sources = lastIsTarget ? read.operands.slice(0, -1) : read.operands;
  for (const source of sources) {
    usePath("read", source, run);
    if (base === "mv") usePath("delete", source, run);
  }
  const target = lastIsTarget ? read.operands.at(-1) : undefined;
  if (target !== undefined) run.analysis.found.into(target, sources.map(nameOf), run.call.state);
  return unclear(run);
};

/** The last part of a path, as a pattern; any name where it is not known. */
function nameOf(source: Field): string {
  if (source.kind === "unknown") return "**";
  const text = source.kind === "literal" ? escapePattern(source.text) : source.text;
  if (source.kind === "pattern" && text.includes("**")) return "**";
  const name = text.replace(/\/+$/, "").split("/").at(-1) ?? "";
  return name === "" || name === "." || name === ".." || name.includes(NAME_MARK) ? "**" : name;
}

/** The first operand is a mode or an owner. */
export const modes: Special = (run, program) => {
  const first = run.args.findIndex((arg) => /^-[rwxXst]/.test(prefixOf(arg)));
  const args = first < 0 ? run.args : run.args.toSpliced(first, 1, literal("a-x"));
  const read = readBy(program, { ...run, args });
  const given = read.seen.has("--reference") || read.seen.has("-m") || read.seen.has("-x") || read.seen.has("-b");
  for (const file of given ? read.operands : read.operands.slice(1)) usePath("add", file, run);
  return unclear(run);
};

/** Archivers: what they unpack lands where they stand. */
export const archive: Special = (run, program) => {
  const read = readBy(program, run);
  for (const operand of read.operands) usePath("write", operand, run);
  usePath("write", below(literal(".")), run);
  return unclear(run);
};

export const zip: Special = (run, program) => {
  const read = readBy(program, run);
  const [target, ...sources] = read.operands;
  if (target !== undefined) usePath("write", target, run);
  for (const source of sources) {
    usePath("read", source, run);
    if (read.seen.has("-m")) usePath("delete", source, run);
  }
  if (read.seen.has("-TT") || run.args.some((arg) => /^-[a-zA-Z]*TT/.test(prefixOf(arg))))
    run.issues.push({ says: "tests with a program" });
  return unclear(run);
};

export const unpack: Special = (run, program) => {
  const read = readBy(program, run);
  const [file] = read.operands;
  if (file !== undefined) usePath("read", file, run);
  const onlyShows = ["-l", "-t", "-v", "-p", "-c", "-Z", "-z"].some((flag) => read.seen.has(flag));
  if (!onlyShows && !read.seen.has("-d")) usePath("write", below(literal(".")), run);
  return unclear(run);
};

function sevenzipOption(option: Field, run: Run): void {
  const text = prefixOf(option);
  if (/^-[ow]./.test(text)) usePath("write", dropPrefix(option, 2), run);
  else if (!SEVENZIP_PLAIN.test(text)) run.issues.push({ says: `the option \`${text.slice(0, 20)}\`` });
}

const SEVENZIP_PLAIN = /^-(?:si|so|m|p|t|y|r|bd|bb|ao|v|an|ssc|scs|sdel|stl|u)/;

/** 7z: a command letter, options that are glued to their values, the archive, files; `@list` and `-i@` name more. */
export const sevenzip: Special = (run) => {
  const [command, ...rest] = run.args;
  const verb = command === undefined ? "" : shown(command);
  if (!/^(?:[aeltxudhi]|rn)$/.test(verb)) run.issues.push({ says: `\`${verb.slice(0, 20)}\`` });
  const options = rest.filter((arg) => prefixOf(arg).startsWith("-"));
  const operands = rest.filter((arg) => !prefixOf(arg).startsWith("-"));
  for (const option of options) sevenzipOption(option, run);
  const hasArchive = !options.some((option) => prefixOf(option).startsWith("-an"));
  for (const [i, operand] of operands.entries()) {
    if (prefixOf(operand).startsWith("@")) run.issues.push({ says: "files are named in a list" });
    usePath(i === 0 && hasArchive && /^(?:[aud]|rn)$/.test(verb) ? "write" : "read", operand, run);
  }
  const here = /^[ex]$/.test(verb) && !options.some((option) => /^-o.|^-so/.test(prefixOf(option)));
  if (here) usePath("write", below(literal(".")), run);
  return unclear(run);
};

export const media: Special = (run, program) => {
  const read = readBy(program, run);
  for (const operand of read.operands) {
    usePath("read", operand, run);
    usePath("write", operand, run);
    if (/^[a-zA-Z]{2,}:/.test(prefixOf(operand)))
      run.issues.push({ says: `the address \`${shown(operand).slice(0, 40)}\`` });
    if (/^[@|]/.test(prefixOf(operand))) run.issues.push({ says: `\`${shown(operand).slice(0, 40)}\`` });
  }
  return unclear(run);
};

const COMPILER_NEVER =
  /^@|^-{1,2}(?:fplugin|wrapper|specs|B|plugin|load|Wl,|Xlinker|Wp,|Wa,|fuse-ld|ld-path|tool|script|dynamic-linker|T)/;
const COMPILER_FILES = /^-[oIL](?=\S)/;

/** Plugins, `@files` and settings stand in options of every shape; what is not named in the table is looked at. */
export const compiler: Special = (run, program) => {
  const read = readBy(program, run);
  for (const arg of run.args) {
    const text = prefixOf(arg);
    if (COMPILER_NEVER.test(text)) run.issues.push({ says: `the option \`${text.slice(0, 40)}\`` });
    const glued = COMPILER_FILES.exec(text)?.[0];
    if (glued !== undefined) usePath(glued === "-o" ? "write" : "read", dropPrefix(arg, 2), run);
    else if (/^-.*=\//.test(text)) usePath("write", dropPrefix(arg, text.indexOf("=") + 1), run);
  }
  for (const file of read.operands) usePath("read", file, run);
  if (/^(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+|as|ld)/.test(run.name)) usePath("write", literal("."), run);
  return unclear(run);
};
