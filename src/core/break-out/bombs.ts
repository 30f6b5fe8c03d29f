/** Attempts to take more than was given. Bounded: without walls they end by themselves and take little. @module */
import type { Attempt, Family } from "./attempt.ts";

const MB = 1024 * 1024;

const attempts: readonly Attempt[] = [
  {
    id: "bomb-memory",
    says: "a program that takes more memory than its job has is stopped",
    script: `awk 'BEGIN { s = "x"; while (length(s) < 100000000) s = s s; exit length(s) < 100000000 }'`,
    needs: ["awk"],
    limits: { memoryBytes: 48 * MB },
  },
  {
    id: "bomb-processes",
    says: "a program cannot start more processes than its job has",
    script: "i=0; while test $i -lt 60; do sleep 1 & i=$((i + 1)); done; exit 0",
    limits: { processes: 20 },
  },
  {
    id: "bomb-fork",
    says: "processes that start processes end where the job's number does",
    script:
      'f() { if test "$1" -gt 0; then f $(($1 - 1)) & f $(($1 - 1)) & fi; sleep 1; }; f 4 2>"$SCRATCH/fork-$MARK"; wait; test ! -s "$SCRATCH/fork-$MARK"',
    limits: { processes: 12 },
  },
  {
    id: "bomb-file",
    says: "a program cannot write a larger file than its job has",
    script: 'head -c 3000000 /dev/zero >"$SCRATCH/large-$MARK"',
    needs: ["head"],
    limits: { fileBytes: MB },
  },
  {
    id: "bomb-file-limit",
    says: "the size of a file is limited",
    script: 'test "$(ulimit -f)" = unlimited',
    short: true,
  },
  {
    id: "bomb-disk",
    says: "a program cannot fill more of its own /tmp than that has",
    script: `i=0; while test $i -lt 20; do fallocate -l 14M "$SCRATCH/disk-$MARK-$i" || exit 1; i=$((i + 1)); done; exit 0`,
    needs: ["fallocate"],
    limits: { memoryBytes: 1024 * MB },
  },
  {
    id: "bomb-shared-memory",
    says: "a program cannot fill more shared memory than its sandbox has",
    script: `i=0; s=0; while test $i -lt 6; do fallocate -l 14M "/dev/shm/disk-$MARK-$i" || s=1; i=$((i + 1)); done; rm -f "/dev/shm/disk-$MARK"-*; exit $s`,
    needs: ["fallocate", "rm"],
  },
  {
    id: "bomb-names",
    says: "a program cannot make files without end in memory",
    script: `mkdir "/dev/shm/names-$MARK" && perl -e 'for my $i (1 .. 60000) { open(my $f, ">", "/dev/shm/names-$ENV{MARK}/$i") or exit 1 } exit 0'; s=$?; rm -rf "/dev/shm/names-$MARK"; exit $s`,
    needs: ["perl", "mkdir", "rm"],
    limits: { memoryBytes: 24 * MB },
    withoutGroup: "memory for the names of files is limited by a control group only, and there is none",
  },
  {
    id: "bomb-time",
    says: "a program is ended when its time is up",
    script: "sleep 1",
    limits: { wallMs: 300 },
  },
  {
    id: "bomb-processor",
    says: "the processor's time is limited",
    script: 'test "$(ulimit -t)" = unlimited',
    short: true,
  },
  {
    id: "bomb-output",
    says: "what a program prints beyond its job's cap is counted and thrown away",
    script: "head -c 200000 /dev/zero",
    needs: ["head"],
    limits: { outputBytes: 1000 },
    prints: 100_000,
  },
  {
    id: "bomb-image",
    says: "a program that breaks leaves no image of its memory",
    script: 'ulimit -c 1 && test "$(ulimit -c)" != 0',
    short: true,
  },
];

export const bombs: Family = { name: "limits", attempts };
