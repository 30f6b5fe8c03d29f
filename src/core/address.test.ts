import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { classifyAddress, isAddress, parseNetwork } from "./address.ts";

/** Refused here beyond what the oracle refuses. */
const STRICTER = [/metadata/, /global unicast/, /ISATAP/, /IPv4-compatible/];

function oracleSaysPublic(text: string): boolean {
  const address = ipaddr.process(text);
  return address.range() === "unicast";
}

function special(text: string): string {
  const reach = classifyAddress(text);
  return reach.reach === "special" ? reach.why : assert.fail(`${text} is public`);
}

/** Half of them inside a range that matters, so that edges are met. */
const v4 = fc.tuple(
  fc.oneof(fc.nat(255), fc.constantFrom(0, 10, 100, 127, 169, 172, 192, 198, 203, 224, 255)),
  fc.oneof(fc.nat(255), fc.constantFrom(0, 16, 18, 31, 51, 52, 63, 64, 88, 127, 168, 175, 254)),
  fc.oneof(fc.nat(255), fc.constantFrom(0, 2, 48, 99, 100, 113, 129, 169, 193, 196)),
  fc.nat(255),
);
const group = fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 0, 0, 1, 0xffff, 0x5efe));
const first = fc.constantFrom(
  0x64,
  0x100,
  0x2001,
  0x2002,
  0x2600,
  0x2620,
  0x3fff,
  0x5f00,
  0xfc00,
  0xfe80,
  0xfec0,
  0xff02,
);
const second = fc.constantFrom(0, 1, 2, 3, 4, 0x10, 0x20, 0x30, 0xdb8, 0xff9b, 0x4f, 0x1ff, 0x200);
const v6 = fc.tuple(fc.oneof(first, group), fc.oneof(second, group), fc.array(group, { minLength: 6, maxLength: 6 }));

test("R-NET-1: INVARIANT(special-refused): no IPv4 address is public that the oracle calls special", () => {
  fc.assert(
    fc.property(v4, (octets) => {
      const text = octets.join(".");
      const reach = classifyAddress(text);
      if (oracleSaysPublic(text))
        assert.ok(reach.reach === "public" || STRICTER.some((word) => word.test(reach.why)), text);
      else assert.equal(reach.reach, "special", text);
    }),
    { numRuns: 5000 },
  );
});

test("R-NET-1: INVARIANT(special-refused): no IPv6 address is public that the oracle calls special", () => {
  fc.assert(
    fc.property(v6, ([a, b, rest]) => {
      const text = [a, b, ...rest].map((part) => part.toString(16)).join(":");
      const reach = classifyAddress(text);
      if (oracleSaysPublic(text))
        assert.ok(reach.reach === "public" || STRICTER.some((word) => word.test(reach.why)), text);
      else assert.equal(reach.reach, "special", text);
    }),
    { numRuns: 5000 },
  );
});

test("R-NET-1: an IPv6 form of an IPv4 address reaches no further than that address", () => {
  fc.assert(
    fc.property(v4, (octets) => {
      const text = octets.join(".");
      const reach = classifyAddress(text);
      assert.deepEqual(classifyAddress(`::ffff:${text}`), reach);
      for (const prefix of ["::", "64:ff9b::", "::ffff:0:"]) special(`${prefix}${text}`);
      const hex = octets.map((octet) => octet.toString(16).padStart(2, "0"));
      special(`2002:${hex[0]}${hex[1]}:${hex[2]}${hex[3]}::1`);
      special(`2a00::5efe:${text}`);
    }),
  );
});

test("R-NET-1: what is taken for an address is what the platform takes for one, spelled in one way", () => {
  const text = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.string({ unit: fc.constantFrom("0", "1", "7", "f", ":", "::", ".", "127.0.0.1", "ffff"), maxLength: 14 }),
  );
  fc.assert(
    fc.property(text, (spelled) => assert.equal(isAddress(spelled), isIP(spelled) !== 0, spelled)),
    { numRuns: 5000 },
  );
});

test("R-NET-1: a public address is answered in its canonical spelling", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const reach = classifyAddress(text);
      if (reach.reach === "public")
        assert.equal(ipaddr.process(reach.address).toString(), ipaddr.process(text).toString());
    }),
    { numRuns: 2000 },
  );
});

test("R-NET-1: spellings that other programs read in another way are not addresses", () => {
  for (const text of [
    "127.1",
    "0177.0.0.1",
    "010.8.8.8",
    "2130706433",
    "0x7f.0.0.1",
    "8.8.8.8 ",
    "fe80::1%eth0",
    "",
    "1.2.3.4.",
    "٨.8.8.8",
  ]) {
    assert.equal(special(text), "not an address", text);
  }
});

test("R-NET-1: the metadata services of clouds are special by name, also in public ranges", () => {
  for (const text of [
    "169.254.169.254",
    "168.63.129.16",
    "100.100.100.200",
    "fd00:ec2::254",
    "::ffff:169.254.169.254",
    "192.0.0.192",
  ]) {
    assert.match(special(text), /metadata/, text);
  }
});

test("R-NET-1: public addresses pass", () => {
  for (const text of [
    "8.8.8.8",
    "93.184.216.34",
    "1.1.1.1",
    "172.32.0.1",
    "100.63.0.1",
    "2606:2800:220:1::1",
    "2a00:1450:4001::64",
  ]) {
    assert.deepEqual(classifyAddress(text), { reach: "public", address: text });
  }
  assert.deepEqual(classifyAddress("::ffff:8.8.8.8"), { reach: "public", address: "8.8.8.8" });
});

test("R-NET-1: the networks of this machine are special although their addresses are public ones", () => {
  const own = [parseNetwork("93.184.216.0/24"), parseNetwork("2a00:1450:4001::/64")].filter((block) => block !== null);
  assert.deepEqual(classifyAddress("93.184.216.34", own), { reach: "special", why: "a network of this machine" });
  assert.deepEqual(classifyAddress("::ffff:93.184.216.34", own), {
    reach: "special",
    why: "a network of this machine",
  });
  assert.equal(classifyAddress("2a00:1450:4001::5", own).reach, "special");
  assert.equal(classifyAddress("93.184.217.34", own).reach, "public");
});

test("R-NET-1: a network that is none is not read", () => {
  for (const text of ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "::/129", "x/8", "10.0.0.0/-1"])
    assert.equal(parseNetwork(text), null);
});
