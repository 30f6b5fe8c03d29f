/**
 * Published advisories about agents of this kind, those about who may be
 * reached: no address that somebody else chose is called, and no credential is
 * sent to it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseHTML } from "linkedom";
import { freePort, ground, openSink, refusalOf, type Sink } from "./advisories-kit.ts";
import { CLI, call, makePlace, recordsOf, startProcess, tokenOf } from "./campaign.ts";
import { type Kit, post, say, startKit } from "./gateway-kit.ts";
import { fakeProvider, KEY, status } from "./models-server.ts";
import { missing } from "./sandbox-kit.ts";

const skip = missing();
const WEB = fileURLToPath(new URL("../web/", import.meta.url));
let kit: Kit;
let sink: Sink;
before(async () => {
  sink = await openSink();
  if (skip === false) kit = await startKit();
});
after(async () => {
  await kit?.close();
  sink.close();
});

/** Loopback and the metadata address, in spellings that a careless check lets through. */
const spellings = (port: number): readonly string[] => [
  `http://[0:0:0:0:0:ffff:7f00:1]:${port}/`,
  `http://[0000:0000:0000:0000:0000:ffff:7f00:0001]:${port}/`,
  `http://[::ffff:127.0.0.1]:${port}/`,
  `http://[::ffff:7f00:1]:${port}/`,
  `http://[0:0:0:0:0:0:127.0.0.1]:${port}/`,
  `http://[64:ff9b::7f00:1]:${port}/`,
  `http://[2002:7f00:1::]:${port}/`,
  `http://[::1]:${port}/`,
  `http://2130706433:${port}/`,
  `http://0x7f.1:${port}/`,
  `http://127.1:${port}/`,
  `http://localhost:${port}/`,
  "http://169.254.169.254/latest/meta-data/",
  "http://[0:0:0:0:0:ffff:a9fe:a9fe]/latest/meta-data/",
];

test("R-NET-1: CVE-2026-26324 (GHSA-jrvc-8ff5-2f9f): loopback is loopback in every spelling of it, to the judge and to the fetcher", {
  skip,
}, async (t) => {
  const { questions } = await ground(t, "egress: { allow: [{ host: '*.example.com', ports: [443, 80] }] }\n");
  for (const url of spellings(sink.port)) {
    assert.equal((await questions.url({ url })).verdict, "deny", url);
    const { body } = await post(kit, "/api/execute", { tool: "web_fetch", arguments: { url } });
    assert.equal(body["verdict"], "deny", JSON.stringify(body));
  }
  assert.deepEqual(sink.reached, []);
  assert.equal((await questions.url({ url: "https://www.example.com/" })).verdict, "allow");
});

test("R-NET-1: CVE-2026-27488 (GHSA-w45g-5746-x9fp): a schedule has no address to report to, and what it fetches when it is due goes through the gate", {
  skip,
}, async () => {
  for (const key of ["webhook", "url", "callback", "delivery"]) {
    const args = { when: "in 1 second", text: "x", [key]: `http://127.0.0.1:${sink.port}/` };
    assert.equal((await post(kit, "/api/execute", { tool: "schedule", arguments: args })).status, 400, key);
  }
  for (const key of ["cron: { webhook: 'http://127.0.0.1/' }", "schedules: { webhook: 'http://127.0.0.1/' }"])
    assert.match(refusalOf(`${key}\n`) ?? "taken", /^CONFIG_/);
  kit.plays.set(
    "due",
    spellings(sink.port).map((url) => ({ calls: [{ tool: "web_fetch", arguments: { url } }] })),
  );
  kit.plays.set("plan", [{ calls: [{ tool: "schedule", arguments: { when: "in 1 second", text: "play due" } }] }]);
  const { decided } = await say(kit, "play plan");
  assert.deepEqual(decided, ["schedule: allow"]);
  const fetches = async (): Promise<readonly string[]> =>
    (await recordsOf(kit.place.state))
      .filter(
        (record) => record.what === "call.decided" && record.target === "web_fetch" && record.session !== undefined,
      )
      .map((record) => record.result);
  const before = await fetches();
  const wanted = spellings(sink.port).length;
  for (let tries = 0; tries < 400 && (await fetches()).length - before.length < wanted; tries++) await wait(50);
  const since = (await fetches()).slice(before.length);
  assert.ok(since.length >= wanted && since.every((result) => result === "denied"), since.join());
  assert.deepEqual(sink.reached, []);
});

test("R-NET-1: CVE-2026-26322 (GHSA-g6q9-8fvw-f7rf): no tool takes the address of a gateway, and none of the process's own calls goes to one that a call named", {
  skip,
}, async () => {
  const target = `ws://127.0.0.1:${sink.port}/`;
  for (const [tool, args] of [
    ["message", { session: "ses_x", text: "x" }],
    ["spawn", { task: "x" }],
    ["send", { recipient: "owner", text: "x" }],
    ["schedule", { when: "in 1 hour", text: "x" }],
    ["list", {}],
  ] as const) {
    for (const key of ["gatewayUrl", "gateway", "url", "token"]) {
      const { status } = await post(kit, "/api/execute", { tool, arguments: { ...args, [key]: target } });
      assert.equal(status, 400, `${tool} ${key}`);
    }
  }
  for (const url of [target, target.replace("ws:", "wss:"), `gopher://127.0.0.1:${sink.port}/`]) {
    const { body } = await post(kit, "/api/execute", { tool: "web_fetch", arguments: { url } });
    assert.equal(body["verdict"], "deny", url);
  }
  assert.deepEqual(sink.reached, []);
  assert.equal((await post(kit, "/api/execute", { tool: "list", arguments: {} })).body["ok"], true);
});

test("R-GATE-3: CVE-2026-25253 (GHSA-g8p2-7wf7-98mq): the page talks to the host that it came from, whatever its address says besides", async () => {
  const { start } = await import(`${WEB}page.js`);
  const called: string[] = [];
  const evil = "ws://evil.example/ws";
  for (const hash of [
    `#login=abc&gatewayUrl=${evil}`,
    `#gatewayUrl=${evil}`,
    `#login=abc?gatewayUrl=${evil}`,
    `#login=${evil}`,
    "#login=abc",
  ]) {
    const { document } = parseHTML(readFileSync(`${WEB}index.html`, "utf8"));
    await start({
      document,
      hash,
      dropHash: () => undefined,
      storage: { getItem: () => "kept-proof", setItem: () => undefined, removeItem: () => undefined },
      host: "127.0.0.1:18888",
      isSecure: false,
      fetch: async (path: string) => {
        called.push(`fetch ${path}`);
        return Response.json({ proof: "p", person: "owner", channel: "webchat", permissions: [] });
      },
      WebSocket: class {
        constructor(url: string) {
          called.push(`dial ${url}`);
        }
        addEventListener(): void {}
      },
      newId: () => "id",
      now: () => 0,
      later: () => undefined,
      every: () => undefined,
    });
  }
  assert.ok(called.includes("fetch /api/login"), "the honest login happened");
  assert.ok(called.includes("dial ws://127.0.0.1:18888/ws"), called.join());
  for (const one of called) assert.match(one, /^(?:fetch \/api\/[a-z]+|dial ws:\/\/127\.0\.0\.1:18888\/ws)$/);
  const own = readdirSync(WEB).filter((name) => name.endsWith(".js"));
  assert.ok(own.length > 5);
  for (const name of own)
    assert.doesNotMatch(readFileSync(`${WEB}${name}`, "utf8"), /location\.(?:search|href)|URLSearchParams/, name);
});

test("R-GATE-1: CVE-2026-26327 (GHSA-pv58-549p-qh99): nothing is announced and nothing discovered: the gateway holds no datagram socket", {
  skip,
}, async () => {
  const inodesOf = (name: string): ReadonlySet<string> =>
    new Set(
      readFileSync(`/proc/net/${name}`, "utf8")
        .split("\n")
        .slice(1)
        .map((line) => line.trim().split(/\s+/)[9] ?? ""),
    );
  const held = readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? [];
    } catch {
      return []; // the folder's own descriptor, closed by now
    }
  });
  assert.ok(
    held.some((inode) => inodesOf("tcp").has(inode)),
    "the listening socket is seen, so the method sees",
  );
  for (const name of ["udp", "udp6"]) assert.ok(!held.some((inode) => inodesOf(name).has(inode)), name);
  for (const key of ["discovery: { mdns: true }", "gateway: { discovery: full }", "gateway: { tlsFingerprint: 'aa' }"])
    assert.match(refusalOf(`${key}\n`) ?? "taken", /^CONFIG_/, key);
});

test("R-DLP-2: CVE-2026-27003 (GHSA-chf7-jq6g-qrwv): a key that a provider's error repeats is in no answer, log or record", {
  skip,
  timeout: 60_000,
}, async () => {
  const echo = { error: { message: `the key ${KEY} is wrong; GET https://api.example/bot${KEY}/send`, code: KEY } };
  await using provider = await fakeProvider(status(401, echo), status(500, echo), status(400, echo));
  const place = makePlace((where) => ({
    agents: { defaults: { workspace: where.workspace, model: { primary: "local/m" } } },
    models: {
      providers: { local: { type: "openai-compatible", baseURL: `${provider.origin}/v1`, apiKey: "${PROVIDER_KEY}" } },
    },
  }));
  const port = await freePort();
  const running = await startProcess(place, [CLI, "start", "--port", String(port)], { PROVIDER_KEY: KEY });
  try {
    const answers: unknown[] = [];
    for (const id of ["a", "b", "c"])
      answers.push(await call(running.url, tokenOf(place), "/api/chat", { text: "hello", messageId: id }));
    for (const path of ["/api/status", "/readyz", "/metrics", "/api/log"])
      answers.push(await call(running.url, tokenOf(place), path));
    assert.ok(
      provider.seen.some(({ headers }) => headers.authorization === `Bearer ${KEY}`),
      "the key went where it belongs",
    );
    assert.ok(!JSON.stringify(answers).includes(KEY));
    assert.ok(!running.said().includes(KEY));
    await wait(50);
    assert.ok(!JSON.stringify(await recordsOf(place.state)).includes(KEY));
  } finally {
    await running.stop();
    place.remove();
  }
});
