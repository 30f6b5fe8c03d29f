/** `web_fetch` through the proxy: http, and TLS in a tunnel, over real sockets. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";
import { connect as tlsConnect } from "node:tls";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { RequestListener } from "node:http";
import type { HostLimit } from "../src/core/decision.ts";
import { Fault } from "../src/core/fault.ts";
import type { NetAnswer, NetRequest } from "../src/core/ports/net.ts";
import { createWebFetcher } from "../src/edges/net/web-fetcher.ts";
import {
  certificateFor,
  internet,
  limit,
  openWay,
  realClock,
  realHello,
  serveHttp,
  serveHttps,
  serveRaw,
  SITE,
  talk,
  unseen,
} from "./egress-support.ts";

const NAMES = { "site.example": [[SITE]], "evil.example": [["203.0.114.9"]] };
const never = new AbortController().signal;
const certificate = certificateFor("site.example");

function asked(url: string, more: Partial<NetRequest> = {}): NetRequest {
  return { url, method: "GET", headers: {}, maxBytes: 2_000_000, timeoutMs: 5_000, ...more };
}

async function both(
  t: TestContext,
  listener: RequestListener,
  hosts: readonly HostLimit[] = [limit("site.example", 80), unseen("site.example", 443)],
) {
  const ports = {
    [`${SITE}:80`]: await serveHttp(t, listener),
    [`${SITE}:443`]: await serveHttps(t, certificate, listener),
  };
  const world = internet(NAMES, ports);
  const way = await openWay(t, world, hosts);
  const fetcher = createWebFetcher({ clock: realClock, ca: certificate.cert });
  return {
    world,
    way,
    get: (url: string, more?: Partial<NetRequest>): Promise<NetAnswer> =>
      fetcher.get(asked(url, more), way.socket, never),
  };
}

async function faultOf(answer: Promise<unknown>): Promise<Fault> {
  const error = await answer.then(
    () => assert.fail("it was answered"),
    (thrown: unknown) => thrown,
  );
  return error instanceof Fault ? error : assert.fail(String(error));
}

test("R-NET-1: a page of 1 MB comes whole over http and https, with the address that was reached", async (t) => {
  const page = "0123456789abcdef".repeat(65_536);
  const { get, way } = await both(t, (req, res) => res.setHeader("X-Host", req.headers.host ?? "").end(page));
  for (const url of ["http://site.example/a?b", "https://site.example/a?b"]) {
    const answer = await get(url);
    assert.equal(answer.status, 200);
    assert.equal(answer.address, SITE);
    assert.equal(answer.truncated, false);
    assert.equal(answer.headers["x-host"], "site.example");
    assert.equal(answer.headers["proxy-status"], undefined);
    assert.equal(Buffer.from(answer.body).toString(), page);
  }
  await way.close();
  assert.deepEqual(
    way.told.map(({ port, verdict, bytesIn }) => [port, verdict, bytesIn > 1_000_000]),
    [
      [80, "allowed", true],
      [443, "allowed", true],
    ],
  );
});

test("R-NET-1: packed answers are unpacked, in every coding that is offered", async (t) => {
  const packers = {
    gzip: gzipSync,
    "x-gzip": gzipSync,
    deflate: deflateSync,
    br: brotliCompressSync,
    zstd: zstdCompressSync,
  };
  const { get } = await both(t, (req, res) => {
    const name = (req.url ?? "/").slice(1) as keyof typeof packers;
    res.setHeader("Content-Encoding", name).end(packers[name](Buffer.from(`plain ${name}`)));
  });
  for (const name of Object.keys(packers)) {
    const answer = await get(`https://site.example/${name}`);
    assert.equal(Buffer.from(answer.body).toString(), `plain ${name}`);
    assert.equal(answer.headers["content-encoding"], undefined);
  }
});

test("R-NET-1: an answer is cut where it is too long, also one that unpacks to too much", async (t) => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  const { get } = await both(t, (req, res) => {
    if (req.url === "/bomb") res.setHeader("Content-Encoding", "gzip").end(bomb);
    else res.end("x".repeat(5000));
  });
  const long = await get("http://site.example/", { maxBytes: 1000 });
  assert.deepEqual([long.body.length, long.truncated], [1000, true]);
  const exact = await get("http://site.example/", { maxBytes: 5000 });
  assert.deepEqual([exact.body.length, exact.truncated], [5000, false]);
  const unpacked = await get("https://site.example/bomb", { maxBytes: 100_000 });
  assert.deepEqual([unpacked.body.length, unpacked.truncated], [100_000, true]);
});

test("R-NET-1: an answer that is not packed as it says, or too often, is refused", async (t) => {
  const { get } = await both(t, (req, res) => {
    res.setHeader("Content-Encoding", (req.url ?? "").slice(1)).end("not packed at all");
  });
  for (const coding of ["gzip", "br", "zstd", "deflate", "compress", "gzip,gzip,gzip"]) {
    assert.equal((await faultOf(get(`http://site.example/${coding}`))).code, "WEB_UNREADABLE", coding);
  }
});

test("R-NET-1: a redirect is returned as it is", async (t) => {
  const { get, world } = await both(t, (_, res) => res.writeHead(302, { Location: "http://127.0.0.1/" }).end());
  for (const url of ["http://site.example/", "https://site.example/"]) {
    const answer = await get(url);
    assert.deepEqual([answer.status, answer.headers["location"]], [302, "http://127.0.0.1/"]);
  }
  assert.equal(world.dialed.length, 2);
});

test("R-NET-1: what the proxy refuses is a fault that says what to do; a server's own 403 is an answer", async (t) => {
  const { get } = await both(t, (_, res) =>
    res.writeHead(403, { "Proxy-Status": "vambrace; error=dns_error" }).end("own"),
  );
  for (const scheme of ["http", "https"]) {
    const refused = await faultOf(get(`${scheme}://other.example/`));
    assert.deepEqual([refused.code, refused.status], ["EGRESS_REFUSED", 403]);
    assert.match(refused.hint, /add an egress rule that lists host other\.example/);
    const own = await get(`${scheme}://site.example/`);
    assert.deepEqual([own.status, Buffer.from(own.body).toString()], [403, "own"]);
  }
});

test("R-NET-1: addresses that cannot be meant are refused before anything is sent", async (t) => {
  const { get, way } = await both(t, (_, res) => res.end());
  for (const url of ["file:///etc/passwd", "http://u:p@site.example/", "http://localhost/", "nonsense"]) {
    assert.equal((await faultOf(get(url))).code, "DESTINATION_REFUSED", url);
  }
  await way.close();
  assert.deepEqual(way.told, []);
});

test("R-NET-1: a server with another certificate, or none, is not spoken to", async (t) => {
  const wrong = certificateFor("other.example");
  const port = await serveHttps(t, wrong, (_, res) => res.end("secret"));
  const plain = await serveHttp(t, (_, res) => res.end("plain"));
  const world = internet(NAMES, { [`${SITE}:443`]: port, [`${SITE}:444`]: plain });
  const way = await openWay(t, world, [unseen("site.example", 443), unseen("site.example", 444)]);
  const withCa = createWebFetcher({ clock: realClock, ca: wrong.cert });
  const without = createWebFetcher({ clock: realClock });
  assert.match((await faultOf(withCa.get(asked("https://site.example/"), way.socket, never))).message, /ALTNAME/);
  assert.equal(
    (await faultOf(without.get(asked("https://site.example/"), way.socket, never))).code,
    "DESTINATION_UNREACHABLE",
  );
  assert.equal(
    (await faultOf(withCa.get(asked("https://site.example:444/"), way.socket, never))).code,
    "DESTINATION_UNREACHABLE",
  );
});

test("R-NET-1: time runs out, and a person can stop it", async (t) => {
  const port = await serveRaw(t, () => undefined);
  const way = await openWay(t, internet(NAMES, { [`${SITE}:80`]: port, [`${SITE}:443`]: port }), [
    limit("site.example", 80),
    unseen("site.example", 443),
  ]);
  const fetcher = createWebFetcher({ clock: realClock });
  for (const scheme of ["http", "https"]) {
    const late = await faultOf(fetcher.get(asked(`${scheme}://site.example/`, { timeoutMs: 150 }), way.socket, never));
    assert.match(late.message, /took longer than 0.15 s/);
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("stopped")), 100);
    await assert.rejects(fetcher.get(asked(`${scheme}://site.example/`), way.socket, stop.signal), /stopped/);
  }
  await way.close();
  assert.equal(way.told.length, 4);
  const gone = await faultOf(fetcher.get(asked("http://site.example/"), way.socket, never));
  assert.equal(gone.code, "DESTINATION_UNREACHABLE");
});

async function tunnelled(t: TestContext, first: Buffer | string, port = 443) {
  const heard: Buffer[] = [];
  const server = await serveRaw(t, (socket) => socket.on("data", (chunk: Buffer) => heard.push(chunk)));
  const world = internet(NAMES, { [`${SITE}:${port}`]: server });
  const way = await openWay(t, world, [unseen("site.example", port), unseen(SITE, port)], { headMs: 200 });
  const head = Buffer.from(`CONNECT site.example:${port} HTTP/1.1\r\nHost: site.example:${port}\r\n\r\n`);
  const answer = await talk(way.socket, Buffer.concat([head, Buffer.from(first)]));
  await way.close();
  return { answer, heard: Buffer.concat(heard), told: way.told };
}

test("R-NET-1: a tunnel carries nothing but TLS for its own host, whatever its port", async (t) => {
  const hello = "GET / HTTP/1.1\r\nHost: site.example\r\n\r\n";
  for (const [first, port, why] of [
    [hello, 443, /does not speak TLS/],
    [hello, 80, /does not speak TLS/],
    ["SSH-2.0-x\r\n", 22, /does not speak TLS/],
    ["\x16\x03\x01", 443, /no whole TLS hello/],
    ["", 443, /no whole TLS hello/],
  ] as const) {
    const { answer, heard, told } = await tunnelled(t, first, port);
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.ok(answer.endsWith("\x15\x03\x01\x00\x02\x02\x70"), "a TLS alert");
    assert.equal(heard.length, 0, "not a byte reached the server");
    assert.deepEqual([told.length, told[0]?.verdict], [1, "refused"]);
    assert.match(told[0]?.why ?? "", why);
  }
});

test("R-NET-1: a tunnel to one host does not ask for another inside, and one to an address may ask for none", async (t) => {
  const port = await serveHttps(t, certificate, (_, res) => res.end("inside"));
  const world = internet(NAMES, { [`${SITE}:443`]: port });
  const way = await openWay(t, world, [unseen("site.example", 443), unseen(SITE, 443)]);
  const through = async (host: string, servername: string | undefined): Promise<string> => {
    const client = connect({ path: way.socket });
    client.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`);
    await new Promise((resolve) => client.once("data", resolve));
    const options = { socket: client, rejectUnauthorized: false, ...(servername === undefined ? {} : { servername }) };
    const secure = tlsConnect(options, () =>
      secure.write("GET / HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n\r\n"),
    );
    let text = "";
    secure.on("data", (chunk) => (text += String(chunk)));
    await new Promise<void>((resolve) => {
      secure.once("error", (error) => ((text += error.message), resolve()));
      secure.once("close", () => resolve());
    });
    client.destroy();
    return text;
  };
  assert.match(await through("site.example", "site.example"), /inside/);
  assert.match(await through("site.example", "evil.example"), /unrecognized name/);
  assert.match(await through("site.example", undefined), /unrecognized name/);
  assert.match(await through(SITE, undefined), /inside/);
  assert.match(await through(SITE, "evil.example"), /unrecognized name/);
  await way.close();
  assert.deepEqual(
    way.told.map(({ verdict }) => verdict),
    ["allowed", "refused", "refused", "allowed", "refused"],
  );
});

test("R-NET-1: a tunnel whose client goes half away still hears the end, and is told once", async (t) => {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const server = await serveRaw(t, (socket) => {
    socket.resume();
    socket.once("end", () => socket.end("late answer", resolve));
  });
  const way = await openWay(t, internet(NAMES, { [`${SITE}:443`]: server }), [unseen("site.example", 443)]);
  const client = connect({ path: way.socket, allowHalfOpen: true });
  let heard = "";
  client.on("data", (chunk) => (heard += chunk.toString("latin1")));
  client.write("CONNECT site.example:443 HTTP/1.1\r\nHost: site.example:443\r\n\r\n");
  client.end(await realHello("site.example"));
  await ended;
  await new Promise((done) => client.once("close", done));
  assert.match(heard, /late answer$/);
  assert.deepEqual(
    way.told.map(({ verdict, why }) => [verdict, why]),
    [["allowed", "closed"]],
  );
});
