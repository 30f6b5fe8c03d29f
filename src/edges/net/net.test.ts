import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Fault } from "../../core/fault.ts";
import { certificateFor, internet, type Internet, serveHttp, serveHttps, SITE } from "../../../test/egress-support.ts";
import { createNet } from "./net.ts";

function netIn(t: TestContext, world: Internet): ReturnType<typeof createNet> {
  const net = createNet(world);
  t.after(() => net.close());
  return net;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Fault) return error.code;
    return error instanceof Error ? error.name : "thrown";
  }
  return "none";
}

test("R-NET-1: an operator's own origin is reached although it is local, and nothing else through it", async (t) => {
  const port = await serveHttp(t, (req, res) =>
    res.setHeader("x-host", req.headers.host ?? "").end(`${req.method} ${req.url}`),
  );
  const origin = `http://model.lan:${port}`;
  const fetch = netIn(t, internet({ "model.lan": [["127.0.0.1"]] }, {})).fetchFor({ kind: "origin", origin });
  const answer = await fetch(`${origin}/v1/chat`, {
    method: "POST",
    body: JSON.stringify({ a: 1 }),
    headers: { "content-type": "application/json" },
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("x-host"), `model.lan:${port}`);
  assert.equal(await answer.text(), "POST /v1/chat");
  for (const url of [
    `http://model.lan:${port + 1}/`,
    `https://model.lan:${port}/`,
    `http://127.0.0.1:${port}/`,
    "http://example.org/",
    `http://u:p@model.lan:${port}/`,
    "nonsense",
  ]) {
    assert.equal(await codeOf(fetch(url)), "DESTINATION_REFUSED", url);
  }
});

test("R-NET-1: a redirect is an answer, also where the caller asks to follow it", async (t) => {
  const inside: string[] = [];
  const port = await serveHttp(t, (req, res) => {
    inside.push(req.url ?? "");
    res.writeHead(307, { Location: "/second" }).end();
  });
  const origin = `http://127.0.0.1:${port}`;
  const fetch = netIn(t, internet({}, {})).fetchFor({ kind: "origin", origin });
  const answer = await fetch(`${origin}/first`, { redirect: "follow" });
  assert.deepEqual([answer.status, answer.headers.get("location"), inside], [307, "/second", ["/first"]]);
});

test("R-NET-1: the public scope reaches no special address, as literal, by name, or by a name that is both", async (t) => {
  const port = await serveHttp(t, (_, res) => res.end("inside"));
  const world = internet(
    { "inner.example": [["127.0.0.1"]], "both.example": [[SITE, "10.0.0.1"]], "gone.example": [] },
    {},
  );
  const fetch = netIn(t, world).fetchFor({ kind: "public" });
  for (const host of [
    "127.0.0.1",
    "2130706433",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "localhost",
    "inner.example",
    "both.example",
    "printer.local",
  ]) {
    assert.equal(await codeOf(fetch(`http://${host}:${port}/`)), "DESTINATION_REFUSED", host);
  }
  for (const url of ["file:///etc/passwd", "data:text/plain,x", "http://u:p@example.org/"]) {
    assert.equal(await codeOf(fetch(url)), "DESTINATION_REFUSED", url);
  }
  assert.equal(await codeOf(fetch("http://gone.example/")), "DESTINATION_UNREACHABLE");
});

test("R-NET-1: the public scope reaches a public address, which is the one that was checked", async (t) => {
  const port = await serveHttp(t, (req, res) => res.end(`hello ${req.headers.host ?? ""}`));
  const world = internet({ "rebind.example": [[SITE], ["127.0.0.1"]] }, { [`${SITE}:80`]: port });
  const fetch = netIn(t, world).fetchFor({ kind: "public" });
  const answer = await fetch("http://rebind.example/", { headers: { connection: "close" } });
  assert.equal(await answer.text(), "hello rebind.example");
  assert.deepEqual([world.resolved, world.dialed], [["rebind.example"], [`${SITE}:80`]]);
});

test("R-NET-1: a server of the public scope must have a certificate for its name", async (t) => {
  const port = await serveHttps(t, certificateFor("site.example"), (_, res) => res.end("x"));
  const world = internet({ "site.example": [[SITE]] }, { [`${SITE}:443`]: port });
  const error = await netIn(t, world)
    .fetchFor({ kind: "public" })("https://site.example/")
    .catch((thrown: unknown) => thrown);
  assert.ok(error instanceof Error && error.cause instanceof Error && "code" in error.cause);
  assert.match(String(error.cause.code), /SELF_SIGNED/);
  assert.deepEqual(world.dialed, [`${SITE}:443`]);
});

test("R-NET-1: a connection that was made for an operator's origin never serves the public scope", async (t) => {
  const port = await serveHttp(t, (_, res) => res.end("inside"));
  const world = internet({ "service.example": [["127.0.0.1"]] }, {});
  const net = netIn(t, world);
  const origin = `http://service.example:${port}`;
  assert.equal(await (await net.fetchFor({ kind: "origin", origin })(`${origin}/`)).text(), "inside");
  assert.equal(await codeOf(net.fetchFor({ kind: "public" })(`${origin}/`)), "DESTINATION_REFUSED");
});

test("R-NET-1: where a name has several addresses, the next one is tried", async (t) => {
  const port = await serveHttp(t, (_, res) => res.end("ok"));
  const origin = `http://service.example:${port}`;
  const world = internet({ "service.example": [["::1", "127.0.0.1"]] }, {});
  assert.equal(await (await netIn(t, world).fetchFor({ kind: "origin", origin })(`${origin}/`)).text(), "ok");
});

test("R-NET-1: what is not an origin is no scope", (t) => {
  const net = netIn(t, internet({}, {}));
  for (const origin of ["http://127.0.0.1:1/v1", "127.0.0.1", "", "null", "http://u@127.0.0.1"]) {
    assert.throws(() => net.fetchFor({ kind: "origin", origin }), { code: "DESTINATION_REFUSED" }, origin);
  }
});

test("R-NET-1: a Request of the platform is sent as it is, and a body of an odd kind is refused", async (t) => {
  const port = await serveHttp(t, (req, res) => {
    let body = "";
    req.on("data", (chunk) => (body += String(chunk)));
    req.on("end", () => res.end(`${req.method} ${body} ${String(req.headers["x-own"])}`));
  });
  const origin = `http://127.0.0.1:${port}`;
  const fetch = netIn(t, internet({}, {})).fetchFor({ kind: "origin", origin });
  const request = new Request(`${origin}/`, { method: "POST", body: "text", headers: { "x-own": "1" } });
  assert.equal(await (await fetch(request)).text(), "POST text 1");
  assert.equal(await codeOf(fetch(`${origin}/`, { method: "POST", body: new FormData() })), "TypeError");
});

test("R-NET-1: a request that is stopped ends at once", async (t) => {
  const port = await serveHttp(t, () => undefined);
  const origin = `http://127.0.0.1:${port}`;
  const fetch = netIn(t, internet({}, {})).fetchFor({ kind: "origin", origin });
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 50);
  assert.equal(await codeOf(fetch(`${origin}/`, { signal: stop.signal })), "AbortError");
});
