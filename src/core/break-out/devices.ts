/** Attempts on devices. Opening is all that is tried; nothing is written to one. @module */
import type { Attempt, Family } from "./attempt.ts";

function opens(name: string, words: string, path: string, how: "<" | "<>"): Attempt {
  return { id: `device-${name}`, says: `a program cannot open ${words}`, script: `( : ${how}${path} )` };
}

const attempts: readonly Attempt[] = [
  {
    id: "device-disk",
    says: "a program sees no disk",
    script: 'for d in /dev/*; do test -b "$d" && exit 0; done; exit 1',
    short: true,
  },
  {
    id: "device-make",
    says: "a program cannot make a device",
    script: 'mknod "$SCRATCH/device-$MARK" c 1 3 && rm "$SCRATCH/device-$MARK"',
    needs: ["mknod"],
  },
  {
    id: "device-folder",
    says: "a program cannot put a file beside the devices",
    script: ': >"/dev/self-test-$MARK" && rm "/dev/self-test-$MARK"',
    needs: ["rm"],
  },
  opens("mem", "the machine's memory", "/dev/mem", "<"),
  opens("port", "the machine's ports", "/dev/port", "<"),
  opens("kmsg", "the kernel's messages", "/dev/kmsg", "<"),
  opens("loop", "the maker of loop devices", "/dev/loop-control", "<>"),
  opens("kvm", "the maker of virtual machines", "/dev/kvm", "<>"),
  opens("fuse", "the door for file systems of its own", "/dev/fuse", "<>"),
  opens("tun", "the door for networks of its own", "/dev/net/tun", "<>"),
  opens("vsock", "the way to the machine's host", "/dev/vsock", "<>"),
  opens("userfaultfd", "the door for page faults", "/dev/userfaultfd", "<>"),
  opens("console", "the machine's first screen", "/dev/tty1", "<"),
  opens("input", "the machine's keyboard and mouse", "/dev/uinput", "<>"),
  {
    id: "device-video",
    says: "a program sees no screen, camera or sound of the machine",
    script: 'for d in /dev/dri/* /dev/video* /dev/snd/* /dev/fb* /dev/vcs*; do test -c "$d" && exit 0; done; exit 1',
  },
  {
    id: "device-kcore",
    says: "a program cannot read the kernel's memory",
    script: 'test "$(head -c 4 /proc/kcore | wc -c)" -eq 4',
    needs: ["head", "wc"],
  },
];

export const devices: Family = { name: "devices", attempts };
