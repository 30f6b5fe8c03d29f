/**
 * One OpenClaw installation, read and never written: configuration, files,
 * databases and workspaces.
 *
 * @module
 */
import { existsSync, lstatSync, readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Stats } from "node:fs";
import type { OpenClawFile, OpenClawHome } from "../../core/openclaw.ts";
import { fileOf } from "./file.ts";
import { readConfig } from "./config.ts";
import { readPlugins } from "./plugins.ts";
import { readState } from "./state.ts";
import { withVariables } from "./variables.ts";
import { readSharedSkills, readWorkspaces } from "./workspace.ts";

const MOST_FILES = 5_000;
const DEPTH = 5;
/** Foreign code and working files: their modes are not the installation's. */
const NOT_LOOKED_INTO = new Set(["workspace", "node_modules", "cache", "tmp", "media", ".git"]);

/** Of other profiles, and what it was called before. */
const OTHERS = /^\.(?:openclaw-.+|clawdbot(?:-.+)?|moltbot(?:-.+)?|clawdis)$/;

/** @param folder the one that contains `.openclaw`, or the state folder of another profile itself. */
export function readOpenClaw(folder: string): OpenClawHome {
  const isState = !existsSync(join(folder, ".openclaw")) && existsSync(join(folder, "openclaw.json"));
  const root = isState ? folder : join(folder, ".openclaw");
  const configPath = join(root, "openclaw.json");
  const { config: written, includes, unread } = readConfig(configPath);
  const { config, variables, undecided } = withVariables(root, written);
  const files: OpenClawFile[] = [];
  const unreadFiles: { path: string; why: string }[] = [];
  walk(root, 0, files, unreadFiles);
  for (const include of includes) if (existsSync(include)) addFile(include, files);
  const state = readState(root);
  const workspaces = readWorkspaces(root, config);
  const { plugins, unread: unreadPlugins } = readPlugins(state.state?.installed ?? null);
  const [first, ...others] = workspaces;
  return {
    root,
    real: existsSync(root) ? realpathSync(root) : root,
    openAbove: existsSync(root) ? openAbove(realpathSync(root)) : [],
    others: isState ? [] : namesIn(folder).flatMap((name) => (OTHERS.test(name) ? [join(folder, name)] : [])),
    variables,
    undecided,
    present: existsSync(root),
    configPath,
    config,
    includes,
    files,
    state: state.state,
    plugins,
    workspaces:
      first === undefined ? [] : [{ ...first, skills: [...first.skills, ...readSharedSkills(root)] }, ...others],
    unread: [...unread, ...unreadFiles, ...state.unread, ...unreadPlugins],
  };
}

function walk(path: string, depth: number, files: OpenClawFile[], unread: { path: string; why: string }[]): void {
  const kind = addFile(path, files);
  const isFolder = kind === "folder" || (depth === 0 && isBehind(path, files)?.isDirectory() === true);
  if (!isFolder || depth >= DEPTH) return;
  try {
    for (const name of readdirSync(path).sort()) {
      if (files.length >= MOST_FILES) {
        unread.push({ path, why: `more than ${MOST_FILES} files` });
        return;
      }
      if (!NOT_LOOKED_INTO.has(name)) walk(join(path, name), depth + 1, files, unread);
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    unread.push({ path, why: error.message });
  }
}

function addFile(path: string, files: OpenClawFile[]): OpenClawFile["kind"] | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const found = fileOf(path, stat);
  files.push(found);
  // Of a link to a file what counts is whose it is in the end, and what others may do with that.
  if (found.kind === "link" && statSync(path, { throwIfNoEntry: false })?.isFile() === true) isBehind(path, files);
  return found.kind;
}

/** What a link leads to, under the name of the link. */
function isBehind(path: string, files: OpenClawFile[]): Stats | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat !== undefined) files.push(fileOf(path, stat));
  return stat;
}

/** Where everybody may write and nobody may move what is another's, as in /tmp, is no way in. */
function openAbove(root: string): readonly OpenClawFile[] {
  const path = dirname(root);
  const stat = statSync(path, { throwIfNoEntry: false });
  const isOpen = stat !== undefined && (stat.mode & 0o022) !== 0 && (stat.mode & 0o1000) === 0;
  const here = isOpen ? [fileOf(path, stat)] : [];
  return path === root ? [] : [...here, ...openAbove(path)];
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
