/** Attempts on other processes: a decoy outside, which holds a secret in its memory, files and environment. @module */
import { type Attempt, type Family, isCanary } from "./attempt.ts";
import { numberIn, perlAttempt } from "./perl.ts";

/** The first writable region of the decoy's memory: address in `$at`. */
const REGION =
  'open(my $m, "<", "/proc/$pid/maps") or exit 1; my $at; while (<$m>) { if (/^([0-9a-f]+)-.* rw/) { $at = hex $1; last } } exit 1 unless $at;';

const attempts: readonly Attempt[] = [
  {
    id: "process-see",
    says: "a program sees no process outside its sandbox",
    script: 'read -r x </proc/$HOST_PID/stat; case $x in *" $HOST_STARTED "*) exit 0 ;; esac; exit 1',
    short: true,
  },
  {
    id: "process-signal",
    says: "a program cannot send a signal to a process outside",
    script: 'kill -s WINCH "$DECOY_PID"',
  },
  {
    id: "process-words",
    says: "a program does not see how another was started",
    script: `read -r x </proc/$DECOY_PID/cmdline; case $x in *canary*) exit 0 ;; esac; exit 1`,
  },
  {
    id: "process-environment",
    says: "a program cannot read another's environment",
    script: `read -r x </proc/$DECOY_PID/environ; case $x in *canary*) exit 0 ;; esac; exit 1`,
  },
  {
    id: "process-maps",
    says: "a program does not see how another's memory is laid out",
    script: 'read -r x </proc/$DECOY_PID/maps; test -n "$x"',
  },
  {
    id: "process-folder",
    says: "a program cannot reach files through another's working folder",
    script: `read -r x </proc/$DECOY_PID/cwd/secret; ${isCanary}`,
  },
  perlAttempt(
    "process-ptrace",
    "a program cannot take hold of another",
    // PTRACE_SEIZE, which does not even stop it; let go of when perl ends.
    `exit(syscall(${numberIn([101, 117])}, 0x4206, $pid, 0, 0) == 0 ? 0 : 1)`,
  ),
  perlAttempt(
    "process-memory",
    "a program cannot read another's memory through its file",
    `${REGION} open(my $f, "<", "/proc/$pid/mem") or exit 1; sysseek($f, $at, 0); exit(sysread($f, my $got, 8) ? 0 : 1)`,
  ),
  perlAttempt(
    "process-memory-write",
    "a program cannot open another's memory to write",
    'open(my $f, "+<", "/proc/$pid/mem") or exit 1; exit 0',
  ),
  perlAttempt(
    "process-read",
    "a program cannot copy another's memory",
    `${REGION} my $into = "\\0" x 8; my $l = pack("QQ", unpack("Q", pack("P", $into)), 8); my $o = pack("QQ", $at, 8); exit(syscall(${numberIn([310, 270])}, $pid, $l, 1, $o, 1, 0) > 0 ? 0 : 1)`,
  ),
  perlAttempt(
    "process-file",
    "a program cannot take an open file out of another",
    `my $p = syscall(${numberIn([434, 434])}, $pid, 0); exit 1 if $p < 0; exit(syscall(${numberIn([438, 438])}, $p, $ENV{DECOY_FD} + 0, 0) >= 0 ? 0 : 1)`,
  ),
  perlAttempt(
    "process-handle",
    "a program cannot hold on to a process outside",
    `exit(syscall(${numberIn([434, 434])}, $pid, 0) >= 0 ? 0 : 1)`,
  ),
  perlAttempt(
    "process-limits",
    "a program cannot see or set the limits of another",
    `exit(syscall(${numberIn([302, 261])}, $pid, 7, 0, $buf) == 0 ? 0 : 1)`,
  ),
  perlAttempt(
    "process-priority",
    "a program cannot set how another is scheduled",
    `my $now = getpriority(0, $pid); exit 1 unless defined $now; exit(setpriority(0, $pid, $now) ? 0 : 1)`,
  ),
  perlAttempt(
    "process-processors",
    "a program cannot say on which processors another runs",
    `exit(syscall(${numberIn([204, 123])}, $pid, 128, $buf) > 0 ? 0 : 1)`,
  ),
];

export const processes: Family = { name: "other processes", attempts };
