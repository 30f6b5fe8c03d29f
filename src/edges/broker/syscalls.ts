/**
 * Which system calls a sandboxed program does not get, and their numbers.
 *
 * The list follows Docker's default profile turned round: what that profile
 * grants to no unprivileged container is refused by name, and every number
 * that is newer than this table is answered "no such call".
 *
 * @see https://github.com/moby/profiles (seccomp default), asm/unistd_64.h, asm-generic/unistd.h
 * @module
 */

export type Machine = "x64" | "arm64";

/** [x64, arm64]; null where the machine never had the call. */
type Numbers = readonly [x64: number | null, arm64: number | null];

/** Answered with EPERM: an ordinary program sees a right that it does not have. */
export const FORBIDDEN: ReadonlyMap<string, Numbers> = new Map([
  ["acct", [163, 89]],
  ["add_key", [248, 217]],
  ["adjtimex", [159, 171]],
  ["bpf", [321, 280]],
  ["chroot", [161, 51]],
  ["clock_adjtime", [305, 266]],
  ["clock_settime", [227, 112]],
  ["create_module", [174, null]],
  ["delete_module", [176, 106]],
  ["fanotify_init", [300, 262]],
  ["finit_module", [313, 273]],
  ["fsconfig", [431, 431]],
  ["fsmount", [432, 432]],
  ["fsopen", [430, 430]],
  ["fspick", [433, 433]],
  ["get_kernel_syms", [177, null]],
  ["get_mempolicy", [239, 236]],
  ["init_module", [175, 105]],
  ["ioperm", [173, null]],
  ["iopl", [172, null]],
  ["kcmp", [312, 272]],
  ["kexec_file_load", [320, 294]],
  ["kexec_load", [246, 104]],
  ["keyctl", [250, 219]],
  ["listmount", [458, 458]],
  ["lookup_dcookie", [212, 18]],
  ["lsm_set_self_attr", [460, 460]],
  ["mbind", [237, 235]],
  ["migrate_pages", [256, 238]],
  ["modify_ldt", [154, null]],
  ["mount", [165, 40]],
  ["mount_setattr", [442, 442]],
  ["move_mount", [429, 429]],
  ["move_pages", [279, 239]],
  ["name_to_handle_at", [303, 264]],
  ["nfsservctl", [180, 42]],
  ["open_by_handle_at", [304, 265]],
  ["open_tree", [428, 428]],
  ["open_tree_attr", [467, 467]],
  ["perf_event_open", [298, 241]],
  ["pidfd_getfd", [438, 438]],
  ["pivot_root", [155, 41]],
  ["process_madvise", [440, 440]],
  ["process_mrelease", [448, 448]],
  ["process_vm_readv", [310, 270]],
  ["process_vm_writev", [311, 271]],
  ["ptrace", [101, 117]],
  ["query_module", [178, null]],
  ["quotactl", [179, 60]],
  ["quotactl_fd", [443, 443]],
  ["reboot", [169, 142]],
  ["request_key", [249, 218]],
  ["set_mempolicy", [238, 237]],
  ["set_mempolicy_home_node", [450, 450]],
  ["setdomainname", [171, 162]],
  ["sethostname", [170, 161]],
  ["setns", [308, 268]],
  ["settimeofday", [164, 170]],
  ["statmount", [457, 457]],
  ["swapoff", [168, 225]],
  ["swapon", [167, 224]],
  ["sysctl", [156, null]],
  ["sysfs", [139, null]],
  ["syslog", [103, 116]],
  ["umount2", [166, 39]],
  ["unshare", [272, 97]],
  ["uselib", [134, null]],
  ["userfaultfd", [323, 282]],
  ["ustat", [136, null]],
  ["vhangup", [153, 58]],
]);

/**
 * Answered with ENOSYS, so that the C library falls back: `clone3` passes its
 * flags in memory, where a filter cannot look; `io_uring` does system calls
 * that no filter sees.
 */
export const ABSENT: ReadonlyMap<string, Numbers> = new Map([
  ["clone3", [435, 435]],
  ["io_uring_enter", [426, 426]],
  ["io_uring_register", [427, 427]],
  ["io_uring_setup", [425, 425]],
  ["memfd_secret", [447, 447]],
]);

/** Calls that are judged by an argument. */
export const JUDGED = {
  clone: { x64: 56, arm64: 220 },
  ioctl: { x64: 16, arm64: 29 },
  personality: { x64: 135, arm64: 92 },
  socket: { x64: 41, arm64: 198 },
  socketpair: { x64: 53, arm64: 199 },
} as const;

/** The newest call that was looked at (`file_setattr`, Linux 6.17); what comes after does not exist here. */
export const NEWEST = 469;

/** AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64. */
export const ARCHITECTURE = { x64: 0xc000003e, arm64: 0xc00000b7 } as const satisfies Record<Machine, number>;

export function numberOn(machine: Machine, numbers: Numbers): number | null {
  return machine === "x64" ? numbers[0] : numbers[1];
}
