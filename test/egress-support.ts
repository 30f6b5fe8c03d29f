/**
 * A small internet for the tests of the network edge: names and public
 * addresses that lead to loopback servers, through a resolver and a dialer that
 * are handed in. The product has no other way to reach a loopback address.
 *
 * @module
 */
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttp, type RequestListener } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { Duplex } from "node:stream";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { connect as tlsConnect, type TlsOptions } from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";
import type { Credential } from "../src/core/credential.ts";
import type { HostLimit } from "../src/core/decision.ts";
import type { Clock } from "../src/core/ports/clock.ts";
import type { Connection } from "../src/core/ports/executor.ts";
import { seededRandom } from "../src/core/testing.ts";
import type { Authority } from "../src/edges/egress/authority.ts";
import type { EgressWorld } from "../src/edges/egress/lease.ts";
import { PROXY_LIMITS, type ProxyLimits } from "../src/edges/egress/limits.ts";
import { createEgressProxy } from "../src/edges/egress/proxy.ts";
import type { World } from "../src/edges/net/address.ts";

/** Public, of nobody's that a test would reach. */
export const SITE = "93.184.216.34";

/** What happens to bytes on the way is real time; nothing here waits for a fake clock. */
export const realClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};

export type Internet = World & {
  /** Hosts that were asked for, in order. */
  readonly resolved: string[];
  /** `address:port` that were connected to, in order. */
  readonly dialed: string[];
};

/** @param names each with its answers: the first for the first question, and so on; the last one stays. */
export function internet(
  names: Record<string, readonly (readonly string[])[]>,
  ports: Record<string, number>,
): Internet {
  const resolved: string[] = [];
  const dialed: string[] = [];
  return {
    resolved,
    dialed,
    ownNetworks: () => [],
    resolve: async (host) => {
      const answers = names[host] ?? [];
      const asked = resolved.filter((each) => each === host).length;
      resolved.push(host);
      const answer = answers[Math.min(asked, answers.length - 1)];
      if (answer === undefined) throw Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
      return answer;
    },
    dial: (address, port) => {
      dialed.push(`${address}:${port}`);
      const { promise, resolve, reject } = Promise.withResolvers<Socket>();
      const local = ports[`${address}:${port}`];
      if (local === undefined) reject(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
      else {
        const socket = connect({ host: "127.0.0.1", port: local, allowHalfOpen: true });
        socket.once("error", reject);
        socket.once("connect", () => resolve(socket.off("error", reject)));
      }
      return promise;
    },
  };
}

export type Opened = {
  readonly socket: string;
  readonly ca: string | null;
  readonly handles: Readonly<Record<string, string>>;
  readonly told: Connection[];
  /** Changes what the proxy may put into requests. */
  bind(credentials: readonly Credential[]): void;
  close(): Promise<void>;
};

/** The proxy in this process, with one way out. */
export async function openWay(
  t: TestContext,
  world: EgressWorld,
  hosts: readonly HostLimit[],
  options: Partial<ProxyLimits> & { readonly credentials?: readonly Credential[] } = {},
): Promise<Opened> {
  const { credentials = [], ...limits } = options;
  const socketDir = temporaryFolder(t);
  const proxy = createEgressProxy({
    socketDir,
    world,
    random: seededRandom(7),
    nowMs: Date.now,
    limits: { ...PROXY_LIMITS, ...limits },
  });
  const told: Connection[] = [];
  proxy.bind(credentials);
  const lease = await proxy.open({ hosts }, (connection) => told.push(connection));
  const close = () => (closing ??= lease.close());
  let closing: Promise<void> | undefined;
  t.after(close);
  const bind = (known: readonly Credential[]): void => proxy.bind(known);
  return { socket: lease.socket, ca: lease.ca, handles: lease.handles, told, close, bind };
}

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "vb-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function limit(host: string, port: number, methods: readonly string[] = []): HostLimit {
  return { host, port, methods };
}

/** TLS to it is tunnelled unseen. */
export function unseen(host: string, port: number): HostLimit {
  return { host, port, methods: [], tls: "passthrough" };
}

export async function serveHttp(t: TestContext, listener: RequestListener): Promise<number> {
  return serving(t, createHttp(listener));
}

export async function serveHttps(t: TestContext, pair: Certificate, listener: RequestListener): Promise<number> {
  return serving(t, createHttps({ key: pair.key, cert: pair.cert }, listener));
}

/** With certificates that this authority signs, each for the name that was asked for. */
export async function serveHttpsOf(t: TestContext, authority: Authority, listener: RequestListener): Promise<number> {
  const SNICallback: TlsOptions["SNICallback"] = (host, done) => done(null, authority.contextFor(host));
  return serving(t, createHttps({ SNICallback }, listener));
}

export async function serveRaw(t: TestContext, talk: (socket: Socket) => void): Promise<number> {
  return serving(
    t,
    createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => undefined);
      talk(socket);
    }),
  );
}

async function serving(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Sends bytes to a unix socket and answers all that came back until it closed, or until `enough`. */
export async function talk(socket: string, bytes: string | Buffer, enough = /$^/): Promise<string> {
  const client = connect({ path: socket });
  client.on("error", () => undefined);
  client.write(bytes);
  let heard = "";
  await new Promise<void>((resolve) => {
    client.on("data", (chunk: Buffer) => {
      heard += chunk.toString("latin1");
      if (enough.test(heard)) resolve();
    });
    client.once("close", () => resolve());
  });
  client.destroy();
  return heard;
}

/** Waits until something holds; fails after five seconds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i++) await sleep(10);
  if (!holds()) throw new Error("it did not come to hold in 5 s");
}

export type Certificate = { readonly key: string; readonly cert: string };

/** A self-signed certificate for these names, written out in DER by hand, because the platform only reads them. */
export function certificateFor(...names: string[]): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ecdsa = der(0x30, Buffer.from("06082a8648ce3d040302", "hex"));
  const name = der(
    0x30,
    der(0x31, der(0x30, Buffer.from("0603550403", "hex"), der(0x0c, Buffer.from(names[0] ?? "")))),
  );
  const valid = der(0x30, time(Date.now() - 86_400_000), time(Date.now() + 86_400_000));
  const alternatives = der(0x30, ...names.map((each) => der(0x82, Buffer.from(each))));
  const extension = der(0x30, Buffer.from("0603551d11", "hex"), der(0x04, alternatives));
  const body = der(
    0x30,
    der(0xa0, Buffer.from("020102", "hex")),
    der(0x02, Buffer.from([1])),
    ecdsa,
    name,
    valid,
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(0x30, extension)),
  );
  const signature = der(0x03, Buffer.from([0]), sign("sha256", body, privateKey));
  const base64 =
    der(0x30, body, ecdsa, signature)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  const cert = ["-----BEGIN CERTIFICATE-----", ...base64, "-----END CERTIFICATE-----", ""].join("\n");
  return { key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(), cert };
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  return Buffer.concat([Buffer.from([tag, 0x82, body.length >> 8, body.length & 255]), body]);
}

function time(ms: number): Buffer {
  return der(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`));
}

/** What the platform's own client says first. */
export async function realHello(servername?: string, maxVersion: "TLSv1.2" | "TLSv1.3" = "TLSv1.3"): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const wire = new Duplex({ read: () => undefined, write: (chunk: Buffer, _, done) => (resolve(chunk), done()) });
  const client = tlsConnect({ socket: wire, maxVersion, ...(servername === undefined ? {} : { servername }) });
  client.on("error", () => undefined);
  const hello = await promise;
  client.destroy();
  return hello;
}
