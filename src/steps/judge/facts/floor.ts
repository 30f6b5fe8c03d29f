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

/** Set-user-id and set-group-id in numbers; the sticky bit alone is neither. */
const SET_ID = /^0*[2-7][0-7]{3}$/;

const chmod: Rule = (texts, args, place) => {
  const mode = texts.find((text) => !/^-(?:-|[RvcfH]|$)/.test(text)) ?? "";
  if (/(?:^|,)[ugoa]*[+=][rwxXt]*s/.test(mode) || SET_ID.test(mode)) place.found.privileged = true;
  onTree(/^-(?:[a-zA-Z]*R|-recursive)/)(texts, args, place);
  const open = /^0?777$|^(?:a|ugo|o)?[+=]rwx$/.test(mode);
  if (open && args.some((arg) => isRoot(arg, place))) place.found.destructive = true;
};

const install: Rule = (texts, _args, place) => {
  const joined = texts.join(" ");
  if (/(?:-m|--mode=?) ?(?:0*[2-7][0-7]{3}|[ugoa]*[+=]\w*s)/.test(joined)) place.found.privileged = true;
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
  if (removes && !tests && roots.some((root) => isRoot(root, place))) place.found.destructive = true;
};

const setpriv: Rule = (_texts, _args, place) => {
  place.found.privileged = true;
};

/** Listing what there is destroys nothing. */
const destroys: Rule = (texts, _args, place) => {
  const lists = texts.some((text) => /^(?:-l|--list)$/.test(text));
  if (!lists || texts.some((text) => text.startsWith("-") && !/^(?:-l|--list)$/.test(text)))
    place.found.destructive = true;
};

/** Only some of the words of a program destroy. */
function destroysWith(word: RegExp): Rule {
  return (texts, _args, place) => {
    if (texts.some((text) => word.test(text))) place.found.destructive = true;
  };
}

function raisesWith(word: RegExp): Rule {
  return (texts, _args, place) => {
    if (texts.some((text) => word.test(text))) place.found.privileged = true;
  };
}

/** What only shows how the services are. */
const SHOWS =
  /^(?:status|show|cat|list|help|get-default|is-(?:active|enabled|failed|system-running)|(?:list|show|session|seat|user|image)-[a-z-]+|--status-all|analyze|blame|verify)$/;
const ENDS = /^(?:poweroff|reboot|halt|kexec|soft-reboot|suspend|hibernate|hybrid-sleep|rescue|emergency|exit)$/;

/** `systemctl VERB …`, `service NAME VERB`: all but looking changes the system in root's name. */
const services: Rule = (texts, _args, place) => {
  const words = texts.filter((text) => !text.startsWith("-") || text === "--status-all");
  if (words.some((word) => ENDS.test(word))) place.found.destructive = true;
  if (words.length > 0 && !words.some((word) => SHOWS.test(word))) place.found.privileged = true;
};

/** A container with the machine in it is the machine. */
const container: Rule = (texts, _args, place) => {
  const joined = texts.join(" ");
  const wide =
    /(?:^| )--(?:privileged|cap-add|device|security-opt)\b|(?:^| )--(?:pid|userns|ipc|uts|cgroupns|network|net)[= ]host\b/.test(
      joined,
    );
  const roots =
    /(?:^| )(?:-v|--volume)[= ]?\/(?:etc|root|boot|proc|sys|dev|var)?(?:\/[^ :]*)?:|(?:source|src)=\/(?:etc|root|boot|proc|sys|dev|var)?(?:[,/ ]|$)|docker\.sock/.test(
      joined,
    );
  if (wide || roots) place.found.privileged = true;
};

/** What is not in the source goes, in the whole tree. */
const rsync: Rule = (texts, args, place) => {
  const target = args.filter((arg) => !shown(arg).startsWith("-")).at(-1);
  const removes = texts.some((text) => /^--del(?:ete\S*)?$/.test(text));
  if (removes && target !== undefined && isSystem(target, place)) place.found.destructive = true;
};

/** The workspace itself may be made like another folder. */
function isSystem(arg: Field, place: Place): boolean {
  return isRoot(arg, { ...place, world: { ...place.world, workspace: "/nowhere/at/all" } });
}

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
  "swapoff pivot_root switch_root sg newgrp capsh setpriv sysctl losetup iptables ip6tables nft ebtables auditctl " +
  "sudo-rs su-rs dzdo ksu sux gksu gksudo kdesu kdesudo calife login gosu su-exec setuidgid systemd-run systemd-nspawn bwrap firejail runcon";
const DESTRUCTION =
  "mkfs mkfs.ext2 mkfs.ext3 mkfs.ext4 mkfs.xfs mkfs.btrfs mkfs.vfat mkfs.fat mkfs.ntfs mkswap wipefs fdisk sfdisk cfdisk gdisk sgdisk parted " +
  "shutdown reboot poweroff halt blkdiscard cryptsetup vgremove lvremove pvremove mke2fs killall5 flashrom";

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
  ["rsync", rsync],
  ...["systemctl", "service", "rc-service", "initctl", "loginctl", "machinectl"].map((name): [string, Rule] => [
    name,
    services,
  ]),
  ...["docker", "podman", "nerdctl"].map((name): [string, Rule] => [name, container]),
  ["init", destroysWith(/^[06S]$/)],
  ["telinit", destroysWith(/^[06S]$/)],
  ["zpool", destroysWith(/^(?:destroy|labelclear)$/)],
  ["zfs", destroysWith(/^destroy$/)],
  ["nvme", destroysWith(/^(?:format|sanitize)$/)],
  ["hdparm", destroysWith(/^--(?:security-erase|trim-sector|make-bad-sector|write-sector)/)],
  ["mdadm", destroysWith(/^--zero-superblock$/)],
  ["badblocks", destroysWith(/^-\w*[wn]/)],
  ["chpst", raisesWith(/^-[uU]/)],
  ["start-stop-daemon", raisesWith(/^(?:-c|--chuid|--chroot|-r)/)],
]);

/** Looks at one start of a program, however it was reached. */
export function floorOf(name: string, args: readonly Field[], place: Place): void {
  const base = name.slice(name.lastIndexOf("/") + 1);
  const [only] = args;
  if (args.length === 1 && only !== undefined && /^--(?:help|version)$/.test(shown(only))) return;
  RULES.get(base)?.(args.map(shown), args, place);
}
