/** Where a folder lies: file system, cloud, repository, encryption. @module */
import { statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Lying, openBits, type PathFacts } from "../../ops/audit/facts-files.ts";
import { realPath } from "../config/places.ts";
import { linkOf, lookAt, namesIn, statOf, textOf } from "./paths.ts";

/** Names of folders that a service copies elsewhere. */
const SYNCED: readonly (readonly [RegExp, string])[] = [
  [/^Dropbox(?: \(.*\))?$/i, "Dropbox"],
  [/^OneDrive(?: - .*)?$/i, "OneDrive"],
  [/^(?:Google ?Drive|GoogleDrive|My Drive)$/i, "Google Drive"],
  [/^(?:iCloud(?: ?Drive)?|iCloudDrive|com~apple~CloudDocs|Mobile Documents)$/i, "iCloud"],
  [/^Nextcloud$/i, "Nextcloud"],
  [/^ownCloud$/i, "ownCloud"],
  [/^(?:pCloud ?Drive|pCloudSync)$/i, "pCloud"],
  [/^MEGA(?:sync)?$/i, "MEGA"],
  [/^Sync(?:thing)?$/i, "Syncthing"],
];

export function lyingOf(path: string, me: number): Lying {
  const real = realPath(path);
  const above = foldersAbove(real);
  const mount = mountOf(real);
  const space = spaceOf([real, ...above].find((one) => statOf(one) !== undefined) ?? "/");
  return {
    path,
    synced: syncedIn([real, ...above]),
    fsType: mount?.fsType ?? "unknown",
    inGit: above.find((one) => statOf(join(one, ".git")) !== undefined) ?? null,
    openAbove: openAbove(real, me),
    ...space,
    encrypted: mount === undefined ? null : encryptedAt(mount),
  };
}

/** Folders above a path that somebody else may write or owns. */
export function openAbove(path: string, me: number): readonly PathFacts[] {
  return foldersAbove(path).flatMap((one) => openFolder(one, me));
}

function foldersAbove(path: string): readonly string[] {
  const found: string[] = [];
  for (let at = dirname(path); ; at = dirname(at)) {
    found.push(at);
    if (at === dirname(at)) return found;
  }
}

/** Sticky folders such as /tmp let nobody move what is another's. */
function openFolder(path: string, me: number): readonly PathFacts[] {
  const facts = lookAt(path);
  if (facts === null) return [];
  const isShared = openBits(facts, 0o022) !== 0 && (facts.mode & 0o1000) === 0;
  return isShared || (facts.uid !== 0 && facts.uid !== me) ? [facts] : [];
}

function syncedIn(paths: readonly string[]): string | null {
  for (const path of paths) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const service = SYNCED.find(([pattern]) => pattern.test(name));
    if (service !== undefined) return service[1];
    if (
      path !== "/" &&
      (statOf(join(path, ".stfolder")) !== undefined || statOf(join(path, ".dropbox")) !== undefined)
    ) {
      return "a cloud's marker lies in it";
    }
  }
  return null;
}

function spaceOf(path: string): Pick<Lying, "freeBytes" | "freeFiles"> {
  try {
    const { bavail, bsize, ffree, files } = statfsSync(path);
    return { freeBytes: bavail * bsize, freeFiles: files === 0 ? null : ffree };
  } catch (error) {
    if (error instanceof Error) return { freeBytes: null, freeFiles: null };
    throw error;
  }
}

type Mount = { readonly at: string; readonly device: string; readonly fsType: string; readonly source: string };

/** The mount that a path lies on: the longest, and of two the later. */
function mountOf(path: string): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts()) {
    const inside = mount.at === "/" || path === mount.at || path.startsWith(`${mount.at}/`);
    if (inside && (best === undefined || mount.at.length >= best.at.length)) best = mount;
  }
  return best;
}

function mounts(): readonly Mount[] {
  return (textOf("/proc/self/mountinfo", 8 * 1_048_576) ?? "").split("\n").flatMap((line) => {
    const [front = "", back = ""] = line.split(" - ");
    const [, , device, , at] = front.split(" ");
    const [fsType, source] = back.split(" ");
    if (device === undefined || at === undefined || fsType === undefined) return [];
    return [
      {
        device,
        at: at.replaceAll(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8))),
        fsType,
        source: source ?? "",
      },
    ];
  });
}

const ENCRYPTING: ReadonlySet<string> = new Set([
  "ecryptfs",
  "fuse.gocryptfs",
  "fuse.encfs",
  "fuse.cryfs",
  "tmpfs",
  "ramfs",
]);
const LOCAL_DISKS: ReadonlySet<string> = new Set([
  "ext2",
  "ext3",
  "ext4",
  "xfs",
  "btrfs",
  "f2fs",
  "jfs",
  "reiserfs",
  "vfat",
  "ntfs3",
]);

function encryptedAt({ fsType, device, source }: Mount): boolean | null {
  if (ENCRYPTING.has(fsType)) return true;
  if (!LOCAL_DISKS.has(fsType)) return null;
  const block = linkOf(`/sys/dev/block/${device}`) ?? blockOf(source);
  return block === undefined ? null : encryptedBlock(block.slice(block.lastIndexOf("/") + 1), 0);
}

/** btrfs has device numbers of its own; the source names the disk. */
function blockOf(source: string): string | undefined {
  const real = source.startsWith("/dev/") ? realPath(source) : "";
  return real === "" ? undefined : real;
}

/** Whether a device, or any below it, is a mapping of dm-crypt; null: it cannot be seen, as inside a container. */
export function encryptedBlock(name: string, depth: number, sys = "/sys/class/block"): boolean | null {
  if (depth > 8) return null;
  const folder = join(sys, name);
  if (statOf(folder) === undefined) return null;
  const uuid = textOf(join(folder, "dm", "uuid")) ?? "";
  if (uuid.startsWith("CRYPT-")) return true;
  const below = namesIn(join(folder, "slaves")).map((one) => encryptedBlock(one, depth + 1, sys));
  if (below.length > 0) return below.includes(true) ? true : below.includes(null) ? null : false;
  // A disk of a virtual machine may be encrypted below it, where nobody inside can see.
  return /^(?:vd|xvd|nbd|loop)/.test(name) ? null : false;
}

/** Swap devices that are neither encrypted nor in memory. */
export function plainSwap(): readonly string[] {
  const lines = (textOf("/proc/swaps") ?? "").split("\n").slice(1);
  return lines.flatMap((line) => {
    const [path = "", type] = line.trim().split(/\s+/);
    if (path === "") return [];
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (name.startsWith("zram")) return [];
    if (type === "file") return lyingOf(path, 0).encrypted === false ? [path] : [];
    return encryptedBlock(name, 0) === false ? [path] : [];
  });
}
