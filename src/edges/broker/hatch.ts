/**
 * Hatches: how a sandbox gets at the egress proxy. Each sandbox has a folder of
 * its own, empty when it is made; when its job comes, the socket of that job's
 * call is linked into it. So a sandbox can be made before its job is known, and
 * still sees the socket of its own call and no other.
 *
 * @module
 */
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { openExactly, throughFolder } from "./protected.ts";
import { Refused } from "./refusal.ts";

export type Hatch = {
  /** What is mounted. */
  readonly path: string;
  /** @throws Refused SANDBOX_MOUNT for anything but a socket. */
  admit(socket: string): void;
  remove(): void;
};

const NAME = "proxy.sock";

/** @param folder the broker's own, on the file system of the sockets. */
export function makeHatch(folder: string): Hatch {
  const path = fs.mkdtempSync(join(folder, "hatch-"));
  return {
    path,
    admit(socket) {
      const inside = join(path, NAME);
      try {
        throughFolder(socket, (safe) => fs.linkSync(safe, inside));
      } catch (error) {
        throw notThere(socket, error);
      }
      if (fs.lstatSync(inside).isSocket()) return;
      fs.unlinkSync(inside);
      throw notThere(socket, new Error("it is no socket"));
    },
    remove: () => fs.rmSync(path, { recursive: true, force: true }),
  };
}

export function sweepHatches(folder: string): void {
  for (const name of fs.readdirSync(folder)) {
    if (name.startsWith("hatch-")) fs.rmSync(join(folder, name), { recursive: true, force: true });
  }
}

export type TrustFile = { readonly path: string; readonly key: string };

/**
 * The certificates that a job names: an ordinary file beside its socket, and nothing else.
 *
 * @throws Refused SANDBOX_MOUNT
 */
export function trustFile(socket: string, path: string): TrustFile {
  if (dirname(path) !== dirname(socket)) throw notThere(path, new Error("it does not lie beside the socket"));
  return withTrust(path, (fd) => {
    const { dev, ino } = fs.fstatSync(fd);
    return { path, key: `${dev}:${ino}` };
  });
}

/** @returns a descriptor of the very same file. */
export function openTrust({ path, key }: TrustFile): number {
  const fd = openExactly(path);
  const { dev, ino } = fs.fstatSync(fd);
  if (`${dev}:${ino}` === key) return fd;
  fs.closeSync(fd);
  throw notThere(path, new Error("it was exchanged"));
}

function withTrust<T>(path: string, use: (fd: number) => T): T {
  let fd: number;
  try {
    fd = openExactly(path);
  } catch (error) {
    throw notThere(path, error);
  }
  try {
    if (!fs.fstatSync(fd).isFile()) throw notThere(path, new Error("it is no file"));
    return use(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function notThere(path: string, error: unknown): Refused {
  const why =
    error instanceof Error && "code" in error ? String(error.code) : error instanceof Error ? error.message : "";
  return new Refused(
    "SANDBOX_MOUNT",
    `\`${path}\` cannot be given to the sandbox: ${why}`,
    "the egress proxy may have been started again: propose the call again; keep the state folder on one file system",
  );
}
