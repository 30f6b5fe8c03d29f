import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { WebSocket } from "ws";
import { parsePersonId } from "../src/core/ids.ts";
import { PERMISSIONS, type Permission } from "../src/core/person.ts";
import { APPROVAL, OUTCOME, QUESTION } from "../src/edges/http/testing.ts";
import { serverMessage, type ServerMessage } from "../src/wire/socket.ts";
import { dial, type Door, openDoor, statusOf, until } from "./http-bench.ts";

type Client = {
  readonly line: WebSocket;
  readonly said: ServerMessage[];
  say(message: object | string | Uint8Array): void;
  /** Close code and reason, once it is closed. */
  readonly closed: Promise<readonly [number, string]>;
};

/** Opens a WebSocket; rejects with the status where the upgrade is refused. */
async function open(door: Door, headers: Record<string, string> = {}): Promise<Client> {
  const line = new WebSocket(`${door.url.replace("http", "ws")}/ws`, { headers });
  const said: ServerMessage[] = [];
  line.on("message", (data: Buffer) => said.push(serverMessage.parse(JSON.parse(data.toString()))));
  const closed = new Promise<readonly [number, string]>((resolve) => {
    line.on("close", (code, reason) => resolve([code, reason.toString()]));
  });
  line.on("error", () => undefined);
  await new Promise<void>((resolve, reject) => {
    line.once("open", resolve);
    line.once("unexpected-response", (_request, answer) => {
      reject(new Error(String(answer.statusCode)));
      answer.destroy();
      line.terminate();
    });
    line.once("error", reject);
  });
  const say = (message: object | string | Uint8Array): void => {
    const isBytes = message instanceof Uint8Array;
    line.send(typeof message === "string" || isBytes ? message : JSON.stringify({ v: 1, ...message }));
  };
  return { line, said, say, closed };
}

async function known(door: Door, permissions: readonly Permission[] = PERMISSIONS): Promise<Client> {
  const client = await open(door, { authorization: `Bearer ${await door.token(permissions)}` });
  await until("ready", () => client.said.some(({ type }) => type === "ready"));
  return client;
}

const types = (client: Client): string[] =>
  client.said.map((message) => (message.type === "event" ? message.event.type : message.type));

async function session(door: Door): Promise<{ cookie: string; proof: string }> {
  const request = {
    person: parsePersonId("owner"),
    trust: "full",
    permissions: PERMISSIONS,
    channel: "webchat",
  } as const;
  const { code } = await door.step.logins.issue(request);
  const login = await fetch(`${door.url}/api/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code }),
  });
  const { proof } = (await login.json()) as { proof: string };
  return { cookie: (login.headers.get("set-cookie") ?? "").split(";")[0] ?? "", proof };
}

test("R-CHAN-1: a WebSocket streams a turn's events and its outcome under the client's own id", async () => {
  await using door = await openDoor();
  const client = await known(door);
  client.say({ type: "chat", id: "1", text: "hello", messageId: "m1" });
  await until("the outcome", () => types(client).includes("outcome"));
  assert.deepEqual(types(client).slice(1), [
    "turn.started",
    "text",
    "call.proposed",
    "call.decided",
    "call.finished",
    "text",
    "turn.finished",
    "outcome",
  ]);
  assert.ok(client.said.slice(1).every((message) => "id" in message && message.id === "1"));
  assert.deepEqual(door.gateway.asked.find(([name]) => name === "chat")?.[2], { messageId: "m1", text: "hello" });
});

test("R-GATE-2: a wrong token is 401 and a token that may not chat 403, before anything is upgraded", async () => {
  await using door = await openDoor();
  await assert.rejects(open(door, { authorization: "Bearer wrong" }), /401/);
  await assert.rejects(open(door, { authorization: "Basic eDp5" }), /401/);
  await assert.rejects(open(door, { authorization: `Bearer ${await door.token(["read_log"])}` }), /403/);
  assert.deepEqual(door.gateway.asked, []);
});

test("R-GATE-3: a foreign Host or Origin, another path and a plain GET open no WebSocket", async () => {
  await using door = await openDoor();
  const authorization = `Bearer ${await door.token()}`;
  await assert.rejects(open(door, { authorization, origin: "http://evil.example" }), /403/);
  await assert.rejects(open(door, { authorization, host: "evil.example" }), /403/);
  await assert.rejects(open({ ...door, url: `${door.url}/api` }, { authorization }), /404/);
  const plain = await fetch(`${door.url}/ws`, { headers: { authorization } });
  assert.equal(plain.status, 400);
  const own = await open(door, { authorization, origin: door.url });
  await until("ready", () => types(own).includes("ready"));
});

test("R-GATE-3: a cookie opens a WebSocket only from the own page, and only with its proof", async () => {
  await using door = await openDoor();
  const { cookie, proof } = await session(door);
  await assert.rejects(open(door, { cookie }), /403/);
  await assert.rejects(open(door, { cookie, origin: "http://localhost:3000" }), /403/);
  const guessing = await open(door, { cookie, origin: door.url });
  guessing.say({ type: "auth", proof: "0".repeat(52) });
  assert.deepEqual(await guessing.closed, [1008, "AUTH_REFUSED"]);
  const client = await open(door, { cookie, origin: door.url });
  client.say({ type: "auth", proof });
  await until("ready", () => types(client).includes("ready"));
  const without = await open(door, { origin: door.url });
  without.say({ type: "auth", proof });
  assert.deepEqual(await without.closed, [1008, "AUTH_REFUSED"]);
});

test("R-GATE-2: the first message may be the token; anything else first, or silence, is the end", async () => {
  await using door = await openDoor({ limits: { strangerMs: 150 } });
  const client = await open(door);
  client.say({ type: "auth", token: await door.token() });
  await until("ready", () => types(client).includes("ready"));
  const eager = await open(door);
  eager.say({ type: "chat", id: "1", text: "hello" });
  assert.equal((await eager.closed)[0], 1008);
  const wrong = await open(door);
  wrong.say({ type: "auth", token: "vmb_0123456789abcdefghjkmnpqrstvwxyz" });
  assert.deepEqual(await wrong.closed, [1008, "AUTH_REFUSED"]);
  const silent = await open(door);
  assert.deepEqual(await silent.closed, [1008, "AUTH_REQUIRED"]);
  assert.equal(
    door.gateway.asked.some(([name]) => name === "chat"),
    false,
  );
  assert.equal(client.line.readyState, WebSocket.OPEN);
});

test("bad input: only so many connections may wait to say who they are", async () => {
  await using door = await openDoor({ limits: { strangers: 3 } });
  const waiting = await Promise.all([open(door), open(door), open(door)]);
  await assert.rejects(open(door), /429/);
  const client = await known(door);
  assert.equal(client.line.readyState, WebSocket.OPEN);
  waiting[0]?.line.close();
  await waiting[0]?.closed;
  await open(door);
});

test("bad input: a malformed frame is answered with a fault and the connection ends with 1008", async () => {
  await using door = await openDoor();
  const bad: (string | Uint8Array | object)[] = [
    "not json",
    "[]",
    '{"v":2,"type":"chat","id":"1","text":"x"}',
    '{"type":"chat","id":"1","text":"x"}',
    { type: "shout" },
    { type: "chat", id: "1" },
    { type: "chat", id: "1", text: "x", sudo: true },
    { type: "answer", approval: APPROVAL, answer: "maybe" },
    '{"v":1,"type":"stop-turn","id":"1","__proto__":{}}',
    new Uint8Array([1, 2, 3]),
  ];
  for (const message of bad) {
    const client = await known(door);
    client.say(message);
    assert.deepEqual(await client.closed, [1008, "BODY_MALFORMED"], JSON.stringify(message));
    assert.equal(client.said.at(-1)?.type, "fault");
  }
  assert.equal(
    door.gateway.asked.some(([name]) => name === "chat"),
    false,
  );
});

test("bad input: a frame that is too large ends the connection, as do bytes that are no frame", async () => {
  await using door = await openDoor();
  const large = await known(door);
  large.say({ type: "chat", id: "1", text: "x".repeat(70_000) });
  assert.equal((await large.closed)[0], 1009);
  const token = await door.token();
  const key = "dGhlIHNhbXBsZSBub25jZQ==";
  const upgrade = `GET /ws HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`;
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 2, maxLength: 200 }), async (bytes) => {
      const line = await dial(door.port, upgrade);
      await until("the upgrade", () => line.text().includes("\r\n\r\n"));
      assert.equal(statusOf(line.text()), 101);
      line.socket.end(bytes);
      await Promise.race([line.closed, sleep(200)]);
      line.socket.destroy();
    }),
    { numRuns: 30 },
  );
  const fine = await known(door);
  fine.say({ type: "chat", id: "1", text: "x".repeat(60_000) });
  await until("the outcome", () => types(fine).includes("outcome"));
});

test("bad input: too many frames in a second end the connection", async () => {
  await using door = await openDoor({ limits: { framesPerSecond: 5 } });
  const client = await known(door);
  for (let i = 0; i < 8; i++) client.say({ type: "stop-turn", id: String(i) });
  assert.deepEqual(await client.closed, [1008, "RATE_LIMITED"]);
  const calm = await known(door);
  for (let i = 0; i < 5; i++) calm.say({ type: "stop-turn", id: String(i) });
  await sleep(50);
  assert.equal(calm.line.readyState, WebSocket.OPEN);
});

test("R-EXEC-1: questions open and close on the wire of who may answer, and the answer goes to the gateway", async () => {
  await using door = await openDoor();
  const client = await known(door);
  const onlooker = await known(door, ["chat"]);
  const ready = client.said[0];
  assert.ok(ready?.type === "ready" && ready.questions[0]?.id === QUESTION.id);
  assert.deepEqual(onlooker.said[0], { v: 1, type: "ready", person: "owner", questions: [] });
  door.gateway.tell({ type: "opened", question: QUESTION });
  door.gateway.tell({ type: "closed", id: QUESTION.id, answer: "no", by: "owner" });
  await until("both", () => types(client).filter((type) => type === "question").length === 2);
  assert.equal(types(onlooker).includes("question"), false);
  door.gateway.tell({ type: "notice", from: "research", text: "found it", session: QUESTION.origin.session });
  await until("the notice", () => types(onlooker).includes("question"));
  assert.ok(types(client).filter((type) => type === "question").length === 3);
  client.say({ type: "answer", approval: QUESTION.id, answer: "yes", scope: "session" });
  await until("the answer", () => door.gateway.asked.some(([name]) => name === "answer"));
  assert.deepEqual(door.gateway.asked.find(([name]) => name === "answer")?.slice(2), [QUESTION.id, "yes", "session"]);
  onlooker.say({ type: "answer", approval: QUESTION.id, answer: "yes" });
  await until("the refusal", () => types(onlooker).includes("fault"));
  assert.equal(door.gateway.asked.filter(([name]) => name === "answer").length, 1);
  assert.equal(onlooker.line.readyState, WebSocket.OPEN);
});

test("R-AGENT-1: stop-turn stops that turn alone, and leaving stops them all", async () => {
  await using door = await openDoor();
  const stopped: string[] = [];
  door.gateway.chatWith(async (request, emit, signal) => {
    emit({ type: "text", delta: request.text });
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    stopped.push(request.text);
    return { ...OUTCOME, stop: "stopped" };
  });
  const client = await known(door);
  for (const id of ["a", "b", "c"]) client.say({ type: "chat", id, text: id });
  await until("all begun", () => types(client).filter((type) => type === "text").length === 3);
  client.say({ type: "stop-turn", id: "b" });
  await until("the outcome", () => types(client).includes("outcome"));
  assert.deepEqual(stopped, ["b"]);
  client.line.terminate();
  await until("the rest", () => stopped.length === 3);
});

test("bad input: one connection runs only a few turns at once, and one id is one turn", async () => {
  await using door = await openDoor();
  door.gateway.chatWith(async (_request, _emit, signal) => {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    return OUTCOME;
  });
  const client = await known(door);
  for (const id of ["a", "a", "b", "c", "d", "e"]) client.say({ type: "chat", id, text: id });
  await until("two refusals", () => types(client).filter((type) => type === "fault").length === 2);
  assert.equal(door.gateway.asked.filter(([name]) => name === "chat").length, 4);
});

test("R-GATE-9: a token that is revoked in the middle is the end of its connections and their turns", async () => {
  await using door = await openDoor({ limits: { heartbeatMs: 100 } });
  const stopped = Promise.withResolvers<void>();
  door.gateway.chatWith(async (_request, _emit, signal) => {
    signal.addEventListener("abort", () => stopped.resolve());
    await stopped.promise;
    return OUTCOME;
  });
  const client = await known(door);
  const other = await known(door);
  client.say({ type: "chat", id: "1", text: "hi" });
  await until("begun", () => door.gateway.asked.some(([name]) => name === "chat"));
  const first = (await door.step.tokens.list())[0];
  assert.ok(first !== undefined && (await door.step.tokens.revoke(first.id, "test")));
  await stopped.promise;
  assert.deepEqual(await client.closed, [1008, "AUTH_REFUSED"]);
  assert.equal(other.line.readyState, WebSocket.OPEN);
});

test("R-GATE-5: a lock-out of the address does not cut off who is connected already", async () => {
  await using door = await openDoor({ limits: { heartbeatMs: 50 } });
  const client = await known(door);
  for (let i = 0; i < 6; i++) {
    await fetch(`${door.url}/api/me`, { headers: { authorization: `Bearer vmb_${i}123456789abcdefghjkmnpqrstvwxyz` } });
  }
  const token = await door.token();
  assert.equal((await fetch(`${door.url}/api/me`, { headers: { authorization: `Bearer ${token}` } })).status, 429);
  await sleep(120);
  client.say({ type: "chat", id: "1", text: "still here" });
  await until("the outcome", () => types(client).includes("outcome"));
});

test("bad input: a peer that is gone without a word is dropped, and its turns with it", async () => {
  await using door = await openDoor({ limits: { heartbeatMs: 60 } });
  const gone = await open(door, { authorization: `Bearer ${await door.token()}` });
  const alive = await known(door);
  gone.line.pong = () => undefined;
  gone.line.pause();
  await Promise.race([gone.closed, sleep(400)]);
  gone.line.resume();
  assert.deepEqual(await Promise.race([gone.closed, sleep(500)]), [1006, ""]);
  assert.equal(alive.line.readyState, WebSocket.OPEN);
});

test("bad input: a peer that does not read is cut off", async () => {
  await using door = await openDoor({ limits: { unreadBytes: 100_000 } });
  const told = Promise.withResolvers<number>();
  door.gateway.chatWith(async (_request, emit, signal) => {
    let count = 0;
    while (!signal.aborted && count < 5000) {
      emit({ type: "text", delta: "x".repeat(10_000) });
      count++;
      if (count % 50 === 0) await sleep(1);
    }
    told.resolve(count);
    return OUTCOME;
  });
  const client = await known(door);
  client.line.pause();
  client.say({ type: "chat", id: "1", text: "hi" });
  assert.ok((await told.promise) < 5000);
  client.line.terminate();
});

test("R-GATE-8: what goes wrong in a turn is generic on the wire, and in full in the log", async () => {
  await using door = await openDoor();
  door.gateway.chatWith(async () => {
    throw new Error("hunter2");
  });
  const client = await known(door);
  client.say({ type: "chat", id: "1", text: "hi" });
  await until("the fault", () => types(client).includes("fault"));
  const fault = client.said.at(-1);
  assert.ok(fault?.type === "fault" && fault.fault.code === "INTERNAL");
  assert.equal(JSON.stringify(fault).includes("hunter2"), false);
  assert.ok(JSON.stringify(door.log).includes("hunter2"));
  assert.equal(client.line.readyState, WebSocket.OPEN);
});

test("R-IR-1: closing the gateway says so to every WebSocket", async () => {
  const door = await openDoor();
  const client = await known(door);
  await door[Symbol.asyncDispose]();
  assert.equal((await client.closed)[0], 1001);
});
