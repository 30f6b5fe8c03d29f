/**
 * Calls of the kernel that the filter refuses, each with arguments that change
 * nothing even where it is allowed: invalid numbers, addresses that are not
 * there, files that do not exist.
 *
 * @module
 */
import type { Attempt, Family } from "./attempt.ts";
import { call, OWN } from "./perl.ts";

const attempts: readonly Attempt[] = [
  // PTRACE_TRACEME: asks to be looked into, by its own parent.
  call("ptrace", [101, 117], {
    args: "0, 0, 0, 0",
    says: "a program cannot look into another, not even its own child",
  }),
  call("process_vm_readv", [310, 270], { args: "$$, 0, 0, 0, 0, 0", says: "a program cannot read another's memory" }),
  call("process_vm_writev", [311, 271], { args: "$$, 0, 0, 0, 0, 0", says: "a program cannot write another's memory" }),
  call("process_madvise", [440, 440], { args: "-1, 0, 0, 0, 0", says: "a program cannot advise on another's memory" }),
  call("process_mrelease", [448, 448], { args: "-1, 0", says: "a program cannot take another's memory away" }),
  call("pidfd_getfd", [438, 438], { args: "-1, 0, 0", says: "a program cannot take files out of another" }),
  call("kcmp", [312, 272], { args: "$$, $$, 0, 0, 0", says: "a program cannot compare what processes hold" }),
  { ...call("keyctl", [250, 219], { args: "0, -3, 0", says: "a program cannot use the kernel's keys" }), short: true },
  call("add_key", [248, 217], { args: "$no, $no, 0, 0, -2", says: "a program cannot add to the kernel's keys" }),
  call("request_key", [249, 218], { args: "0, 0, 0, 0", says: "a program cannot ask for the kernel's keys" }),
  call("bpf", [321, 280], { args: "-1, 0, 0", says: "a program cannot load programs into the kernel" }),
  call("perf_event_open", [298, 241], {
    args: "0, 0, -1, -1, 0",
    says: "a program cannot watch what the processor does",
  }),
  {
    ...call("io_uring_setup", [425, 425], { args: "0, 0", says: "there are no calls that pass by the filter" }),
    short: true,
  },
  call("io_uring_enter", [426, 426], { args: "-1, 0, 0, 0, 0, 0", says: "no call passes by the filter in a batch" }),
  call("io_uring_register", [427, 427], { args: "-1, 0, 0, 0", says: "no batch of calls can be registered" }),
  call("userfaultfd", [323, 282], { args: "1", says: "a program cannot hold the kernel up at a page fault" }),
  call("memfd_secret", [447, 447], { args: "0", says: "a program cannot hide memory from the kernel" }),
  call("fanotify_init", [300, 262], { args: "0x200, 0", says: "a program cannot watch a whole file system" }),
  call("personality", [135, 92], { args: "0x0040000", says: "a program cannot turn off that addresses are random" }),
  call("modify_ldt", [154, null], { args: "0, 0, 0", says: "a program cannot change the processor's tables" }),
  call("iopl", [172, null], { args: "0", says: "a program cannot ask for the machine's ports" }),
  call("ioperm", [173, null], { args: "0, 1, 0", says: "a program cannot ask for one of the machine's ports" }),
  call("acct", [163, 89], { args: "$no", says: "a program cannot turn the record of processes on or off" }),
  // A size that no image has: refused before anything is looked at, but only to those who may.
  call("kexec_load", [246, 104], { args: "0, 100000, 0, 0", says: "a program cannot exchange the kernel" }),
  call("kexec_file_load", [320, 294], {
    args: "-1, -1, 0, 0, 0xffff",
    says: "a program cannot exchange the kernel by a file",
  }),
  call("init_module", [175, 105], { args: "0, 0, $no", says: "a program cannot load a module" }),
  call("finit_module", [313, 273], { args: "-1, $no, 0", says: "a program cannot load a module by a file" }),
  call("delete_module", [176, 106], { args: "$no, 0x800", says: "a program cannot remove a module" }),
  // Numbers that say neither of the things that this call does.
  call("reboot", [169, 142], { args: "0, 0, 0, 0", says: "a program cannot restart the machine" }),
  call("swapon", [167, 224], { args: "$no, 0", says: "a program cannot add swap space" }),
  call("swapoff", [168, 225], { args: "$no", says: "a program cannot take swap space away" }),
  call("settimeofday", [164, 170], { args: "1, 0", says: "a program cannot set the clock" }),
  call("clock_settime", [227, 112], { args: "0, 1", says: "a program cannot set a clock" }),
  call("clock_adjtime", [305, 266], { args: "0, 1", says: "a program cannot bend a clock" }),
  call("adjtimex", [159, 171], { args: "1", says: "a program cannot bend the clock" }),
  call("sethostname", [170, 161], { args: "$no, 4", own: OWN.uts, says: "a program cannot name the machine" }),
  call("setdomainname", [171, 162], {
    args: "$no, 4",
    own: OWN.uts,
    says: "a program cannot name the machine's domain",
  }),
  call("syslog", [103, 116], { args: "10, 0, 0", says: "a program cannot ask for the kernel's messages" }),
  call("quotactl", [179, 60], { args: "0xffffffff, 0, 0, 0", says: "a program cannot change quotas" }),
  call("quotactl_fd", [443, 443], { args: "-1, 0, 0, 0", says: "a program cannot change quotas by a file" }),
  call("get_mempolicy", [239, 236], { args: "0, 0, 0, 0, 0", says: "a program does not see where memory lies" }),
  call("mbind", [237, 235], { args: "1, 0, 0, 0, 0, 0", says: "a program cannot move memory" }),
  call("move_pages", [279, 239], { args: "0, 0, 0, 0, 0, 0", says: "a program cannot move pages" }),
  call("migrate_pages", [256, 238], { args: "0, 0, 0, 0", says: "a program cannot move another's pages" }),
  call("sysfs", [139, null], { args: "3", says: "a program cannot ask which file systems there are by number" }),
  call("ustat", [136, null], { args: "0, $buf", says: "a program cannot ask a disk by its number" }),
  call("lsm_set_self_attr", [460, 460], { args: "0, 0, 0, 0", says: "a program cannot change its security label" }),
];

export const calls: Family = { name: "calls of the kernel", attempts };
