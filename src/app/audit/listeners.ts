/**
 * What listens, by the kernel's own tables, and whose it is: a socket's inode
 * there, and the descriptors of processes here. Nothing is connected to.
 *
 * @module
 */
import { join } from "node:path";
import type { ListenerFacts, OwnProcess } from "../../ops/audit/facts-host.ts";
import { linkOf, namesIn, textOf } from "./paths.ts";

const LISTEN = "0A";
/** Of UDP: not connected to anybody, so anybody may send. */
const UNCONNECTED = "07";
const PROCESSES_MOST = 20_000;

type Socket = Pick<ListenerFacts, "protocol" | "address" | "port"> & { readonly inode: string };

/** @throws Error where the kernel shows no table: then nothing is known. */
export function gatherListeners(own: readonly OwnProcess[]): readonly ListenerFacts[] {
  const tcp = textOf("/proc/net/tcp", 64 * 1_048_576);
  if (tcp === undefined) throw new Error("/proc/net/tcp cannot be read");
  const sockets = [
    ...parseTable(tcp, "tcp"),
    ...parseTable(textOf("/proc/net/tcp6", 64 * 1_048_576) ?? "", "tcp"),
    ...parseTable(textOf("/proc/net/udp", 64 * 1_048_576) ?? "", "udp"),
    ...parseTable(textOf("/proc/net/udp6", 64 * 1_048_576) ?? "", "udp"),
  ];
  const owners = ownersOf(new Set(sockets.map(({ inode }) => inode)));
  return sockets.map(({ inode, ...socket }) => {
    const pid = owners.get(inode);
    const ours = own.find((one) => one.pid === pid);
    return {
      ...socket,
      owner: ours === undefined ? null : { pid: ours.pid, kind: ours.kind },
      program: pid === undefined ? null : (textOf(join("/proc", String(pid), "comm"))?.trim() ?? null),
    };
  });
}

export function parseTable(table: string, protocol: "tcp" | "udp"): readonly Socket[] {
  return table
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      const [address, port] = local?.split(":") ?? [];
      const isOpen = state === (protocol === "tcp" ? LISTEN : UNCONNECTED);
      if (!isOpen || address === undefined || port === undefined || inode === undefined) return [];
      const number = Number.parseInt(port, 16);
      return number === 0 ? [] : [{ protocol, address: addressOf(address), port: number, inode }];
    });
}

/** Words of four bytes, each in the order of the machine: little end first on everything that Node runs on here. */
function addressOf(hex: string): string {
  const bytes = [...hex.matchAll(/../g)].map(([byte]) => Number.parseInt(byte, 16));
  const turned = bytes.map((_, i) => bytes[i - (i % 4) + 3 - (i % 4)] ?? 0);
  if (turned.length === 4) return turned.join(".");
  const isMapped = turned.slice(0, 10).every((byte) => byte === 0) && turned[10] === 255 && turned[11] === 255;
  if (isMapped) return turned.slice(12).join(".");
  if (turned.every((byte) => byte === 0)) return "::";
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((turned[2 * i] ?? 0) << 8) | (turned[2 * i + 1] ?? 0)).toString(16),
  );
  return groups.join(":").replace(/^(?:0:){7}1$/, "::1");
}

/** Process ids by inode, of the processes that this user may look into. */
function ownersOf(inodes: ReadonlySet<string>): ReadonlyMap<string, number> {
  const owners = new Map<string, number>();
  const pids = namesIn("/proc").filter((name) => /^[0-9]+$/.test(name));
  for (const pid of pids.slice(0, PROCESSES_MOST)) {
    const folder = join("/proc", pid, "fd");
    for (const name of namesIn(folder)) {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(join(folder, name)) ?? "") ?? [];
      if (inode !== undefined && inodes.has(inode) && !owners.has(inode)) owners.set(inode, Number(pid));
    }
  }
  return owners;
}
