/**
 * Room on the disks that a job writes to. The kernel bounds each file of an
 * ordinary user's and not all of them together, so the broker looks: a job is
 * not started where too little is free, and is ended when it comes to that.
 *
 * BUG(disk): between two looks a fast disk can be filled to the end. A quota of
 * the file system would be exact; it takes root and a file system that has them.
 *
 * @module
 */
import { statfs } from "node:fs/promises";

const MOST_KEPT = 256 * 1024 * 1024;
const PART_KEPT = 0.05;

/** The first of these folders whose file system has too little left; null where none. */
export async function fullDisk(folders: readonly string[]): Promise<string | null> {
  for (const folder of folders) {
    const { bavail, blocks, bsize } = await statfs(folder);
    // The ledger and the person need room too.
    if (bavail * bsize < Math.min(MOST_KEPT, blocks * bsize * PART_KEPT)) return folder;
  }
  return null;
}
