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
  const walk: Walk = { rest: path.split("/").reverse(), at: "", status: ROOT, links: 0 };
  while (walk.rest.length > 0) {
    const why = walk.rest.length > MOST_PARTS ? "has too many parts" : await step(walk, files);
    if (why !== null) return { ok: false, path: walk.at, why };
  }
  return { ok: true, path: walk.at === "" ? "/" : walk.at, status: walk.status };
}

const ROOT: FileStatus = { kind: "folder", size: 0, links: 1, executable: true };

type Walk = { readonly rest: string[]; at: string; status: FileStatus | null; links: number };

/** Takes one part of the path. @returns why it cannot be taken. */
async function step(walk: Walk, files: FilePort): Promise<string | null> {
  const part = walk.rest.pop();
  if (part === undefined || part === "" || part === ".") return null;
  if (part === "..") {
    walk.at = walk.at.slice(0, Math.max(0, walk.at.lastIndexOf("/")));
    walk.status = await files.lstat(walk.at === "" ? "/" : walk.at);
    return null;
  }
  const next = `${walk.at}/${part}`;
  const found = await files.lstat(next);
  if (found?.kind === "link") return followLink(next, walk, files);
  walk.at = next;
  walk.status = found;
  return null;
}

async function followLink(link: string, walk: Walk, files: FilePort): Promise<string | null> {
  // What these lead to is another thing in each process: the judge's own files are not the tool's.
  if (isWithin(link, "/proc")) {
    walk.at = link;
    return "is a link of the kernel's own";
  }
  walk.links += 1;
  const target = walk.links > MOST_LINKS ? null : await files.readlink(link);
  if (target === null) {
    walk.at = link;
    return "is a link that leads nowhere";
  }
  if (target.startsWith("/")) walk.at = "";
  walk.rest.push(...target.split("/").reverse());
  return null;
}

/** True where `path` is `folder` or lies in it. Both absolute and resolved. */
export function isWithin(path: string, folder: string): boolean {
  return folder === "/" || path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
