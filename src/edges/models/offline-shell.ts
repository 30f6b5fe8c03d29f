/** Plans about files that need a command: append, delete, move, copy, make a folder. @module */
import { pathsOf } from "./offline-files.ts";
import { type About, type Intent, type Plan, quote, simple } from "./offline-plan.ts";
import { type Clause, pathOf, valueOf } from "./offline-text.ts";

const APPEND =
  /^(?:append|add)\s+(?:the (?:line|text|words?)\s+|a line\s+)?(?:saying\s+)?(.+?)\s+(?:to|at|onto)\s+(?:the )?(?:(?:end|bottom) of\s+)?(?:the )?(?:file\s+)?(\S+?)[.!]*$/is;

export const append: Intent = (clause, about) => {
  const [, line, place = ""] = APPEND.exec(clause.text) ?? [];
  const path = line === undefined ? undefined : pathsOf(place, clause, about)?.[0];
  return line === undefined || path === undefined ? undefined : appending(about, path, valueOf(line, clause));
};

/** There is no tool that appends, and writing a file back whole could lose what was not read: so the shell does it. */
function appending(about: About, path: string, line: string): Plan {
  about.lastPath = path;
  const command = `printf '%s\\n' ${shellWord(line)} >> ${shellWord(path)}`;
  return simple(
    about,
    { tool: "exec", arguments: { command } },
    { what: `append to \`${path}\``, done: () => `I appended this to \`${path}\`:\n\n${quote(line)}` },
  );
}

const DELETE =
  /^(?:delete|remove|rm|erase|get rid of)\s+(?:-r\w*\s+)?(?:the (?:files?|folder|directory)\s+)?(.+?)[.!]*$/i;
const MOVE = /^(rename|move|mv|copy|cp|duplicate)\s+(.+?)\s+(?:to|as|into)\s+(\S+?)[.!]*$/i;
const MKDIR =
  /^(?:make|create|mkdir|add)\s+(?:(?:a |an |the )?(?:new )?(?:folder|directory|dir)\s+(?:called |named )?)(\S+?)[.!]*$/i;

export const rearrange: Intent = (clause, about) =>
  makingFolder(clause, about) ?? moving(clause, about) ?? deleting(clause, about);

function makingFolder(clause: Clause, about: About): Plan | undefined {
  const [, named] = MKDIR.exec(clause.text) ?? [];
  return named === undefined ? undefined : shell(about, ["mkdir", "-p"], [named], clause);
}

function moving(clause: Clause, about: About): Plan | undefined {
  const [, verb = "", from, to] = MOVE.exec(clause.text) ?? [];
  if (from === undefined || to === undefined) return undefined;
  return shell(about, /^(?:copy|cp|duplicate)$/i.test(verb) ? ["cp", "-r"] : ["mv"], [from, to], clause);
}

function deleting(clause: Clause, about: About): Plan | undefined {
  const [, named] = DELETE.exec(clause.text) ?? [];
  const paths = named === undefined ? undefined : pathsOf(named, clause, about);
  if (paths === undefined) return undefined;
  const whole = /\b(?:folder|directory)\b/i.test(clause.text) || paths.some((path) => path.endsWith("/"));
  return shellOf(about, whole ? ["rm", "-r"] : ["rm"], paths);
}

function shell(about: About, program: readonly string[], named: readonly string[], clause: Clause): Plan | undefined {
  const paths = named.map((name) => (/^(?:it|that|that file)$/i.test(name) ? about.lastPath : pathOf(name, clause)));
  return paths.every((path) => path !== undefined) ? shellOf(about, program, paths) : undefined;
}

function shellOf(about: About, program: readonly string[], paths: readonly string[]): Plan {
  about.lastPath = program[0] === "rm" ? undefined : paths.at(-1);
  // A path that begins with a dash would be read as an option.
  const words = paths.map((path) => shellWord(path.startsWith("-") ? `./${path}` : path));
  const command = [...program, ...words].join(" ");
  return simple(
    about,
    { tool: "exec", arguments: { command } },
    { what: `do \`${command}\``, done: () => `Done: \`${command}\`` },
  );
}

export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
