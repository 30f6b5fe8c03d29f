/**
 * What a container is made with, as the engine's API takes it. Pure: a test
 * can read every line of it.
 *
 * @module
 */
import type { JsonObject, JsonValue } from "../../../core/json.ts";
import { TMP_BYTES } from "../bwrap-line.ts";
import { OWN_PROCESSES } from "../limits.ts";
import type { Engine } from "./engine.ts";

export type Bind = { readonly from: string; readonly to: string; readonly access: "read" | "write" };

export type Recipe = {
  readonly engine: Pick<Engine, "imageId" | "isPodman" | "runtime" | "usernsMode" | "seccomp" | "cpus">;
  /** Marks the containers of one broker folder, so that the next broker finds what an earlier one left. */
  readonly label: string;
  readonly user: { readonly uid: number; readonly gid: number };
  /** Shallow first: a bind inside another comes after it. */
  readonly binds: readonly Bind[];
  /** Folders that are covered by an empty one. */
  readonly covers: readonly string[];
  /** What the first shell is told. */
  readonly waiting: string;
  readonly limits: {
    readonly memoryBytes: number;
    /** The job's own, and what the sandbox itself needs. */
    readonly processes: number;
    readonly fileBytes: number;
  };
};

export const LABEL = "vambrace.broker";
const SHM_BYTES = 64 * 1024 * 1024;
const OPEN_FILES = 1024;
/**
 * The kernel counts these for a user and not for a container, so this is no wall (the count of the container is); but
 * an engine that is told nothing asks for more than it may have itself.
 */
const USER_PROCESSES = 4096;
/** Node, where it forwards to the egress proxy, has threads; the kernel counts them. */
const FORWARDER_PROCESSES = 16;

export function processesOf(processes: number, hasEgress: boolean): number {
  return processes + OWN_PROCESSES + (hasEgress ? FORWARDER_PROCESSES : 0);
}

export function containerBody({ engine, label, user, waiting, binds, covers, limits }: Recipe): JsonObject {
  return {
    Image: engine.imageId,
    // Nothing of the image's own environment reaches the shell that waits.
    Entrypoint: ["/bin/sh", "-c", 'exec env -i /bin/sh -c "$1"', "sh", waiting],
    Cmd: [],
    Env: [],
    User: `${user.uid}:${user.gid}`,
    WorkingDir: "/",
    Hostname: "sandbox",
    Labels: { [LABEL]: label },
    Tty: false,
    OpenStdin: true,
    // When the broker goes, its connection does, and with that the shell's input: so it ends.
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    NetworkDisabled: true,
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      ...(engine.runtime === null ? {} : { Runtime: engine.runtime }),
      UsernsMode: engine.usernsMode,
      NetworkMode: "none",
      IpcMode: "private",
      CgroupnsMode: "private",
      Privileged: false,
      AutoRemove: false,
      RestartPolicy: { Name: "no" },
      // What a program prints is nobody's log file.
      LogConfig: { Type: "none", Config: {} },
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges", `seccomp=${engine.seccomp}`],
      ReadonlyRootfs: true,
      // Podman would copy what the image has there, and with it who may write.
      Tmpfs: tmpfs(covers, binds, engine.isPodman ? ",notmpcopyup" : ""),
      ShmSize: SHM_BYTES,
      Memory: limits.memoryBytes,
      // Memory and swap together: no swap.
      MemorySwap: limits.memoryBytes,
      PidsLimit: limits.processes,
      NanoCpus: Math.round(engine.cpus * 1e9),
      Ulimits: [
        ulimit("fsize", limits.fileBytes),
        ulimit("core", 0),
        ulimit("nofile", OPEN_FILES),
        ulimit("nproc", USER_PROCESSES),
      ],
      Mounts: binds.map(mountOf),
    },
  };
}

/** `/tmp` is the session's where that is mounted. */
function tmpfs(covers: readonly string[], binds: readonly Bind[], notCopied: string): JsonObject {
  const cover = `ro,nosuid,nodev,noexec,size=4096,mode=0555${notCopied}`;
  const own: [string, string] = ["/tmp", `rw,nosuid,nodev,size=${TMP_BYTES},mode=1777${notCopied}`];
  const tmp = binds.some(({ to }) => to === "/tmp") ? [] : [own];
  return Object.fromEntries([...tmp, ...covers.map((path) => [path, cover] as const)]);
}

function ulimit(name: string, value: number): JsonValue {
  return { Name: name, Soft: value, Hard: value };
}

/** Without what is mounted below: that is what the job says, and no more. */
function mountOf({ from, to, access }: Bind): JsonValue {
  return {
    Type: "bind",
    Source: from,
    Target: to,
    ReadOnly: access === "read",
    BindOptions: { Propagation: "rprivate", NonRecursive: true },
  };
}
