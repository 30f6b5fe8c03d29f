/** Attempts to mount, and to change what is mounted. @module */
import type { Attempt, Family } from "./attempt.ts";
import { call, OWN } from "./perl.ts";

/** In namespaces of its own, where an ordinary user may make them. */
const own = (id: string, says: string, script: string): Attempt => ({
  id,
  says,
  script: `mkdir -p "$SCRATCH/m" && unshare --user --map-root-user --mount sh -c '${script}'`,
  needs: ["mkdir", "unshare", "mount"],
});

const attempts: readonly Attempt[] = [
  {
    id: "mount-plain",
    says: "a program cannot mount anything",
    script: 'mkdir -p "$SCRATCH/m" && mount -t tmpfs none "$SCRATCH/m" && umount "$SCRATCH/m"',
    needs: ["mkdir", "mount", "umount"],
  },
  own("mount-own", "a program cannot mount in namespaces of its own", 'mount -t tmpfs none "$SCRATCH/m"'),
  own("mount-bind", "a program cannot mount a folder a second time", 'mount --rbind /usr "$SCRATCH/m"'),
  own(
    "mount-overlay",
    "a program cannot lay a writable layer over the system",
    'cd "$SCRATCH/m" && mount -t tmpfs none . && cd . && mkdir u w o && mount -t overlay -o lowerdir=/usr,upperdir=u,workdir=w none o',
  ),
  own(
    "mount-again",
    "a program cannot change how something is mounted",
    'mount -t tmpfs none "$SCRATCH/m" && mount -o remount,ro "$SCRATCH/m"',
  ),
  {
    id: "mount-proc",
    says: "a program cannot mount a /proc of its own",
    script:
      'mkdir -p "$SCRATCH/m" && unshare --user --map-root-user --mount --pid --fork mount -t proc none "$SCRATCH/m"',
    needs: ["mkdir", "unshare", "mount"],
  },
  call("mount", [165, 40], { args: "$no, $no, $tmpfs, 0, 0", own: OWN.mount, says: "`mount` is refused" }),
  call("umount2", [166, 39], { args: "$no, 0", own: OWN.mount, says: "`umount2` is refused" }),
  call("pivot_root", [155, 41], { args: "$no, $no", own: OWN.mount, says: "a program cannot exchange its root" }),
  call("chroot", [161, 51], { args: "$root", own: OWN.user, says: "a program cannot change its root" }),
  call("fsopen", [430, 430], {
    args: "$tmpfs, 0",
    own: OWN.mount,
    says: "the newer way to mount is refused: `fsopen`",
  }),
  call("fsconfig", [431, 431], { args: "-1, 6, 0, 0, 0", says: "the newer way to mount is refused: `fsconfig`" }),
  call("fsmount", [432, 432], {
    args: "-1, 0, 0",
    own: OWN.mount,
    says: "the newer way to mount is refused: `fsmount`",
  }),
  call("fspick", [433, 433], {
    args: "-1, $no, 0",
    own: OWN.mount,
    says: "the newer way to mount is refused: `fspick`",
  }),
  call("move_mount", [429, 429], {
    args: "-1, $no, -1, $no, 0",
    own: OWN.mount,
    says: "the newer way to mount is refused: `move_mount`",
  }),
  call("open_tree", [428, 428], { args: "-100, $root, 0", says: "a program cannot take a copy of a tree of mounts" }),
  call("mount_setattr", [442, 442], {
    args: "-1, $no, 0, $buf, 32",
    own: OWN.mount,
    says: "a program cannot make a read-only mount writable",
  }),
  call("name_to_handle_at", [303, 264], {
    args: "-100, $root, $buf, $buf, 0",
    says: "a program cannot ask for a file's handle",
  }),
  call("open_by_handle_at", [304, 265], { args: "-1, $buf, 0", says: "a program cannot open a file by its handle" }),
  call("listmount", [458, 458], { args: "$buf, $buf, 1, 0", says: "a program cannot list mounts by number" }),
  call("statmount", [457, 457], { args: "$buf, $buf, 4096, 0", says: "a program cannot look at mounts by number" }),
];

export const mounts: Family = { name: "mounts", attempts };
