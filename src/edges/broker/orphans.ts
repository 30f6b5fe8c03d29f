/**
 * What an earlier broker left behind.
 *
 * A broker that is killed while bubblewrap is between its two processes leaves
 * the inner one waiting for the outer one for ever: it runs nothing, but it
 * holds mounts of the person's folders. Every sandbox of a broker has the
 * broker's own folder in its command line, and there is one broker to a
 * folder, so at a broker's start all of them are such leftovers.
 *
 * @module
 */
import * as fs from "node:fs";

/** @returns how many were ended. */
export function endOrphans(folder: string): number {
  let ended = 0;
  for (const name of fs.readdirSync("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid || !isOurs(name, folder)) continue;
    try {
      process.kill(Number(name), "SIGKILL");
      ended += 1;
    } catch {
      continue; // it ended by itself, or is another user's and then none of ours
    }
  }
  return ended;
}

function isOurs(pid: string, folder: string): boolean {
  try {
    const words = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return words.includes("--unshare-all") && words.some((word) => word.startsWith(`${folder}/etc-`));
  } catch {
    return false; // it ended while we looked
  }
}
