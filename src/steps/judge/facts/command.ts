/**
 * Commands: the facts about one, from the analysis and the files of this
 * machine.
 *
 * @module
 */
import type { CommandFacts, ProgramFact } from "../../../core/call.ts";
import { isPattern } from "./fields.ts";
import type { Found, Start } from "./found.ts";
import { blockedBy, listingOf } from "./listed.ts";
import { resolvePath } from "./resolve.ts";
import { sureFolder, touchedBy } from "./touched.ts";
import type { CommandFinder, CommandWorld } from "./types.ts";
import { analyse } from "./walk.ts";

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
    const { reads, writes, deletes, keeps } = await touchedBy(found, world);
    return {
      programs: [...programs.values()].map(({ name, path, digest }) => ({
        name,
        path,
        ...(digest === undefined ? {} : { digest }),
      })),
      reads,
      writes,
      deletes,
      keeps,
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
