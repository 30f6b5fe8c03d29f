/**
 * Small readers: programs whose operands mean something else in one form, or
 * whose output is worth knowing.
 *
 * @module
 */
import { dropPrefix, type Field, joined, literal, prefixOf, shown, type Stream } from "../fields.ts";
import { grammarOf, type Read, readArguments } from "../options.ts";
import { below } from "../programs.ts";
import type { Program } from "../programs/table.ts";
import { applyMeanings, type Run, runCode, runShell, startNext, usePath, useUrl } from "../roles.ts";
import type { Special } from "./index.ts";

function unclear(run: Run): Stream {
  return { kind: "unknown", why: `\`${run.name}\` prints it` };
}

function readBy(program: Program, run: Run): Read {
  const read = readArguments(run.args, grammarOf(program));
  for (const option of read.strange) run.issues.push({ says: `the option \`${option.slice(0, 40)}\`` });
  applyMeanings(
    read.meanings.filter((meaning) => meaning.label !== "operand"),
    run,
  );
  return read;
}

function hideMany(run: Run): void {
  for (const arg of run.args) {
    if (arg.kind === "unknown" && arg.many && arg.text === "")
      run.analysis.found.hide(`an argument of \`${run.name}\`: ${arg.why}`);
  }
}

/** The pattern comes first unless `-e` or `-f` gives it. */
const grep: Special = (run, program) => {
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

const ls: Special = (run, program) => {
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

/** cp, mv, ln, install: everything is read, the last is written, unless `-t` names the target. */
const copy: Special = (run, program) => {
  hideMany(run);
  const read = readBy(program, run);
  const base = run.name.slice(run.name.lastIndexOf("/") + 1);
  const hasTarget = read.seen.has("-t");
  const sources = hasTarget || read.operands.length < 2 ? read.operands : read.operands.slice(0, -1);
  const target = hasTarget ? undefined : read.operands.at(-1);
  if (base === "install" && read.seen.has("-d")) {
    for (const folder of read.operands) usePath("write", folder, run);
    return unclear(run);
  }
  for (const source of sources) {
    usePath("read", source, run);
    if (base === "mv") usePath("delete", source, run);
  }
  if (target !== undefined && read.operands.length > 1) usePath("write", target, run);
  if (target !== undefined && read.operands.length > 1) inTarget(sources, target, run);
  return unclear(run);
};

/** Where the target is a folder, what is written is a file in it. */
function inTarget(sources: readonly Field[], target: Field, run: Run): void {
  if (target.kind !== "literal") return;
  for (const source of sources) {
    if (source.kind !== "literal") continue;
    const name = source.text.replace(/\/+$/, "").split("/").at(-1) ?? "";
    if (name.startsWith(".") && name !== "." && name !== "..") usePath("write", literal(`${target.text}/${name}`), run);
  }
}

const names: Special = (run, program) => {
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
  if (base === "basename") return { kind: "word" };
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
  const at = field.text.lastIndexOf("/");
  return at < 0 ? literal(".") : { kind: "pattern", text: `${field.text.slice(0, at)}/**` };
}

const split: Special = (run, program) => {
  const read = readBy(program, run);
  const [file, prefix] = read.operands;
  if (file !== undefined) usePath("read", file, run);
  usePath("write", prefix ?? literal("."), run);
  return unclear(run);
};

/** A `+command` of a pager is obeyed. */
const pager: Special = (run, program) => {
  const read = readBy(program, run);
  for (const operand of read.operands) {
    if (prefixOf(operand).startsWith("+") && !/^\+(?:\d+|[FG]|\/.*)$/.test(shown(operand)))
      run.issues.push({ says: `\`${shown(operand).slice(0, 40)}\`` });
    else usePath("read", operand, run);
  }
  return unclear(run);
};

/** The first operand is a mode or an owner. */
const modes: Special = (run, program) => {
  const first = run.args.findIndex((arg) => /^-[rwxXst]/.test(prefixOf(arg)));
  const args = first < 0 ? run.args : run.args.toSpliced(first, 1, literal("a-x"));
  const read = readBy(program, { ...run, args });
  const given = read.seen.has("--reference") || read.seen.has("-m") || read.seen.has("-x") || read.seen.has("-b");
  for (const file of given ? read.operands : read.operands.slice(1)) usePath("write", file, run);
  return unclear(run);
};

/** Two programs have this name: one takes a Perl expression, one takes two texts. */
const rename: Special = (run, program) => {
  const read = readBy(program, run);
  const [first, second, ...files] = read.operands;
  const code = first !== undefined && /[/|;{(]/.test(shown(first));
  if (code && !isPlainSubstitution(first)) runCode(first, run);
  for (const file of code ? read.operands.slice(1) : second === undefined ? [] : files) {
    usePath("read", file, run);
    usePath("write", file, run);
  }
  return unclear(run);
};

/** `s/a/b/`, `y/a/b/` without anything that Perl would evaluate. */
function isPlainSubstitution(field: Field): boolean {
  return (
    field.kind === "literal" &&
    /^(?:[sy]|tr)\/(?:[^/\\${}@(]|\\.)*\/(?:[^/\\${}@(]|\\.|\$\d)*\/[gi]*;?$/.test(field.text)
  );
}

const PERL_PLAIN = /^(?:-[pnlaw0i]*e|-[pni]*i(?:\.\w+)?)$/;

/** One-line substitutions are as common as sed; everything else is code. */
const perl: Special = (run, program) => {
  const flags = run.args.filter((arg) => prefixOf(arg).startsWith("-")).map(shown);
  const at = run.args.findIndex((arg) => /^-[a-z0]*e$/.test(shown(arg)));
  const code = run.args[at + 1];
  if (
    at >= 0 &&
    code !== undefined &&
    isPlainSubstitution(code) &&
    flags.every((flag) => PERL_PLAIN.test(flag) || /^-[pniwl]+$/.test(flag))
  ) {
    const files = run.args.filter((arg, i) => i !== at + 1 && !prefixOf(arg).startsWith("-"));
    for (const file of files) {
      usePath("read", file, run);
      if (flags.some((flag) => /^-[pnlaw0e]*i/.test(flag))) usePath("write", file, run);
    }
    return unclear(run);
  }
  const read = readArguments(run.args, grammarOf(program));
  for (const option of read.strange) run.issues.push({ says: `the option \`${option.slice(0, 40)}\`` });
  const inline = read.seen.has("-e") || read.seen.has("-E");
  applyMeanings(
    read.meanings.filter((meaning) => meaning.label !== "operand" || !inline),
    run,
  );
  if (!inline && read.operands.length === 0) run.issues.push({ says: "takes code from its standard input" });
  for (const file of inline ? read.operands : []) {
    usePath("read", file, run);
    usePath("write", file, run);
  }
  return unclear(run);
};

/** Archivers: what they unpack lands where they stand. */
const archive: Special = (run, program) => {
  hideMany(run);
  const read = readBy(program, run);
  for (const operand of read.operands) usePath("write", operand, run);
  usePath("write", literal("."), run);
  return unclear(run);
};

const zip: Special = (run, program) => {
  hideMany(run);
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

const unpack: Special = (run, program) => {
  const read = readBy(program, run);
  const [file] = read.operands;
  if (file !== undefined) usePath("read", file, run);
  const onlyShows = ["-l", "-t", "-v", "-p", "-c", "-Z", "-z"].some((flag) => read.seen.has(flag));
  if (!onlyShows && !read.seen.has("-d")) usePath("write", literal("."), run);
  return unclear(run);
};

/** 7z: a command letter, options that are glued to their values, the archive, files; `@list` and `-i@` name more. */
const sevenzip: Special = (run) => {
  hideMany(run);
  const [command, ...rest] = run.args;
  const verb = command === undefined ? "" : shown(command);
  const extracts = /^[ex]$/.test(verb);
  if (!/^[aeltxudhi]$|^rn$/.test(verb)) run.issues.push({ says: `\`${verb.slice(0, 20)}\`` });
  let first = true;
  for (const arg of rest) {
    const text = prefixOf(arg);
    if (/^-o./.test(text)) usePath("write", dropPrefix(arg, 2), run);
    else if (/^-w./.test(text)) usePath("write", dropPrefix(arg, 2), run);
    else if (/^-[ix][r!]*@|^@/.test(text)) run.issues.push({ says: "files are named in a list" });
    else if (/^-(?:sfx|si|so|m|p|t|y|r|bd|bb|ao|v|an|ssc|spf|scs|sdel|stl|u)/.test(text)) {
      if (/^-(?:sfx|spf)/.test(text)) run.issues.push({ says: `the option \`${text.slice(0, 20)}\`` });
      if (text.startsWith("-an")) first = false;
    } else if (text.startsWith("-")) run.issues.push({ says: `the option \`${text.slice(0, 20)}\`` });
    else {
      usePath(first && /^[aud]|rn$/.test(verb) ? "write" : "read", arg, run);
      first = false;
    }
  }
  if (extracts && !rest.some((arg) => /^-o.|^-so/.test(prefixOf(arg)))) usePath("write", literal("."), run);
  return unclear(run);
};

/** The words of the command are joined and handed to a shell, unless `-x` says otherwise. */
const joinedWords: Special = (run, program) => {
  const read = readArguments(run.args, grammarOf(program));
  for (const option of read.strange) run.issues.push({ says: `the option \`${option.slice(0, 40)}\`` });
  if (read.operands.length === 0) return unclear(run);
  if (read.seen.has("-x")) return startNext(read.operands, run) ?? unclear(run);
  return runShell(joined(read.operands), run);
};

const flock: Special = (run, program) => {
  const read = readArguments(run.args, grammarOf(program));
  for (const option of read.strange) run.issues.push({ says: `the option \`${option.slice(0, 40)}\`` });
  const [file, ...rest] = read.operands;
  if (file !== undefined) usePath("write", file, run);
  const [flag, text] = rest;
  if (flag !== undefined && /^(?:-c|--command)$/.test(shown(flag)) && text !== undefined) return runShell(text, run);
  const given = read.meanings.find((meaning) => meaning.role === "shell");
  if (given !== undefined) return runShell(given.field, run);
  return rest.length === 0 ? unclear(run) : (startNext(rest, run) ?? unclear(run));
};

/** An architecture may stand before the command. */
const setarch: Special = (run, program) => {
  const read = readArguments(run.args, grammarOf(program));
  const [first, ...rest] = read.operands;
  if (first === undefined) run.issues.push({ says: "starts a shell" });
  else if (/^(?:i\d86|x86_64|linux\d\d|arm\w*|aarch64|uname26|s390x?|ppc\w*)$/.test(shown(first)))
    startNext(rest.length === 0 ? [literal("sh")] : rest, run);
  else startNext(read.operands, run);
  return unclear(run);
};

const elevate: Special = (run, program) => {
  const read = readArguments(run.args, grammarOf(program));
  run.issues.push({ says: "raises privilege" });
  const argv = read.operands.filter(
    (field, i, all) => !(/^\w+=/.test(prefixOf(field)) && all.slice(0, i).every((f) => /^\w+=/.test(prefixOf(f)))),
  );
  return argv.length === 0 ? unclear(run) : (startNext(argv, run) ?? unclear(run));
};

/** Plugins, `@files` and settings stand in options of every shape; what is not named in the table is looked at. */
const compiler: Special = (run, program) => {
  hideMany(run);
  const read = readBy(program, run);
  for (const arg of run.args) {
    const text = prefixOf(arg);
    if (text.startsWith("@")) run.issues.push({ says: "options in a file" });
    if (
      /^-{1,2}(?:fplugin|wrapper|specs|B|plugin|load|Wl,|Xlinker|Wp,|Wa,|fuse-ld|ld-path|tool|script|dynamic-linker|T)/.test(
        text,
      )
    ) {
      run.issues.push({ says: `the option \`${text.slice(0, 40)}\`` });
    }
    const glued = /^-(?:o|I|L|include|MF)(?==?[^=])/.exec(text)?.[0];
    if (glued !== undefined && text.length > glued.length && /^-[oIL]\S/.test(text))
      usePath(glued === "-o" ? "write" : "read", dropPrefix(arg, 2), run);
    else if (text.startsWith("-") && text.includes("=/")) usePath("write", dropPrefix(arg, text.indexOf("=") + 1), run);
  }
  for (const file of read.operands) usePath("read", file, run);
  const objects = /^(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+|as|ld)/.test(run.name);
  if (objects) usePath("write", literal("."), run);
  return unclear(run);
};

const curl: Special = (run, program) => {
  hideMany(run);
  const read = readArguments(run.args, grammarOf(program));
  for (const option of read.strange) run.issues.push({ says: `the option \`${option.slice(0, 40)}\`` });
  for (const meaning of read.meanings) {
    if (meaning.label === "-b" && !/[/.]/.test(shown(meaning.field))) continue;
    if (meaning.label === "--url" || meaning.label === "operand") useUrl(meaning.field, run);
    else applyMeanings([meaning], run);
  }
  if (read.seen.has("-O") || read.seen.has("-J") || read.seen.has("--remote-name-all"))
    usePath("write", literal("."), run);
  return unclear(run);
};

const wget: Special = (run, program) => {
  hideMany(run);
  const read = readBy(program, run);
  for (const url of read.operands) useUrl(url, run);
  const named = read.seen.has("-O") || read.seen.has("--spider");
  if (!named && read.operands.length > 0) usePath("write", literal("."), run);
  return unclear(run);
};

/** Every operand may be an address of `socat` or a host. */
const netcat: Special = (run, program) => {
  const read = readBy(program, run);
  const [first] = read.operands;
  if (first !== undefined && first.kind === "literal") run.analysis.found.hosts.add(first.text.slice(0, 200));
  for (const operand of read.operands) {
    const command = /^(?:exec|system|shell):/i.exec(prefixOf(operand))?.[0];
    if (command !== undefined) run.analysis.text(dropPrefix(operand, command.length), run.call);
  }
  return unclear(run);
};

const lookup: Special = (run, program) => {
  const read = readBy(program, run);
  for (const operand of read.operands) {
    if (operand.kind === "unknown") run.analysis.found.hide(`which host \`${shown(operand)}\` is`);
    else if (/^[@\w][\w.:-]*$/.test(shown(operand))) run.analysis.found.hosts.add(shown(operand).replace(/^@/, ""));
  }
  if (read.operands.some((operand) => prefixOf(operand).startsWith("+"))) return unclear(run);
  return unclear(run);
};

const OPENSSL_FILES = /^-(?:in|inkey|key|cert|CAfile|CApath|pubin|inform|passin|sigfile|signature|verify)$/;

const openssl: Special = (run) => {
  hideMany(run);
  for (const [i, arg] of run.args.entries()) {
    const next = run.args[i + 1];
    const text = shown(arg);
    if (/^-(?:engine|provider|provider-path|config|conf|passin|rand|writerand|extfile|command)$/.test(text))
      run.issues.push({ says: `the option \`${text}\`` });
    if (next === undefined) continue;
    if (/^-(?:out|keyout|writerand|sess_out|cert_chain_out)$/.test(text)) usePath("write", next, run);
    else if (OPENSSL_FILES.test(text) && !/^-(?:pubin|inform|passin)$/.test(text)) usePath("read", next, run);
    else if (/^-(?:connect|proxy|host|url|accept)$/.test(text)) run.analysis.found.hosts.add(shown(next));
  }
  const [verb] = run.args.map(shown);
  if (verb === undefined || /^(?:s_server|s_client|engine|req|ca|ocsp|s_time)$/.test(verb))
    run.issues.push({ says: `\`openssl ${verb ?? ""}\`` });
  for (const arg of run.args.slice(1)) if (/^[./~]/.test(prefixOf(arg))) usePath("read", arg, run);
  return unclear(run);
};

/** Without operands it shows; with them it may change. */
const showOnly: Special = (run, program) => {
  const read = readBy(program, run);
  const changes = read.operands.some((operand) => !/^(?:show|list|dev|-?a|[a-z]{2,6}\d{1,2}|lo)$/.test(shown(operand)));
  if (changes) run.issues.push({ says: "changes the network" });
  return unclear(run);
};

const top: Special = (run, program) => {
  const read = readBy(program, run);
  if (!read.seen.has("-b")) run.issues.push({ says: "is steered by keys" });
  return unclear(run);
};

const date: Special = (run, program) => {
  const read = readBy(program, run);
  for (const operand of read.operands)
    if (!prefixOf(operand).startsWith("+")) run.issues.push({ says: "sets the clock" });
  const slash = run.args.some((arg) => /^\+.*(?:\/|%[Dcx])/s.test(shown(arg)));
  return slash ? unclear(run) : { kind: "word" };
};

const plain: Special = (run) => ({ kind: "unknown", why: `\`${run.name}\` prints it` });

const which: Special = () => ({ kind: "paths", fields: [{ kind: "pattern", text: "/usr/bin/*" }] });

const temporary: Special = (run, program) => {
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

const media: Special = (run, program) => {
  hideMany(run);
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

export const SMALL: readonly (readonly [string, Special])[] = [
  ["archive", archive],
  ["compiler", compiler],
  ["copy", copy],
  ["curl", curl],
  ["date", date],
  ["elevate", elevate],
  ["flock", flock],
  ["grep", grep],
  ["joined", joinedWords],
  ["lookup", lookup],
  ["ls", ls],
  ["media", media],
  ["modes", modes],
  ["names", names],
  ["netcat", netcat],
  ["openssl", openssl],
  ["pager", pager],
  ["perl", perl],
  ["plain", plain],
  ["rename", rename],
  ["setarch", setarch],
  ["sevenzip", sevenzip],
  ["showOnly", showOnly],
  ["split", split],
  ["temporary", temporary],
  ["top", top],
  ["unpack", unpack],
  ["wget", wget],
  ["which", which],
  ["zip", zip],
];
