/**
 * The front door as somebody abuses it who reaches its port: other spellings of
 * a path, requests hidden in requests, names that point elsewhere, credentials
 * of the wrong kind.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parsePersonId } from "../src/core/ids.ts";
import { PERMISSIONS } from "../src/core/person.ts";
import { dial, type Door, openDoor, statusOf } from "./http-bench.ts";

async function raw(door: Door, text: string | Uint8Array): Promise<string> {
  const line = await dial(door.port);
  line.socket.write(text);
  await Promise.race([line.closed, sleep(700)]);
  line.socket.destroy();
  return line.text();
}

/** Statuses of all answers in what came back. */
const statusesOf = (text: string): readonly number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => Number(code));

const SPELLINGS = [
  "//api/stop",
  "/api//stop",
  "/api/./stop",
  "/api/x/../stop",
  "/healthz/../api/stop",
  "/healthz/..%2fapi/stop",
  "/healthz%2f..%2fapi%2fstop",
  "/%61pi/stop",
  "/api%2fstop",
  "/api/stop/",
  "/api/stop;x=1",
  "/api/stop%00",
  "/api/stop%20",
  "/API/STOP",
  "/api\\stop",
  "/\\api/stop",
  "/login/..;/api/stop",
  "/%2e%2e/api/stop",
  "/%252e%252e/api/stop",
  "/?/../api/stop",
  "/#/../api/stop",
  "/openapi.json/../api/stop",
  "/．．/api/stop",
  "/api/stop?x=/healthz",
] as const;

test("R-GATE-7: no spelling of a path gets past the guard of the route that it reaches", async () => {
  await using door = await openDoor();
  const viewer = await door.token(["metrics"]);
  const head = "Host: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n";
  for (const path of SPELLINGS) {
    for (const authorization of ["", `Authorization: Bearer ${viewer}\r\n`]) {
      const status = statusOf(await raw(door, Buffer.from(`POST ${path} HTTP/1.1\r\n${head}${authorization}\r\n{}`)));
      assert.ok([0, 400, 401, 403, 404, 405].includes(status), `${path}: ${status}`);
    }
  }
  assert.deepEqual(door.gateway.asked, []);
  const admin = `Authorization: Bearer ${await door.token()}\r\n`;
  assert.equal(statusOf(await raw(door, `POST /api/stop HTTP/1.1\r\n${head}${admin}\r\n{}`)), 200);
  assert.deepEqual(
    door.gateway.asked.map((one) => one[0]),
    ["stop"],
  );
});

test("R-GATE-7: nothing is believed that names another path, method or person beside the request line", async () => {
  await using door = await openDoor();
  const viewer = await door.token(["metrics"]);
  for (const trick of [
    "X-Original-URL: /healthz",
    "X-Rewrite-URL: /api/stop",
    "X-HTTP-Method-Override: POST",
    "X-Forwarded-User: owner",
    "X-Remote-User: owner",
    "X-Forwarded-Host: localhost",
    "X-Vambrace-Person: owner",
    "Upgrade: h2c",
  ]) {
    for (const [method, path] of [
      ["POST", "/api/stop"],
      ["GET", "/api/stop"],
      ["GET", "/healthz"],
    ] as const) {
      const body = method === "POST" ? "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}" : "\r\n";
      const text = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer ${viewer}\r\n${trick}\r\n${body}`;
      const status = statusOf(await raw(door, text));
      assert.ok(path === "/healthz" ? status === 200 : status >= 400, `${method} ${path} ${trick}: ${status}`);
    }
  }
  assert.deepEqual(door.gateway.asked, []);
});

test("R-GATE-3: a request hidden in the body or the headers of another is not a request", async () => {
  await using door = await openDoor();
  const token = await door.token();
  const hidden = `POST /api/stop HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`;
  const start = `POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
  const cases = [
    `${start}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${start}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${start}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${hidden}`,
    `${start}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${start}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${start}Transfer-Encoding:\u000bchunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${start}Content-Length: 0x10\r\n\r\n${hidden}`,
    `${start}Content-Length: +0\r\n\r\n${hidden}`,
    `${start}Content-Length: 0, 0\r\n\r\n${hidden}`,
    `${start} Content-Length: 0\r\n\r\n${hidden}`,
    `${start}X: a\nContent-Length: 0\r\n\r\n${hidden}`,
    `${start}X: a\rContent-Length: 0\r\n\r\n${hidden}`,
    `${start}Transfer-Encoding: chunked\r\n\r\n1;a\n{\r\n0\r\n\r\n${hidden}`,
    `${start}Content-Length: ${hidden.length}\r\n\r\n${hidden}`,
  ];
  for (const text of cases) {
    const answer = await raw(door, text);
    assert.deepEqual(door.gateway.asked, [], JSON.stringify(text.slice(0, 140)));
    for (const status of statusesOf(answer))
      assert.ok(status >= 400, `${status} to ${JSON.stringify(text.slice(0, 140))}`);
  }
  const two = await raw(door, `GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n${hidden}`);
  assert.deepEqual(statusesOf(two), [200, 200], "two honest requests on one connection are two");
  assert.equal(door.gateway.asked.length, 1);
});

test("R-GATE-3: a Host that is not the gateway's gets nothing, whatever it looks like, with a good token neither", async () => {
  await using door = await openDoor();
  const token = await door.token();
  const ask = async (host: string): Promise<number> =>
    statusOf(
      await raw(
        door,
        `GET /api/me HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n\r\n`,
      ),
    );
  for (const host of [
    "rebound.example",
    `rebound.example:${door.port}`,
    "localhost.rebound.example",
    "127.0.0.1.nip.example",
    "localhost@rebound.example",
    "rebound.example#localhost",
    "localhost/",
    "localhost, rebound.example",
    "2130706433",
    "127.1",
    "0.0.0.0",
    "0x7f000001",
    "[::ffff:127.0.0.1]",
    "[::1%25lo]",
    "localhost.",
    "ｌocalhost",
    "",
  ])
    assert.ok([400, 403].includes(await ask(host)), host);
  for (const host of [`127.0.0.1:${door.port}`, "localhost", "LOCALHOST"]) assert.equal(await ask(host), 200, host);
});

test("R-GATE-9: a credential counts as what it is and where it belongs: no code, proof or cookie is a token, and no token is one of them", async () => {
  await using door = await openDoor();
  const token = await door.token();
  const issue = async (): Promise<string> =>
    (
      await door.step.logins.issue({
        person: parsePersonId("owner"),
        trust: "full",
        permissions: PERMISSIONS,
        channel: "webchat",
      })
    ).code;
  const login = async (code: string): Promise<Response> =>
    fetch(`${door.url}/api/login`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: door.url },
      body: JSON.stringify({ code }),
    });
  const session = async (): Promise<{ cookie: string; proof: string }> => {
    const answer = await login(await issue());
    const { proof } = (await answer.json()) as { proof: string };
    return { proof, cookie: (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "" };
  };
  const me = async (headers: Record<string, string>): Promise<number> =>
    (await fetch(`${door.url}/api/me`, { headers })).status;
  const [one, two] = [await session(), await session()];
  assert.equal(await me({ cookie: one.cookie, "x-vambrace-proof": one.proof, origin: door.url }), 200);
  // Each of these is a failure that is counted, so each goes through a door of its own count: below the lock.
  assert.equal(
    await me({ cookie: one.cookie, "x-vambrace-proof": two.proof, origin: door.url }),
    401,
    "another session's proof",
  );
  assert.equal(await me({ cookie: one.cookie, origin: door.url }), 401, "no proof");
  assert.equal(await me({ authorization: `Bearer ${one.proof}` }), 401, "a proof as a token");
  assert.equal(
    await me({ cookie: `${one.cookie.split("=")[0]}=${token}`, "x-vambrace-proof": one.proof, origin: door.url }),
    401,
  );
  await using other = await openDoor();
  const elsewhere = await fetch(`${other.url}/api/me`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(elsewhere.status, 401, "another gateway's token");
  for (const path of [
    `/api/me?token=${token}`,
    `/api/me?access_token=${token}`,
    `/api/me?authorization=Bearer%20${token}`,
  ])
    assert.equal((await fetch(`${other.url}${path}`)).status, 401, "no token in an address");
  const good = await other.token();
  for (const authorization of [
    `Bearer ${good}, Bearer x`,
    `Basic ${Buffer.from(`x:${good}`).toString("base64")}`,
    `Token ${good}`,
    good,
  ])
    assert.equal(
      (await fetch(`${other.url}/api/me`, { headers: { authorization } })).status,
      401,
      authorization.slice(0, 12),
    );
  assert.equal((await fetch(`${other.url}/api/me`, { headers: { authorization: `Bearer ${good}` } })).status, 200);
  assert.deepEqual(
    door.gateway.asked.filter(([name]) => name === "chat"),
    [],
  );
});

test("R-GATE-2: a login code that forty clients spend at once is spent by one", async () => {
  await using door = await openDoor();
  const { code } = await door.step.logins.issue({
    person: parsePersonId("owner"),
    trust: "full",
    permissions: PERMISSIONS,
    channel: "webchat",
  });
  const text = JSON.stringify({ code });
  const request = `POST /api/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
  const answers = await Promise.all(Array.from({ length: 40 }, async () => raw(door, request)));
  const statuses = answers.map(statusOf);
  assert.equal(statuses.filter((status) => status === 200).length, 1, statuses.join());
  assert.ok(
    statuses.every((status) => [200, 401, 429].includes(status)),
    statuses.join(),
  );
  assert.equal(answers.filter((answer) => answer.includes("set-cookie")).length, 1);
});
