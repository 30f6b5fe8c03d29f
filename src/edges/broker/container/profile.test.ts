import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ABSENT, FORBIDDEN, JUDGED, NEWEST, numberOn } from "../syscalls.ts";
import { ORDINARY } from "./calls.ts";
import { type ArgumentRule, type CallRule, seccompProfile } from "./profile.ts";

/** What the engine's library would make of a call: any rule that fits allows; else the answer of the default. */
function answer(name: string, args: readonly bigint[] = []): "allow" | number {
  const profile = seccompProfile("x64");
  const rules = profile.syscalls.filter((rule) => rule.names.includes(name));
  const fitting = rules.find((rule) => fits(rule, args));
  if (fitting === undefined) return profile.defaultErrnoRet;
  return fitting.action === "SCMP_ACT_ALLOW" ? "allow" : (fitting.errnoRet ?? profile.defaultErrnoRet);
}

function fits(rule: CallRule, args: readonly bigint[]): boolean {
  return (rule.args ?? []).every((one) => passes(one, args[one.index] ?? 0n));
}

function passes({ op, value, valueTwo }: ArgumentRule, arg: bigint): boolean {
  if (op === "SCMP_CMP_EQ") return arg === BigInt(value);
  return (arg & BigInt(value)) === BigInt(valueTwo);
}

const argument = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

test("R-BOX-3: a container's filter refuses every call that bubblewrap's refuses", () => {
  for (const name of FORBIDDEN.keys()) assert.equal(answer(name), 1, name);
  for (const name of ABSENT.keys()) assert.equal(answer(name), 38, name);
  assert.equal(answer("a_call_of_a_later_kernel"), 38);
  for (const name of ORDINARY) assert.ok(!FORBIDDEN.has(name) && !ABSENT.has(name) && !(name in JUDGED), name);
});

test("R-BOX-3: a container's filter leaves ordinary calls alone", () => {
  for (const name of ["read", "write", "openat", "execve", "exit_group", "futex", "mmap", "wait4", "statx", "rseq"])
    assert.equal(answer(name), "allow", name);
  assert.equal(answer("clone", [0x1200011n]), "allow");
  assert.equal(answer("ioctl", [1n, 0x5413n]), "allow");
  assert.equal(answer("ioctl", [1n, 0x541bn]), "allow");
  for (const family of [1n, 2n, 10n, 16n]) assert.equal(answer("socket", [family]), "allow");
  assert.equal(answer("personality", [0xffffffffn]), "allow");
});

test("INVARIANT(never-laxer): no argument gets past a container's filter that bubblewrap's stops", () => {
  fc.assert(
    fc.property(argument, (flags) => {
      if ((flags & 0x7e020000n) !== 0n) assert.notEqual(answer("clone", [flags]), "allow");
      else assert.equal(answer("clone", [flags]), "allow");
    }),
  );
  const request = fc.oneof(argument, fc.constantFrom(0x5412n, 0x541cn, 0x5423n, 0x100005412n, 0xffffffff0000541cn));
  fc.assert(
    fc.property(request, (arg) => {
      // The kernel looks at the lower 32 bits.
      const low = arg & 0xffffffffn;
      assert.equal(answer("ioctl", [1n, arg]) === "allow", ![0x5412n, 0x541cn, 0x5423n].includes(low));
    }),
  );
  fc.assert(
    fc.property(argument, (family) => {
      const isKnown = [1n, 2n, 10n, 16n].includes(family);
      assert.equal(answer("socketpair", [family]) === "allow", isKnown);
      assert.equal(answer("socket", [family]) === "allow", isKnown);
    }),
  );
  const inet = fc.constantFrom(2n, 10n);
  fc.assert(
    fc.property(inet, fc.oneof(argument, fc.nat({ max: 300 }).map(BigInt)), (family, protocol) => {
      const isKnown = [0n, 1n, 6n, 17n, 58n].includes(protocol);
      assert.equal(answer("socket", [family, 3n, protocol]) === "allow", isKnown);
      assert.equal(answer("socket", [16n, 3n, protocol]) === "allow", protocol === 0n);
    }),
  );
});

test("R-BOX-3: both filters know the same machine, and no newer one", () => {
  assert.deepEqual(seccompProfile("arm64").architectures, ["SCMP_ARCH_AARCH64"]);
  const numbers = [...FORBIDDEN.values()].map((one) => numberOn("x64", one) ?? 0);
  assert.ok(Math.max(...numbers) <= NEWEST);
});
