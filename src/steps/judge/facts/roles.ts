/**
 * Roles: does with each argument what its meaning says.
 *
 * @module
 */
import type { Analysis, Call } from "./analysis.ts";
import { dropPrefix, type Field, prefixOf, shown, type Stream } from "./fields.ts";
import type { Issue, Use } from "./found.ts";
import type { Meaning } from "./options.ts";
import type { Role } from "./programs/table.ts";
import type { Value } from "./state.ts";

/** One program that is about to be started. */
export type Run = {
  readonly name: string;
  readonly args: readonly Field[];
  readonly call: Call;
  readonly analysis: Analysis;
  readonly issues: Issue[];
  /** It is a shell itself and needs no other. */
  readonly shell?: true;
};

/** @returns what is printed by a command that was started in place of this one. */
export function applyMeanings(meanings: readonly Meaning[], run: Run): Stream | undefined {
  const folder = meanings.findLast((meaning) => meaning.role === "folder")?.field;
  const inside = folder === undefined ? run : { ...run, call: within(folder, run.call) };
  let out: Stream | undefined;
  for (const meaning of meanings) out = applyMeaning(meaning, meaning.role === "folder" ? run : inside) ?? out;
  return out;
}

/** Where an argument may be any number of words, one of them may be an option that runs something. */
export function hideUnknownWords(run: Run): void {
  for (const arg of run.args) {
    if (arg.kind === "pattern" && arg.word !== true && /^[*?[]/.test(arg.text))
      run.analysis.found.dashes(arg, run.call.state);
    if (arg.kind === "unknown" && arg.many && arg.text === "") {
      run.analysis.found.hide(`an argument of \`${run.name.slice(0, 40)}\`: ${arg.why}`);
    }
  }
}

export function within(folder: Field, call: Call): Call {
  const { places } = call.state;
  const known = folder.kind === "literal" && places !== null;
  const next = known
    ? places.map((place) => (folder.text.startsWith("/") ? folder.text : `${place}/${folder.text}`))
    : null;
  return { ...call, state: { ...call.state, places: next } };
}

type Doing = (meaning: Meaning, run: Run) => Stream | undefined;

function quietly(use: (field: Field, run: Run) => void): Doing {
  return ({ field }, run) => {
    use(field, run);
    return undefined;
  };
}

const DOING: { readonly [role in Role]: Doing } = {
  text: () => undefined,
  read: quietly((field, run) => usePath("read", field, run)),
  folder: quietly((field, run) => usePath("read", field, run)),
  write: quietly((field, run) => usePath("write", field, run)),
  add: quietly((field, run) => usePath("add", field, run)),
  delete: quietly((field, run) => usePath("delete", field, run)),
  edit: quietly((field, run) => {
    usePath("read", field, run);
    usePath("write", field, run);
  }),
  config: quietly((field, run) => {
    usePath("read", field, run);
    run.issues.push({ says: `takes settings from \`${shown(field).slice(0, 60)}\`` });
  }),
  list: quietly((field, run) => {
    usePath("read", field, run);
    run.issues.push({ says: `takes names from \`${shown(field).slice(0, 60)}\`` });
  }),
  never: ({ field, label }, run) => {
    run.issues.push({ says: `\`${label === "operand" ? shown(field).slice(0, 40) : label}\`` });
    return undefined;
  },
  argv: ({ rest }, run) => startNext(rest ?? [], run),
  query: quietly(runQuery),
  shell: ({ field }, run) => runShell(field, run),
  code: quietly(runCode),
  script: quietly(runScript),
  host: quietly(useHost),
  url: quietly(useUrl),
  from: quietly((field, run) => useRemote("from", field, run)),
  to: quietly((field, run) => useRemote("to", field, run)),
  data: quietly(sendData),
  form: quietly(sendForm),
};

function applyMeaning(meaning: Meaning, run: Run): Stream | undefined {
  return DOING[meaning.role](meaning, run);
}

function useHost(field: Field, run: Run): void {
  const { found } = run.analysis;
  if (field.kind === "literal") found.hosts.add(field.text.replace(/^[^@/]*@/, ""));
  else found.hide(`which host \`${shown(field).slice(0, 60)}\` is`);
}

function sendData(field: Field, run: Run): void {
  if (prefixOf(field).startsWith("@")) usePath("read", dropPrefix(field, 1), run);
  else if (field.kind === "unknown" && field.text === "") {
    run.analysis.found.hide(`what \`${run.name}\` sends: ${field.why}`);
  }
}

function sendForm(field: Field, run: Run): void {
  const at = prefixOf(field).search(/=[@<]/);
  if (at >= 0) usePath("read", dropPrefix(field, at + 2), run);
}

export function usePath(access: Use, field: Field, run: Run): void {
  if (field.kind === "literal" && field.text === "-") return;
  // Many programs open an address in the place of a file.
  if (access === "read" && /^(?!file:)[a-z][a-z0-9+.-]*:\/\//i.test(prefixOf(field))) useUrl(field, run);
  run.analysis.found.path(access, field, run.call.state);
}

/** A command that this program starts. */
export function startNext(argv: readonly Field[], run: Run): Stream | undefined {
  run.analysis.found.wrappers.add(run.name);
  return argv.length === 0 ? undefined : run.analysis.argv(argv, run.call);
}

/** A command line that this program hands to a shell. Its own variables are not those of this one. */
export function runShell(text: Field, run: Run): Stream {
  run.analysis.found.wrappers.add(run.name);
  if (run.shell !== true) noteShell(run);
  return run.analysis.text(text, childShell(run.call));
}

/** A program that this one starts as part of what it is. */
export function notePart(name: string, run: Run): void {
  const { places } = run.call.state;
  run.analysis.found.start({
    name,
    words: [],
    whole: true,
    issues: [],
    builtin: false,
    part: true,
    lookupChanged: false,
    places,
  });
}

/** The shell that the C library starts for `system()`. */
export function noteShell(run: Run): void {
  run.analysis.found.start({
    name: "sh",
    words: ["-c"],
    whole: false,
    issues: [],
    builtin: false,
    lookupChanged: false,
    places: run.call.state.places,
  });
}

/** A shell that is started anew has only what was exported, and no functions. */
export function childShell(call: Call, positional: readonly Field[] | null = [], zero?: Field): Call {
  const vars = new Map<string, readonly Value[]>();
  for (const [name, values] of call.state.vars) vars.set(name, [...values, "unset"]);
  vars.delete("0");
  if (zero !== undefined) vars.set("0", [{ fields: [zero] }]);
  return { ...call, state: { ...call.state, vars, keyed: new Set(), functions: new Map(), positional } };
}

export function runCode(text: Field, run: Run): void {
  if (text.kind === "literal" && /^[\s;]*$/.test(text.text)) return;
  run.issues.push({ says: "runs code that is written in the command" });
  run.analysis.found.hide(`the code of \`${run.name}\`: \`${shown(text).slice(0, 60)}\``);
}

/** What loads files, and what starts programs, in jq and yq. */
const QUERY_LOADS = /(?<![.\w"])(?:(?:import|include)\s|(?:load\w*|strload|system|exec)\s*\()/;

function runQuery(query: Field, run: Run): void {
  if (QUERY_LOADS.test(shown(query)))
    run.issues.push({ says: `the query \`${shown(query).slice(0, 40)}\` loads what it does not name` });
}

export function runScript(file: Field, run: Run): void {
  usePath("read", file, run);
  const says = `runs the script \`${shown(file).slice(0, 80)}\``;
  if (file.kind === "literal" && file.text !== "-") run.issues.push({ says, script: file.text });
  else run.issues.push({ says });
}

const URL_PREFIX = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([/?#]|$)/i;

export function useUrl(field: Field, run: Run): void {
  const { found } = run.analysis;
  const text = prefixOf(field);
  if (/^file:/i.test(text)) {
    const path = text.replace(/^file:(?:\/\/[^/]*)?/i, "");
    usePath("read", field.kind === "literal" ? { kind: "literal", text: path } : field, run);
    return;
  }
  const [, scheme, host = "", end] = URL_PREFIX.exec(text) ?? [];
  if (scheme !== undefined && (field.kind === "literal" || end !== "") && !/[{[]/.test(host)) {
    found.hosts.add(host.replace(/^.*@/, ""));
  } else if (scheme === undefined && field.kind === "literal") {
    found.hosts.add(field.text.replace(/^[^@/]*@/, "").replace(/[/?#].*$/s, ""));
  } else found.hide(`which host \`${shown(field).slice(0, 60)}\` is`);
}

/** `user@host:path` and `rsync://host/…` name another machine, anything else a path here. */
function useRemote(role: "from" | "to", field: Field, run: Run): void {
  const text = prefixOf(field);
  if (/^[a-z]+:\/\//i.test(text)) useUrl(field, run);
  else {
    const remote = /^(?:[^@/:]*@)?(\[[^\]]*\]|[^/:[]+):/.exec(text);
    if (remote !== null) run.analysis.found.hosts.add(remote[1] ?? "");
    else usePath(role === "from" ? "read" : "write", field, run);
  }
}
