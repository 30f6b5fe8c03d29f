/**
 * The system-call filter in the form that container engines take, from the
 * same table as bubblewrap's own (`seccomp.ts`).
 *
 * The form has no "unless", and a wide rule swallows a narrow one. So what is
 * judged by an argument is written as what may pass. Arguments are 64 bits
 * wide there and 32 in the kernel: a comparison that looked at the upper half
 * would be passed by setting it.
 *
 * INVARIANT(never-laxer): what bubblewrap's filter refuses, this one refuses.
 *
 * @see https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp
 * @module
 */
import { FAMILIES, NEW_NAMESPACE, PERSONALITIES, TIOCLINUX, TIOCSTI } from "../seccomp.ts";
import { FORBIDDEN, type Machine } from "../syscalls.ts";
import { ORDINARY } from "./calls.ts";

export type ArgumentRule = {
  readonly index: number;
  readonly value: number;
  readonly valueTwo: number;
  readonly op: "SCMP_CMP_EQ" | "SCMP_CMP_MASKED_EQ";
};

export type CallRule = {
  readonly names: readonly string[];
  readonly action: "SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO";
  readonly errnoRet?: number;
  readonly args?: readonly ArgumentRule[];
};

export type Profile = {
  readonly defaultAction: "SCMP_ACT_ERRNO";
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly CallRule[];
};

const EPERM = 1;
const ENOSYS = 38;

/** Calls of another architecture, and the 32-bit entry, are killed by the library itself. */
const NAMES = { x64: "SCMP_ARCH_X86_64", arm64: "SCMP_ARCH_AARCH64" } as const satisfies Record<Machine, string>;

export function seccompProfile(machine: Machine): Profile {
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: ENOSYS,
    architectures: [NAMES[machine]],
    syscalls: [
      { names: ORDINARY, action: "SCMP_ACT_ALLOW" },
      { names: [...FORBIDDEN.keys()], action: "SCMP_ACT_ERRNO", errnoRet: EPERM },
      allow(["clone"], masked(0, NEW_NAMESPACE, 0)),
      ...lowHalfIsNot(1, TIOCSTI, TIOCLINUX).map((rule) => allow(["ioctl"], rule)),
      ...PERSONALITIES.map((value) => allow(["personality"], equal(0, value))),
      ...FAMILIES.map((value) => allow(["socket", "socketpair"], equal(0, value))),
    ],
  };
}

function allow(names: readonly string[], rule: ArgumentRule): CallRule {
  return { names, action: "SCMP_ACT_ALLOW", args: [rule] };
}

function equal(index: number, value: number): ArgumentRule {
  return { index, value, valueTwo: 0, op: "SCMP_CMP_EQ" };
}

function masked(index: number, mask: number, value: number): ArgumentRule {
  return { index, value: mask, valueTwo: value, op: "SCMP_CMP_MASKED_EQ" };
}

/**
 * Rules that pass exactly where the lower half of an argument is neither of two values: it differs from both in a bit
 * that they share, or it is neither of them in the bits where they differ.
 */
function lowHalfIsNot(index: number, a: number, b: number): ArgumentRule[] {
  const differing = (a ^ b) >>> 0;
  const rules: ArgumentRule[] = [];
  for (let bit = 0; bit < 32; bit++) {
    const mask = 2 ** bit;
    if ((differing & mask) === 0) rules.push(masked(index, mask, (~a & mask) >>> 0));
  }
  for (let part = differing; ; part = ((part - 1) & differing) >>> 0) {
    if (part !== (a & differing) >>> 0 && part !== (b & differing) >>> 0) rules.push(masked(index, differing, part));
    if (part === 0) return rules;
  }
}
