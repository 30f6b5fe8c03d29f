/**
 * Commands: the facts about one, from the analysis and the files of this
 * machine.
 *
 * @module
 */
import type { CommandFacts, ProgramFact } from "../../../core/call.ts";
import { escapeExpression, isPattern, unescapePattern } from "./fields.ts";
import type { Found, PathUse, Start } from "./found.ts";
import { blockedBy, listingOf } from "./listed.ts";
import { resolvePath } from "./resolve.ts";
import type { CommandFinder, CommandWorld, PathAccess } from "./types.ts";
import { analyse } from "./walk.ts";

/** Of names that a pattern matches; beyond this its folder stands for all of them. */
const MOST_MATCHES = 32;
const MOST_NAMES = 2000;

export type Program = ProgramFact & {
  /** Where it was looked up, before links were followed. */
  readonly at: string | null;
};

export function commandFinder(world: CommandWorld): CommandFinder {
  return async (command, options) => {
    const found = analyse(command, options.cwd, world);
    for (const pattern of found.plain) await checkNames(pattern, found, world);
    for (const pattern of found.dashed) await checkDashes(pattern, found, world);
    const programs = await programsOf(found, world);
    const { unlisted, approved } = listingOf(options, found, programs);
    const paths = (access: PathAccess): Promise<readonly string[]> => pathsOf(found, access, world);
    return {
      programs: [...programs.values()].map(({ name, path, digest }) => ({
        name,
        path,
        ...(digest === undefined ? {} : { digest }),
      })),
      reads: await paths("read"),
      writes: await paths("write"),
      deletes: await paths("delete"),
      hosts: [...found.hosts],
      wrappers: [...found.wrappers],
      opaque: [...found.opaque],
      destructive: found.destructive,
      privileged: found.privileged,
      unlisted,
      blocked: blockedBy(options, found, programs),
      approved,
    } satisfies CommandFacts;
  };
}

async function programsOf(found: Found, world: CommandWorld): Promise<ReadonlyMap<string, Program>> {
  const programs = new Map<string, Program>();
  for (const start of found.starts.values()) {
    if (!programs.has(start.name)) programs.set(start.name, await programOf(start, world));
  }
  return programs;
}

async function programOf(start: Start, world: CommandWorld): Promise<Program> {
  const { name } = start;
  if (start.builtin) return { name, path: null, at: null };
  for (const place of placesOf(start, world)) {
    const at = place === "" ? name : `${place}/${name}`;
    const resolved = await resolvePath(at, world.files);
    if (!resolved.ok || resolved.status?.kind !== "file" || !resolved.status.executable) continue;
    const digest = await world.files.digest(resolved.path);
    return { name, path: resolved.path, at, ...(digest === null ? {} : { digest }) };
  }
  return { name, path: null, at: null };
}

function placesOf(start: Start, world: CommandWorld): readonly string[] {
  if (start.name.startsWith("/")) return [""];
  return start.name.includes("/") ? (start.places ?? []) : world.path;
}

async function pathsOf(found: Found, access: PathAccess, world: CommandWorld): Promise<readonly string[]> {
  const out = new Set<string>();
  for (const use of found.paths.values()) {
    if (use.access !== access) continue;
    for (const path of await matches(use, found, world)) out.add(path);
  }
  return [...out];
}

/** The files that a use can mean: what a pattern matches now, and what it stands for when nothing matches. */
async function matches(use: PathUse, found: Found, world: CommandWorld): Promise<readonly string[]> {
  if (!use.pattern) return [(await resolvePath(use.path, world.files)).path];
  const parts = use.path.split("/").slice(1);
  let level: readonly string[] = [""];
  for (const [i, part] of parts.entries()) {
    if (part === "**") return resolveAll(level, world);
    const next = await oneLevel(level, part, world);
    if (next === "too many") {
      // A folder stands for what is read in it; what is written in it may be any of its protected files.
      if (use.access !== "read")
        found.hide(`which of too many names \`${unescapePattern(use.path).slice(0, 100)}\` matches`);
      return resolveAll([sureFolder(parts.slice(0, i))], world);
    }
    // Nothing matches now: the shell leaves the text as it is. A folder may still be made before it is used.
    const sure = i < parts.length - 1 ? [sureFolder(parts.slice(0, i))] : [];
    if (next.length === 0) return resolveAll([...sure, unescapePattern(use.path)], world);
    level = next;
  }
  return resolveAll(level, world);
}

/** Names without anything that a shell or an editor would read as more than a name. */
const PLAIN_NAME = /^(?!-)[\w.@+,=:%-]+$/;
const MOST_CHECKED = 2000;

async function checkNames(pattern: string, found: Found, world: CommandWorld): Promise<void> {
  const parts = pattern.split("/").slice(1);
  const wild = parts.findIndex((part) => isPattern(part));
  const root = await resolvePath(sureFolder(wild < 0 ? parts : parts.slice(0, wild)), world.files);
  const open = [root.path];
  let left = MOST_CHECKED;
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const status = await world.files.lstat(folder);
    if (status?.kind !== "folder") continue;
    const names = await world.files.readdir(folder, left);
    if (names === null || !names.every((name) => PLAIN_NAME.test(name))) {
      found.hide(`names in \`${folder.slice(0, 100)}\` become part of a command line`);
      return;
    }
    left -= names.length;
    for (const name of names) open.push(`${folder}/${name}`);
  }
}

async function checkDashes(pattern: string, found: Found, world: CommandWorld): Promise<void> {
  const parts = pattern.split("/").slice(1);
  const wild = parts.findIndex((part) => isPattern(part));
  const folder = await resolvePath(sureFolder(parts.slice(0, wild)), world.files);
  const names = await world.files.readdir(folder.path, MOST_NAMES);
  // A folder with more names than can be looked at is as good as one with a bad one; one that is absent has none.
  const isThere = folder.ok && folder.status !== null;
  if (isThere && (names === null || names.some((name) => name.startsWith("-")))) {
    found.hide("a file whose name begins with `-` would be an option");
  }
}

function sureFolder(parts: readonly string[]): string {
  const end = parts.findIndex((part) => isPattern(part));
  return `/${(end < 0 ? parts : parts.slice(0, end)).map(unescapePattern).join("/")}`;
}

async function resolveAll(paths: readonly string[], world: CommandWorld): Promise<readonly string[]> {
  const out = new Set<string>();
  for (const path of paths) out.add((await resolvePath(path === "" ? "/" : path, world.files)).path);
  return [...out];
}

async function oneLevel(
  level: readonly string[],
  part: string,
  world: CommandWorld,
): Promise<readonly string[] | "too many"> {
  if (!isPattern(part)) return level.map((folder) => `${folder}/${unescapePattern(part)}`);
  const matcher = patternOf(part);
  const out: string[] = [];
  for (const folder of level) {
    const resolved = await resolvePath(folder === "" ? "/" : folder, world.files);
    const isFolder = resolved.ok && resolved.status?.kind === "folder";
    const names = isFolder ? await world.files.readdir(resolved.path, MOST_NAMES) : [];
    if (names === null) return "too many";
    for (const name of names) if (matcher.test(name)) out.push(`${folder}/${name}`);
    if (out.length > MOST_MATCHES) return "too many";
  }
  return out;
}

/** Wider than the shell's own: brackets match any character, and hidden names are matched too. */
function patternOf(part: string): RegExp {
  const source = part.replaceAll(/\\[\s\S]|\[[^\]]*\]|[\s\S]/g, (piece) => {
    if (piece.startsWith("*")) return "[^/]*";
    if (piece === "?" || piece.startsWith("[")) return ".";
    return escapeExpression(unescapePattern(piece));
  });
  return new RegExp(`^${source.replaceAll(/(?:\[\^\/\]\*)+/g, "[^/]*")}$`, "su");
}
