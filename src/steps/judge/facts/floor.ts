/**
 * The floor: commands that destroy the machine or raise privilege, whatever is
 * configured. They are refused, so only what is never meant well is here.
 *
 * @module
 */
import { posix } from "node:path";
import { type Field, prefixOf, shown } from "./fields.ts";
import type { Found } from "./found.ts";
import type { State } from "./state.ts";
import type { CommandWorld } from "./types.ts";

type Place = { readonly found: Found; readonly world: CommandWorld; readonly state: Pick<State, "places"> };

/** Folders whose loss is the loss of the machine, the person's files or the workspace. */
const SYSTEM =
  /^\/(?:bin|boot|dev|etc|home|lib|lib32|lib64|media|mnt|opt|proc|root|run|sbin|srv|sys|usr|var)?(?:\/\*{0,2}|\/\.\*)?$/;
const DEVICE = /^\/dev\/(?:sd|hd|vd|xvd|nvme|mmcblk|md|dm-|mapper\/|disk\/|loop|mem|kmem|port)/;

type Rule = (texts: readonly string[], args: readonly Field[], place: Place) => void;

/** `rm -r`, `chmod -R`, `chown -R`, `mv` and the like on a whole tree that must stay. */
function onTree(needs: RegExp | null): Rule {
  return (texts, args, place) => {
    const flags = texts.filter((text) => text.startsWith("-"));
    const recursive = needs === null || flags.some((flag) => needs.test(flag));
    if (recursive && args.some((arg) => isRoot(arg, place))) place.found.destructive = true;
  };
}

function isRoot(arg: Field, place: Place): boolean {
  const text = shown(arg);
  if (text.startsWith("-") || text === "") return false;
  const { home, workspace } = place.world;
  // What surely comes first decides: `/$x` may be `/`.
  const tail = arg.kind === "unknown" ? prefixOf(arg) : text;
  return (place.state.places ?? ["/"]).some((standing) => {
    const path = posix.resolve(standing, tail.replace(/(?:\/|^)(?:\*{1,2}|\.\*|\{[^}]*\})$/, "$&/.."));
    if (arg.kind === "unknown" && !tail.endsWith("/")) return false;
    return (
      SYSTEM.test(path) ||
      path === home ||
      path === workspace ||
      home.startsWith(`${path}/`) ||
      workspace.startsWith(`${path}/`)
    );
  });
}

const RECURSIVE = /^-(?:[a-zA-Z]*[rR]|-recursive|-no-preserve-root)/;

const dd: Rule = (texts, _args, place) => {
  if (texts.some((text) => text.startsWith("of=") && DEVICE.test(text.slice(3)))) place.found.destructive = true;
};

const toDevice: Rule = (texts, _args, place) => {
  if (texts.some((text) => DEVICE.test(text))) place.found.destructive = true;
};

const chmod: Rule = (texts, args, place) => {
  const mode = texts.find((text) => !/^-(?:-|[RvcfH]|$)/.test(text)) ?? "";
  if (/(?:^|,)[ugoa]*[+=][rwxXt]*s/.test(mode) || /^[2467][0-7]{3}$/.test(mode)) place.found.privileged = true;
  onTree(/^-(?:[a-zA-Z]*R|-recursive)/)(texts, args, place);
  const open = /^0?777$|^(?:a|ugo|o)?[+=]rwx$/.test(mode);
  if (open && args.some((arg) => isRoot(arg, place))) place.found.destructive = true;
};

const install: Rule = (texts, _args, place) => {
  const joined = texts.join(" ");
  if (/(?:-m|--mode=?) ?(?:[2467][0-7]{3}|[ugoa]*[+=]\w*s)/.test(joined)) place.found.privileged = true;
};

const find: Rule = (texts, args, place) => {
  const ends = texts.some((text) => /^-(?:delete)$/.test(text));
  const removes =
    ends ||
    texts.some(
      (text, i) => /^-(?:exec|execdir|ok|okdir)$/.test(text) && /(?:^|\/)(?:rm|shred|unlink)$/.test(texts[i + 1] ?? ""),
    );
  // A whole tree only: with a test, what is deleted is what was named.
  const tests = texts.some((text) =>
    /^-(?:i?name|i?path|i?regex|mtime|atime|ctime|mmin|cmin|size|empty|newer|user|perm|inum|links|uid|gid|samefile|used|wholename)/.test(
      text,
    ),
  );
  const roots = args.slice(
    0,
    Math.max(
      0,
      texts.findIndex((text) => /^[-(!]/.test(text)),
    ),
  );
  const system = roots.filter((root) =>
    isRoot(root, { ...place, world: { ...place.world, workspace: "/nowhere/at/all" } }),
  );
  if (removes && !tests && roots.some((root) => isRoot(root, place))) place.found.destructive = true;
  if (removes && system.length > 0 && !tests) place.found.destructive = true;
};

const setpriv: Rule = (_texts, _args, place) => {
  place.found.privileged = true;
};

const destroys: Rule = (_texts, _args, place) => {
  place.found.destructive = true;
};

const mount: Rule = (texts, _args, place) => {
  if (texts.some((text) => !/^-l|^-t$|^-v$|^-h$/.test(text))) place.found.privileged = true;
};

const unshare: Rule = (_texts, _args, place) => {
  place.found.privileged = true;
};

const kill: Rule = (texts, _args, place) => {
  if (texts.includes("-1") && texts.at(-1) === "-1" && texts.length > 1) place.found.destructive = true;
};

const PRIVILEGE =
  "sudo su doas pkexec sudoedit runuser run0 setcap insmod modprobe rmmod kexec chroot nsenter unshare useradd userdel usermod " +
  "adduser deluser groupadd groupdel groupmod gpasswd passwd chpasswd newusers visudo vipw vigr chsh setenforce umount swapon " +
  "swapoff pivot_root switch_root sg newgrp capsh setpriv sysctl losetup iptables ip6tables nft ebtables auditctl";
const DESTRUCTION =
  "mkfs mkfs.ext2 mkfs.ext3 mkfs.ext4 mkfs.xfs mkfs.btrfs mkfs.vfat mkfs.fat mkfs.ntfs mkswap wipefs fdisk sfdisk cfdisk gdisk sgdisk parted " +
  "shutdown reboot poweroff halt blkdiscard cryptsetup vgremove lvremove pvremove mke2fs";

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...PRIVILEGE.split(" ").map((name): [string, Rule] => [name, setpriv]),
  ...DESTRUCTION.split(" ").map((name): [string, Rule] => [name, destroys]),
  ["rm", onTree(RECURSIVE)],
  ["chown", onTree(/^-(?:[a-zA-Z]*R|-recursive)/)],
  ["chgrp", onTree(/^-(?:[a-zA-Z]*R|-recursive)/)],
  ["setfacl", onTree(/^-(?:[a-zA-Z]*R|-recursive)/)],
  ["chattr", onTree(/^-R/)],
  [
    "mv",
    (texts, args, place) => onTree(null)(texts, args.filter((arg) => !shown(arg).startsWith("-")).slice(0, -1), place),
  ],
  ["shred", toDevice],
  ["tee", toDevice],
  ["cp", toDevice],
  ["dd", dd],
  ["chmod", chmod],
  ["install", install],
  ["find", find],
  ["mount", mount],
  ["unshare", unshare],
  ["kill", kill],
]);

/** Looks at one start of a program, however it was reached. */
export function floorOf(name: string, args: readonly Field[], place: Place): void {
  const base = name.slice(name.lastIndexOf("/") + 1);
  const [only] = args;
  if (args.length === 1 && only !== undefined && /^--(?:help|version)$/.test(shown(only))) return;
  RULES.get(base)?.(args.map(shown), args, place);
}
