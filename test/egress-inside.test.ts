/** TLS that the proxy looks into: real TLS on both sides, over real sockets. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import type { RequestListener } from "node:http";
import { connect, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { connect as tlsConnect, type ConnectionOptions } from "node:tls";
import type { HostLimit } from "../src/core/decision.ts";
import {
  certificateFor,
  internet,
  limit,
  openWay,
  type Opened,
  serveHttps,
  SITE,
  unseen,
  until,
} from "./egress-support.ts";

const OTHER = "93.184.216.35";
const NAMES = { "site.example": [[SITE]], "other.example": [[OTHER]], "inner.example": [["10.0.0.1"]] };
const certificate = certificateFor("site.example");

type Site = { readonly heard: string[]; readonly way: Opened; readonly dialed: readonly string[] };

async function site(
  t: TestContext,
  hosts: readonly HostLimit[],
  options: Parameters<typeof openWay>[3] & {
    readonly listener?: RequestListener;
    readonly pair?: typeof certificate;
  } = {},
): Promise<Site> {
  const { listener, pair = certificate, ...limits } = options;
  const heard: string[] = [];
  const port = await serveHttps(t, pair, (req, res) => {
    heard.push(`${req.method} ${req.headers.host} ${req.url}`);
    if (listener === undefined) res.end(`<${req.method} ${req.url}>`);
    else listener(req, res);
  });
  const world = { ...internet(NAMES, { [`${SITE}:443`]: port, [`${OTHER}:443`]: port }), roots: certificate.cert };
  return { heard, way: await openWay(t, world, hosts, limits), dialed: world.dialed };
}

/** Sends these bytes inside a tunnel and answers what comes back, or the error of the client's TLS. */
async function inTunnel(
  way: Opened,
  bytes: string,
  { to = "site.example:443", ...tls }: ConnectionOptions & { readonly to?: string } = {},
): Promise<string> {
  const client: Socket = connect({ path: way.socket });
  client.on("error", () => undefined);
  client.write(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n\r\n`);
  const answer = await new Promise<string>((resolve) => client.once("data", (chunk) => resolve(String(chunk))));
  if (!answer.startsWith("HTTP/1.1 200")) return answer;
  const ca = way.ca === null ? undefined : readFileSync(way.ca, "utf8");
  const secure = tlsConnect({
    socket: client,
    servername: to.replace(/:\d+$/, ""),
    ...(ca === undefined ? {} : { ca }),
    ...tls,
  });
  let text = "";
  secure.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  secure.once("secureConnect", () => secure.write(bytes));
  await new Promise<void>((resolve) => {
    secure.once("error", (error) => ((text += `error: ${error.message}`), resolve()));
    secure.once("close", () => resolve());
  });
  client.destroy();
  return text;
}

const get = (path: string, host = "site.example", more = ""): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}\r\n`;

test("R-NET-1: a rule for GET lets a GET inside TLS through, and tells it with its path", async (t) => {
  const { way, heard } = await site(t, [limit("site.example", 443, ["GET"])]);
  assert.match(await inTunnel(way, get("/a?b=c")), /^HTTP\/1\.1 200 [^]*<GET \/a\?b=c>/);
  await way.close();
  assert.deepEqual(heard, ["GET site.example /a?b=c"]);
  assert.equal(way.told.length, 1, "the tunnel gives way to what came inside it");
  const { bytesIn, bytesOut, ...told } = way.told[0]!;
  assert.deepEqual(told, {
    host: "site.example",
    port: 443,
    address: SITE,
    verdict: "allowed",
    why: "answered 200",
    request: "GET /a",
  });
  assert.ok(bytesIn > 100 && bytesOut > 100, `${bytesIn} ${bytesOut}`);
});

test("R-NET-1: another method inside TLS than the rule lists is refused, and the server never hears it", async (t) => {
  const { way, heard, dialed } = await site(t, [limit("site.example", 443)]);
  const post = "POST / HTTP/1.1\r\nHost: site.example\r\nContent-Length: 6\r\n\r\nsecret";
  assert.match(await inTunnel(way, post), /^HTTP\/1\.1 403 [^]*POST to site\.example:443 is not listed/);
  await way.close();
  assert.deepEqual([heard, dialed], [[], []]);
  assert.deepEqual(
    way.told.map(({ verdict, host }) => [verdict, host]),
    [["refused", "site.example"]],
  );
});

test("R-NET-1: inside a tunnel no other host can be asked for: not by Host, not by an absolute address, not by a second tunnel", async (t) => {
  const { way, heard, dialed } = await site(t, [limit("site.example", 443), limit("other.example", 443)]);
  for (const request of [
    get("/", "other.example"),
    get("/", "site.example", "Host: other.example\r\n"),
    get("https://other.example/"),
    get("//other.example/", "other.example"),
    "CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  ]) {
    assert.match(await inTunnel(way, request), /^HTTP\/1\.1 (400|403) /, request);
  }
  assert.deepEqual([heard, dialed], [[], []]);
  await way.close();
  assert.equal(way.told.filter(({ verdict }) => verdict === "refused").length, 7);
  assert.match(await inTunnel((await site(t, [limit("site.example", 443)])).way, get("/", "SITE.example")), /<GET \/>/);
});

test("R-NET-1: a name that turns out private is refused inside TLS as it is outside", async (t) => {
  const { way, dialed } = await site(t, [limit("inner.example", 443)]);
  const answer = await inTunnel(way, get("/", "inner.example"), { to: "inner.example:443" });
  assert.match(answer, /^HTTP\/1\.1 403 [^]*destination_ip_prohibited/);
  assert.deepEqual(dialed, []);
});

test("R-NET-1: a rule with paths covers those, in every spelling that a server might read as them", async (t) => {
  const { way, heard } = await site(t, [{ ...limit("site.example", 443), paths: ["/v1/", "/repos/*/issues"] }]);
  const fits = ["/v1/", "/v1/models?x=/../", "/v1/a/../b", "/v1/%61%7E", "/v0/../v1/x", "/repos/me/issues"];
  for (const path of fits) assert.match(await inTunnel(way, get(path)), /^HTTP\/1\.1 200 /, path);
  assert.deepEqual(
    heard.map((line) => line.split(" ")[2]),
    ["/v1/", "/v1/models?x=/../", "/v1/b", "/v1/a~", "/v1/x", "/repos/me/issues"],
    "judged and sent in one spelling",
  );
  for (const path of [
    "/",
    "/v1",
    "/v2/",
    "/v1/../v2",
    "/v1/%2e%2e/v2",
    "/v1/.%2E/v2",
    "/v1/..%2fv2",
    "/v1/%2f",
    "/v1//x",
    "//v1/x",
    "/v1/%252e%252e/v2",
    "/v1/..;/v2",
    "/v1/..\\v2",
    "/v1/%5c..%5c",
    "/v1/%00",
    "/repos/me/you/issues",
    "/repos/me/issues/1",
  ]) {
    assert.match(await inTunnel(way, get(path)), /^HTTP\/1\.1 403 /, path);
  }
  assert.equal(heard.length, fits.length);
});

test("R-NET-1: the server's certificate is checked strictly; where it is not good, nothing is sent", async (t) => {
  for (const pair of [certificateFor("other.example"), certificateFor("wrong.example")]) {
    const { way, heard } = await site(t, [limit("site.example", 443)], { pair });
    assert.match(await inTunnel(way, get("/")), /^HTTP\/1\.1 502 [^]*tls_certificate_error[^]*its TLS is not good/);
    await way.close();
    assert.deepEqual(heard, []);
    assert.deepEqual(
      way.told.map(({ verdict }) => verdict),
      ["refused"],
    );
  }
});

test("R-NET-1: the authority names exactly one host, lives for days, and its key is nowhere on the disk", async (t) => {
  const { way } = await site(t, [limit("site.example", 443)]);
  assert.ok(way.ca !== null);
  const text = readFileSync(way.ca, "utf8");
  assert.doesNotMatch(text, /PRIVATE/);
  assert.equal(statSync(way.ca).mode & 0o777, 0o444);
  const ca = new X509Certificate(text);
  assert.ok(ca.ca && ca.verify(ca.publicKey));
  assert.ok(Date.parse(ca.validTo) - Date.now() < 5 * 24 * 3_600_000);
  let peer: X509Certificate | undefined;
  await inTunnel(way, get("/"), {
    checkServerIdentity: (_, seen) => {
      peer = new X509Certificate(seen.raw);
      return undefined;
    },
  });
  assert.equal(peer?.subjectAltName, "DNS:site.example");
  assert.deepEqual([peer?.checkIssued(ca), peer?.ca], [true, false]);
  assert.match(await inTunnel(way, get("/"), { ca: certificate.cert }), /^error: .*(self-signed|unable to)/i);
});

test("R-NET-1: two proxies have two authorities, and one does not vouch for the other", async (t) => {
  const [one, two] = [await site(t, [limit("site.example", 443)]), await site(t, [limit("site.example", 443)])];
  const foreign = { ca: readFileSync(two.way.ca ?? "", "utf8") };
  assert.match(await inTunnel(one.way, get("/"), foreign), /^error: /);
  assert.match(await inTunnel(one.way, get("/")), /^HTTP\/1\.1 200 /);
});

test("R-NET-2: a client that does not take the certificate is told of, with the key that would leave it alone", async (t) => {
  const { way, heard } = await site(t, [limit("site.example", 443)]);
  assert.match(await inTunnel(way, get("/"), { ca: certificate.cert }), /^error: /);
  await until(() => way.told.length > 0);
  await way.close();
  assert.deepEqual(heard, []);
  assert.equal(way.told.length, 1);
  assert.equal(way.told[0]?.verdict, "refused");
  assert.match(way.told[0]?.why ?? "", /take the proxy's certificate.*`tls: passthrough`/);
});

test("R-NET-1: `passthrough`, and a rule that says nothing of what is inside, leave the TLS to client and server", async (t) => {
  const every = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
  for (const rule of [unseen("site.example", 443), limit("site.example", 443, every)]) {
    const { way } = await site(t, [rule]);
    assert.equal(way.ca, null);
    assert.match(await inTunnel(way, get("/"), { ca: certificate.cert }), /^HTTP\/1\.1 200 /);
    await way.close();
    assert.deepEqual(
      way.told.map(({ verdict, request }) => [verdict, request]),
      [["allowed", undefined]],
    );
  }
});

test("R-NET-1: only HTTP/1.1 is spoken inside; a client that wants HTTP/2 alone is refused", async (t) => {
  const { way } = await site(t, [limit("site.example", 443)]);
  assert.match(await inTunnel(way, get("/"), { ALPNProtocols: ["h2"] }), /^error: /);
  assert.match(await inTunnel(way, get("/"), { ALPNProtocols: ["h2", "http/1.1"] }), /^HTTP\/1\.1 200 /);
});

test("R-NET-2: several requests in one tunnel are told one by one, and a refused one is the last", async (t) => {
  const { way, heard } = await site(t, [{ ...limit("site.example", 443), paths: ["/ok/"] }]);
  const keep = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: site.example\r\n\r\n`;
  const answer = await inTunnel(way, keep("/ok/1") + keep("/ok/2") + keep("/no") + keep("/ok/3"));
  assert.match(answer, /<GET \/ok\/1>[^]*<GET \/ok\/2>[^]*403/);
  assert.doesNotMatch(answer, /ok\/3/);
  await way.close();
  assert.deepEqual(heard.length, 2);
  assert.deepEqual(way.told.map(({ verdict }) => verdict).sort(), ["allowed", "allowed", "refused", "refused"]);
});

test("R-NET-1: a rule's own budget is kept apart from the call's, up and down, and using it up is said", async (t) => {
  const big: RequestListener = (req, res) => {
    req.resume();
    req.on("end", () => res.end("x".repeat(req.url === "/big" ? 50_000 : 10)));
  };
  const rule = limit("site.example", 443, ["GET", "POST"]);
  const down = await site(t, [{ ...rule, downBytes: 20_000 }], { listener: big });
  assert.doesNotMatch(await inTunnel(down.way, get("/big")), /x{40000}/);
  assert.match(
    await inTunnel(down.way, get("/")),
    /^HTTP\/1\.1 503 [^]*site\.example:443 by its rule may get 20000 bytes/,
  );
  const up = await site(t, [{ ...rule, upBytes: 5_000 }], { listener: big });
  const post = (bytes: number): string =>
    `POST / HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\nContent-Length: ${bytes}\r\n\r\n${"y".repeat(bytes)}`;
  assert.match(await inTunnel(up.way, post(1_000)), /^HTTP\/1\.1 200 /);
  assert.doesNotMatch(await inTunnel(up.way, post(30_000)), /HTTP\/1\.1 200/);
  assert.match(await inTunnel(up.way, post(10)), /^HTTP\/1\.1 503 [^]*may send 5000 bytes/);
  await up.way.close();
  assert.match(up.way.told[1]?.why ?? "", /may send 5000 bytes, and sent more/);
  const call = await site(t, [rule], { listener: big, upBytes: 5_000 });
  assert.doesNotMatch(await inTunnel(call.way, post(30_000)), /HTTP\/1\.1 200/);
  assert.match(call.way.told[0]?.why ?? "", /this call may send 5000 bytes/);
});
