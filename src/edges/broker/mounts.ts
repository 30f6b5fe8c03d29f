/**
 * Which of the person's files a sandbox may see. Every mount is opened here
 * and handed to bubblewrap by descriptor, so that what was checked is what is
 * mounted, whoever swaps folders for links meanwhile.
 *
 * @module
 */
import * as fs from "node:fs";
import { join, normalize } from "node:path";
import type { Job } from "../../core/ports/executor.ts";
import { isProtectedPath } from "./inside/protected-names.mjs";
import { openExactly } from "./protected.ts";
import { Refused } from "./refusal.ts";
import { SCRATCH_INSIDE } from "./scratch.ts";

export type OpenMount = { readonly path: string; readonly access: Access; readonly fd: number };
type Access = Job["mounts"][number]["access"];

/** No mount may lie in or above these, whatever is configured. */
const SYSTEM = ["/boot", "/dev", "/etc", "/proc", "/run", "/sys", "/usr"];
/** Nor be exactly these: too wide to be anybody's workspace. */
const TOO_WIDE = ["/home", "/opt", "/root", "/srv", "/tmp", "/var"];

/** @throws Refused SANDBOX_MOUNT. The caller closes the descriptors. */
export function openMounts(job: Job, forbidden: readonly string[]): OpenMount[] {
  const walls = [...SYSTEM, ...forbidden, ...forbidden.map(realOrSame)];
  const opened: OpenMount[] = [];
  try {
    // Shallow first: a mount inside another must come after it.
    for (const mount of [...job.mounts].sort((a, b) => a.path.length - b.path.length)) {
      if (mount.access === "none") continue;
      if (opened.some((other) => other.path === mount.path)) throw no(mount.path, "is mounted twice");
      checkPlace(mount.path, walls, mount.access);
      if (job.scratch !== undefined) checkBesideScratch(mount.path);
      opened.push({ path: mount.path, access: mount.access, fd: openExisting(mount.path) });
    }
    checkCwd(job, opened);
    for (const mount of job.mounts) if (mount.access === "none") cover(mount.path, opened);
  } catch (error) {
    closeMounts(opened);
    throw error;
  }
  return opened;
}

/**
 * What is blocked inside of a mount, by its real path. Each folder above it becomes a mount of its own: a job could
 * rename it otherwise, and the next one would find what is blocked under another name.
 */
function cover(path: string, opened: OpenMount[]): void {
  const real = realOrSame(path);
  const around = opened.findLast((mount) => mount.access !== "none" && real.startsWith(`${mount.path}/`));
  if (around === undefined || fs.lstatSync(real, { throwIfNoEntry: false }) === undefined) return;
  const between = real.slice(around.path.length + 1).split("/");
  for (let depth = 1; depth < between.length; depth++) {
    const folder = join(around.path, ...between.slice(0, depth));
    if (opened.some((mount) => mount.path === folder)) continue;
    opened.push({ path: folder, access: around.access, fd: openExactly(folder) });
  }
  if (!opened.some((mount) => mount.path === real && mount.access === "none"))
    opened.push({ path: real, access: "none", fd: openExactly(real) });
}

export function closeMounts(mounts: readonly { readonly fd: number }[]): void {
  for (const { fd } of mounts) fs.closeSync(fd);
}

function checkPlace(path: string, walls: readonly string[], access: "read" | "write"): void {
  if (!path.startsWith("/") || normalize(path) !== path || (path.length > 1 && path.endsWith("/")))
    throw no(path, "is not a plain absolute path");
  const wall = walls.find((other) => isInOrAbove(path, other));
  if (wall !== undefined) throw no(path, wall === path ? "is never mounted" : `lies in or above \`${wall}\``);
  if (TOO_WIDE.includes(path)) throw no(path, "is too wide to be mounted");
  if (access === "write" && isProtectedPath(path)) throw no(path, "is protected and can only be mounted read-only");
}

/** A mount point below what a program has written would be made where its links lead. */
function checkBesideScratch(path: string): void {
  if (!isInOrAbove(path, SCRATCH_INSIDE)) return;
  throw new Refused(
    "SANDBOX_MOUNT",
    `\`${path}\` lies in \`${SCRATCH_INSIDE}\`, which belongs to the session (\`scope: session\`)`,
    "keep the workspace elsewhere, or write `scope: call`",
  );
}

/** Whether one of two paths contains the other. */
export function isInOrAbove(a: string, b: string): boolean {
  return a === b || a === "/" || b === "/" || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

function openExisting(path: string): number {
  let real: string;
  try {
    real = fs.realpathSync.native(path);
  } catch {
    throw no(path, "does not exist");
  }
  if (real !== path) throw no(path, `passes through a link and really is \`${real}\``);
  const fd = openExactly(path);
  const stat = fs.fstatSync(fd);
  if (stat.isDirectory() || stat.isFile()) return fd;
  fs.closeSync(fd);
  throw no(path, "is neither a folder nor an ordinary file");
}

function checkCwd(job: Job, mounts: readonly OpenMount[]): void {
  const inside = mounts.some((mount) => job.cwd === mount.path || job.cwd.startsWith(`${mount.path}/`));
  // Vambrace's own helpers need no place, and a job without any of the person's files (a self-test) has none.
  const ownTmp = (mounts.length === 0 || job.runtime !== "command") && job.cwd === "/tmp";
  if (normalize(job.cwd) === job.cwd && (inside || ownTmp)) return;
  throw no(job.cwd, "is the working folder and lies outside every mount");
}

function realOrSame(path: string): string {
  try {
    return fs.realpathSync.native(path);
  } catch {
    return path; // not there yet: the name itself stays forbidden
  }
}

function no(path: string, why: string): Refused {
  return new Refused(
    "SANDBOX_MOUNT",
    `\`${path}\` ${why}`,
    "mount only existing folders of the workspace, by their real path, away from vambrace's own folders",
  );
}
