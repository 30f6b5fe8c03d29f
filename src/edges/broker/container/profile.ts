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
import { FAMILIES, NEW_NAMESPACE, PERSONALITIES, PROTOCOLS, TIOCLINUX, TIOCSETD, TIOCSTI } from "../seccomp.ts";
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
      ...lowHalfIsNot(1, [TIOCSTI, TIOCLINUX, TIOCSETD]).map((rule) => allow(["ioctl"], rule)),
      ...PERSONALITIES.map((value) => allow(["personality"], equal(0, value))),
      ...FAMILIES.map((value) => allow(["socketpair"], equal(0, value))),
      ...FAMILIES.flatMap(socketsOf),
    ],
  };
}

function allow(names: readonly string[], ...args: readonly ArgumentRule[]): CallRule {
  return { names, action: "SCMP_ACT_ALLOW", args };
}

function equal(index: number, value: number): ArgumentRule {
  return { index, value, valueTwo: 0, op: "SCMP_CMP_EQ" };
}

function masked(index: number, mask: number, value: number): ArgumentRule {
  return { index, value: mask, valueTwo: value, op: "SCMP_CMP_MASKED_EQ" };
}

/** Sockets of one family: with a listed protocol where the family has a list. */
function socketsOf(family: number): CallRule[] {
  const list = PROTOCOLS.find(([one]) => one === family);
  if (list === undefined) return [allow(["socket"], equal(0, family))];
  return list[1].map((protocol) => allow(["socket"], equal(0, family), equal(2, protocol)));
}

/**
 * Rules that pass exactly where the lower half of an argument is none of these values. From the highest bit down: where
 * none of the values goes on in a way, everything that goes that way passes.
 */
function lowHalfIsNot(index: number, values: readonly number[]): ArgumentRule[] {
  const rules: ArgumentRule[] = [];
  const walk = (bit: number, upper: number, left: readonly number[]): void => {
    for (const way of bit < 0 ? [] : [0, 2 ** bit]) {
      const on = left.filter((value) => (value & (2 ** bit)) >>> 0 === way);
      if (on.length > 0) walk(bit - 1, upper + way, on);
      else rules.push(masked(index, 2 ** 32 - 2 ** bit, upper + way));
    }
  };
  walk(31, 0, values);
  return rules;
}
