/**
 * Touched: the files that the uses of an analysis stand for on this machine:
 * which are read, written and removed, and of which nothing is lost by it.
 *
 * A pattern stands for what it matches now. Where that is too much to look at,
 * or to weigh, its folder stands for all of it.
 *
 * @module
 */
import { escapeExpression, escapePattern, isPattern, unescapePattern } from "./fields.ts";
import type { Found, PathUse } from "./found.ts";
import { isProtected } from "./paths.ts";
import { isWithin, resolvePath } from "./resolve.ts";
import type { CommandWorld, PathAccess } from "./types.ts";

/** Of names that a pattern matches; beyond this its folder stands for all of them. */
const MOST_MATCHES = 32;
const MOST_NAMES = 2000;

export type Touched = {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly deletes: readonly string[];
  /** Of those written or removed: what is there stays there, or what goes is named beside it. */
  readonly keeps: readonly string[];
};

type Place = { readonly found: Found; readonly world: CommandWorld };
/** `lost`: its content may go. `kept`: a folder that is written in, a file that is added to. */
type Matched = { readonly lost: readonly string[]; readonly kept: readonly string[] };

export async function touchedBy(found: Found, world: CommandWorld): Promise<Touched> {
  const sets: { readonly [access in PathAccess]: Set<string> } = {
    read: new Set(),
    write: new Set(),
    delete: new Set(),
  };
  const kept = new Set<string>();
  const lost = new Set<string>();
  for (const use of found.paths.values()) {
    const matched = await matchedBy(use, { found, world });
    for (const path of [...matched.kept, ...matched.lost]) sets[use.access].add(path);
    if (use.access === "read") continue;
    for (const path of matched.lost) (use.keeps ? kept : lost).add(path);
    for (const path of matched.kept) kept.add(path);
  }
  return {
    reads: [...sets.read],
    writes: [...sets.write],
    deletes: [...sets.delete],
    keeps: [...kept].filter((path) => !lost.has(path)),
  };
}

async function matchedBy(use: PathUse, place: Place): Promise<Matched> {
  const { world } = place;
  if (!use.pattern) return matchedPlainly(use, place);
  const parts = use.path.split("/").slice(1);
  let level: readonly string[] = [""];
  for (const [i, part] of parts.entries()) {
    if (part.includes("**")) {
      const roots = await resolveAll(level, world);
      return use.access === "read" ? plain(roots) : below(roots, nameIn(parts.slice(i)), place);
    }
    const next = await oneLevel(level, part, world);
    if (next === "too many") return tooMany(use, await resolveAll([sureFolder(parts.slice(0, i))], world), place);
    // Nothing matches now: the shell leaves the text as it is. A folder may still be made before it is used.
    if (next.length === 0)
      return unmatched(use, i < parts.length - 1 ? sureFolder(parts.slice(0, i)) : undefined, world);
    level = next;
  }
  return plain(await resolveAll(level, world));
}

/** A folder stands for what is read in it; what is written in the workspace may be any of its protected files. */
function tooMany(use: PathUse, folders: readonly string[], { found, world }: Place): Matched {
  const isNear = folders.some((folder) => isWithin(folder, world.workspace) || isWithin(world.workspace, folder));
  if (use.access !== "read" && isNear)
    found.hide(`which of too many names \`${unescapePattern(use.path).slice(0, 100)}\` matches`);
  return plain(folders);
}

async function matchedPlainly({ path, into }: PathUse, place: Place): Promise<Matched> {
  const one = await resolvePath(path, place.world.files);
  const isFolder = one.ok && one.status?.kind === "folder";
  return into === undefined || !isFolder ? plain([one.path]) : intoFolder(one.path, into, place);
}

function plain(lost: readonly string[]): Matched {
  return { lost, kept: [] };
}

async function unmatched(use: PathUse, folder: string | undefined, world: CommandWorld): Promise<Matched> {
  const lost = await resolveAll([unescapePattern(use.path)], world);
  if (folder === undefined) return plain(lost);
  const kept = await resolveAll([folder], world);
  return use.access === "read" ? plain([...kept, ...lost]) : { lost, kept };
}

/** Copied or moved into a folder, each thing has the name there that it has here. */
async function intoFolder(folder: string, names: readonly string[], place: Place): Promise<Matched> {
  const lost: string[] = [];
  for (const name of names) {
    const path = `${escapePattern(folder)}/${isPattern(name) && name !== "**" ? `**/${name}` : name}`;
    const use: PathUse = { path, pattern: true, access: "write", keeps: false };
    const { lost: some, kept } = await matchedBy(use, place);
    lost.push(...some, ...kept);
  }
  return { lost, kept: [folder] };
}

/** The name that is wanted at any depth, where the pattern ends in one; undefined: any. */
function nameIn(parts: readonly string[]): string | undefined {
  const [first = "", second, ...more] = parts;
  if (first !== "**") return parts.length === 1 ? first : undefined;
  return more.length === 0 ? second : undefined;
}

/** All that lies below now. A link counts for what it leads to, which may be changed through it. */
async function below(roots: readonly string[], name: string | undefined, place: Place): Promise<Matched> {
  const { world } = place;
  // Elsewhere each folder is asked about, or refused, as a whole.
  if (roots.some((root) => !isWithin(root, world.workspace))) return plain(roots);
  const matcher = name === undefined || name === "" ? undefined : patternOf(name);
  const lost: string[] = [];
  const open = [...roots];
  let left = MOST_NAMES;
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const status = await world.files.lstat(folder);
    if (status?.kind !== "folder") {
      if (status !== null) lost.push(folder);
      continue;
    }
    const names = await world.files.readdir(folder, left);
    if (names === null || lost.length > MOST_MATCHES) return plain(roots);
    left -= names.length;
    for (const one of names) await take(`${folder}/${one}`, { matcher, lost, open }, world);
  }
  return lost.length > MOST_MATCHES ? plain(roots) : { lost, kept: roots };
}

type Walk = { readonly matcher: RegExp | undefined; readonly lost: string[]; readonly open: string[] };

async function take(path: string, { matcher, lost, open }: Walk, world: CommandWorld): Promise<void> {
  const status = await world.files.lstat(path);
  if (status?.kind === "folder") open.push(path);
  if (status === null || matcher?.test(path.slice(path.lastIndexOf("/") + 1)) === false) return;
  if (status.kind === "link") lost.push((await resolvePath(path, world.files)).path);
  // An empty folder is nothing; what is in a folder is met on its own. Protected files are read-only in every sandbox.
  else if (status.kind === "file" || status.kind === "other") {
    if (!isReadOnly(path, world)) lost.push(path);
  } else if (matcher !== undefined) lost.push(path);
}

function isReadOnly(path: string, { workspace }: CommandWorld): boolean {
  return isWithin(path, workspace) && isProtected(path.slice(workspace.length), "write");
}

export function sureFolder(parts: readonly string[]): string {
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
