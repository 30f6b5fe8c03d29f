/**
 * The command line of bubblewrap, and the descriptors that it names.
 *
 * The order matters: later mounts cover earlier ones, and at last what is left
 * of the root, /dev and /proc becomes read-only.
 *
 * @module
 */
import * as fs from "node:fs";
import { fileURLToPath } from "node:url";
import { EGRESS_INSIDE } from "../../core/broker-wire.ts";
import type { Job } from "../../core/ports/executor.ts";
import { openTrust, type TrustFile } from "./hatch.ts";
import { type Given, O_PATH } from "./launch.ts";
import type { OpenMount } from "./mounts.ts";
import { type Found, openExactly } from "./protected.ts";
import { openScratch, type Scratch, SCRATCH_INSIDE } from "./scratch.ts";
import { identity, type SystemView } from "./system.ts";

/** What a sandbox is made of; two jobs with the same shape can use the same kind of sandbox. */
export type Shape = {
  readonly mounts: readonly OpenMount[];
  /** `.git` folders (mounted on themselves) and what is read-only, shallow first. */
  readonly gitFolders: readonly Found[];
  readonly readOnly: readonly Found[];
  /** Where it may reach hosts: what it trusts for that; its hatch is made with it. */
  readonly egress: { readonly trust: TrustFile | null } | null;
  /** Its session's, mounted at `/tmp`; null: a `/tmp` of its own. */
  readonly scratch: Scratch | null;
  /** The pinned Node, where the runtime needs it. */
  readonly node: string | null;
  /** A browser: its standard input stays open, and its profile needs more room than a command's scratch files. */
  readonly live: boolean;
  /** What the shell inside begins with: to wait for the job's script, or to start the file tools' helper. */
  readonly beginning: string;
  /** Processors' worth of time, where that is limited for a job apart; null: it is not. */
  readonly cpus: number | null;
  /** Where limits are part of the sandbox and not of the job's first words: the job's. */
  readonly limits: Pick<Job, "memoryBytes" | "processes" | "fileBytes"> | null;
};

export type Line = {
  readonly args: readonly string[];
  /** Opened here; the caller closes them once the process has them. They become 7, 8, … in it. */
  readonly given: readonly Given[];
};

/**
 * 0, 1, 2: the program's own; 3: the script; 4: what the waiting shell says; 5: bubblewrap says who its first process is;
 * 6: what is said to the shell.
 */
export const FIRST_FREE_FD = 7;

// BUG(names): `--size` bounds what files hold, not how many there are. Each takes about a kilobyte of the kernel's
// memory, which a control group counts and nothing else does. Bubblewrap has no option for it; a tmpfs that the broker
// mounts itself would need rights that an ordinary user has not.
export const TMP_BYTES = 256 * 1024 * 1024;
const BROWSER_TMP_BYTES = 1024 * 1024 * 1024;
const SHM_BYTES = 64 * 1024 * 1024;

/**
 * Of /proc, bubblewrap covers only what it may write itself, and it may not where it was started by root: there
 * /proc/sys stays open, and a sandboxed program that is root outside sets `kernel.core_pattern`, which the kernel
 * runs as root. So the whole of it is read-only.
 */
const READ_ONLY_AT_LAST = ["/proc", "/dev", "/"];

/** What runs inside beside the job's program: the file tools' helper and the forwarder. */
export const INSIDE = fileURLToPath(new URL("inside", import.meta.url));

/** @param hatch the folder with the proxy's socket, of a sandbox that may reach hosts. */
export function bwrapLine(
  shape: Shape,
  system: SystemView,
  { seccompFile, hatch }: { readonly seccompFile: string; readonly hatch: string | null },
): Line {
  const given: Given[] = [];
  const take = (fd: number, flags = O_PATH): string => String(FIRST_FREE_FD + given.push({ fd, flags }) - 1);
  const { uid, gid } = identity();
  const etc = system.etc();
  try {
    const args = [
      ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"],
      ["--uid", String(uid), "--gid", String(gid), "--hostname", "sandbox", "--info-fd", "5"],
      system.folders.flatMap((path) => ["--ro-bind", path, path]),
      system.links.flatMap(([target, path]) => ["--symlink", target, path]),
      ["--ro-bind", etc, "/etc", "--proc", "/proc", "--dev", "/dev"],
      system.hidden.flatMap((path) => ["--ro-bind", "/dev/null", path]),
      ["--perms", "1777", "--size", String(SHM_BYTES), "--tmpfs", "/dev/shm"],
      tmpArgs(shape, take),
      shape.mounts
        .filter((m) => m.access !== "none")
        .flatMap((m) => [m.access === "write" ? "--bind-fd" : "--ro-bind-fd", take(dup(m.fd)), m.path]),
      shape.gitFolders.flatMap((git) => ["--bind-fd", take(openFound(git)), git.path]),
      shape.readOnly.flatMap((file) => ["--ro-bind-fd", take(openFound(file)), file.path]),
      shape.mounts.filter((m) => m.access === "none").flatMap(coverArgs),
      insideArgs(shape, hatch),
      trustArgs(shape, etc, take),
      READ_ONLY_AT_LAST.flatMap((path) => ["--remount-ro", path]),
      ["--chdir", "/tmp"],
      ["--seccomp", take(fs.openSync(seccompFile, "r"), fs.constants.O_RDONLY)],
      ["--", "/bin/sh", "-c", shape.beginning],
    ].flat();
    return { args, given };
  } catch (error) {
    for (const { fd } of given) fs.closeSync(fd);
    throw error;
  }
}

/** Before the person's files are mounted: none of them lies below a session's scratch folder. */
function tmpArgs({ scratch, live }: Shape, take: (fd: number) => string): string[] {
  if (scratch !== null) return ["--bind-fd", take(openScratch(scratch)), SCRATCH_INSIDE];
  return ["--perms", "1777", "--size", String(live ? BROWSER_TMP_BYTES : TMP_BYTES), "--tmpfs", "/tmp"];
}

/** Last of the person's files, so that nothing of what is covered is mounted on top again. */
function coverArgs({ path, fd }: OpenMount): string[] {
  if (!fs.fstatSync(fd).isDirectory()) return ["--ro-bind", "/dev/null", path];
  return ["--perms", "0000", "--size", "4096", "--tmpfs", path, "--remount-ro", path];
}

function insideArgs(shape: Shape, hatch: string | null): string[] {
  const args: string[] = [];
  if (shape.node !== null) args.push("--ro-bind", shape.node, "/run/vambrace/node");
  if (shape.node !== null || shape.egress !== null) args.push("--ro-bind", INSIDE, "/run/vambrace/inside");
  if (hatch !== null) args.push("--ro-bind", hatch, EGRESS_INSIDE.folder);
  return args;
}

function trustArgs({ egress }: Shape, etc: string, take: (fd: number) => string): string[] {
  const trust = egress?.trust ?? null;
  if (trust === null) return [];
  const hasList = fs.existsSync(`${etc}${EGRESS_INSIDE.systemCa.slice("/etc".length)}`);
  const places = [EGRESS_INSIDE.ca, ...(hasList ? [EGRESS_INSIDE.systemCa] : [])];
  return places.flatMap((place) => ["--ro-bind-fd", take(openTrust(trust)), place]);
}

/** A second descriptor of the same thing, so that the mount's own can be closed apart. */
function dup(fd: number): number {
  return fs.openSync(`/proc/self/fd/${fd}`, O_PATH);
}

/** @throws Error where it is no longer what the search found. */
function openFound(found: Found): number {
  const fd = openExactly(found.path);
  const stat = fs.fstatSync(fd);
  if (`${stat.dev}:${stat.ino}` === found.key) return fd;
  fs.closeSync(fd);
  throw new Error(`\`${found.path}\` was exchanged while the sandbox was made`);
}
