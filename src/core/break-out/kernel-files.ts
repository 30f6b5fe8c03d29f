/**
 * Attempts on the kernel's own files. They are opened to append and left
 * alone: where the wall is missing, trying must not change the machine.
 *
 * @module
 */
import type { Attempt, Family } from "./attempt.ts";

function appends(name: string, path: string, words: string): Attempt {
  return {
    id: `kernel-${name}`,
    says: `a program cannot ${words}`,
    script: `for f in ${path}; do ( : >>"$f" ) && exit 0; done; exit 1`,
  };
}

const attempts: readonly Attempt[] = [
  {
    ...appends("core-pattern", "/proc/sys/kernel/core_pattern", "choose what the kernel runs when a program breaks"),
    short: true,
  },
  appends("modprobe", "/proc/sys/kernel/modprobe", "choose what the kernel runs to load a module"),
  appends("sysrq", "/proc/sysrq-trigger", "give the kernel orders of its last resort"),
  appends("printk", "/proc/sys/kernel/printk", "change the kernel's settings"),
  appends("net", "/proc/sys/net/ipv4/ip_forward", "change settings of the network"),
  appends("vm", "/proc/sys/vm/overcommit_memory", "change settings of the memory"),
  appends("fs", "/proc/sys/fs/file-max", "change settings of the file system"),
  appends("binfmt", "/proc/sys/fs/binfmt_misc/register", "say how the kernel runs a kind of file"),
  appends("irq", "/proc/irq/default_smp_affinity", "say which processor hears which device"),
  appends(
    "release-agent",
    "/sys/fs/cgroup/release_agent /sys/fs/cgroup/*/release_agent",
    "choose what the kernel runs when a control group is empty",
  ),
  appends(
    "cgroup",
    "/sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/*/tasks",
    "leave its control group",
  ),
  appends(
    "uevent",
    "/sys/kernel/uevent_helper /sys/kernel/uevent_seqnum",
    "choose what the kernel runs for a new device",
  ),
  appends("power", "/sys/power/state", "put the machine to sleep"),
  appends("trace", "/sys/kernel/tracing/trace /sys/kernel/debug/tracing/trace", "trace the kernel"),
  appends("memory", "/sys/kernel/mm/ksm/run /sys/kernel/mm/transparent_hugepage/enabled", "steer the kernel's memory"),
  {
    id: "kernel-keys",
    says: "a program cannot list the kernel's keys",
    script: 'read -r x </proc/keys; test -n "$x"',
  },
  {
    id: "kernel-timers",
    says: "a program cannot list the kernel's timers",
    script: 'read -r x </proc/timer_list; test -n "$x"',
  },
  {
    id: "kernel-addresses",
    says: "a program does not learn where the kernel lies",
    script: "read -r x y </proc/kallsyms; case $x in '' | *[!0]*) test -n \"$x\" ;; *) exit 1 ;; esac",
  },
  {
    id: "kernel-log",
    says: "a program cannot read the kernel's log",
    script: "( : </proc/kmsg )",
  },
];

export const kernelFiles: Family = { name: "the kernel's files", attempts };
