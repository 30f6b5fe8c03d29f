/** WebSocket frames as somebody abuses them who has a good token. @module */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { dial, openDoor, statusOf, until } from "./http-bench.ts";

/** A client's frame, with each bit as an attacker sets it. */
function frame(first: number, payload: Buffer, isMasked = true, length = payload.length): Buffer {
  const head =
    length < 126
      ? [first, (isMasked ? 0x80 : 0) | length]
      : [first, (isMasked ? 0x80 : 0) | 126, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), ...(isMasked ? [Buffer.alloc(4)] : []), payload]);
}

test("bad input: frames that break the rules of WebSocket end the connection and reach nobody", async () => {
  await using door = await openDoor();
  const token = await door.token();
  const upgrade = `GET /ws HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`;
  const chat = Buffer.from(JSON.stringify({ v: 1, type: "chat", id: "1", text: "x" }));
  const bad: readonly Buffer[] = [
    frame(0x81, chat, false),
    frame(0xc1, chat),
    frame(0xf1, chat),
    frame(0x83, chat),
    frame(0x8b, chat),
    frame(0x80, chat),
    Buffer.concat([frame(0x01, chat), frame(0x81, chat)]),
    Buffer.concat([frame(0x01, chat.subarray(0, 5)), frame(0x02, chat.subarray(5))]),
    frame(0x89, Buffer.alloc(126)),
    frame(0x09, Buffer.from("x")),
    frame(0x88, Buffer.from([1])),
    frame(0x81, Buffer.from([0xff, 0xfe, 0xfd])),
    Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
  ];
  for (const bytes of bad) {
    const line = await dial(door.port, `${upgrade}\r\n`);
    await until("the upgrade", () => line.text().includes("\r\n\r\n"));
    assert.equal(statusOf(line.text()), 101);
    line.socket.write(bytes);
    await Promise.race([line.closed, sleep(1_000)]);
    assert.ok(
      line.socket.destroyed || line.socket.readableEnded,
      `still open after ${bytes.subarray(0, 6).toString("hex")}`,
    );
    line.socket.destroy();
  }
  assert.deepEqual(
    door.gateway.asked.filter(([name]) => name === "chat"),
    [],
  );
  for (const change of [
    "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover",
    "Sec-WebSocket-Protocol: admin",
  ]) {
    const line = await dial(door.port, `${upgrade}${change}\r\n\r\n`);
    await until("an answer", () => line.text().includes("\r\n\r\n"));
    assert.doesNotMatch(line.text(), /sec-websocket-(?:extensions|protocol)/i);
    line.socket.destroy();
  }
  const line = await dial(door.port, `${upgrade}\r\n`);
  await until("the upgrade", () => line.text().includes("ready"));
  line.socket.write(frame(0x81, chat));
  await until("the chat", () => door.gateway.asked.some(([name]) => name === "chat"));
  line.socket.destroy();
});
