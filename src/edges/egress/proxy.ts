/**
 * The egress proxy: opens one way out for one call, and tells of every
 * connection with the call that made it.
 *
 * The world comes in as an argument, which is how tests reach loopback servers
 * by public addresses. The process hands in the real one; neither its
 * configuration nor its environment can change that.
 *
 * @module
 */
import { lstatSync, mkdirSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { HostLimit } from "../../core/decision.ts";
import { Fault } from "../../core/fault.ts";
import type { Connection } from "../../core/ports/executor.ts";
import type { Random } from "../../core/ports/random.ts";
import type { World } from "../net/address.ts";
import { type Lease, openLease } from "./lease.ts";
import { PROXY_LIMITS, type ProxyLimits } from "./limits.ts";

export type EgressProxy = {
  /** @param tell called for each attempt as it ends. */
  open(
    hosts: readonly HostLimit[],
    tell: (connection: Connection) => void,
  ): Promise<Lease & { readonly socket: string }>;
};

/** `sun_path` of the kernel, less the zero byte. */
const PATH_LIMIT = 107;
const SOCKET_NAME = /^[0-9a-f]{32}\.sock$/;

/**
 * @param deps.socketDir made with mode 700 where it is missing; sockets that a killed proxy left are removed.
 * @throws Fault EGRESS_UNAVAILABLE where somebody else could get at the folder.
 */
export function createEgressProxy(deps: {
  readonly socketDir: string;
  readonly world: World;
  readonly random: Random;
  readonly limits?: ProxyLimits;
}): EgressProxy {
  claimFolder(deps.socketDir);
  return {
    async open(hosts, tell) {
      const socket = join(deps.socketDir, `${Buffer.from(deps.random.bytes(16)).toString("hex")}.sock`);
      if (Buffer.byteLength(socket) > PATH_LIMIT) throw badFolder(deps.socketDir, "its path is too long for sockets");
      const way = { hosts, world: deps.world, limits: deps.limits ?? PROXY_LIMITS };
      return { ...(await openLease(socket, way, tell)), socket };
    },
  };
}

function claimFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const status = lstatSync(folder);
  if (!status.isDirectory()) throw badFolder(folder, "it is not a folder");
  if (status.uid !== process.getuid?.()) throw badFolder(folder, "it belongs to another user");
  if ((status.mode & 0o077) !== 0) throw badFolder(folder, "others may enter it");
  for (const name of readdirSync(folder)) if (SOCKET_NAME.test(name)) unlinkSync(join(folder, name));
}

function badFolder(folder: string, why: string): Fault {
  return new Fault("EGRESS_UNAVAILABLE", {
    message: `the egress proxy cannot keep its sockets in \`${folder}\`: ${why}`,
    hint: "give it a folder of its own with mode 700, on a path of fewer than 70 characters",
  });
}
