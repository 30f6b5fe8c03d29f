import assert from "node:assert/strict";
import { test } from "node:test";
import { seccompFilter } from "./seccomp.ts";
import { ABSENT, ARCHITECTURE, FORBIDDEN, JUDGED, type Machine, NEWEST, numberOn } from "./syscalls.ts";

const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;
const KILL = 0x80000000;

type Call = { readonly number: number; readonly arch?: number; readonly args?: readonly number[] };

/** What the kernel would answer: a classic BPF machine for the instructions that the filter uses. */
function answer(machine: Machine, call: Call): number {
  const program = seccompFilter(machine);
  const data = Buffer.alloc(64);
  data.writeUInt32LE(call.number >>> 0, 0);
  data.writeUInt32LE(call.arch ?? ARCHITECTURE[machine], 4);
  for (const [i, arg] of (call.args ?? []).entries()) data.writeBigUInt64LE(BigInt(arg), 16 + 8 * i);
  let a = 0;
  for (let pc = 0; pc < program.length / 8; pc++) {
    const k = program.readUInt32LE(pc * 8 + 4);
    const jump = (yes: boolean): number => program.readUInt8(pc * 8 + (yes ? 2 : 3));
    const code = program.readUInt16LE(pc * 8);
    if (code === 0x20) a = data.readUInt32LE(k);
    else if (code === 0x15) pc += jump(a === k);
    else if (code === 0x35) pc += jump(a >= k);
    else if (code === 0x45) pc += jump((a & k) !== 0);
    else if (code === 0x06) return k;
    else assert.fail(`instruction ${code}`);
  }
  assert.fail("ran off the end");
}

for (const machine of ["x64", "arm64"] as const) {
  test(`R-BOX-3: the filter refuses every forbidden call (${machine})`, () => {
    let counted = 0;
    for (const [calls, wanted] of [
      [FORBIDDEN, EPERM],
      [ABSENT, ENOSYS],
    ] as const) {
      for (const [name, numbers] of calls) {
        const number = numberOn(machine, numbers);
        if (number === null) continue;
        assert.equal(answer(machine, { number }), wanted, name);
        counted += 1;
      }
    }
    assert.ok(counted > 60);
  });

  test(`R-BOX-3: the filter leaves ordinary calls alone (${machine})`, () => {
    // read, write, openat, execve, exit_group, futex, mmap
    const ordinary = machine === "x64" ? [0, 1, 257, 59, 231, 202, 9] : [63, 64, 56, 221, 94, 98, 222];
    for (const number of ordinary) assert.equal(answer(machine, { number }), ALLOW, String(number));
  });

  test(`R-BOX-3: a call of another architecture or number space kills (${machine})`, () => {
    assert.equal(answer(machine, { number: 1, arch: 0x40000003 }), KILL);
    assert.equal(answer(machine, { number: 0x40000001 }), KILL);
    assert.equal(answer(machine, { number: NEWEST + 1 }), ENOSYS);
    assert.equal(answer(machine, { number: NEWEST }), ALLOW);
  });

  test(`R-BOX-3: clone may fork and may not make namespaces (${machine})`, () => {
    const number = JUDGED.clone[machine];
    assert.equal(answer(machine, { number, args: [0x1200011] }), ALLOW);
    for (const flag of [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]) {
      assert.equal(answer(machine, { number, args: [flag | 17] }), EPERM, flag.toString(16));
    }
  });

  test(`R-BOX-3: nothing is typed into a terminal, other ioctls pass (${machine})`, () => {
    const number = JUDGED.ioctl[machine];
    assert.equal(answer(machine, { number, args: [1, 0x5412] }), EPERM);
    assert.equal(answer(machine, { number, args: [1, 0x541c] }), EPERM);
    assert.equal(answer(machine, { number, args: [1, 0x5423] }), EPERM);
    assert.equal(answer(machine, { number, args: [1, 0x5413] }), ALLOW);
    // The kernel looks at 32 bits of the request; so does the filter.
    assert.equal(answer(machine, { number, args: [1, 0x100005412] }), EPERM);
  });

  test(`R-BOX-3: sockets of local, internet and netlink families only (${machine})`, () => {
    const number = JUDGED.socket[machine];
    for (const family of [1, 2, 10, 16]) assert.equal(answer(machine, { number, args: [family] }), ALLOW);
    for (const family of [0, 17, 38, 40]) assert.equal(answer(machine, { number, args: [family] }), 0x00050061);
    const protocol = (family: number, kind: number, of: number): number =>
      answer(machine, { number, args: [family, kind, of] });
    for (const one of [0, 1, 6, 17, 58])
      for (const family of [2, 10]) assert.equal(protocol(family, 1, one), ALLOW, String(one));
    for (const one of [33, 132, 136, 255, 262]) assert.equal(protocol(2, 1, one), 0x0005005d, String(one));
    assert.equal(protocol(16, 3, 0), ALLOW);
    for (const one of [4, 6, 9, 12, 15, 16, 21]) assert.equal(protocol(16, 3, one), 0x0005005d, String(one));
    assert.equal(protocol(1, 1, 5), ALLOW, "a local socket has no protocols to choose from");
    assert.equal(answer(machine, { number: JUDGED.personality[machine], args: [0x0040000] }), EPERM);
    assert.equal(answer(machine, { number: JUDGED.personality[machine], args: [0xffffffff] }), ALLOW);
  });
}
