/** Attempts to have or get rights. @module */
import type { Attempt, Family } from "./attempt.ts";
import { perlAttempt } from "./perl.ts";

/** Whether a line of the program's own status is not what a sandbox has. */
const status = (line: string, held: string): string =>
  `while read -r name x; do case $name in ${line}:) case $x in ${held}) exit 1 ;; *) exit 0 ;; esac ;; esac; done </proc/self/status; exit 1`;

const attempts: readonly Attempt[] = [
  {
    id: "rights-bounding",
    says: "no program in the sandbox can ever hold a capability",
    script: status("CapBnd", "0000000000000000"),
    short: true,
  },
  {
    id: "rights-effective",
    says: "a program holds no capability",
    script: status("CapEff", "0000000000000000"),
    short: true,
  },
  {
    id: "rights-new",
    says: "a program cannot gain rights from the files that it runs",
    script: status("NoNewPrivs", "1"),
    short: true,
  },
  {
    id: "rights-filter",
    says: "the kernel filters a program's calls",
    script: status("Seccomp", "2"),
    short: true,
  },
  { id: "rights-root", says: "a program is not root", script: 'test "$(id -u)" -eq 0', needs: ["id"] },
  {
    id: "rights-sudo",
    says: "a program cannot become somebody else with sudo",
    script: "sudo -n true",
    needs: ["sudo"],
  },
  {
    id: "rights-give",
    says: "a program cannot give a file to somebody else",
    script: ': >"$SCRATCH/own-$MARK" && chown 1:1 "$SCRATCH/own-$MARK"',
    needs: ["chown"],
  },
  {
    id: "rights-file",
    says: "a program cannot put capabilities on a file",
    script: ': >"$SCRATCH/cap-$MARK" && setcap cap_net_raw+ep "$SCRATCH/cap-$MARK"',
    needs: ["setcap"],
  },
  perlAttempt("rights-user", "a program cannot become another user", "$< = 1; $> = 1; exit($> == 1 ? 0 : 1)"),
  perlAttempt("rights-group", "a program cannot join another group", '$) = "1 1"; exit($) =~ /^1 / ? 0 : 1)'),
  perlAttempt(
    "rights-nice",
    "a program cannot put itself before others",
    "exit(setpriority(0, 0, getpriority(0, 0) - 5) ? 0 : 1)",
  ),
];

export const privileges: Family = { name: "rights", attempts };
