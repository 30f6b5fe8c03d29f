/**
 * Copies: whether the very bytes of a file lie in the object store of its
 * repository, so that losing the file loses nothing.
 *
 * git is not started, and what the store holds is not believed: whoever can
 * write the workspace can write a file with the right name there. An object
 * counts only when its content, unpacked, is that of the file.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";
import { LARGEST_OBJECT, packedObject } from "./git-pack.ts";
import { isWithin } from "./resolve.ts";
import type { FilePort } from "./types.ts";

/** @param root the workspace; nothing outside it is looked at. Both paths are resolved. */
export async function hasGitCopy(path: string, root: string, files: FilePort): Promise<boolean> {
  const git = await gitFolder(path, root, files);
  const status = await files.lstat(path);
  if (git === null || status?.kind !== "file" || status.size > LARGEST_OBJECT) return false;
  const content = await files.readAt(path, 0, status.size + 1);
  if (content === null || content.length !== status.size) return false;
  const head = new TextEncoder().encode(`blob ${content.length}\0`);
  const name = createHash("sha1").update(head).update(content).digest("hex");
  const whole = Buffer.concat([head, content]);
  if (await isLoose(`${git}/objects/${name.slice(0, 2)}/${name.slice(2)}`, whole, files)) return true;
  const isPacked = await isPlain(`${git}/objects/pack`, files);
  return isPacked && (await packedObject(`${git}/objects`, name, files))?.equals(whole) === true;
}

async function gitFolder(path: string, root: string, files: FilePort): Promise<string | null> {
  for (let at = path.slice(0, path.lastIndexOf("/")); isWithin(at, root); at = at.slice(0, at.lastIndexOf("/"))) {
    const found = await files.lstat(`${at}/.git`);
    // A file or a link says that the store lies elsewhere.
    if (found !== null)
      return found.kind === "folder" && (await isPlain(`${at}/.git/objects`, files)) ? `${at}/.git` : null;
    if (at === "") break;
  }
  return null;
}

async function isPlain(folder: string, files: FilePort): Promise<boolean> {
  return (await files.lstat(folder))?.kind === "folder";
}

async function isLoose(object: string, wanted: Buffer, files: FilePort): Promise<boolean> {
  const folder = object.slice(0, object.lastIndexOf("/"));
  if (!(await isPlain(folder, files))) return false;
  const status = await files.lstat(object);
  if (status?.kind !== "file" || status.size > LARGEST_OBJECT) return false;
  const packed = await files.readAt(object, 0, status.size);
  return packed !== null && unpacksTo(packed, wanted);
}

function unpacksTo(packed: Uint8Array, wanted: Buffer): boolean {
  try {
    return inflateSync(packed, { maxOutputLength: wanted.length + 1 }).equals(wanted);
  } catch {
    // Not a packed object, or one that holds more: no copy.
    return false;
  }
}
