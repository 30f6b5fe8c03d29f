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
import { openExactly } from "../protected.ts";
import { Refused } from "../refusal.ts";
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

export function bindsOf(shape: Shape, places: Places, own: string): Bind[] {
  const etc = places.system.etc();
  return [
    ...SYNTHETIC.map((name): Bind => ({ from: join(etc, name), to: `/etc/${name}`, access: "read" })),
    ...shape.mounts.map(({ path, access }): Bind => ({ from: path, to: path, access })),
    ...shape.gitFolders.map(({ path }): Bind => ({ from: path, to: path, access: "write" })),
    ...shape.readOnly.map(({ path }): Bind => ({ from: path, to: path, access: "read" })),
    { from: own, to: JOB_INSIDE, access: "read" },
    ...(shape.egressSocket === null ? [] : egressBinds(shape.egressSocket, places)),
  ];
}

function egressBinds(socket: string, { nodePath, libraries }: Places): Bind[] {
  return [
    { from: socket, to: EGRESS_INSIDE.socket, access: "write" },
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
    if (access === "read") continue;
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
  const mounts = shape.mounts.map(({ path, access, fd }): Same => {
    const { dev, ino } = fs.fstatSync(fd);
    return { path, key: `${dev}:${ino}`, access };
  });
  const found = [
    ...shape.gitFolders.map(({ path, key }): Same => ({ path, key, access: "write" })),
    ...shape.readOnly.map(({ path, key }): Same => ({ path, key, access: "read" })),
  ];
  return [...mounts, ...found, ...(shape.egressSocket === null ? [] : [socketOf(shape.egressSocket)])];
}

/** An engine makes a folder where it finds nothing to mount, so it must be there, and a socket. */
function socketOf(path: string): Same {
  const fd = openExactly(path);
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isSocket()) throw new Error(`\`${path}\` is no socket`);
    return { path: EGRESS_INSIDE.socket, key: `${stat.dev}:${stat.ino}`, access: "write" };
  } finally {
    fs.closeSync(fd);
  }
}
