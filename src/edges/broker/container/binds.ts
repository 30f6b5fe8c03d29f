/**
 * What is mounted into a container, and what of it has to be the very thing
 * that was checked: the engine takes names, so it is looked at afterwards.
 *
 * @module
 */
import * as fs from "node:fs";
import { basename, join } from "node:path";
import { EGRESS_INSIDE } from "../../../core/broker-wire.ts";
import { INSIDE, type Shape } from "../bwrap-line.ts";
import type { OpenMount } from "../mounts.ts";
import type { Found } from "../protected.ts";
import { Refused } from "../refusal.ts";
import { SCRATCH_INSIDE } from "../scratch.ts";
import type { SystemView } from "../system.ts";
import { type Forwarder, JOB_INSIDE } from "./inside.ts";
import type { Bind } from "./recipe.ts";
import type { Same } from "./verify.ts";

export type Places = {
  readonly system: SystemView;
  readonly nodePath: string;
  /** The pinned Node's own libraries, as this process has them loaded. */
  readonly libraries: readonly string[];
  /** How to start the forwarder inside. */
  readonly forwarder: Forwarder;
};

/** Names and hosts are synthetic; the machine's own would tell of it. */
const SYNTHETIC = ["passwd", "group", "hosts", "resolv.conf"];
const LIBRARIES = "/run/vambrace/lib";
const NODE = "/run/vambrace/node";

export function findPlaces(system: SystemView, nodePath: string): Places {
  const loaded = fs
    .readFileSync("/proc/self/maps", "utf8")
    .split("\n")
    .map((line) => line.slice(line.indexOf("/")))
    .filter((path) => /^\/.*\/(?:lib[^/]*|ld-[^/]*)\.so[^/]*$/.test(path));
  const libraries = [...new Set(loaded)];
  const loader = libraries.map(inLibraries).find((path) => basename(path).startsWith("ld-")) ?? "/no/loader";
  return { system, nodePath, libraries, forwarder: { loader, libraries: LIBRARIES, node: NODE } };
}

/** Under the name that programs ask for: a library is loaded by its first version number. */
function inLibraries(path: string): string {
  return join(LIBRARIES, basename(path).replace(/(\.so\.\d+)[.\d]+$/, "$1"));
}

export type Own = {
  /** The container's own folder, with script and input. */
  readonly folder: string;
  /** The folder with the egress proxy's socket. */
  readonly hatch: string | null;
};

export function bindsOf(shape: Shape, places: Places, own: Own): Bind[] {
  const etc = places.system.etc();
  const covered = shape.mounts.filter(({ access }) => access === "none").map(({ path }) => path);
  const isSeen = ({ path }: Found): boolean => !covered.some((cover) => path === cover || path.startsWith(`${cover}/`));
  return [
    ...SYNTHETIC.map((name): Bind => ({ from: join(etc, name), to: `/etc/${name}`, access: "read" })),
    ...(shape.scratch === null ? [] : [{ from: shape.scratch.path, to: SCRATCH_INSIDE, access: "write" } as const]),
    ...shape.mounts.flatMap(mountOf),
    ...shape.gitFolders.filter(isSeen).map(({ path }): Bind => ({ from: path, to: path, access: "write" })),
    ...shape.readOnly.filter(isSeen).map(({ path }): Bind => ({ from: path, to: path, access: "read" })),
    { from: own.folder, to: JOB_INSIDE, access: "read" },
    ...(own.hatch === null ? [] : egressBinds(shape, own.hatch, places)),
  ];
}

/** A file that is covered has nothing in it; folders are covered by `coversOf`. */
function mountOf({ path, access, fd }: OpenMount): Bind[] {
  if (access !== "none") return [{ from: path, to: path, access }];
  return fs.fstatSync(fd).isDirectory() ? [] : [{ from: "/dev/null", to: path, access: "read" }];
}

export function coversOf({ mounts }: Shape): string[] {
  const folders = mounts.filter(({ access, fd }) => access === "none" && fs.fstatSync(fd).isDirectory());
  return folders.map(({ path }) => path);
}

function egressBinds({ egress }: Shape, hatch: string, { nodePath, libraries }: Places): Bind[] {
  const trust = egress?.trust ?? null;
  const certificates = trust === null ? [] : [EGRESS_INSIDE.ca, EGRESS_INSIDE.systemCa];
  return [
    ...certificates.map((to): Bind => ({ from: trust?.path ?? "", to, access: "read" })),
    { from: hatch, to: EGRESS_INSIDE.folder, access: "read" },
    { from: INSIDE, to: "/run/vambrace/inside", access: "read" },
    { from: nodePath, to: NODE, access: "read" },
    ...libraries.map((path): Bind => ({ from: path, to: inLibraries(path), access: "read" })),
  ];
}

/**
 * Where the gateway is root, programs inside are not, and a folder of root's would be there and never take a write.
 *
 * @throws Refused SANDBOX_MOUNT
 */
export function requireWritable({ mounts }: Shape, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  for (const { path, access, fd } of mounts) {
    if (access !== "write") continue;
    const stat = fs.fstatSync(fd);
    const bit = stat.uid === uid ? 0o200 : stat.gid === gid ? 0o020 : 0o002;
    if ((stat.mode & bit) !== 0) continue;
    throw new Refused(
      "SANDBOX_MOUNT",
      `\`${path}\` cannot be written in a container: programs run as user ${uid} there`,
      "run vambrace as an ordinary user who owns the workspace, or write `backend: bubblewrap`",
    );
  }
}

export function sameOf(shape: Shape): Same[] {
  const covered = shape.mounts.filter(({ access }) => access === "none").map(({ path }) => path);
  const isSeen = ({ path }: Same): boolean => !covered.some((cover) => path === cover || path.startsWith(`${cover}/`));
  const mounts = shape.mounts.map(({ path, fd }): Same => {
    const { dev, ino } = fs.fstatSync(fd);
    return { path, key: `${dev}:${ino}` };
  });
  const found = [...mounts, ...[...shape.gitFolders, ...shape.readOnly].map(({ path, key }): Same => ({ path, key }))];
  const trust = shape.egress?.trust ?? null;
  const certificates = trust === null ? [] : [{ path: EGRESS_INSIDE.ca, key: trust.key }];
  const scratch = shape.scratch === null ? [] : [{ path: SCRATCH_INSIDE, key: shape.scratch.key }];
  return [...found.filter(isSeen), ...certificates, ...scratch];
}
