/**
 * Lists: what of a command the configuration allows, and what it blocks.
 *
 * A name allows everyday forms only: those that start no other program and run
 * no code. A name with words allows everyday forms that begin so, and that
 * very form whatever it does: the operator wrote it out. A path that stands
 * for a script allows running that very script. What a form starts has to be
 * allowed on its own. Builtins that only steer the shell (`cd`, `set`, `test`)
 * need no entry; those that print or act (`echo`, `kill`) do.
 *
 * @module
 */
import type { Program } from "./command.ts";
import { beginsAs, type Form, formsOf, isAmong, isForm } from "./forms.ts";
import type { Found, Issue, Start } from "./found.ts";
import type { CommandOptions } from "./types.ts";

type Programs = ReadonlyMap<string, Program>;

export type Listing = {
  /** Empty: on the list. */
  readonly unlisted: readonly string[];
  /** What would have spoken against forms that an entry spells out: they may touch more than is named. */
  readonly approved: readonly string[];
};

/** INVARIANT(listed): with an empty allowlist everything that starts a program is unlisted. */
export function listingOf(options: CommandOptions, found: Found, programs: Programs): Listing {
  const allow = formsOf(options.allow);
  const unlisted = new Set<string>();
  const approved = new Set<string>();
  for (const start of found.starts.values()) {
    const judged = judgeStart(start, allow, programs.get(start.name));
    for (const why of judged.unlisted) unlisted.add(why);
    for (const why of judged.approved) approved.add(why);
  }
  for (const issue of found.issues) unlisted.add(issue);
  // What is set for programs matters only where one is started.
  if (found.starts.values().some((start) => !start.builtin))
    for (const setting of found.settings) unlisted.add(setting);
  return { unlisted: [...unlisted], approved: [...approved] };
}

const FINE: Listing = { unlisted: [], approved: [] };

function judgeStart(start: Start, allow: readonly Form[], program: Program | undefined): Listing {
  if ((start.builtin && start.acts !== true) || start.part === true) return FINE;
  const names = namesOf(start, program, false);
  const entries = allow.filter((form) => names.has(form.name));
  if (entries.length === 0) return { unlisted: [start.name], approved: [] };
  const lookup = start.lookupChanged ? [`${start.name}: where programs are looked up was changed`] : [];
  const against = start.issues.filter((issue) => !isListedScript(issue, start, { allow, program }));
  const says = against.map((issue) => `${start.name}: ${issue.says}`);
  if (start.whole && entries.some((form) => isForm(form, start.words))) {
    const own = against.filter((issue) => issue.script === start.name).map((issue) => `${start.name}: ${issue.says}`);
    return { unlisted: [...lookup, ...own], approved: says };
  }
  if (!entries.some((form) => beginsAs(form, start.words))) {
    return { unlisted: [`${start.name}: only \`${entries.map((form) => form.text).join("`, `")}\``], approved: [] };
  }
  return { unlisted: [...lookup, ...says], approved: [] };
}

type Against = { readonly allow: readonly Form[]; readonly program: Program | undefined };

/** A script whose very path is on the list. */
function isListedScript({ script }: Issue, start: Start, { allow, program }: Against): boolean {
  if (script === undefined) return false;
  const paths = scriptPaths(script, start, program);
  return allow.some((form) => paths.includes(form.name) && (form.bare || script === start.name));
}

function scriptPaths(script: string, start: Start, program: Program | undefined): readonly string[] {
  if (script === start.name) return program?.path === null || program === undefined ? [] : [program.path];
  if (script.includes("..")) return [];
  if (script.startsWith("/")) return [script];
  return start.places?.length === 1 ? [`${start.places[0]}/${script.replace(/^\.\//, "")}`] : [];
}

const SYSTEM = /^\/(?:usr\/(?:local\/)?)?s?bin\/([^/]+)$/;

/**
 * @param wide for what blocks: also the bare name of a path anywhere, which must not be got round by a path. Otherwise a
 * path that starts from wherever the shell stands is nobody's name.
 */
function namesOf(start: Start, program: Program | undefined, wide: boolean): ReadonlySet<string> {
  const isRelative = start.name.includes("/") && !start.name.startsWith("/");
  const written = isRelative && !wide ? [] : [start.name];
  const found = [SYSTEM.exec(start.name)?.[1], program?.at, program?.path];
  const names = new Set([...written, ...found].filter((name) => typeof name === "string"));
  if (wide) for (const name of Array.from(names)) names.add(name.slice(name.lastIndexOf("/") + 1));
  return names;
}

/** What the blocklist names, however it is spelled and whatever starts it. */
export function blockedBy(options: CommandOptions, found: Found, programs: Programs): readonly string[] {
  const out = new Set<string>();
  for (const form of formsOf(options.block)) {
    for (const start of found.starts.values()) {
      if (namesOf(start, programs.get(start.name), true).has(form.name) && isAmong(form, start.words))
        out.add(form.text);
    }
  }
  return [...out];
}
