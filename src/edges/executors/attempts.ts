/**
 * What the self-test tries inside a sandbox, as shell: an attempt that ends
 * with 0 got out.
 *
 * @module
 */
export type Attempt = {
  readonly id: string;
  readonly says: string;
  readonly attempt: string;
  /** The same means on something allowed; must end with 0. */
  readonly control: string;
};

export function attempts(deps: { readonly secretPaths: readonly string[]; readonly hostPid: number }): Attempt[] {
  return [...deps.secretPaths.map(secret), ...FIXED, ...kernel(), processes(deps.hostPid)];
}

function secret(path: string, i: number): Attempt {
  return {
    id: `read-state-${i + 1}`,
    says: `a program cannot read \`${path}\``,
    attempt: `cat '${path.replaceAll("'", `'\\''`)}'`,
    control: "cat /etc/passwd",
  };
}

function processes(hostPid: number): Attempt {
  return {
    id: "see-processes",
    says: "a program sees no process outside its sandbox",
    attempt: `test -d /proc/${hostPid} || test "$(ls -d /proc/[0-9]* | wc -l)" -gt 10`,
    control: "test -d /proc/1 && test -d /proc/self",
  };
}

/** A line of the process's own status, wanted and not. */
const status = (line: string): string => `grep -q '^${line}$' /proc/self/status`;
const tab = "[[:space:]]*";

const FIXED: readonly Attempt[] = [
  {
    id: "read-home",
    says: "a program sees no home folder",
    attempt: "ls /root || ls /home",
    control: "ls /tmp",
  },
  {
    id: "read-shadow",
    says: "a program cannot read the machine's passwords",
    attempt: "cat /etc/shadow",
    control: "cat /etc/group",
  },
  {
    id: "read-run",
    says: "a program sees no socket of a service of the machine",
    attempt: "ls /var/run/* || ls /run/*.sock || ls /run/*/*.sock",
    control: "ls /usr/bin/*",
  },
  {
    id: "network",
    says: "a program without a way out has no network but its own loop",
    attempt: "tail -n +3 /proc/net/dev | grep -v ' lo:' || tail -n +2 /proc/net/route | grep .",
    control: "grep ' lo:' /proc/net/dev",
  },
  {
    id: "names",
    says: "a program can resolve no name",
    attempt: "getent hosts example.com",
    control: "getent hosts localhost",
  },
  {
    id: "capabilities",
    says: "a program holds no capability and can get none",
    attempt: `! ${status(`CapEff:${tab}0*`)} || ! ${status(`CapBnd:${tab}0*`)} || ! ${status(`CapPrm:${tab}0*`)}`,
    control: "grep -q ^CapEff: /proc/self/status",
  },
  {
    id: "new-privileges",
    says: "a program cannot gain privileges from the files that it runs",
    attempt: `! ${status(`NoNewPrivs:${tab}1`)}`,
    control: "grep -q ^NoNewPrivs: /proc/self/status",
  },
  {
    id: "not-root",
    says: "a program is not root",
    attempt: 'test "$(id -u)" -eq 0',
    control: 'test "$(id -u)" -gt 0',
  },
  {
    id: "write-system",
    says: "a program cannot change the system that it sees",
    attempt: "touch /usr/self-test || touch /etc/self-test || touch /self-test || touch /dev/self-test",
    control: "touch /tmp/self-test",
  },
  {
    id: "kernel-settings",
    says: "a program cannot change settings of the kernel",
    // Opened to append and left alone: where the wall is missing, trying must not change the machine.
    attempt: "( : >>/proc/sys/kernel/core_pattern ) || ( : >>/proc/sysrq-trigger ) || ( : >>/proc/sys/kernel/sysrq )",
    control: "cat /proc/sys/kernel/core_pattern && : >>/tmp/self-test",
  },
  {
    id: "devices",
    says: "a program sees no disk and no memory device",
    attempt: 'for d in /dev/*; do test -b "$d" && exit 0; done; test -e /dev/mem || head -c 1 /proc/kcore | grep -q .',
    control: "test -c /dev/null",
  },
  {
    id: "terminal",
    says: "a program has no terminal to type into",
    // Session 0 is one from outside: the terminal's.
    attempt: "( : >/dev/tty ) || test -t 0 || test \"$(cut -d' ' -f6 /proc/self/stat)\" = 0",
    control: "test -c /dev/tty && test \"$(cut -d' ' -f1 /proc/self/stat)\" -gt 0",
  },
  {
    id: "descriptors",
    says: "a program inherits no open file but its own three",
    attempt: "set -- /proc/$$/fd/*; test $# -ne 3",
    control: "set -- /proc/$$/fd/[012]; test $# -eq 3",
  },
  {
    id: "core-dumps",
    says: "a program that breaks leaves no image of its memory",
    attempt: 'test "$(ulimit -c)" != 0 || ulimit -c 1',
    control: "ulimit -c 0",
  },
];

/** [x64, arm64] of calls that are tried with arguments that would be harmless, and what they are for. */
const CALLS = [
  { id: "ptrace", x64: 101, arm64: 117, says: "look into another process" },
  { id: "keyctl", x64: 250, arm64: 219, says: "reach the kernel's keys" },
  { id: "bpf", x64: 321, arm64: 280, says: "load programs into the kernel" },
  { id: "io-uring", x64: 425, arm64: 425, says: "do calls that no filter sees" },
  { id: "open-handle", x64: 304, arm64: 265, says: "open files by their number" },
] as const;

function kernel(): Attempt[] {
  const viaPerl = CALLS.map(({ id, x64, arm64, says }): Attempt => {
    const number = process.arch === "arm64" ? arm64 : x64;
    // EPERM is 1 and ENOSYS 38: any other answer means that the kernel looked at the call.
    return {
      id: `call-${id}`,
      says: `a program cannot ${says}`,
      attempt: `perl -e 'syscall(${number}, 0, 0, 0, 0, 0); exit($! == 1 || $! == 38 ? 1 : 0)'`,
      control: `perl -e 'exit(syscall(${process.arch === "arm64" ? 172 : 39}) == $$ ? 0 : 1)'`,
    };
  });
  return [
    {
      id: "filter",
      says: "the kernel filters a program's system calls",
      attempt: `! ${status(`Seccomp:${tab}2`)}`,
      control: "grep -q ^Seccomp: /proc/self/status",
    },
    {
      id: "call-unshare",
      says: "a program cannot make namespaces of its own",
      attempt: "unshare --user true",
      control: "unshare --version",
    },
    {
      id: "call-mount",
      says: "a program cannot mount anything",
      attempt: "mount -t tmpfs none /tmp",
      control: "mount --version",
    },
    ...viaPerl,
  ];
}
