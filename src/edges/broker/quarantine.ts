/**
 * After a job: protected files that were not there before are moved out of
 * the folders that it could write, into the broker's own quarantine.
 *
 * They cannot be forbidden beforehand without leaving empty stand-ins in the
 * person's folder, so between their creation and the end of the job they
 * exist. What a fresh repository needs is kept: sample hooks, and a git
 * configuration of settings that run nothing.
 *
 * BUG(meanwhile): a long job's new `.envrc` is on disk until the job ends, and
 * what the person creates in the same folder meanwhile is moved too (it is
 * named in the job's standard error, and nothing is deleted).
 *
 * @module
 */
import * as fs from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type Found, findProtected, throughFolder } from "./protected.ts";

/** @returns one line for each thing that was moved. */
export async function quarantineNew(
  roots: readonly string[],
  known: ReadonlySet<string>,
  folder: string,
): Promise<string[]> {
  const lines: string[] = [];
  for (const root of roots) {
    const { found } = await findProtected(root);
    for (const thing of found) {
      if (!known.has(thing.key) && !isHarmless(thing, root)) lines.push(moveAway(thing, folder));
    }
  }
  return lines;
}

function moveAway(thing: Found, folder: string): string {
  const shelf = join(folder, "quarantine");
  fs.mkdirSync(shelf, { recursive: true, mode: 0o700 });
  const to = join(fs.mkdtempSync(join(shelf, "job-")), basename(thing.path));
  throughFolder(thing.path, (from) => move(from, to));
  fs.writeFileSync(join(dirname(to), "from"), `${thing.path}\n`, { mode: 0o600 });
  return `${thing.path} is run by other programs without asking, so a job may not create it; it was moved to ${to}`;
}

function move(from: string, to: string): void {
  try {
    fs.renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EXDEV")) throw error;
    fs.cpSync(from, to, { recursive: true, verbatimSymlinks: true });
    fs.rmSync(from, { recursive: true });
  }
}

function isHarmless(thing: Found, root: string): boolean {
  if (thing.kind === "link") return false;
  const name = basename(thing.path);
  try {
    if (name === "hooks" && thing.kind === "folder") return hasOnlySamples(thing.path);
    if (thing.kind !== "file") return false;
    if (name === "config") return isHarmlessGitConfig(readSafely(thing.path));
    if (name === ".git") return pointsInside(thing.path, readSafely(thing.path), root);
    return false;
  } catch {
    return false; // what cannot be read cannot be called harmless
  }
}

function hasOnlySamples(path: string): boolean {
  const entries = throughFolder(path, (safe) => fs.readdirSync(safe, { withFileTypes: true }));
  return entries.every((entry) => entry.isFile() && entry.name.endsWith(".sample"));
}

const MOST_CONFIG_BYTES = 65_536;

function readSafely(path: string): string {
  return throughFolder(path, (safe) => {
    const fd = fs.openSync(safe, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
    try {
      const stat = fs.fstatSync(fd);
      if (!stat.isFile() || stat.size > MOST_CONFIG_BYTES) throw new Error("not a small file");
      return fs.readFileSync(fd, "utf8");
    } finally {
      fs.closeSync(fd);
    }
  });
}

const SECTION = /^\[(core|remote "[\w./-]+"|branch "[\w./-]+"|user|init|submodule "[\w./-]+"|extensions)\]$/;
const SETTING =
  /^(?:(?:repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode|symlinks|objectformat|active) = [\w]+|(?:name|email|defaultbranch) = [\w .@+-]+|fetch = \+?[\w/*:.-]+|(?:remote|merge) = [\w./-]+|url = (?:https?:\/\/|ssh:\/\/|git@|\/)[\w.@:/~+-]+)$/i;

/** Only sections and settings that name no program; a line in any other form is not harmless. */
export function isHarmlessGitConfig(text: string): boolean {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.every((line) => line === "" || SECTION.test(line) || SETTING.test(line));
}

/** A `.git` file of a worktree or submodule: it must name a git folder inside what the job could see. */
function pointsInside(path: string, text: string, root: string): boolean {
  const [, target] = /^gitdir: (.+)\n?$/.exec(text) ?? [];
  if (target === undefined) return false;
  const full = resolve(dirname(path), target);
  return full.startsWith(`${root}/`) && /\/\.git\/(?:modules|worktrees)\//.test(full);
}
