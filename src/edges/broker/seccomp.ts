/**
 * The system-call filter: a classic BPF program, assembled here and handed to
 * bubblewrap by descriptor. No library and no binary is needed for it.
 *
 * A call from another architecture (32-bit entry, x32) kills the process: the
 * numbers in the table mean something else there.
 *
 * @see Linux Documentation/userspace-api/seccomp_filter.rst
 * @module
 */
import { ABSENT, ARCHITECTURE, FORBIDDEN, JUDGED, type Machine, NEWEST, numberOn } from "./syscalls.ts";

const LOAD = 0x20;
const EQUAL = 0x15;
const AT_LEAST = 0x35;
const ANY_BIT = 0x45;
const RETURN = 0x06;

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const ERRNO = 0x00050000;
const EPERM = 1;
const ENOSYS = 38;
const EPROTONOSUPPORT = 93;
const EAFNOSUPPORT = 97;

const AT_NUMBER = 0;
const AT_ARCHITECTURE = 4;
/** Low half of argument `i`; both machines are little-endian. */
const atArgument = (i: number): number => 16 + 8 * i;

const X32_BIT = 0x40000000;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
export const NEW_NAMESPACE = 0x7e020000;
export const TIOCSTI = 0x5412;
export const TIOCLINUX = 0x541c;
/** Loads a driver for a terminal; none is needed, and some had bugs. */
export const TIOCSETD = 0x5423;
/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. Others (vsock, alg, packet, …) are not all held by a network namespace. */
export const FAMILIES = [1, 2, 10, 16];
/** AF_INET and AF_INET6 with no protocol of their own choice, ICMP, TCP, UDP or ICMPv6; AF_NETLINK about routes and addresses. */
export const PROTOCOLS: readonly (readonly [family: number, protocols: readonly number[]])[] = [
  [2, [0, 1, 6, 17, 58]],
  [10, [0, 1, 6, 17, 58]],
  [16, [0]],
];
/** Execution domains that Docker's profile grants, and the query. */
export const PERSONALITIES = [0, 8, 0x20000, 0x20008, 0xffffffff];

type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, k: number];

/** The filter for this machine, ready to be written to the descriptor that `--seccomp` names. */
export function seccompFilter(machine: Machine): Buffer {
  return encode([
    [LOAD, 0, 0, AT_ARCHITECTURE],
    [EQUAL, 1, 0, ARCHITECTURE[machine]],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD, 0, 0, AT_NUMBER],
    // x32 shares the architecture value and sets a bit in the number; -1 (a skipped call) also lands here.
    ...when([AT_LEAST, X32_BIT], KILL_PROCESS),
    ...when([AT_LEAST, NEWEST + 1], ERRNO | ENOSYS),
    ...refuseAll(machine, FORBIDDEN, EPERM),
    ...refuseAll(machine, ABSENT, ENOSYS),
    ...judged(JUDGED.clone[machine], [[LOAD, 0, 0, atArgument(0)], ...when([ANY_BIT, NEW_NAMESPACE], ERRNO | EPERM)]),
    ...judged(JUDGED.ioctl[machine], [
      [LOAD, 0, 0, atArgument(1)],
      ...when([EQUAL, TIOCSTI], ERRNO | EPERM),
      ...when([EQUAL, TIOCLINUX], ERRNO | EPERM),
      ...when([EQUAL, TIOCSETD], ERRNO | EPERM),
    ]),
    ...judged(JUDGED.personality[machine], only(0, PERSONALITIES, EPERM)),
    ...judged(JUDGED.socket[machine], [
      ...PROTOCOLS.flatMap(([family, protocols]) => inFamily(family, protocols)),
      ...only(0, FAMILIES, EAFNOSUPPORT),
    ]),
    ...judged(JUDGED.socketpair[machine], only(0, FAMILIES, EAFNOSUPPORT)),
    [RETURN, 0, 0, ALLOW],
  ]);
}

function when([test, k]: readonly [test: number, k: number], answer: number): Instruction[] {
  return [
    [test, 0, 1, k],
    [RETURN, 0, 0, answer],
  ];
}

function refuseAll(
  machine: Machine,
  calls: ReadonlyMap<string, readonly [number | null, number | null]>,
  errno: number,
): Instruction[] {
  return [...calls.values()].flatMap((numbers) => {
    const number = numberOn(machine, numbers);
    return number === null ? [] : when([EQUAL, number], ERRNO | errno);
  });
}

/** Runs `body` for one call and allows what it does not refuse. */
function judged(number: number, body: readonly Instruction[]): Instruction[] {
  return [[EQUAL, 0, body.length + 1, number], ...body, [RETURN, 0, 0, ALLOW]];
}

/** Refuses every value of argument `i` that is not listed. */
function only(i: number, values: readonly number[], errno: number): Instruction[] {
  const tests = values.map((value, at): Instruction => [EQUAL, values.length - at, 0, value]);
  return [[LOAD, 0, 0, atArgument(i)], ...tests, [RETURN, 0, 0, ERRNO | errno]];
}

/** Decides a socket of one family by its protocol, and leaves others to what comes after. */
function inFamily(family: number, protocols: readonly number[]): Instruction[] {
  const body: Instruction[] = [...only(2, protocols, EPROTONOSUPPORT), [RETURN, 0, 0, ALLOW]];
  return [[LOAD, 0, 0, atArgument(0)], [EQUAL, 0, body.length, family], ...body];
}

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [i, [code, jumpTrue, jumpFalse, k]] of program.entries()) {
    bytes.writeUInt16LE(code, i * 8);
    bytes.writeUInt8(jumpTrue, i * 8 + 2);
    bytes.writeUInt8(jumpFalse, i * 8 + 3);
    bytes.writeUInt32LE(k >>> 0, i * 8 + 4);
  }
  return bytes;
}
