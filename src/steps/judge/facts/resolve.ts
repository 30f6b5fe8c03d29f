/**
 * Resolution: which file a path stands for, every link followed, step by step
 * as the kernel does it. `..` behind a link leaves the folder that the link
 * leads to, so nothing is shortened before its links are known.
 *
 * @module
 */
import type { FilePort, FileStatus } from "./types.ts";

/** The kernel's own limit. */
const MOST_LINKS = 40;
const LONGEST_PATH = 4096;
const MOST_PARTS = 1024;

export type Resolved =
  | { readonly ok: true; readonly path: string; readonly status: FileStatus | null }
  | { readonly ok: false; readonly path: string; readonly why: string };

/** @param path absolute. Taken as it is: no escape or encoding is read in it. */
export async function resolvePath(path: string, files: FilePort): Promise<Resolved> {
  if (path.includes("\0")) return { ok: false, path: path.replaceAll("\0", "\uFFFD"), why: "holds a NUL character" };
  if (path.length > LONGEST_PATH) return { ok: false, path: path.slice(0, LONGEST_PATH), why: "is too long" };
  const rest = path.split("/").reverse();
  let at = "";
  let status: FileStatus | null = { kind: "folder", size: 0, links: 1, executable: true };
  let links = 0;
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    if (rest.length > MOST_PARTS) return { ok: false, path: at, why: "has too many parts" };
    if (part === "" || part === ".") continue;
    if (part === "..") {
      at = at.slice(0, Math.max(0, at.lastIndexOf("/")));
      status = status === null ? null : await files.lstat(at === "" ? "/" : at);
      continue;
    }
    const next: string = `${at}/${part}`;
    const found: FileStatus | null = await files.lstat(next);
    if (found?.kind === "link") {
      links += 1;
      const target = links > MOST_LINKS ? null : await files.readlink(next);
      if (target === null) return { ok: false, path: next, why: "is a link that leads nowhere" };
      if (target.startsWith("/")) at = "";
      rest.push(...target.split("/").reverse());
      continue;
    }
    at = next;
    status = found;
  }
  return { ok: true, path: at === "" ? "/" : at, status };
}

/** True where `path` is `folder` or lies in it. Both absolute and resolved. */
export function isWithin(path: string, folder: string): boolean {
  return folder === "/" || path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
