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
import type { Credential } from "../../core/credential.ts";
import type { EgressBytes, HostLimit } from "../../core/decision.ts";
import { Fault } from "../../core/fault.ts";
import type { Connection } from "../../core/ports/executor.ts";
import type { Random } from "../../core/ports/random.ts";
import { openAuthorities } from "./authority.ts";
import { type EgressWorld, type Lease, openLease } from "./lease.ts";
import { PROXY_LIMITS, type ProxyLimits } from "./limits.ts";
import { isWhole } from "./request.ts";
import { TRUST_NAME, trustFile } from "./trust-file.ts";
import { openWallet } from "./wallet.ts";

export type EgressProxy = {
  /** @param tell called for each attempt as it ends. */
  open(call: EgressCall, tell: (connection: Connection) => void): Promise<OpenedLease>;
  /**
   * What may be put into requests, instead of what was known before. Calls that begin from now on get it; in those that
   * run, what is not in it any more, or has another value, is refused from here on.
   */
  bind(credentials: readonly Credential[]): void;
};

export type EgressCall = {
  readonly hosts: readonly HostLimit[];
  /** Absent: as the proxy ships. */
  readonly bytes?: EgressBytes;
  /** Where it leads changes while it is open, so all that it may have to trust is told at once. */
  readonly lasting?: true;
};

export type OpenedLease = Lease & {
  readonly socket: string;
  /** Certificates to trust; null: the platform's. */
  readonly ca: string | null;
  readonly handles: Readonly<Record<string, string>>;
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
  readonly world: EgressWorld;
  readonly random: Random;
  readonly nowMs: () => number;
  readonly limits?: ProxyLimits;
}): EgressProxy {
  const { socketDir, random, world } = deps;
  claimFolder(socketDir);
  const authorities = openAuthorities(deps);
  const shipped = deps.limits ?? PROXY_LIMITS;
  let credentials: readonly Credential[] = [];
  return {
    bind(known) {
      credentials = known;
    },
    async open({ hosts, bytes, lasting }, tell) {
      const socket = join(socketDir, `${Buffer.from(random.bytes(16)).toString("hex")}.sock`);
      if (Buffer.byteLength(socket) > PATH_LIMIT) throw badFolder(socketDir, "its path is too long for sockets");
      const limits = bytes === undefined ? shipped : { ...shipped, upBytes: bytes.up, downBytes: bytes.down };
      const wallet = openWallet(credentials, hosts, random, ({ name, secret }) =>
        credentials.some((one) => one.name === name && one.secret === secret),
      );
      const isSeen = (one: HostLimit): boolean => !isWhole(one) || (one.tls !== "passthrough" && !wallet.isEmpty);
      const seen = hosts.filter(isSeen).length;
      const authority = seen === 0 && lasting === undefined ? null : authorities();
      const way = { hosts, world, limits, wallet, authority: () => authority ?? authorities() };
      const ca = authority === null ? null : trustFile(socketDir, authority, seen === hosts.length);
      return { ...(await openLease(socket, way, tell)), socket, ca, handles: wallet.handles };
    },
  };
}

function claimFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const status = lstatSync(folder);
  if (!status.isDirectory()) throw badFolder(folder, "it is not a folder");
  if (status.uid !== process.getuid?.()) throw badFolder(folder, "it belongs to another user");
  if ((status.mode & 0o077) !== 0) throw badFolder(folder, "others may enter it");
  for (const name of readdirSync(folder))
    if (SOCKET_NAME.test(name) || TRUST_NAME.test(name)) unlinkSync(join(folder, name));
}

function badFolder(folder: string, why: string): Fault {
  return new Fault("EGRESS_UNAVAILABLE", {
    message: `the egress proxy cannot keep its sockets in \`${folder}\`: ${why}`,
    hint: "give it a folder of its own with mode 700, on a path of fewer than 70 characters",
  });
}
