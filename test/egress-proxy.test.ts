/** The egress proxy over real sockets: what passes, what does not, and that each attempt is told once. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { limit, internet, openWay, serveHttp, serveRaw, SITE, talk, unseen, until } from "./egress-support.ts";

const NAMES = { "site.example": [[SITE]] };

function get(url: string, host = new URL(url).host, more = ""): string {
  return `GET ${url} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}\r\n`;
}

test("R-NET-1: a listed host is reached by GET, with its name kept and its hop headers gone", async (t) => {
  const heads: string[][] = [];
  const port = await serveHttp(t, (req, res) => {
    heads.push([`${req.method} ${req.url}`, ...req.rawHeaders]);
    res.writeHead(200, { "X-Own": "1", Connection: "close, x-hop", "X-Hop": "1" });
    res.end("hello");
  });
  const way = await openWay(t, internet(NAMES, { [`${SITE}:80`]: port }), [limit("site.example", 80)]);
  const more = "Proxy-Authorization: secret\r\nX-Mine: 1\r\nConnection: x-gone\r\nX-Gone: 1\r\nTE: trailers\r\n";
  const answer = await talk(way.socket, get("http://site.example/a?b=c#d", "site.example", more));
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(answer, /Proxy-Status: vambrace; next-hop="93\.184\.216\.34"/);
  assert.match(answer, /X-Own: 1/);
  assert.doesNotMatch(answer, /X-Hop/);
  assert.match(answer, /hello/);
  assert.deepEqual(heads, [["GET /a?b=c", "Host", "site.example", "X-Mine", "1", "Connection", "close"]]);
  await way.close();
  assert.equal(way.told.length, 1);
  const { bytesIn, bytesOut, ...told } = way.told[0]!;
  assert.deepEqual(told, {
    host: "site.example",
    port: 80,
    address: SITE,
    verdict: "allowed",
    why: "answered 200",
    request: "GET /a",
  });
  assert.ok(bytesIn > 50 && bytesOut > 50);
});

test("R-NET-1: a host, port or method that is not listed is refused with the rule that would allow it", async (t) => {
  const world = internet(NAMES, {});
  const way = await openWay(t, world, [limit("site.example", 80)]);
  for (const request of [
    get("http://other.example/"),
    get("http://sub.site.example/"),
    get("http://site.example:8080/"),
    "POST http://site.example/ HTTP/1.1\r\nHost: site.example\r\nContent-Length: 1\r\n\r\nx",
    "CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n",
    "CONNECT site.example:443 HTTP/1.1\r\nHost: site.example:443\r\n\r\n",
  ]) {
    const answer = await talk(way.socket, request);
    assert.match(answer, /^HTTP\/1\.1 403 /, request);
    assert.match(answer, /add an egress rule that lists host \S+, port \d+ and method/, request);
  }
  assert.deepEqual(world.resolved, [], "nothing is resolved for a refused request");
  assert.deepEqual(
    way.told.map(({ host, port, verdict }) => `${host}:${port} ${verdict}`),
    [
      "other.example:80 refused",
      "sub.site.example:80 refused",
      "site.example:8080 refused",
      "site.example:80 refused",
      "other.example:443 refused",
      "site.example:443 refused",
    ],
  );
});

test("R-NET-1: a listed POST arrives whole, framed once, in either framing", async (t) => {
  const seen: string[] = [];
  const port = await serveHttp(t, (req, res) => {
    let body = "";
    req.on("data", (chunk) => (body += String(chunk)));
    req.on("end", () => {
      seen.push(
        `${req.method} ${body} ${req.headers["content-length"] ?? ""}${req.headers["transfer-encoding"] ?? ""}`,
      );
      res.end("ok");
    });
  });
  const way = await openWay(t, internet(NAMES, { [`${SITE}:80`]: port }), [limit("site.example", 80, ["POST"])]);
  const head = "POST http://site.example/ HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n";
  await talk(way.socket, `${head}Content-Length: 5\r\n\r\nhello`);
  await talk(way.socket, `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`);
  await talk(way.socket, `${head}\r\n`);
  assert.deepEqual(seen, ["POST hello 5", "POST hello chunked", "POST  0"]);
});

test("R-NET-1: special addresses are refused although a rule lists them, as literals and as names", async (t) => {
  const names = {
    "site.example": [[SITE]],
    "inner.example": [["10.0.0.5"]],
    "both.example": [[SITE, "127.0.0.1"]],
    "mapped.example": [["::ffff:169.254.169.254"]],
    "nat64.example": [["64:ff9b::7f00:1"]],
  };
  const world = internet(names, {});
  const targets = [
    "127.0.0.1",
    "0x7f.1",
    "[::1]",
    "[::ffff:7f00:1]",
    "169.254.169.254",
    "168.63.129.16",
    ...Object.keys(names).slice(1),
  ];
  const hosts = targets.flatMap((host) => {
    const spelled = new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, "");
    return [limit(spelled, 80), unseen(spelled, 443)];
  });
  const way = await openWay(t, world, hosts);
  for (const host of targets) {
    const plain = await talk(way.socket, get(`http://${host}/`, new URL(`http://${host}`).host));
    assert.match(plain, /^HTTP\/1\.1 403 [^]*destination_ip_prohibited[^]*no rule changes that/, host);
    const tunnel = await talk(way.socket, `CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`);
    assert.match(tunnel, /^HTTP\/1\.1 403 [^]*destination_ip_prohibited/, host);
  }
  assert.deepEqual(world.dialed, []);
  assert.equal(way.told.length, targets.length * 2);
  assert.ok(way.told.every(({ verdict }) => verdict === "refused"));
});

test("R-NET-1: names of this machine are refused although a rule lists them", async (t) => {
  const world = internet({ localhost: [[SITE]] }, {});
  const way = await openWay(t, world, [limit("localhost", 80), limit("a.localhost", 80)]);
  for (const host of ["localhost", "a.localhost"])
    assert.match(await talk(way.socket, get(`http://${host}/`)), /^HTTP\/1\.1 403 /);
  assert.deepEqual(world.resolved, []);
});

test("R-NET-1: a resolver that changes its answer is asked once, and the checked address is the one reached", async (t) => {
  const port = await serveHttp(t, (_, res) => res.end("first"));
  const world = internet({ "rebind.example": [[SITE], ["127.0.0.1"]] }, { [`${SITE}:80`]: port });
  const way = await openWay(t, world, [limit("rebind.example", 80)]);
  assert.match(await talk(way.socket, get("http://rebind.example/")), /first/);
  assert.deepEqual(world.resolved, ["rebind.example"]);
  assert.deepEqual(world.dialed, [`${SITE}:80`]);
  assert.match(await talk(way.socket, get("http://rebind.example/")), /^HTTP\/1\.1 403 /);
  assert.deepEqual(world.dialed, [`${SITE}:80`]);
});

test("R-NET-1: a redirect to a private address is an answer and is not followed", async (t) => {
  const port = await serveHttp(t, (_, res) => res.writeHead(302, { Location: "http://169.254.169.254/" }).end());
  const world = internet(NAMES, { [`${SITE}:80`]: port });
  const way = await openWay(t, world, [limit("site.example", 80)]);
  assert.match(await talk(way.socket, get("http://site.example/")), /^HTTP\/1\.1 302 [^]*Location: http:\/\/169\.254/);
  assert.deepEqual(world.dialed, [`${SITE}:80`]);
});

test("R-NET-1: a request that can be cut in two ways is refused", async (t) => {
  const world = internet(NAMES, {});
  const way = await openWay(t, world, [limit("site.example", 80, ["GET", "POST"])]);
  const post = "POST http://site.example/ HTTP/1.1\r\nHost: site.example\r\n";
  const cases = {
    "length and coding": `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    "two lengths": `${post}Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd`,
    "signed length": `${post}Content-Length: +4\r\n\r\nabcd`,
    "unknown coding": `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    "stacked coding": `${post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    "folded header": `${post}X: 1\r\n 2\r\nContent-Length: 0\r\n\r\n`,
    "space before colon": `GET http://site.example/ HTTP/1.1\r\nHost : site.example\r\n\r\n`,
    "bare line feed": "GET http://site.example/ HTTP/1.1\nHost: site.example\n\n",
    "two hosts": get("http://site.example/", "site.example", "Host: site.example\r\n"),
    "other host": get("http://site.example/", "other.example"),
    "other port": get("http://site.example/", "site.example:81"),
    "no host": "GET http://site.example/ HTTP/1.1\r\n\r\n",
    "host with user": get("http://site.example/", "a@site.example"),
    "origin form": get("/", "site.example"),
    "http/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "tunnel to another host than it says": "CONNECT site.example:80 HTTP/1.1\r\nHost: other.example:80\r\n\r\n",
    "tunnel to an address with a path": "CONNECT site.example:80/x HTTP/1.1\r\nHost: site.example:80\r\n\r\n",
    "https without tunnel": get("https://site.example:80/"),
  };
  for (const [name, request] of Object.entries(cases)) {
    assert.match(await talk(way.socket, request), /^HTTP\/1\.1 (400|403) /, name);
  }
  assert.deepEqual(world.dialed, []);
  assert.equal(way.told.length, Object.keys(cases).length, JSON.stringify(way.told.map(({ why }) => why)));
});

test("R-NET-2: an expectation that is not known is judged and told like any request", async (t) => {
  const way = await openWay(t, internet(NAMES, {}), []);
  assert.match(
    await talk(way.socket, get("http://site.example/", "site.example", "Expect: magic\r\n")),
    /^HTTP\/1\.1 403 /,
  );
  assert.equal(way.told.length, 1);
});

test("R-NET-1: a head that is too long, or never whole, is refused and told", async (t) => {
  const way = await openWay(t, internet(NAMES, {}), [limit("site.example", 80)], { headMs: 200, headerBytes: 2048 });
  assert.match(
    await talk(way.socket, get("http://site.example/", "site.example", `X: ${"x".repeat(4000)}\r\n`)),
    /^HTTP\/1\.1 431 /,
  );
  assert.match(await talk(way.socket, "GET http://site.example/ HTTP/1.1\r\nHost: si"), /^HTTP\/1\.1 408 /);
  assert.match(await talk(way.socket, "\x16\x03\x01\x00\x05hello"), /^HTTP\/1\.1 400 /);
  assert.deepEqual(
    way.told.map(({ host, verdict }) => [host, verdict]),
    Array.from({ length: 3 }, () => ["-", "refused"]),
  );
});

test("R-NET-1: a connection that says nothing is closed and is no attempt", async (t) => {
  const way = await openWay(t, internet(NAMES, {}), [], { headMs: 100 });
  assert.equal(await talk(way.socket, ""), "");
  await way.close();
  assert.deepEqual(way.told, []);
});

test("R-NET-1: a server that answers nothing that can be read gives 502, one that hangs is cut off", async (t) => {
  const garbage = await serveRaw(t, (socket) => socket.end("garbage\r\n\r\n"));
  const both = await serveRaw(t, (socket) => {
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  });
  const huge = await serveRaw(t, (socket) => socket.end(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(100_000)}\r\n\r\n`));
  const upgrade = await serveRaw(t, (socket) =>
    socket.write("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
  );
  const silent = await serveRaw(t, () => undefined);
  const ports = {
    [`${SITE}:1`]: garbage,
    [`${SITE}:2`]: both,
    [`${SITE}:3`]: huge,
    [`${SITE}:4`]: upgrade,
    [`${SITE}:5`]: silent,
  };
  const hosts = [1, 2, 3, 4, 5, 6].map((port) => limit("site.example", port));
  const way = await openWay(t, internet(NAMES, ports), hosts, { idleMs: 300 });
  for (const port of [1, 2, 3, 4])
    assert.match(await talk(way.socket, get(`http://site.example:${port}/`)), /^HTTP\/1\.1 502 /, String(port));
  assert.doesNotMatch(await talk(way.socket, get("http://site.example:5/")), /200/);
  assert.match(await talk(way.socket, get("http://site.example:6/")), /^HTTP\/1\.1 504 [^]*ECONNREFUSED/);
  assert.match(
    await talk(way.socket, get("http://nowhere.example:6/").replaceAll("nowhere", "gone")),
    /^HTTP\/1\.1 403 /,
  );
  assert.equal(way.told.length, 7);
  assert.match(way.told[4]?.why ?? "", /nothing moved/);
});

test("R-NET-1: a name that does not exist is said so", async (t) => {
  const way = await openWay(t, internet({}, {}), [limit("gone.example", 80)]);
  assert.match(await talk(way.socket, get("http://gone.example/")), /^HTTP\/1\.1 504 [^]*ENOTFOUND/);
  assert.deepEqual(
    way.told.map(({ verdict, address }) => [verdict, address]),
    [["refused", "-"]],
  );
});

test("R-NET-1: an answer that breaks off is not taken for a whole one", async (t) => {
  const port = await serveRaw(t, (socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
      setTimeout(() => socket.resetAndDestroy(), 300);
    });
  });
  const way = await openWay(t, internet(NAMES, { [`${SITE}:80`]: port }), [limit("site.example", 80)]);
  const answer = await talk(way.socket, get("http://site.example/"));
  assert.match(answer, /hello/);
  assert.doesNotMatch(answer, /\r\n0\r\n\r\n$/);
  await way.close();
  assert.equal(way.told.length, 1);
});

test("R-NET-1: one call has a limit of connections at once, of attempts, and of bytes", async (t) => {
  const port = await serveHttp(t, (_, res) => res.end("x".repeat(3000)));
  const world = internet(NAMES, { [`${SITE}:80`]: port });
  const crowd = await openWay(t, world, [limit("site.example", 80)], { connections: 3 });
  const idle = [1, 2, 3].map(() => connect({ path: crowd.socket }).on("error", () => undefined));
  t.after(() => idle.forEach((socket) => socket.destroy()));
  await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
  assert.match(await talk(crowd.socket, ""), /^HTTP\/1\.1 503 [^]*more than 3 connections at once/);
  idle[0]?.destroy();
  await until(() => true);
  const again = await talk(crowd.socket, get("http://site.example/"));
  assert.match(again, /^HTTP\/1\.1 (200|503) /);

  const few = await openWay(t, world, [limit("site.example", 80)], { attempts: 4 });
  const answers: string[] = [];
  for (let i = 0; i < 6; i++) answers.push((await talk(few.socket, get("http://site.example/"))).slice(0, 12));
  assert.deepEqual(answers, ["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 503", "", ""]);
  assert.equal(few.told.length, 4);

  const small = await openWay(t, world, [limit("site.example", 80)], { downBytes: 4000 });
  assert.match(await talk(small.socket, get("http://site.example/")), /^HTTP\/1\.1 200 [^]*x{3000}/);
  assert.doesNotMatch(await talk(small.socket, get("http://site.example/")), /x{3000}/);
  assert.match(await talk(small.socket, get("http://site.example/")), /^HTTP\/1\.1 503 /);
  assert.equal(small.told.length, 3);
});

test("R-NET-2: a flood of connections is told once each and leaves nothing open", async (t) => {
  const port = await serveHttp(t, (_, res) => res.end("ok"));
  const world = internet(NAMES, { [`${SITE}:80`]: port });
  const way = await openWay(t, world, [limit("site.example", 80)], { connections: 16 });
  const answers = await Promise.all(Array.from({ length: 200 }, () => talk(way.socket, get("http://site.example/"))));
  await way.close();
  const allowed = way.told.filter(({ verdict }) => verdict === "allowed");
  assert.equal(way.told.length, 200);
  assert.equal(answers.filter((answer) => answer.startsWith("HTTP/1.1 200")).length, allowed.length);
  assert.equal(world.dialed.length, allowed.length);
});

test("R-NET-2: several requests on one connection are several attempts", async (t) => {
  const port = await serveHttp(t, (req, res) => res.end(`<${req.url}>`));
  const way = await openWay(t, internet(NAMES, { [`${SITE}:80`]: port }), [limit("site.example", 80)]);
  const one = (path: string) => `GET http://site.example${path} HTTP/1.1\r\nHost: site.example\r\n\r\n`;
  const bad = "GET http://other.example/ HTTP/1.1\r\nHost: other.example\r\n\r\n";
  const answer = await talk(way.socket, one("/1") + one("/2") + bad + one("/3"));
  assert.match(answer, /<\/1>[^]*<\/2>[^]*403[^]*hint/);
  assert.doesNotMatch(answer, /<\/3>/);
  await way.close();
  const told = way.told.map(({ host, verdict }) => `${host} ${verdict}`).sort();
  assert.deepEqual(told, ["- refused", "other.example refused", "site.example allowed", "site.example allowed"]);
});

test("R-NET-2: closing ends what is open, tells it, and takes the socket away", async (t) => {
  const port = await serveRaw(t, () => undefined);
  const way = await openWay(t, internet(NAMES, { [`${SITE}:80`]: port }), [limit("site.example", 80)]);
  assert.equal(statSync(way.socket).mode & 0o777, 0o600);
  assert.equal(statSync(dirname(way.socket)).mode & 0o777, 0o700);
  const hanging = talk(way.socket, get("http://site.example/"));
  const half = talk(way.socket, "GET http://si");
  await until(() => existsSync(way.socket));
  await new Promise((resolve) => setTimeout(resolve, 100));
  await way.close();
  assert.deepEqual(
    way.told.map(({ host, verdict, why }) => [host, verdict, why]),
    [["site.example", "allowed", "the call ended"]],
  );
  assert.equal(existsSync(way.socket), false);
  await Promise.all([hanging, half]);
  assert.equal(await talk(way.socket, get("http://site.example/")), "");
});
