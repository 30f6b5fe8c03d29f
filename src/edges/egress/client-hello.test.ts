import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { realHello } from "../../../test/egress-support.ts";
import { HELLO_LIMIT, readClientHello } from "./client-hello.ts";

/** The same handshake message in records of `size` bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const parts: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const piece = message.subarray(at, at + size);
    parts.push(Buffer.from([22, 3, 1, piece.length >> 8, piece.length & 255]), piece);
  }
  return Buffer.concat(parts);
}

/** A hello with these extensions and nothing else of interest. */
function made(...extensions: readonly (readonly [number, string])[]): Buffer {
  const body = Buffer.concat(
    extensions.map(([type, hex]) => {
      const data = Buffer.from(hex, "hex");
      return Buffer.concat([Buffer.from([type >> 8, type & 255, data.length >> 8, data.length & 255]), data]);
    }),
  );
  const head = Buffer.concat([Buffer.from("0303", "hex"), Buffer.alloc(32), Buffer.from("00000213010100", "hex")]);
  const length = Buffer.from([body.length >> 8, body.length & 255]);
  const message = Buffer.concat([head, length, body]);
  const handshake = Buffer.concat([Buffer.from([1, 0, message.length >> 8, message.length & 255]), message]);
  return Buffer.concat([Buffer.from([22, 3, 1, handshake.length >> 8, handshake.length & 255]), handshake]);
}

/** `server_name` with one host name. */
function sni(name: string): readonly [number, string] {
  const bytes = Buffer.from(name);
  const entry = Buffer.concat([Buffer.from([0, 0, bytes.length]), bytes]);
  return [0, Buffer.concat([Buffer.from([0, entry.length]), entry]).toString("hex")];
}

test("R-NET-1: the name that a real client asks for is read, in any cut into records and with what follows", async () => {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    const hello = await realHello("Site.example", version);
    const expected = { kind: "hello", serverName: "site.example" };
    assert.deepEqual(readClientHello(hello), expected);
    for (const size of [50, 100, 1000]) assert.deepEqual(readClientHello(inRecords(hello, size)), expected);
    assert.deepEqual(readClientHello(Buffer.concat([hello, Buffer.from("140303000101", "hex")])), expected);
  }
  assert.deepEqual(readClientHello(await realHello(undefined)), { kind: "hello", serverName: null });
});

test("R-NET-1: half a hello is never taken for a whole one", async () => {
  const hello = await realHello("site.example");
  for (let end = 0; end < hello.length; end++)
    assert.deepEqual(readClientHello(hello.subarray(0, end)), { kind: "more" });
});

test("R-NET-1: other protocols are refused at their first bytes", () => {
  for (const text of [
    "GET / HTTP/1.1\r\n",
    "SSH-2.0-x\r\n",
    "\x00\x00\x00",
    "\x80\x2e\x01\x03\x01",
    "\x17\x03\x03\x00\x05hello",
    "\x16\x02\x00",
  ]) {
    assert.equal(readClientHello(Buffer.from(text, "latin1")).kind, "refused", text);
  }
});

test("R-NET-1: a hello that names no single server in a plain form is refused", () => {
  assert.deepEqual(readClientHello(made(sni("site.example"))), { kind: "hello", serverName: "site.example" });
  assert.deepEqual(readClientHello(made([10, "0000"], sni("a.example"))), { kind: "hello", serverName: "a.example" });
  assert.deepEqual(readClientHello(made()), { kind: "hello", serverName: null });
  const cases = {
    twice: made(sni("site.example"), sni("site.example")),
    "two names": made([0, "000c0000036162630000036465660000".slice(0, 28)]),
    "other type": made([0, "0006010003616263"]),
    "empty name": made([0, "0003000000"]),
    "zero byte": made([0, "00060000036100623a".slice(0, 16)]),
    "list too long": made([0, "00090000036162630a"]),
    "something behind": made([0, "000600000361626300"]),
  };
  for (const [name, bytes] of Object.entries(cases)) assert.equal(readClientHello(bytes).kind, "refused", name);
});

test("R-NET-1: a hello without end is refused", () => {
  const head = Buffer.from([22, 3, 1, 0x40, 0, 1, 0, 0x50, 0]);
  assert.equal(readClientHello(head).kind, "refused");
  const slow = inRecords(Buffer.concat([Buffer.alloc(5), Buffer.from([1, 0, 0x20, 0]), Buffer.alloc(HELLO_LIMIT)]), 1);
  assert.equal(readClientHello(slow.subarray(0, 6 * 65)).kind, "refused");
});

test("R-NET-1: INVARIANT(total): any bytes are answered, and a changed byte never makes a hello for another host", async () => {
  const hello = await realHello("site.example");
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void readClientHello(Buffer.from(bytes))));
  fc.assert(
    fc.property(fc.nat(hello.length - 1), fc.nat(255), (at, byte) => {
      const changed = Buffer.from(hello);
      changed[at] = byte;
      const read = readClientHello(changed);
      if (read.kind === "hello" && read.serverName !== null && read.serverName !== "site.example") {
        assert.ok(changed.toString("latin1").toLowerCase().includes(read.serverName), "the name stands in the bytes");
      }
    }),
    { numRuns: 2000 },
  );
});

test("R-NET-1: a hello with something behind its end is refused: servers may read that and see another name", () => {
  const plain = made(sni("site.example"));
  assert.deepEqual(readClientHello(plain), { kind: "hello", serverName: "site.example" });
  const longer = Buffer.concat([plain, Buffer.from([0])]);
  longer.writeUInt16BE(plain.readUInt16BE(3) + 1, 3);
  longer.writeUInt16BE(plain.readUInt16BE(7) + 1, 7);
  assert.equal(readClientHello(longer).kind, "refused");
});
