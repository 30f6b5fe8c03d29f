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
import { Refused } from "./refusal.ts";

type Room = { readonly bavail: number; readonly blocks: number; readonly bsize: number };
type Ask = (folder: string) => Promise<Room>;

const MOST_KEPT = 256 * 1024 * 1024;
const PART_KEPT = 0.05;

/** The first of these folders whose file system has too little left; null where none. */
export async function fullDisk(folders: readonly string[], ask: Ask = statfs): Promise<string | null> {
  for (const folder of folders) {
    const { bavail, blocks, bsize } = await ask(folder);
    // The ledger and the person need room too.
    if (bavail * bsize < Math.min(MOST_KEPT, blocks * bsize * PART_KEPT)) return folder;
  }
  return null;
}

/** What is not there, or not for us, is refused with its reason when it is mounted. */
const TOLD_LATER = ["ENOENT", "ENOTDIR", "ELOOP", "EACCES"];

/** @throws Refused SANDBOX_LIMIT where too little is free, and where that cannot be told. */
export async function requireRoom(folders: readonly string[], ask: Ask = statfs): Promise<void> {
  const full = await fullDisk(folders, ask).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && TOLD_LATER.includes(String(error.code))) return null;
    const hint = "look at the file system of the folders that the command writes to";
    throw new Refused("SANDBOX_LIMIT", "how much room its disk has cannot be told", hint);
  });
  if (full === null) return;
  const hint = "make room on it, then run the command again";
  throw new Refused("SANDBOX_LIMIT", `the disk of \`${full}\` is nearly full`, hint);
}
