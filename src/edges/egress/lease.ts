/**
 * One call's way out: a proxy of its own on a unix socket that only this call
 * is told of.
 *
 * What the client may send is read by the platform's strict parser; everything
 * that it lets through is checked again in `request.ts`. Every attempt is told,
 * also one that never became a request.
 *
 * @module
 */
import { chmodSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { HostLimit } from "../../core/decision.ts";
import type { Connection } from "../../core/ports/executor.ts";
import { errorCode, type World } from "../net/address.ts";
import { type Attempt, type Attempts, countAttempts } from "./attempt.ts";
import type { Authority } from "./authority.ts";
import { forward } from "./forward.ts";
import type { ProxyLimits } from "./limits.ts";
import { crowded } from "./reach.ts";
import { type Inside, malformed, type Refusal } from "./request.ts";
import { endWithAnswer, type Enter, tunnel } from "./tunnel.ts";
import type { Roots } from "./upstream.ts";
import type { Wallet } from "./wallet.ts";

/** What one call may reach and hold, and through which world. */
export type Way = {
  readonly hosts: readonly HostLimit[];
  readonly world: EgressWorld;
  readonly limits: ProxyLimits;
  readonly wallet: Wallet;
  /** The one that this call's sandbox was told to trust. */
  readonly authority: () => Authority;
};

export type EgressWorld = World & Roots;

export type Lease = {
  /** Ends everything that is open, and counts anew; from here on, these hosts may be reached. Everything was told. */
  lead(hosts: readonly HostLimit[]): void;
  /** Resolves when nothing of it is open; everything was told by then. */
  close(): Promise<void>;
};

const NOWHERE = { host: "-", port: 0 } as const;
const KEEP_ALIVE_MS = 5_000;

/** @param path of the socket; made here, with mode 600, and removed at the end. */
export async function openLease(path: string, way: Way, tell: (connection: Connection) => void): Promise<Lease> {
  const server = createServer({
    maxHeaderSize: way.limits.headerBytes,
    headersTimeout: way.limits.headMs,
    requestTimeout: way.limits.totalMs,
    connectionsCheckingInterval: Math.min(1000, way.limits.headMs),
    keepAliveTimeout: KEEP_ALIVE_MS,
    insecureHTTPParser: false,
    // Checked in request.ts: the platform's own refusal would not be told.
    requireHostHeader: false,
  });
  // A cap here would drop headers silently; their total size is capped above.
  server.maxHeadersCount = 0;
  const clients = serve(server, way, tell);
  await listen(server, path);
  return {
    lead: (hosts) => clients.renew(hosts),
    close() {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      clients.endAll("the call ended");
      return promise;
    },
  };
}

async function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(path, resolve);
  await promise;
  server.off("error", reject);
  chmodSync(path, 0o600);
}

function serve(server: Server, first: Way, tell: (connection: Connection) => void) {
  let way = first;
  let attempts = countAttempts(way.limits, tell);
  const clients = new Set<Socket>();
  const { insides, top, tools } = looking(server);
  /** How many attempts each connection carries now. */
  const carried = new WeakMap<Duplex, number>();
  /** Connections on which something was refused: what follows on them is not another request. */
  const ending = new WeakSet<Duplex>();
  const begin = (client: Duplex, letGo: () => void): Attempt => {
    carried.set(client, (carried.get(client) ?? 0) + 1);
    insides.get(client)?.tunnel.giveWay();
    return attempts.begin((verdict) => {
      carried.set(client, (carried.get(client) ?? 1) - 1);
      if (verdict === "refused") ending.add(client);
      letGo();
    });
  };
  const refuseRaw = (client: Socket, refusal: Refusal): void => {
    const attempt = begin(client, () => client.destroySoon());
    attempt.aim(refusal.host, refusal.port);
    endWithAnswer(client, refusal);
    attempt.end(refusal.why);
  };
  const onRequest = (req: IncomingMessage, res: ServerResponse): void => {
    const attempt = begin(req.socket, () => {
      if (!res.writableEnded) res.destroy();
    });
    if (ending.has(req.socket)) attempt.end("it followed a refused request on the same connection");
    else guard(attempt, forward({ way, attempt, req, res }, insides.get(req.socket)?.inside ?? null));
  };
  server.on("connection", (client: Socket) => {
    if (insides.has(client)) return;
    if (attempts.spent) return void client.destroy();
    clients.add(client);
    client.once("close", () => clients.delete(client));
    const { connections } = way.limits;
    if (clients.size > connections) refuseRaw(client, crowded(`more than ${connections} connections at once`, NOWHERE));
  });
  server.on("request", onRequest);
  // Without this the platform answers by itself, and nobody is told.
  server.on("checkExpectation", onRequest);
  server.on("connect", (req, client, head) => {
    if (!(client instanceof Socket)) return void client.destroy();
    const within = insides.get(client)?.inside;
    if (within !== undefined) return refuseRaw(client, malformed("it asks for a tunnel inside a tunnel", within));
    const attempt = begin(client, () => top(client).destroySoon());
    guard(attempt, tunnel(way, attempt, req, { client, head, ...tools(client) }));
  });
  server.on("clientError", (error, client) => {
    const silent = !(client instanceof Socket) || client.bytesRead === 0 || ending.has(client);
    if (silent || (carried.get(client) ?? 0) > 0 || !isRefusal(error)) return void client.destroy();
    refuseRaw(client, unreadable(error, insides.get(client)?.inside ?? NOWHERE));
  });
  return {
    endAll: (why: string): void => endOpen(attempts, why, clients, top),
    renew(hosts: readonly HostLimit[]) {
      endOpen(attempts, "the call ended", clients, top);
      way = { ...way, hosts };
      attempts = countAttempts(way.limits, tell);
    },
  };
}

function endOpen(attempts: Attempts, why: string, clients: ReadonlySet<Socket>, top: (client: Socket) => Socket): void {
  attempts.endAll(why);
  for (const client of clients) top(client).destroy();
}

/** What is known of tunnels that are looked into. */
function looking(server: Server) {
  /** The TLS that stands on a client: it is what is closed. */
  const covers = new WeakMap<Socket, Socket>();
  /** The plain side of each, with where it leads, and the attempt that opened it. */
  const insides = new WeakMap<Duplex, { readonly inside: Inside; readonly tunnel: Attempt }>();
  const enter: Enter = (secure, inside, opened) => {
    insides.set(secure, { inside, tunnel: opened });
    // The same parser and the same checks; it is no connection of its own.
    server.emit("connection", secure);
  };
  return {
    insides,
    top: (client: Socket): Socket => covers.get(client) ?? client,
    tools: (client: Socket) => ({ enter, cover: (secure: Socket): void => void covers.set(client, secure) }),
  };
}

/** What neither answered nor ended it is a mistake of ours: the attempt ends, and is told as that. */
function guard(attempt: Attempt, work: Promise<void>): void {
  work.catch((error: unknown) => attempt.end(`the proxy failed (${errorCode(error)})`));
}

/** Bytes that are no request, or half of one that never ended; not a client that simply left. */
function isRefusal(error: Error): boolean {
  const code = errorCode(error);
  return code.startsWith("HPE_") || code === "ERR_HTTP_REQUEST_TIMEOUT";
}

function unreadable(error: Error, where: { readonly host: string; readonly port: number }): Refusal {
  const code = errorCode(error);
  const refusal = malformed(`what it sent is not a request (${code})`, where);
  if (code === "HPE_HEADER_OVERFLOW") return { ...refusal, status: 431 };
  return code === "ERR_HTTP_REQUEST_TIMEOUT" ? { ...refusal, status: 408 } : refusal;
}
