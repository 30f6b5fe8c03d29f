/** One entry of a foreign folder. @module */
import { existsSync, realpathSync, type Stats } from "node:fs";
import { relative } from "node:path";
import type { OpenClawFile } from "../../core/openclaw.ts";

export function fileOf(path: string, stat: Stats): OpenClawFile {
  const kind = stat.isFile() ? "file" : stat.isDirectory() ? "folder" : stat.isSymbolicLink() ? "link" : "other";
  return { path, kind, mode: stat.mode & 0o7777, uid: stat.uid };
}

/** Whether a path leads out of a folder. One that leads nowhere does: whoever makes its end fills it. */
export function leadsOut(path: string, folder: string): boolean {
  return !existsSync(path) || relative(realpathSync(folder), realpathSync(path)).startsWith("..");
}
