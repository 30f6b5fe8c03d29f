/** A real disk that is soon full. @module */
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A disk of so many bytes; undefined where none can be had. */
export function smallDisk(t: { after(body: () => void): void }, bytes: number): string | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "vambrace-disk-")));
  if (spawnSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder]).status !== 0) return undefined;
  t.after(() => {
    execFileSync("umount", [folder]);
    fs.rmdirSync(folder);
  });
  return folder;
}

/** Not one byte is left on it. */
export function fill(disk: string): void {
  const { bavail, bsize } = fs.statfsSync(disk);
  fs.writeFileSync(join(disk, "filler"), Buffer.alloc(bavail * bsize));
}
