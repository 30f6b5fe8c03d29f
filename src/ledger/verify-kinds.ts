/**
 * What a ledger's folder is made of: files and folders, and nothing that only
 * points to one.
 *
 * A link in the place of a file reads as the file that it names, today. Who
 * made it can let it name another one tomorrow, and a pipe in that place holds
 * up whoever reads it. So neither is evidence, whatever is behind it.
 *
 * @module
 */
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { CHECKPOINT, JOURNAL, PUBLIC_KEY } from "./layout.ts";
import { type Problem, undefinedIfAbsent } from "./verify-snapshot.ts";

const TILES = "tile";
/** What else lies in the folder is not read. */
const READ: ReadonlySet<string> = new Set([CHECKPOINT, PUBLIC_KEY, JOURNAL, TILES]);

/** The first thing that is neither a file nor a folder, or a folder in the place of a file. */
export async function kindProblem(dir: string): Promise<Problem | undefined> {
  for (const one of await thingsIn(dir)) {
    if (!READ.has(one.name)) continue;
    const isRight = one.name === JOURNAL || one.name === TILES ? one.isDirectory() : one.isFile();
    if (!isRight) return strange(one.name, one);
    const below = one.isDirectory() ? await problemBelow(dir, one.name) : undefined;
    if (below !== undefined) return below;
  }
  return undefined;
}

async function problemBelow(dir: string, folder: string): Promise<Problem | undefined> {
  for (const one of await thingsIn(join(dir, folder))) {
    const path = `${folder}/${one.name}`;
    const isRight = one.isFile() || (folder !== JOURNAL && one.isDirectory());
    if (!isRight) return strange(path, one);
    const below = one.isDirectory() ? await problemBelow(dir, path) : undefined;
    if (below !== undefined) return below;
  }
  return undefined;
}

function strange(path: string, one: Dirent): Problem {
  const kind = one.isSymbolicLink() ? "a link" : one.isDirectory() ? "a folder" : one.isFile() ? "a file" : "no file";
  return { says: `\`${path}\` is ${kind}, and no ledger has one there` };
}

async function thingsIn(path: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    return undefinedIfAbsent(error) ?? [];
  }
}
