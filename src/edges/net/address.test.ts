import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { classifyAddress, parseNetwork } from "../../core/address.ts";
import { internet, serveHttp, SITE } from "../../../test/egress-support.ts";
import { checkedAddresses, dialAddress, dialFirst, errorCode, realWorld } from "./address.ts";

test("R-NET-1: the dialer of the product gives no connection to this machine, whoever asks", async (t) => {
  const port = await serveHttp(t, (_, res) => res.end("inside"));
  for (const address of ["127.0.0.1", "::ffff:127.0.0.1"]) {
    await assert.rejects(dialAddress(address, port), /another address than the one that was checked/);
  }
  await assert.rejects(dialFirst([], port, dialAddress), /no address/);
});

test("R-NET-1: the networks of this machine are known as they are now", () => {
  const own = realWorld().ownNetworks();
  const loopback = parseNetwork("127.0.0.1/8");
  assert.ok(
    loopback !== null &&
      own.some(({ version, value, bits }) => version === 4 && bits === loopback.bits && value === loopback.value),
  );
});

test("R-NET-1: an address of a network that this machine is in is refused, by name and as literal", async () => {
  const block = parseNetwork("93.184.216.0/24") ?? assert.fail();
  const world = { ...internet({ "neighbour.example": [[SITE]] }, {}), ownNetworks: () => [block] };
  assert.equal((await checkedAddresses("neighbour.example", false, world)).kind, "special");
  assert.equal((await checkedAddresses(SITE, true, world)).kind, "special");
  assert.deepEqual(await checkedAddresses("8.8.8.8", true, world), { kind: "public", addresses: ["8.8.8.8"] });
});

test("R-NET-1: INVARIANT(checked-all): one special address among those of a name refuses all of them", async () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  await fc.assert(
    fc.asyncProperty(fc.array(address, { maxLength: 6 }), async (addresses) => {
      const world = internet({ "x.example": [addresses] }, {});
      const checked = await checkedAddresses("x.example", false, world);
      const anySpecial = addresses.some((each) => classifyAddress(each).reach === "special");
      assert.equal(checked.kind, addresses.length === 0 ? "unresolved" : anySpecial ? "special" : "public");
      if (checked.kind === "public") assert.equal(checked.addresses.length, addresses.length);
      assert.equal(world.resolved.length, 1);
    }),
  );
});

test("R-GATE-8: of an error only its code is told", () => {
  const secret = Object.assign(new Error("secret text"), { code: "ECONNREFUSED" });
  assert.equal(errorCode(secret), "ECONNREFUSED");
  assert.equal(errorCode(new AggregateError([secret])), "ECONNREFUSED");
  assert.equal(errorCode(new TypeError("secret")), "TypeError");
  assert.equal(errorCode("secret"), "unknown error");
});
