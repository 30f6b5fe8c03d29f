/**
 * One OpenClaw installation, read and never written: configuration, files,
 * databases and workspaces.
 *
 * @module
 */
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { OpenClawFile, OpenClawHome } from "../../core/openclaw.ts";
import { readConfig } from "./config.ts";
import { readState } from "./state.ts";
import { readSharedSkills, readWorkspaces } from "./workspace.ts";

const MOST_FILES = 5_000;
const DEPTH = 5;
/** Foreign code and working files: their modes are not the installation's. */
const NOT_LOOKED_INTO = new Set(["workspace", "node_modules", "cache", "tmp", "media", ".git"]);

/** @param userHome the folder that contains `.openclaw`. */
export function readOpenClaw(userHome: string): OpenClawHome {
  const root = join(userHome, ".openclaw");
  const configPath = join(root, "openclaw.json");
  const { config, includes, unread } = readConfig(configPath);
  const files: OpenClawFile[] = [];
  const unreadFiles: { path: string; why: string }[] = [];
  walk(root, 0, files, unreadFiles);
  for (const include of includes) if (existsSync(include)) addFile(include, files);
  const state = readState(root);
  const workspaces = readWorkspaces(root, config);
  const [first, ...others] = workspaces;
  return {
    root,
    present: existsSync(root),
    configPath,
    config,
    includes,
    files,
    state: state.state,
    workspaces:
      first === undefined ? [] : [{ ...first, skills: [...first.skills, ...readSharedSkills(root)] }, ...others],
    unread: [...unread, ...unreadFiles, ...state.unread],
  };
}

function walk(path: string, depth: number, files: OpenClawFile[], unread: { path: string; why: string }[]): void {
  const kind = addFile(path, files);
  if (kind !== "folder" || depth >= DEPTH) return;
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
  const kind = stat.isFile() ? "file" : stat.isDirectory() ? "folder" : stat.isSymbolicLink() ? "link" : "other";
  files.push({ path, kind, mode: stat.mode & 0o7777, uid: stat.uid });
  return kind;
}
