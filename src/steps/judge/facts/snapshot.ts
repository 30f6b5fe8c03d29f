/**
 * Snapshots: the files as they were when one call was looked at.
 *
 * A call names the same folders over and over. Each is looked at once, so all
 * facts of a call are of one moment, and looking costs a tenth. A snapshot is
 * for one call and is thrown away with it: nothing is remembered for the next.
 * Questions that came together (`check --jsonl`) are of one moment too.
 *
 * @module
 */
import type { Resolved } from "./resolve.ts";
import type { Digest } from "../../../core/json.ts";
import type { FilePort, FileStatus } from "./types.ts";

/** Folders that a snapshot remembers the names of; what is read beyond is read again. */
const MOST_FOLDERS = 512;

export function snapshotOf(files: FilePort): FilePort {
  const statuses = new Map<string, FileStatus | null>();
  const links = new Map<string, string | null>();
  const names = new Map<string, readonly string[] | null>();
  const digests = new Map<string, Digest | null>();
  return {
    ...files,
    resolved: new Map<string, Resolved>(),
    lstat: (path) => once(statuses, path, () => files.lstat(path)),
    digest: (path) => once(digests, path, () => files.digest(path)),
    readlink: (path) => once(links, path, () => files.readlink(path)),
    readdir: (path, most) =>
      names.size < MOST_FOLDERS
        ? once(names, `${most}\0${path}`, () => files.readdir(path, most))
        : files.readdir(path, most),
  };
}

async function once<T>(known: Map<string, T>, key: string, look: () => Promise<T>): Promise<T> {
  const before = known.get(key);
  if (before !== undefined) return before;
  const found = await look();
  known.set(key, found);
  return found;
}
