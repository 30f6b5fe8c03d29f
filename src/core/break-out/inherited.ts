/** What a program was not meant to be given: open files, environment, a terminal. @module */
import { type Attempt, type Family, isCanary } from "./attempt.ts";
import { perlAttempt } from "./perl.ts";

/** A terminal of the program's own, `$t`, that it sits at. */
const TERMINAL =
  'use POSIX (); if (fork) { wait; exit($? ? 1 : 0) } POSIX::setsid(); $SIG{HUP} = "IGNORE"; open(my $m, "+<", "/dev/ptmx") or exit 1; my $zero = pack("i", 0); ioctl($m, 0x40045431, $zero) or exit 1; my $n = pack("i", 0); ioctl($m, 0x80045430, $n) or exit 1; open(my $t, "+<", "/dev/pts/" . unpack("i", $n)) or exit 1; ioctl($t, 0x540e, 0);';

const attempts: readonly Attempt[] = [
  {
    id: "inherits-file",
    says: "a program inherits no open file that holds a secret",
    script: `read -r x <&3; ${isCanary}`,
    short: true,
  },
  {
    id: "inherits-files",
    says: "a program inherits no open file but its own three",
    script: "( set -- /proc/$$/fd/*; test $# -gt 3 ); exit $?",
    short: true,
  },
  {
    id: "inherits-environment",
    says: "a program gets no variable that its job does not name",
    script: 'test -n "$GATEWAY_KEY"',
    short: true,
  },
  {
    id: "inherits-first-environment",
    says: "no process of the sandbox has a variable from outside",
    script:
      'for f in /proc/[0-9]*/environ; do read -r x <"$f"; case $x in *GATEWAY_KEY=canary*) exit 0 ;; esac; done; exit 1',
  },
  {
    id: "inherits-folder",
    says: "a program does not start in a folder of the machine",
    script: 'test "$(pwd)" = "$STAGE/scratch"',
  },
  perlAttempt(
    "terminal-type",
    "a program cannot type into a terminal",
    `${TERMINAL} my $x = "x"; exit(ioctl($t, 0x5412, $x) ? 0 : 1)`,
  ),
  perlAttempt(
    "terminal-console",
    "a program cannot paste into a screen",
    `${TERMINAL} my $x = "\\3"; ioctl($t, 0x541c, $x); exit($! == 1 || $! == 38 ? 1 : 0)`,
  ),
  perlAttempt(
    "terminal-discipline",
    "a program cannot load another driver for a terminal",
    `${TERMINAL} my $x = pack("i", 0); exit(ioctl($t, 0x5423, $x) ? 0 : 1)`,
  ),
  {
    id: "terminal-own",
    says: "a program has no terminal that it was started from",
    script: "( : >/dev/tty )",
  },
];

export const inherited: Family = { name: "inherited things and terminals", attempts };
