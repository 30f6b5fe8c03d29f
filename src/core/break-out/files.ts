/** Attempts on files and links. @module */
import { type Attempt, type Family, isCanary } from "./attempt.ts";

const reads = (path: string): string => `read -r x <"${path}"; ${isCanary}`;

const attempts: readonly Attempt[] = [
  {
    id: "file-secret",
    says: "a program cannot read a file of the state folder",
    script: reads("$STAGE/secret"),
    short: true,
  },
  {
    id: "file-list",
    says: "a program cannot list a folder of the state",
    script: 'set -- "$STAGE"/*; test -e "$1"',
    short: true,
  },
  {
    id: "file-write",
    says: "a program cannot open a file of the machine to write",
    script: ': >>"$STAGE/startup"',
    short: true,
  },
  {
    id: "file-forbidden",
    says: "a program sees neither state, configuration nor installation of vambrace",
    script: 'IFS=:; for p in $FORBIDDEN; do if test -e "$p"; then echo "$p"; exit 0; fi; done; exit 1',
    short: true,
  },
  {
    id: "file-home",
    says: "a program does not see the home folder of who runs the gateway",
    script: 'set -- $(ls -di "$HOME_OUT"); test "$1" = "$HOME_INODE"',
    needs: ["ls"],
  },
  {
    id: "file-keys",
    says: "a program cannot read keys and credentials of a home folder",
    script: `for f in .ssh/id_ed25519 .aws/credentials .netrc; do read -r x <"$STAGE/home/$f" && case $x in canary*) exit 0 ;; esac; done; exit 1`,
  },
  {
    id: "file-shadow",
    says: "a program cannot read the machine's passwords",
    script: 'read -r x </etc/shadow; test -n "$x"',
  },
  {
    id: "file-logs",
    says: "a program cannot see the machine's logs",
    script: 'for f in /var/log/*log* /var/log/apt/*; do test -e "$f" && exit 0; done; exit 1',
  },
  {
    id: "file-tmp",
    says: "a program does not see the machine's /tmp",
    script: reads("$DECOY_TMP"),
  },
  {
    id: "file-shm",
    says: "a program does not see the machine's shared memory",
    script: reads("$DECOY_SHM"),
  },
  {
    id: "file-dots",
    says: "a path with `..` leads nowhere else",
    script: reads("/usr/../proc/../usr/bin/../..$STAGE/secret"),
  },
  {
    id: "file-change-system",
    says: "a program cannot change the system that it sees",
    script: "( : >>/etc/passwd ) || ( : >>/etc/ld.so.cache )",
  },
  {
    id: "link-symbolic",
    says: "a symbolic link leads nowhere that its maker could not go",
    script: `ln -s "$STAGE/secret" "$SCRATCH/link-$MARK" && ${reads("$SCRATCH/link-$MARK")}`,
    needs: ["ln"],
  },
  {
    id: "link-hard",
    says: "a hard link brings no file in from outside",
    script: `ln "$STAGE/secret" "$SCRATCH/hard-$MARK" && ${reads("$SCRATCH/hard-$MARK")}`,
    needs: ["ln"],
  },
  {
    id: "link-own-root",
    says: "the link to a program's own root leads to no other",
    script: reads("/proc/self/root$STAGE/secret"),
    short: true,
  },
  {
    id: "link-first-root",
    says: "the link to the root of process 1 leads to no other",
    script: reads("/proc/1/root$STAGE/secret"),
  },
  {
    id: "link-any-root",
    says: "no process has a link to the machine's root",
    script: `for p in /proc/[0-9]*; do if test -r "$p/root$STAGE/secret"; then exit 0; fi; done; exit 1`,
  },
  {
    id: "link-any-folder",
    says: "no process has a link to a working folder outside",
    script: `for p in /proc/[0-9]*; do if test -r "$p/cwd/secret"; then exit 0; fi; done; exit 1`,
  },
  {
    id: "link-open-file",
    says: "a file that another program has open cannot be opened through it",
    script: reads("/proc/$DECOY_PID/fd/$DECOY_FD"),
  },
  {
    id: "link-removed-file",
    says: "a removed file that another program has open cannot be opened through it",
    script: reads("/proc/$DECOY_PID/fd/$DECOY_GONE"),
  },
  {
    id: "link-swap",
    says: "a folder that is swapped for a link on and on is no way out",
    script: `cd "$SCRATCH" && mkdir -p "a-$MARK" && i=0
while test $i -lt 30; do
  mv "a-$MARK" "b-$MARK"; ln -s "$STAGE" "a-$MARK"; read -r x <"a-$MARK/secret" && case $x in canary*) exit 0 ;; esac
  rm "a-$MARK"; mv "b-$MARK" "a-$MARK"; i=$((i + 1))
done; exit 1`,
    needs: ["mkdir", "mv", "ln", "rm"],
  },
];

export const files: Family = { name: "files and links", attempts };
