/**
 * Lists: what of a command the configuration allows, and what it blocks.
 *
 * An entry is a program's name or absolute path, and may go on with words:
 * `git status` allows the forms of git that begin so. A name allows everyday
 * forms only: those that start no other program and run no code. A path that
 * stands for a script allows running that very script.
 *
 * @module
 */
import type { Program } from "./command.ts";
import type { Found, Start } from "./found.ts";
import type { CommandOptions } from "./types.ts";

type Programs = ReadonlyMap<string, Program>;
type Entry = { readonly name: string; readonly words: readonly string[] };

function entryOf(text: string): Entry {
  const [name = "", ...words] = text.trim().split(/\s+/);
  return { name, words };
}

/** INVARIANT(listed): with an empty allowlist everything that starts a program is unlisted. */
export function unlistedBy(options: CommandOptions, found: Found, programs: Programs): readonly string[] {
  const allow = options.allow.map(entryOf);
  const out = new Set<string>();
  for (const start of found.starts.values()) {
    for (const why of speaksAgainst(start, allow, programs.get(start.name))) out.add(why);
  }
  for (const issue of found.issues) out.add(issue);
  return [...out];
}

function speaksAgainst(start: Start, allow: readonly Entry[], program: Program | undefined): readonly string[] {
  if (start.builtin || start.part === true) return [];
  const names = namesOf(start, program, false);
  const entries = allow.filter((entry) => names.has(entry.name));
  if (entries.length === 0) return [start.name];
  const fitting = entries.filter((entry) => startsWith(start.words, entry.words));
  if (fitting.length === 0)
    return [`${start.name}: only \`${entries.map((e) => [e.name, ...e.words].join(" ")).join("`, `")}\``];
  const out = start.lookupChanged ? [`${start.name}: where programs are looked up was changed`] : [];
  const paths = new Set(allow.filter((entry) => entry.words.length === 0).map((entry) => entry.name));
  for (const issue of start.issues) {
    if (issue.script !== undefined && scriptPaths(issue.script, start, program).some((path) => paths.has(path)))
      continue;
    out.push(`${start.name}: ${issue.says}`);
  }
  return out;
}

function scriptPaths(script: string, start: Start, program: Program | undefined): readonly string[] {
  if (script === start.name) return program?.path === null || program === undefined ? [] : [program.path];
  if (script.includes("..")) return [];
  if (script.startsWith("/")) return [script];
  return start.places?.length === 1 ? [`${start.places[0]}/${script.replace(/^\.\//, "")}`] : [];
}

const SYSTEM = /^\/(?:usr\/(?:local\/)?)?s?bin\/([^/]+)$/;

/** @param wide also the bare name of a path anywhere: what blocks must not be got round by a path. */
function namesOf(start: Start, program: Program | undefined, wide: boolean): ReadonlySet<string> {
  const names = new Set([start.name]);
  const system = SYSTEM.exec(start.name)?.[1];
  if (system !== undefined) names.add(system);
  for (const path of [program?.at, program?.path]) if (path !== null && path !== undefined) names.add(path);
  if (wide) for (const name of Array.from(names)) names.add(name.slice(name.lastIndexOf("/") + 1));
  return names;
}

function startsWith(words: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((word, i) => words[i] === word);
}

/** What the blocklist names, however it is spelled. An entry with words matches them in order, anywhere. */
export function blockedBy(options: CommandOptions, found: Found, programs: Programs): readonly string[] {
  const out = new Set<string>();
  for (const text of options.block) {
    const entry = entryOf(text);
    for (const start of found.starts.values()) {
      const names = namesOf(start, programs.get(start.name), true);
      if (names.has(entry.name) && inOrder(start.words, entry.words)) out.add(text.trim());
    }
  }
  return [...out];
}

function inOrder(words: readonly string[], wanted: readonly string[]): boolean {
  let at = 0;
  for (const word of words) if (word === wanted[at]) at += 1;
  return at >= wanted.length;
}
