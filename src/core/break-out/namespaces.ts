/** Attempts to make, enter or share namespaces. @module */
import type { Attempt, Family } from "./attempt.ts";
import { call, numberIn, perlAttempt, UNSHARE } from "./perl.ts";

/** Names of /proc/self/ns, with CLONE_NEW… */
const KINDS = [
  ["mnt", 0x20000, "mounts"],
  ["cgroup", 0x2000000, "control groups"],
  ["uts", 0x4000000, "a host name"],
  ["ipc", 0x8000000, "shared memory and queues"],
  ["pid", 0x20000000, "processes"],
  ["net", 0x40000000, "a network"],
  ["time", 0x80, "clocks"],
] as const;

const USER = 0x10000000;

function make([kind, flag, words]: (typeof KINDS)[number]): Attempt {
  const text = `exit(syscall(${numberIn(UNSHARE)}, ${USER + flag}) == 0 ? 0 : 1)`;
  return perlAttempt(`namespace-${kind}`, `a program cannot make a namespace with ${words} of its own`, text);
}

/** Namespaces that every back-end gives a sandbox of its own; the decoy's are the machine's. */
function share(kind: string, words: string): Attempt {
  return {
    id: `shares-${kind}`,
    says: `a program does not share the machine's ${words}`,
    script: `test "$(readlink /proc/self/ns/${kind})" = "$NS_${kind.toUpperCase()}"`,
    needs: ["readlink"],
  };
}

/** Entering the one that it is in already changes nothing, and is refused to who has no right to it. */
function enter(kind: string): Attempt {
  const text = `open(my $f, "<", "/proc/$pid/ns/${kind}") or exit 1; exit(syscall(${numberIn([308, 268])}, fileno($f), 0) == 0 ? 0 : 1)`;
  return perlAttempt(`enters-${kind}`, `a program cannot enter the machine's ${kind} namespace`, text);
}

const attempts: readonly Attempt[] = [
  {
    ...perlAttempt(
      "namespace-user",
      "a program cannot make a user namespace, in which it would have every right",
      `exit(syscall(${numberIn(UNSHARE)}, ${USER}) == 0 ? 0 : 1)`,
    ),
    short: true,
  },
  ...KINDS.map(make),
  perlAttempt(
    "namespace-clone",
    "a program cannot start another in a user namespace",
    `my $r = syscall(${numberIn([56, 220])}, ${USER + 17}, 0, 0, 0, 0); if ($r == 0) { exec "/bin/true" } exit($r > 0 ? 0 : 1)`,
  ),
  call("clone3", [435, 435], { args: "0, 0", says: "the call that hides its flags from a filter does not exist" }),
  call("setns", [308, 268], { args: "-1, 0", says: "a program cannot enter any namespace" }),
  share("net", "network"),
  share("pid", "processes"),
  share("ipc", "shared memory and queues"),
  share("uts", "host name"),
  share("mnt", "mounts"),
  enter("net"),
  enter("ipc"),
  enter("uts"),
  {
    id: "namespace-name",
    says: "a program does not learn the machine's name",
    script: 'read -r x </proc/sys/kernel/hostname; test "$x" = "$HOST_NAME"',
    short: true,
  },
];

export const namespaces: Family = { name: "namespaces", attempts };
