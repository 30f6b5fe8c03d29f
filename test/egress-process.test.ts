/** The proxy as a process of its own, and the gateway's client of it. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Duplex, duplexPair } from "node:stream";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { Fault } from "../src/core/fault.ts";
import { jsonFrame } from "../src/core/frame.ts";
import type { Connection } from "../src/core/ports/executor.ts";
import { seededRandom } from "../src/core/testing.ts";
import { type EgressClient, openEgressClient } from "../src/edges/egress/client.ts";
import { serveGateway } from "../src/edges/egress/helper.ts";
import { createEgressProxy } from "../src/edges/egress/proxy.ts";
import type { World } from "../src/edges/net/address.ts";
import { internet, limit, serveHttp, SITE, talk, temporaryFolder, until } from "./egress-support.ts";

const MAIN = fileURLToPath(new URL("../src/edges/egress/main.ts", import.meta.url));
const get = (host: string): string => `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

const socketsIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith(".sock"));

function born(
  t: TestContext,
  env: NodeJS.ProcessEnv = {},
): { child: ChildProcess; socket: Duplex; ended: Promise<number | null> } {
  const child = spawn(process.execPath, [MAIN], { stdio: ["ignore", "ignore", "pipe", "pipe"], env });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  t.after(() => void child.kill("SIGKILL"));
  const socket = child.stdio[3];
  return socket instanceof Duplex ? { child, socket, ended } : assert.fail("no socket pair");
}

const CREDENTIAL = {
  name: "site",
  secret: "sesame-opens-4711",
  hosts: ["site.example"],
  ports: [443],
  methods: ["GET"],
  places: ["header"],
  headers: ["authorization"],
} as const;

type Record = Connection & { readonly call: string; readonly session: string };

function clientOn(socket: Duplex, socketDir: string, records: Record[]): EgressClient {
  return openEgressClient({
    socket,
    socketDir,
    onConnection: (connection, owner) => void records.push({ ...connection, ...owner }),
  });
}

/** The helper's code in this process, with a world of its own. */
function inProcess(t: TestContext, world: World): { gateway: Duplex; socketDir: string; ended: Promise<void> } {
  const [gateway, helper] = duplexPair();
  const socketDir = join(temporaryFolder(t), "egress");
  const ended = serveGateway(helper, (folder) =>
    createEgressProxy({ socketDir: folder, world, random: seededRandom(3), nowMs: Date.now }),
  );
  t.after(() => void gateway.destroy());
  return { gateway, socketDir, ended };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
  return "none";
}

test("R-NET-2: connections are recorded with the call and session that made them, before the way is closed", async (t) => {
  const port = await serveHttp(t, (_, res) => res.end("hello"));
  const { gateway, socketDir } = inProcess(t, internet({ "site.example": [[SITE]] }, { [`${SITE}:80`]: port }));
  const records: string[] = [];
  const client = openEgressClient({
    socket: gateway,
    socketDir,
    onConnection: async ({ host, verdict }, { call, session }) => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      records.push(`${session} ${call} ${host} ${verdict}`);
    },
  });
  const one = await client.open({ call: "c1", session: "s1", hosts: [limit("site.example", 80)] });
  const two = await client.open({ call: "c2", session: "s2", hosts: [] });
  assert.notEqual(one.socket, two.socket);
  assert.match(await talk(one.socket, get("site.example")), /hello/);
  assert.match(await talk(two.socket, get("site.example")), /403/);
  const [first, second] = await Promise.all([one.close(), two.close()]);
  assert.deepEqual(records.sort(), ["s1 c1 site.example allowed", "s2 c2 site.example refused"]);
  assert.deepEqual([first.length, second.length], [1, 1]);
  assert.equal(await one.close(), first, "closing twice is closing once");
  assert.deepEqual(socketsIn(socketDir), []);
});

test("R-LOG-2: where a connection cannot be recorded, its call's way out is closed and closing it fails", async (t) => {
  const port = await serveHttp(t, (_, res) => res.end("hello"));
  const { gateway, socketDir } = inProcess(t, internet({ "site.example": [[SITE]] }, { [`${SITE}:80`]: port }));
  const lost = new Fault("LEDGER_UNAVAILABLE", { message: "the disk is full", hint: "make room" });
  const client = openEgressClient({ socket: gateway, socketDir, onConnection: () => Promise.reject(lost) });
  const lease = await client.open({ call: "c1", session: "s1", hosts: [limit("site.example", 80)] });
  await talk(lease.socket, get("site.example"));
  await until(() => !existsSync(lease.socket));
  assert.equal(await talk(lease.socket, get("site.example")), "");
  assert.equal(await codeOf(lease.close()), "LEDGER_UNAVAILABLE");
  const other = await client.open({ call: "c2", session: "s1", hosts: [] });
  assert.deepEqual(await other.close(), []);
});

test("R-NET-1: a process that is lost takes every way out with it, and is said to be lost", async (t) => {
  const { child, socket, ended } = born(t);
  const client = clientOn(socket, join(temporaryFolder(t), "e"), []);
  const lease = await client.open({ call: "c1", session: "s1", hosts: [] });
  child.kill("SIGKILL");
  await ended;
  assert.equal(await codeOf(lease.close()), "EGRESS_UNAVAILABLE");
  assert.equal(await codeOf(client.open({ call: "c2", session: "s1", hosts: [] })), "EGRESS_UNAVAILABLE");
  assert.equal(await talk(lease.socket, get("site.example")), "");
});

test("R-NET-1: a proxy that says something unknown is lost", async () => {
  for (const said of [
    Buffer.from("garbage garbage garbage"),
    jsonFrame({ op: "opened", id: 99, socket: "/x" }),
    jsonFrame(["x"]),
  ]) {
    const [gateway, helper] = duplexPair();
    const client = clientOn(gateway, "/nowhere", []);
    const opening = codeOf(client.open({ call: "c1", session: "s1", hosts: [] }));
    helper.write(said);
    assert.equal(await opening, "EGRESS_UNAVAILABLE");
  }
});

test("R-NET-1: the process refuses what it does not know, also a key that would loosen it", async (t) => {
  const folder = temporaryFolder(t);
  const config = { op: "config", socketDir: join(folder, "e") };
  const cases = [
    [{ ...config, allowSpecial: true }],
    [{ op: "open", id: 1, hosts: [] }],
    [config, config],
    [config, { op: "open", id: 1, hosts: [{ host: "a", port: 80, methods: [], special: true }] }],
    [config, { op: "open", id: 1, hosts: [{ host: "a", port: 0, methods: [] }] }],
    [config, { op: "close", id: 5 }],
    [{ op: "config", socketDir: "relative" }],
    [config, { op: "open", id: 1, hosts: [{ host: "a", port: 80, methods: [], tls: "off" }] }],
    [config, { op: "open", id: 1, hosts: [], bytes: { up: -1, down: 1 } }],
    [config, { op: "credentials", credentials: [{ ...CREDENTIAL, anywhere: true }] }],
    [config, { op: "credentials", credentials: [{ ...CREDENTIAL, secret: "short" }] }],
    [config, { op: "credentials", credentials: [{ ...CREDENTIAL, secret: "ends a header\r\nX: y" }] }],
    [config, { op: "credentials", credentials: [{ ...CREDENTIAL, places: ["path"] }] }],
  ];
  for (const frames of cases) {
    const { child, socket, ended } = born(t);
    let says = "";
    child.stderr?.on("data", (chunk) => (says += String(chunk)));
    for (const frame of frames) socket.write(jsonFrame(frame));
    assert.equal(await ended, 1, JSON.stringify(frames));
    assert.match(says, /^egress proxy: the gateway sent .*\nhint: /);
    assert.doesNotMatch(says, /sesame|ends a header/, "what was said is not repeated");
  }
});

test("R-NET-1: the real process reaches no loopback server, by name or address, whatever its environment says", async (t) => {
  const port = await serveHttp(t, (_, res) => res.end("inside"));
  const { socket, ended } = born(t, { NO_PROXY: "*", HTTP_PROXY: `http://127.0.0.1:${port}`, NODE_USE_ENV_PROXY: "1" });
  const records: Record[] = [];
  const folder = join(temporaryFolder(t), "e");
  const client = clientOn(socket, folder, records);
  const lease = await client.open({
    call: "c1",
    session: "s1",
    hosts: [limit("127.0.0.1", port), limit("localhost", port)],
  });
  for (const host of ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"]) {
    assert.match(await talk(lease.socket, get(`${host}:${port}`)), /^HTTP\/1\.1 403 /, host);
  }
  assert.equal((await lease.close()).length, 4);
  assert.deepEqual(
    records.map(({ verdict, call }) => `${verdict} ${call}`),
    Array.from({ length: 4 }, () => "refused c1"),
  );
  await client.close();
  assert.equal(await ended, 0);
  assert.deepEqual(socketsIn(folder), []);
});

test("R-NET-3: a value goes to the proxy over its socket alone; the gateway gets a handle for the variable, new for each call", async (t) => {
  const { child, socket } = born(t);
  const client = clientOn(socket, join(temporaryFolder(t), "e"), []);
  client.bind([{ credential: CREDENTIAL, variable: "SITE_TOKEN" }]);
  const hosts = [limit("site.example", 443)];
  const one = await client.open({ call: "c1", session: "s1", hosts });
  const two = await client.open({ call: "c2", session: "s1", hosts });
  assert.deepEqual(Object.keys(one.env ?? {}), ["SITE_TOKEN"]);
  assert.match(one.env?.["SITE_TOKEN"] ?? "", /^vmb-secret-site-[0-9a-f]{32}$/);
  assert.notEqual(one.env?.["SITE_TOKEN"], two.env?.["SITE_TOKEN"]);
  assert.match(readFileSync(one.ca ?? "", "utf8"), /BEGIN CERTIFICATE/);
  for (const file of ["cmdline", "environ"]) {
    assert.doesNotMatch(readFileSync(`/proc/${child.pid}/${file}`, "utf8"), /sesame/);
  }
  client.bind([]);
  assert.deepEqual(
    (await client.open({ call: "c3", session: "s1", hosts })).env,
    {},
    "bound instead of what was before",
  );
});

test("R-BOX-3: sockets are kept where nobody else gets at them", (t) => {
  const world = internet({}, {});
  const folder = temporaryFolder(t);
  const make = (socketDir: string) => createEgressProxy({ socketDir, world, random: seededRandom(1), nowMs: Date.now });
  const open = join(folder, "open");
  mkdirSync(open);
  chmodSync(open, 0o755);
  assert.throws(() => make(open), /others may enter/);
  writeFileSync(join(folder, "file"), "");
  assert.throws(() => make(join(folder, "file")));
  const own = join(folder, "own");
  mkdirSync(own, { mode: 0o700 });
  const stale = join(own, `${"a".repeat(32)}.sock`);
  writeFileSync(stale, "");
  writeFileSync(join(own, "kept"), "");
  make(own);
  assert.deepEqual(readdirSync(own), ["kept"], "only sockets of a killed proxy are removed");
});

test("R-BOX-3: a folder whose path is too long for sockets is said so", async (t) => {
  const socketDir = join(temporaryFolder(t), "x".repeat(90));
  const [gateway, helper] = duplexPair();
  void serveGateway(helper, (folder) =>
    createEgressProxy({ socketDir: folder, world: internet({}, {}), random: seededRandom(1), nowMs: Date.now }),
  );
  const client = clientOn(gateway, socketDir, []);
  await assert.rejects(client.open({ call: "c1", session: "s1", hosts: [] }), /too long for sockets/);
  gateway.destroy();
});

test("R-NET-1: the proxy is small", async (t) => {
  const { child, socket } = born(t);
  const client = clientOn(socket, join(temporaryFolder(t), "e"), []);
  const lease = await client.open({ call: "c1", session: "s1", hosts: [] });
  await lease.close();
  const rollup = `/proc/${child.pid}/smaps_rollup`;
  if (!existsSync(rollup)) return t.skip("this machine does not tell proportional memory");
  const kib = Number(/^Pss:\s+(\d+)/m.exec(readFileSync(rollup, "utf8"))?.[1]);
  t.diagnostic(`PSS ${Math.round(kib / 1024)} MiB`);
  assert.ok(kib > 0 && kib < 100 * 1024, `${kib} KiB`);
});

test("R-NET-1: a lost gateway and a SIGTERM end the process and take the sockets away; an interrupt does not", async (t) => {
  for (const how of ["lost", "SIGTERM"] as const) {
    const { child, socket, ended } = born(t);
    const client = clientOn(socket, join(temporaryFolder(t), "e"), []);
    const lease = await client.open({ call: "c1", session: "s1", hosts: [] });
    child.kill("SIGINT");
    assert.deepEqual(await (await client.open({ call: "c2", session: "s1", hosts: [] })).close(), []);
    assert.ok(existsSync(lease.socket));
    if (how === "lost") socket.destroy();
    else child.kill("SIGTERM");
    assert.equal(await ended, 0, how);
    assert.equal(existsSync(lease.socket), false);
  }
});

test("R-NET-1: a socket that somebody else made does not serve", async (t) => {
  const folder = temporaryFolder(t);
  const taken = createServer().listen(join(folder, "x.sock"));
  t.after(() => taken.close());
  const random = { bytes: () => new Uint8Array(16), uniform: () => 0 };
  const proxy = createEgressProxy({ socketDir: folder, world: internet({}, {}), random, nowMs: Date.now });
  const first = await proxy.open({ hosts: [] }, () => undefined);
  await assert.rejects(
    proxy.open({ hosts: [] }, () => undefined),
    /EADDRINUSE/,
  );
  await first.close();
});

test("R-NET-1: a way out that lasts leads where it is told and nowhere else, ends what was open, and tells of each call apart", async (t) => {
  const port = await serveHttp(t, (_, res) => void res.write("begun")); // never ends by itself
  const world = internet({ "a.example": [[SITE]], "b.example": [[SITE]] }, { [`${SITE}:80`]: port });
  const { gateway, socketDir } = inProcess(t, world);
  const records: Record[] = [];
  const client = clientOn(gateway, socketDir, records);
  const lease = await client.openLasting({ call: "c0", session: "s" });
  assert.match(await talk(lease.socket, get("a.example")), /^HTTP\/1.1 403 /, "nowhere at first");
  await lease.lead("c1", [limit("a.example", 80)]);
  const open = talk(lease.socket, get("a.example"));
  await until(() => world.dialed.length === 1);
  assert.match(await talk(lease.socket, get("b.example")), /^HTTP\/1.1 403 /);
  const tried = await lease.lead("c1", []);
  assert.match(await open, /begun/, "it ended with the call");
  assert.deepEqual(tried.map(({ host, verdict }) => `${host} ${verdict}`).sort(), [
    "a.example allowed",
    "b.example refused",
  ]);
  assert.match(await talk(lease.socket, get("a.example")), /^HTTP\/1.1 403 /, "nowhere between two calls");
  await lease.lead("c2", [limit("b.example", 80)]);
  assert.match(await talk(lease.socket, get("b.example"), /begun/), /begun/, "the twin: where the next call leads");
  await lease.close();
  assert.deepEqual(
    records.map(({ call, host, verdict }) => `${call} ${host} ${verdict}`),
    [
      "c0 a.example refused",
      "c1 b.example refused",
      "c1 a.example allowed",
      "c1 a.example refused",
      "c2 b.example allowed",
    ],
  );
  assert.equal(await codeOf(lease.lead("c3", [])), "EGRESS_UNAVAILABLE", "a closed one leads nowhere");
  const other = await client.open({ call: "c4", session: "s", hosts: [limit("a.example", 80)] });
  assert.match(await talk(other.socket, get("a.example"), /begun/), /begun/, "and the proxy goes on");
  await other.close();
});
