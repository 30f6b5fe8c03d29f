import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { listens } from "./listens.ts";

test("R-AGENT-8: whether a local model is there is found out by one connection", async () => {
  const server = createServer((socket) => socket.end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const origin = `http://127.0.0.1:${address.port}`;
  assert.equal(await listens(origin, 2000), true);
  server.close();
  await once(server, "close");
  assert.equal(await listens(origin, 2000), false);
});
