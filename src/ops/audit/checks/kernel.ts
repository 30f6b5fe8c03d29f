/** Checks of the kernel's own switches. @module */
import type { Severity } from "../../../core/finding.ts";
import type { Check } from "../check.ts";
import { need } from "../known.ts";

type Switch = {
  readonly id: string;
  readonly severity: Severity;
  /** As `sysctl` names it. */
  readonly name: string;
  readonly bad: (value: string) => boolean;
  readonly set: string;
  readonly title: string;
  readonly why: string;
  readonly references: readonly string[];
};

const is =
  (...values: readonly string[]) =>
  (value: string): boolean =>
    values.includes(value);

const SWITCHES: readonly Switch[] = [
  {
    id: "host.kernel.aslr",
    severity: "high",
    name: "kernel.randomize_va_space",
    bad: is("0", "1"),
    set: "2",
    title: "programs lie at addresses that can be guessed",
    why: "A hole in any of them becomes easy to use.",
    references: ["CWE-119"],
  },
  {
    id: "host.kernel.ptrace",
    severity: "medium",
    name: "kernel.yama.ptrace_scope",
    bad: is("0"),
    set: "1",
    title: "programs of one user may look into each other's memory",
    why: "Any program of yours can then read the gateway's keys.",
    references: ["CWE-200"],
  },
  {
    id: "host.kernel.set-uid-dumps",
    severity: "medium",
    name: "fs.suid_dumpable",
    bad: is("1"),
    set: "0",
    title: "programs with raised rights leave dumps",
    why: "Passwords and keys are in them.",
    references: ["CWE-528"],
  },
  {
    id: "host.kernel.links.symbolic",
    severity: "medium",
    name: "fs.protected_symlinks",
    bad: is("0"),
    set: "1",
    title: "links in shared folders are followed",
    why: "The oldest trick with /tmp works.",
    references: ["CWE-59"],
  },
  {
    id: "host.kernel.links.hard",
    severity: "medium",
    name: "fs.protected_hardlinks",
    bad: is("0"),
    set: "1",
    title: "users may give second names to files of others",
    why: "A file of yours is then kept, or written, where you do not look.",
    references: ["CWE-62"],
  },
  {
    id: "host.kernel.fifos",
    severity: "low",
    name: "fs.protected_fifos",
    bad: is("0"),
    set: "1",
    title: "pipes of others in shared folders are opened",
    why: "A program that means to write its file writes into somebody's hands.",
    references: ["CWE-379"],
  },
  {
    id: "host.kernel.regular",
    severity: "low",
    name: "fs.protected_regular",
    bad: is("0"),
    set: "1",
    title: "files of others in shared folders are opened for writing",
    why: "A program that means to make its file writes into somebody's.",
    references: ["CWE-379"],
  },
  {
    id: "host.kernel.bpf",
    severity: "medium",
    name: "kernel.unprivileged_bpf_disabled",
    bad: is("0"),
    set: "1",
    title: "everybody may load programs into the kernel",
    why: "The checker of these programs had many holes.",
    references: ["CWE-269"],
  },
  {
    id: "host.kernel.pointers",
    severity: "low",
    name: "kernel.kptr_restrict",
    bad: is("0"),
    set: "1",
    title: "the kernel tells where it lies",
    why: "Whoever attacks it from a sandbox need not guess.",
    references: ["CWE-200"],
  },
  {
    id: "host.kernel.messages",
    severity: "low",
    name: "kernel.dmesg_restrict",
    bad: is("0"),
    set: "1",
    title: "everybody may read the kernel's messages",
    why: "Addresses and names of devices are in them.",
    references: ["CWE-532"],
  },
  {
    id: "host.kernel.perf",
    severity: "low",
    name: "kernel.perf_event_paranoid",
    bad: is("-1", "0"),
    set: "2",
    title: "everybody may measure the whole machine",
    why: "Measuring others is how keys are read through side channels, and its code had holes.",
    references: ["CWE-203"],
  },
];

export const kernel: readonly Check[] = [
  ...SWITCHES.map(
    ({ name, bad, set, ...words }): Check => ({
      ...words,
      fix: `\`sysctl -w ${name}=${set}\`, and keep it in /etc/sysctl.d (\`vambrace harden --host DIR\` writes it for review)`,
      look(at) {
        const value = need(at.host).sysctls.get(name);
        return value !== undefined && bad(value) ? [`${name} is ${value}`] : [];
      },
    }),
  ),
  {
    id: "host.kernel.vulnerable",
    severity: "medium",
    title: "the processor has a hole that the kernel does not close",
    why: "A program in a sandbox could read memory of others through it.",
    fix: "update kernel and microcode; do not boot with `mitigations=off`",
    references: ["CWE-1037", "CWE-203"],
    look: (at) => need(at.host).vulnerabilities,
  },
  {
    id: "host.kernel.modules",
    severity: "low",
    title: "no security module of the kernel is in force",
    why: "AppArmor or SELinux would hold what bubblewrap let out.",
    fix: "turn on what your system ships",
    references: ["CWE-693"],
    look: (at) =>
      need(at.host).securityModules.length === 0 && !need(at.host).inContainer ? ["neither AppArmor nor SELinux"] : [],
  },
];
