/**
 * Where the names of pipes lie for the moment that they have one: in memory,
 * where this machine has room there, else in the broker's own folder.
 *
 * Six names are made and removed for each sandbox. On ext4 that costs a
 * millisecond, as it does not give an inode away again soon after; in memory
 * it costs next to nothing.
 *
 * @module
 */
import * as fs from "node:fs";
import { join } from "node:path";

const SHARED = "/dev/shm";
const TMPFS = 0x01021994;
/** Bytes: as much as the standard input of all jobs at once can take, and as much again for others. */
const MOST_NEEDED = 1024 * 1024 * 1024;
const OURS = /^vambrace-pipes-(\d+)-(\d+)-[A-Za-z0-9]{6}$/;

/** @param folder the broker's own. @returns an empty folder that only this user can enter; it is removed at the broker's end. */
export function pipePlace(folder: string, shared: string = SHARED): string {
  const place = inMemory(shared) ?? onDisk(folder);
  process.once("exit", () => fs.rmSync(place, { recursive: true, force: true }));
  return place;
}

function onDisk(folder: string): string {
  const place = join(folder, "pipes");
  fs.rmSync(place, { recursive: true, force: true });
  fs.mkdirSync(place, { mode: 0o700 });
  return place;
}

function inMemory(shared: string): string | null {
  try {
    const { type, bavail, bsize } = fs.statfsSync(shared);
    if (type !== TMPFS || bavail * bsize < MOST_NEEDED) return null;
    sweep(shared);
    // A new name, so nobody can have put anything there before; the mode is 700.
    return fs.mkdtempSync(join(shared, `vambrace-pipes-${pidSpace()}-${process.pid}-`));
  } catch {
    return null; // not there, or closed to this user: the broker's own folder serves
  }
}

/** What brokers left that were killed. */
function sweep(shared: string): void {
  for (const name of fs.readdirSync(shared)) {
    const [, space, pid] = OURS.exec(name) ?? [];
    // Numbers of processes mean something only in one's own namespace.
    if (space !== pidSpace() || fs.existsSync(`/proc/${pid}`)) continue;
    const path = join(shared, name);
    if (fs.lstatSync(path).uid === process.getuid?.()) fs.rmSync(path, { recursive: true, force: true });
  }
}

function pidSpace(): string {
  return /\d+/.exec(fs.readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0";
}
