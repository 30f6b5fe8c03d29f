/** One entry of a foreign folder. @module */
import type { Stats } from "node:fs";
import type { OpenClawFile } from "../../core/openclaw.ts";

export function fileOf(path: string, stat: Stats): OpenClawFile {
  const kind = stat.isFile() ? "file" : stat.isDirectory() ? "folder" : stat.isSymbolicLink() ? "link" : "other";
  return { path, kind, mode: stat.mode & 0o7777, uid: stat.uid };
}
