/** Credentials: handles on the way up, values only toward bound hosts, no values on the way down. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { connect as tlsConnect } from "node:tls";
import { brotliCompressSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import type { Credential } from "../src/core/credential.ts";
import type { HostLimit } from "../src/core/decision.ts";
import { scrubberFor } from "../src/edges/egress/scrub.ts";
import {
  certificateFor,
  internet,
  limit,
  openWay,
  type Opened,
  serveHttp,
  serveHttps,
  SITE,
  talk,
  unseen,
} from "./egress-support.ts";

const OTHER = "93.184.216.35";
const NAMES = { "api.example": [[SITE]], "other.example": [[OTHER]] };
const pair = certificateFor("api.example", "other.example");
const SECRET = "sesame-opens-4711/x+y";
const EVERY = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const credential = (more: Partial<Credential> = {}): Credential => ({
  name: "api",
  secret: SECRET,
  hosts: ["api.example"],
  ports: [443],
  methods: EVERY,
  places: ["header"],
  headers: ["authorization", "x-api-key"],
  ...more,
});

type Heard = { readonly host: string; readonly head: string; readonly body: string };

async function sites(
  t: TestContext,
  credentials: readonly Credential[],
  options: { readonly hosts?: readonly HostLimit[]; readonly listener?: RequestListener } = {},
): Promise<{ readonly way: Opened; readonly heard: Heard[]; readonly handle: string }> {
  const heard: Heard[] = [];
  const hear = async (...[req, res]: Parameters<RequestListener>): Promise<void> => {
    const body = await buffer(req).catch(() => Buffer.from("broken off"));
    const head = [`${req.method} ${req.url}`, ...req.rawHeaders].join("\n");
    heard.push({ host: req.headers.host ?? "", head, body: body.toString() });
    if (options.listener === undefined) res.end("ok");
    else options.listener(req, res);
  };
  const listener: RequestListener = (req, res) => void hear(req, res);
  const [tls, plain] = [await serveHttps(t, pair, listener), await serveHttp(t, listener)];
  const ports = { [`${SITE}:443`]: tls, [`${OTHER}:443`]: tls, [`${SITE}:80`]: plain };
  const world = { ...internet(NAMES, ports), roots: pair.cert };
  const hosts = options.hosts ?? [
    limit("api.example", 443, EVERY),
    limit("other.example", 443, EVERY),
    limit("api.example", 80, EVERY),
  ];
  const way = await openWay(t, world, hosts, { credentials });
  return { way, heard, handle: way.handles[credentials[0]?.name ?? ""] ?? "" };
}

async function ask(way: Opened, request: string, host = "api.example"): Promise<string> {
  const client = connect({ path: way.socket });
  client.on("error", () => undefined);
  client.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`);
  await new Promise((resolve) => client.once("data", resolve));
  const ca = [pair.cert, ...(way.ca === null ? [] : [readFileSync(way.ca, "utf8")])];
  const secure = tlsConnect({ socket: client, servername: host, ca });
  const chunks: Buffer[] = [];
  secure.on("data", (chunk: Buffer) => chunks.push(chunk));
  secure.once("secureConnect", () => secure.write(request));
  await new Promise<void>((resolve, reject) => {
    secure.once("error", reject);
    secure.once("close", () => resolve());
  });
  client.destroy();
  return Buffer.concat(chunks).toString("latin1");
}

function get(path: string, headers: Record<string, string> = {}, host = "api.example"): string {
  const lines = Object.entries({ Host: host, Connection: "close", ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

function post(path: string, body: string, host = "api.example"): string {
  return `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

test("R-NET-3: a handle becomes the value toward its bound host, also inside Basic, and the record names the credential", async (t) => {
  const { way, heard, handle } = await sites(t, [credential()]);
  assert.match(handle, /^vmb-secret-api-[0-9a-f]{32}$/);
  assert.match(await ask(way, get("/", { Authorization: `Bearer ${handle}` })), /200 OK/);
  const basic = Buffer.from(`me:${handle}`).toString("base64");
  assert.match(await ask(way, get("/", { Authorization: `Basic ${basic}` })), /200 OK/);
  assert.match(await ask(way, get("/", { "X-Other": "nothing" })), /200 OK/);
  await way.close();
  assert.match(heard[0]?.head ?? "", new RegExp(`\nAuthorization\nBearer ${RegExp.escape(SECRET)}\n`));
  assert.match(heard[1]?.head ?? "", new RegExp(`\nBasic ${Buffer.from(`me:${SECRET}`).toString("base64")}\n`));
  assert.deepEqual(
    way.told.map(({ credentials }) => credentials),
    [["api"], ["api"], undefined],
  );
  assert.doesNotMatch(JSON.stringify(way.told), new RegExp(RegExp.escape(SECRET)));
});

test("R-NET-3: INVARIANT(bound-secrets): a handle toward another host, unencrypted, in another place or of another call is refused and told", async (t) => {
  const bound = credential({ paths: ["/v1/"], methods: ["GET"], ports: [443, 80] });
  const { way, heard, handle } = await sites(t, [bound]);
  const elsewhere = handle.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
  const bearer = { Authorization: `Bearer ${handle}` };
  const basic = { Authorization: `Basic ${Buffer.from(`me:${handle}`).toString("base64")}` };
  const cases: readonly (readonly [string, string?])[] = [
    [get("/v1/", bearer, "other.example"), "other.example"],
    [get("/v1/", basic, "other.example"), "other.example"],
    [get(`/v1/?q=${handle}`, {}, "other.example"), "other.example"],
    [get("/v1/", { "X-Note": handle }, "other.example"), "other.example"],
    [post("/v1/", `a${handle}b`, "other.example"), "other.example"],
    [get("/v2/", bearer)],
    [post("/v1/", "x").replace("Connection", `Authorization: ${handle}\r\nConnection`)],
    [get("/v1/", { "User-Agent": handle })],
    [get(`/v1/?key=${handle}`)],
    [get(`/v1/${handle}`)],
    [get("/v1/", { Authorization: `Bearer ${elsewhere}` })],
  ];
  for (const [request, host] of cases) {
    assert.match(await ask(way, request, host), /^HTTP\/1\.1 403 [^]*handle/, request);
  }
  const plain = get("http://api.example/v1/", bearer);
  assert.match(await talk(way.socket, plain), /^HTTP\/1\.1 403 [^]*handle/);
  assert.match(await ask(way, get("/v1/", bearer)), /200 OK/, "the honest twin");
  await way.close();
  assert.equal(way.told.filter(({ verdict }) => verdict === "refused").length, cases.length + 1);
  assert.deepEqual(
    heard.filter(({ head }) => head.includes(SECRET)).map(({ host }) => host),
    ["api.example"],
  );
  assert.ok(heard.every(({ head, body }) => !head.includes(handle) && !body.includes(handle)));
});

test("R-NET-3: a handle that is cut over two pieces of a body is found all the same", async (t) => {
  const { way, heard, handle } = await sites(t, [credential()]);
  const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
  const head = "POST / HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  const body = chunk(`aaaa${handle.slice(0, 20)}`) + chunk(`${handle.slice(20)}bbbb`) + chunk("");
  assert.match(await ask(way, head + body, "other.example"), /^HTTP\/1\.1 403 [^]*its body carries a handle/);
  assert.ok(heard.every(({ body: got }) => !got.includes(handle)));
});

test("R-NET-3: where the configuration says so, a handle works in the query and the body, or needs not be sent at all", async (t) => {
  const wide = credential({ places: ["header", "query", "body"], inject: "X-Api-Key: key {}" });
  const { way, heard, handle } = await sites(t, [wide]);
  await ask(way, get(`/?a=1&key=${handle}`));
  await ask(way, post("/", `{"token":"${handle}"}`));
  await ask(way, get("/", { "X-Api-Key": "mine" }));
  assert.match(await ask(way, post("/", "z".repeat(1024 * 1024 + 1))), /^HTTP\/1\.1 413 /);
  assert.match(heard[0]?.head ?? "", new RegExp(`^GET /\\?a=1&key=${RegExp.escape(encodeURIComponent(SECRET))}\n`));
  assert.match(heard[0]?.head ?? "", new RegExp(`X-Api-Key\nkey ${RegExp.escape(SECRET)}\n`));
  assert.equal(heard[1]?.body, `{"token":"${SECRET}"}`);
  assert.match(heard[1]?.head ?? "", new RegExp(`Content-Length\n${JSON.stringify({ token: SECRET }).length}\n`));
  assert.doesNotMatch(heard[2]?.head ?? "", new RegExp(RegExp.escape(SECRET)), "what the client sends itself stays");
});

test("R-NET-3: values are scrubbed from answers: headers, bodies, packed ones, in the spellings of servers", async (t) => {
  const spellings = [
    SECRET,
    encodeURIComponent(SECRET),
    Buffer.from(SECRET).toString("base64"),
    Buffer.from(`me:${SECRET}`).toString("base64"),
    Buffer.from(`x:${SECRET}`).toString("base64url"),
    Buffer.from(SECRET).toString("hex"),
    JSON.stringify({ token: SECRET }),
  ];
  const body = `<${spellings.join("|")}>`;
  const packers: Record<string, (data: string) => Buffer> = { gzip: gzipSync, br: brotliCompressSync };
  const { way, handle } = await sites(t, [credential()], {
    listener: (req, res) => {
      const coding = (req.url ?? "/").slice(1);
      res.setHeader("X-Echo", `you sent ${SECRET}`);
      const pack = packers[coding];
      if (pack !== undefined) res.setHeader("Content-Encoding", coding).end(pack(body));
      else if (coding === "odd") res.setHeader("Content-Encoding", "compress").end(body);
      else if (coding === "part") res.writeHead(206, { "Content-Range": "bytes 0-9/20" }).end(body.slice(0, 10));
      else res.end(body);
    },
  });
  for (const path of ["/", "/gzip", "/br"]) {
    for (const host of ["api.example", "other.example"]) {
      const answer = await ask(way, get(path, {}, host), host);
      assert.match(answer, /^HTTP\/1\.1 200 /);
      assert.match(answer, new RegExp(`X-Echo: you sent ${handle}`));
      assert.match(answer, new RegExp(`<${handle}\\|`));
      const core = Buffer.from(SECRET).toString("base64").slice(4, 20);
      for (const one of [SECRET, encodeURIComponent(SECRET), core, Buffer.from(SECRET).toString("hex")])
        assert.ok(!answer.includes(one), `${path} ${one}`);
    }
  }
  for (const path of ["/odd", "/part"]) assert.match(await ask(way, get(path)), /^HTTP\/1\.1 502 /, path);
});

test("R-NET-3: what would hide a value in an answer is not asked for: no packing, no ranges", async (t) => {
  const { way, heard } = await sites(t, [credential()]);
  await ask(way, get("/", { "Accept-Encoding": "gzip", Range: "bytes=0-3", "If-Range": "x" }));
  assert.match(heard[0]?.head ?? "", /\nAccept-Encoding\nidentity\n/);
  assert.doesNotMatch(heard[0]?.head ?? "", /gzip|Range/);
});

test("R-NET-3: a value is scrubbed wherever a body is cut, and nothing else is changed", async () => {
  const secrets = [
    { value: SECRET, handle: "<one>" },
    { value: "aabaabaab", handle: "<two>" },
  ];
  const piece = fc.constantFrom(
    SECRET,
    "aabaabaab",
    "a",
    "b",
    "sesame-",
    "aabaab",
    Buffer.from(SECRET).toString("hex"),
    " ",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(200)), async (pieces, cuts) => {
      const text = pieces.join("");
      const marks = [0, ...cuts.map((at) => at % (text.length + 1)).sort((a, b) => a - b), text.length];
      const chunks = marks
        .slice(1)
        .map((end, i) => Buffer.from(text.slice(marks[i], end)))
        .filter((one) => one.length > 0);
      const scrubber = scrubberFor(secrets);
      const cut = (await buffer(Readable.from(chunks).pipe(scrubber.stream()))).toString();
      assert.equal(cut, scrubber.text(text));
      assert.ok(!cut.includes(SECRET) && !cut.includes("aabaabaab"));
      if (!text.includes(SECRET) && !text.includes("aabaabaab") && !/[0-9a-f]{20}/.test(text)) assert.equal(cut, text);
    }),
  );
});

test("R-NET-3: a call that can reach no bound host is given no handle; `passthrough` gives none either", async (t) => {
  for (const hosts of [[limit("other.example", 443)], [unseen("api.example", 443)], [limit("api.example", 80)]]) {
    const { way } = await sites(t, [credential()], { hosts });
    assert.deepEqual(way.handles, {});
  }
  const { way } = await sites(t, [credential()], { hosts: [limit("api.example", 443, EVERY)] });
  assert.deepEqual(Object.keys(way.handles), ["api"]);
  assert.notEqual(way.ca, null, "a rule for every method is looked into where a credential may go there");
});

test("R-KEY-2: a credential that is revoked or replaced is refused in a call that runs, and its value is scrubbed all the same", async (t) => {
  const { way, heard, handle } = await sites(t, [credential({ inject: "X-Api-Key: {}" })], {
    listener: (_req, res) => void res.end(`you sent ${SECRET}`),
  });
  const bearer = get("/", { Authorization: `Bearer ${handle}` });
  assert.match(await ask(way, bearer), /200 OK/);
  for (const now of [[], [credential({ secret: "another-value-4712" })], [credential({ name: "other" })]]) {
    way.bind(now);
    assert.match(await ask(way, bearer), /403 [^]*revoked or replaced/);
    const plain = await ask(way, get("/", {}));
    assert.match(plain, /200 OK/);
    assert.doesNotMatch(plain, new RegExp(RegExp.escape(SECRET)), "the host may still repeat it");
  }
  assert.equal(heard.filter(({ head }) => head.includes(SECRET)).length, 1);
  assert.equal(heard.length, 4);
  way.bind([credential({ inject: "X-Api-Key: {}" })]);
  assert.match(await ask(way, bearer), /200 OK/, "what is bound again counts again");
});
