import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { PERMISSIONS } from "../src/core/person.ts";
import { OUTCOME } from "../src/edges/http/testing.ts";
import { dial, type Door, openDoor, statusOf, until } from "./http-bench.ts";

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

async function post(door: Door, path: string, body: unknown, headers: Record<string, string>): Promise<Response> {
  return fetch(`${door.url}${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });
}

/** One raw request; answers what came back until the other side closed. */
async function raw(door: Door, text: string): Promise<string> {
  const line = await dial(door.port, text);
  await Promise.race([line.closed, sleep(1500)]);
  line.socket.destroy();
  return line.text();
}

test("R-GATE-7: over a real port an admin token executes, a viewer token gets 403, none 401", async () => {
  await using door = await openDoor();
  const call = { tool: "list", arguments: {} };
  assert.equal((await post(door, "/api/execute", call, {})).status, 401);
  assert.equal((await post(door, "/api/execute", call, bearer(await door.token(["read_log", "chat"])))).status, 403);
  assert.deepEqual(door.gateway.asked, []);
  assert.equal((await post(door, "/api/execute", call, bearer(await door.token()))).status, 200);
});

test("R-GATE-3: over a real port a foreign Host and a foreign Origin are refused", async () => {
  await using door = await openDoor();
  const token = await door.token();
  const get = async (headers: string): Promise<number> =>
    statusOf(
      await raw(door, `GET /api/me HTTP/1.1\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n${headers}\r\n`),
    );
  assert.equal(await get(`Host: evil.example:${door.port}\r\n`), 403);
  assert.equal(await get(`Host: localhost:${door.port}\r\nHost: evil.example\r\n`), 400);
  assert.equal(await get(`Host: localhost:${door.port}\r\nOrigin: http://evil.example\r\n`), 403);
  assert.equal(await get(`Host: localhost:${door.port}\r\nOrigin: http://localhost:${door.port}\r\n`), 200);
  assert.equal(await get(""), 400);
  const absolute = `GET http://evil.example/api/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
  assert.equal(statusOf(await raw(door, absolute)), 400);
});

test("R-GATE-2: a one-time login works once over a real port, and the session does what its cookie and proof say", async () => {
  await using door = await openDoor();
  const { code } = await door.step.logins.issue({
    person: "owner" as Parameters<typeof door.step.logins.issue>[0]["person"],
    trust: "full",
    permissions: PERMISSIONS,
    channel: "webchat",
  });
  const login = await post(door, "/api/login", { code }, { origin: door.url });
  assert.equal(login.status, 200);
  const cookie = (login.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  assert.match(cookie, new RegExp(`^vambrace-${door.port}=`));
  const { proof } = (await login.json()) as { proof: string };
  assert.equal((await post(door, "/api/login", { code }, { origin: door.url })).status, 401);
  const session = { cookie, "x-vambrace-proof": proof, origin: door.url };
  const me = await fetch(`${door.url}/api/me`, { headers: session });
  assert.equal(((await me.json()) as { channel: string }).channel, "webchat");
  assert.equal((await post(door, "/api/logout", {}, session)).status, 200);
  assert.equal((await fetch(`${door.url}/api/me`, { headers: session })).status, 401);
});

test("R-GATE-5: guessing over a real port is recorded and locks the address out, forwarded headers or not", async () => {
  await using door = await openDoor();
  const token = await door.token();
  for (let i = 0; i < 5; i++) {
    const headers = {
      ...bearer(`vmb_${String(i).repeat(4)}0123456789abcdefghjkmnpqrstvwxyz`),
      "x-forwarded-for": `192.0.2.${i}`,
    };
    assert.equal((await fetch(`${door.url}/api/me`, { headers })).status, 401);
  }
  const locked = await fetch(`${door.url}/api/me`, { headers: { ...bearer(token), "x-forwarded-for": "203.0.113.1" } });
  assert.equal(locked.status, 429);
  assert.ok(Number(locked.headers.get("retry-after")) > 1);
  const failed = door.records.filter((entry) => entry.what === "login.failed");
  assert.deepEqual([failed.length, failed[0]?.target], [5, "127.0.0.1"]);
  assert.ok(door.records.some((entry) => entry.what === "login.locked"));
});

test("bad input: a client that sends its headers or its body drop by drop is cut off, and others are served", async () => {
  await using door = await openDoor({ limits: { headersMs: 300, requestMs: 600, checkMs: 50 } });
  await using patient = await openDoor({ limits: { headersMs: 300, requestMs: 60_000, checkMs: 50 } });
  const token = await door.token();
  const slow = await dial(patient.port, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-");
  const body = `POST /api/execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer ${token}\r\nContent-Length: 100\r\n\r\n{`;
  const dripping = await dial(door.port, body);
  const drip = setInterval(() => {
    slow.socket.write("a");
    dripping.socket.write(" ");
  }, 50);
  try {
    assert.equal((await fetch(`${door.url}/healthz`)).status, 200);
    await Promise.race([Promise.all([slow.closed, dripping.closed]), sleep(3000)]);
  } finally {
    clearInterval(drip);
  }
  assert.equal(slow.socket.destroyed && dripping.socket.destroyed, true);
  assert.equal(statusOf(slow.text()), 408);
  assert.deepEqual(door.gateway.asked, []);
});

test("bad input: oversized headers, lines and bodies are refused, and no token means no body is asked for", async () => {
  await using door = await openDoor({ limits: { headerBytes: 4096 } });
  const token = await door.token();
  const large = await raw(door, `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(6_000)}\r\n\r\n`);
  assert.equal(statusOf(large), 431);
  assert.match(large, /content-security-policy/);
  const many = Array.from({ length: 200 }, (_, i) => `X-${i}: 1\r\n`).join("");
  assert.equal(statusOf(await raw(door, `GET /healthz HTTP/1.1\r\nHost: localhost\r\n${many}\r\n`)), 431);
  const big = { tool: "list", arguments: { x: "x".repeat(2_000_000) } };
  assert.equal((await post(door, "/api/execute", big, bearer(token))).status, 413);
  const expect = `POST /api/execute HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 15\r\n`;
  const uninvited = await raw(door, `${expect}\r\n`);
  assert.equal(statusOf(uninvited), 401);
  assert.equal(uninvited.includes("100 Continue"), false);
  const invited = await dial(door.port, `${expect}Authorization: Bearer ${token}\r\nConnection: close\r\n\r\n`);
  await until("the invitation", () => invited.text().startsWith("HTTP/1.1 100 Continue"));
  invited.socket.write('{"tool":"list"}');
  await invited.closed;
  assert.match(invited.text(), /HTTP\/1\.1 200/);
});

test("bad input: more connections than are allowed are dropped, and when some end others are served", async () => {
  await using door = await openDoor({ limits: { connections: 20 } });
  const lines = await Promise.all(Array.from({ length: 40 }, async () => dial(door.port)));
  await until("the surplus dropped", () => lines.filter((line) => line.socket.destroyed).length >= 20);
  await assert.rejects(fetch(`${door.url}/healthz`));
  for (const line of lines) line.socket.destroy();
  await sleep(50);
  assert.equal((await fetch(`${door.url}/healthz`)).status, 200);
});

test("bad input: bytes that are no HTTP, smuggled lengths and odd methods do no harm", async () => {
  await using door = await openDoor();
  const token = await door.token();
  const head = `Host: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n`;
  const bad = [
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "GARBAGE\r\n\r\n",
    "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    `POST /api/stop HTTP/1.1\r\n${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `POST /api/stop HTTP/1.1\r\n${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
    `POST /api/stop HTTP/1.1\r\n${head}Content-Length: -1\r\n\r\n{}`,
    `POST /api/stop HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
    "CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    `GET /healthz\x00 HTTP/1.1\r\n${head}\r\n`,
    `TRACE /api/me HTTP/1.1\r\n${head}Connection: close\r\n\r\n`,
    `OPTIONS * HTTP/1.1\r\n${head}Connection: close\r\n\r\n`,
  ];
  for (const text of bad) {
    const status = statusOf(await raw(door, text));
    assert.ok(status === 0 || (status >= 400 && status < 500), `${JSON.stringify(text.slice(0, 40))}: ${status}`);
  }
  assert.deepEqual(door.gateway.asked, []);
  assert.equal((await fetch(`${door.url}/healthz`)).status, 200);
});

test("bad input: random bytes never bring the port down", async () => {
  await using door = await openDoor();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, asRequest) => {
      const line = await dial(door.port, asRequest ? "POST /api/login HTTP/1.1\r\nHost: localhost\r\n" : "");
      line.socket.end(bytes);
      await Promise.race([line.closed, sleep(100)]);
      line.socket.destroy();
    }),
    { numRuns: 60 },
  );
  assert.equal((await fetch(`${door.url}/healthz`)).status, 200);
});

test("R-AGENT-1: when the reader of a stream goes away, the turn is told", async () => {
  await using door = await openDoor();
  const aborted = Promise.withResolvers<void>();
  door.gateway.chatWith(async (_request, emit, signal) => {
    emit({ type: "text", delta: "hel" });
    signal.addEventListener("abort", () => aborted.resolve());
    await aborted.promise;
    return { ...OUTCOME, stop: "stopped" };
  });
  const token = await door.token();
  const leave = new AbortController();
  const response = await fetch(`${door.url}/api/chat`, {
    method: "POST",
    headers: { "content-type": "application/json", ...bearer(token) },
    body: '{"text":"hi"}',
    signal: leave.signal,
  });
  const reader = response.body?.getReader();
  const first = await reader?.read();
  assert.match(new TextDecoder().decode(first?.value), /hel/);
  leave.abort();
  await aborted.promise;
});

test("R-AGENT-1: a stream arrives piece by piece, not at the end", async () => {
  await using door = await openDoor();
  const more = Promise.withResolvers<void>();
  door.gateway.chatWith(async (_request, emit) => {
    emit({ type: "text", delta: "first" });
    await more.promise;
    emit({ type: "text", delta: "second" });
    return OUTCOME;
  });
  const response = await post(
    door,
    "/v1/chat/completions",
    { messages: [{ role: "user", content: "hi" }], stream: true },
    bearer(await door.token()),
  );
  const reader = response.body?.getReader();
  assert.match(new TextDecoder().decode((await reader?.read())?.value), /first/);
  more.resolve();
  let rest = "";
  for (;;) {
    const next = await reader?.read();
    if (next === undefined || next.done) break;
    rest += new TextDecoder().decode(next.value);
  }
  assert.match(rest, /second[^]*\[DONE\]/);
});

test("R-IR-1: closing the gateway ends its turns and frees the port, whoever is still connected", async () => {
  const door = await openDoor();
  const told = Promise.withResolvers<string>();
  door.gateway.chatWith(async (_request, emit, signal) => {
    emit({ type: "text", delta: "hel" });
    signal.addEventListener("abort", () => told.resolve(String(signal.reason)));
    return new Promise(() => undefined);
  });
  const response = await post(door, "/api/chat", { text: "hi" }, bearer(await door.token()));
  const reading = response.text();
  const idle = await dial(door.port);
  await door[Symbol.asyncDispose]();
  assert.match(await told.promise, /closes/);
  await assert.rejects(reading);
  await idle.closed;
  await using next = await openDoor({ listen: { host: "127.0.0.1", port: door.port } });
  assert.equal(next.port, door.port);
});

test("bad input: a port that is taken is a clear fault", async () => {
  await using door = await openDoor();
  await assert.rejects(openDoor({ listen: { host: "127.0.0.1", port: door.port } }), {
    code: "BIND_REFUSED",
    message: new RegExp(String(door.port)),
  });
});

test("bad input: an upgrade to anything else is an ordinary request", async () => {
  await using door = await openDoor();
  const status = await new Promise<number>((resolve, reject) => {
    const headers = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABkAAQAAP__" };
    httpRequest(`${door.url}/healthz`, { headers }, (answer) => resolve(answer.resume().statusCode ?? 0))
      .on("error", reject)
      .end();
  });
  assert.equal(status, 200);
});
