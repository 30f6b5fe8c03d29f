import assert from "node:assert/strict";
import { test } from "node:test";
import { QUESTION } from "../src/edges/http/testing.ts";
import { openDoor, until } from "./http-bench.ts";

test("R-CHAN-1: what comes by itself is streamed to who may chat, until his time is over and he is asked again who he is", async () => {
  await using door = await openDoor({ limits: { heartbeatMs: 400 } });
  const headers = { authorization: `Bearer ${await door.token()}` };
  const answer = await fetch(`${door.url}/api/events`, { headers });
  assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "text/event-stream; charset=utf-8"]);
  await until("the watching", () => door.gateway.asked.some(([name]) => name === "watch"));
  door.gateway.tell({ type: "notice", from: "a reminder", text: "stretch", session: QUESTION.origin.session });
  const all = await answer.text();
  assert.match(all, /^: watching\n\ndata: \{"v":1,"type":"question","event":\{"type":"notice","from":"a reminder"/);

  assert.equal((await fetch(`${door.url}/api/events`)).status, 401);
  const none = { authorization: `Bearer ${await door.token(["execute"])}` };
  assert.equal((await fetch(`${door.url}/api/events`, { headers: none })).status, 403);
});
