/**
 * The server: one port for HTTP and WebSocket, with limits on everything that
 * a stranger can make it hold.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import { Server } from "node:http";
import type { Duplex } from "node:stream";
import { createAdaptorServer } from "@hono/node-server";
import { Fault } from "../../core/fault.ts";
import type { Access } from "../../core/ports/access.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Gateway } from "../../core/ports/gateway.ts";
import type { Random } from "../../core/ports/random.ts";
import { isLoopback } from "./address.ts";
import { type App, createApp } from "./app.ts";
import { errorAnswer, type HttpLog, tellFault } from "./errors.ts";
import { createFront } from "./front.ts";
import { HTTP_LIMITS, type HttpLimits } from "./limits.ts";
import { openApi } from "./openapi.ts";
import { type PageFiles, pageRoutes } from "./page.ts";
import { rawAnswer } from "./raw.ts";
import { type Ask, createRouteTable, publicRoute, type Route } from "./route.ts";
import { actRoutes } from "./routes/act.ts";
import { chatRoutes } from "./routes/chat.ts";
import { completionRoutes } from "./routes/completions.ts";
import { healthRoutes } from "./routes/health.ts";
import { loginRoutes } from "./routes/login.ts";
import { operateRoutes } from "./routes/operate.ts";
import { watchingRoutes } from "./routes/watching.ts";
import type { RouteParts } from "./routes/parts.ts";
import { tokenRoutes } from "./routes/tokens.ts";
import { createSockets, socketRoute, type Sockets, SOCKET_PATH } from "./socket.ts";
import { createTurns } from "./turns.ts";

export type HttpOptions = {
  readonly gateway: Gateway;
  readonly access: Access;
  readonly listen: { readonly host: string; readonly port: number };
  /** Names that it answers to: `127.0.0.1`, `localhost`, `[::1]`, …; a name without a port stands for every port. */
  readonly allowedHosts: readonly string[];
  /** Addresses and ranges whose forwarded headers are believed. */
  readonly trustedProxies: readonly string[];
  readonly limits?: Partial<HttpLimits>;
  readonly page: PageFiles;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: HttpLog;
};

export type Http = {
  /** @throws Fault BIND_REFUSED where the port cannot be had. */
  listen(): Promise<{ readonly url: string }>;
  /** Ends turns and connections; resolves when the port is free. */
  close(): Promise<void>;
  /** For tests without a socket, and to see what is served. */
  readonly app: App;
  readonly routes: readonly Route[];
};

/** @throws Fault BIND_REFUSED where it would be open to a network without a proxy that brings TLS (R-GATE-1). */
export function createHttp(options: HttpOptions): Http {
  checkBind(options);
  const limits = { ...HTTP_LIMITS, ...options.limits };
  const closing = new AbortController();
  const nextId = createIds(options.random);
  const front = createFront({ ...options, limits, host: options.listen.host });
  const where = (ask: Ask) => ({ request: ask.id, ...ask.head, from: ask.arrived.from.address });
  const parts: RouteParts = {
    ...options,
    limits,
    turns: createTurns(options.gateway, limits.turns, closing.signal),
    tell: (thrown, ask) => void tellFault(thrown, where(ask), options.log),
  };
  const { routes } = createTable(parts, options.page);
  const app = createApp({ ...options, routes, front, nextId });
  const sockets = createSockets({
    ...parts,
    front,
    tell: (thrown, { method, path }, from) => {
      const request = nextId();
      return { request, fault: tellFault(thrown, { request, method, path, from }, options.log) };
    },
  });
  const server = createServer(app, limits, sockets);
  return {
    app,
    routes,
    listen: async () => listen(server, options.listen),
    close: async () => {
      closing.abort(new Error("the gateway closes"));
      await close(server, sockets, async (signal) => options.clock.sleep(limits.closeMs, signal));
    },
  };
}

function checkBind({ listen: { host }, trustedProxies }: HttpOptions): void {
  if (isLoopback(host) || trustedProxies.length > 0) return;
  throw new Fault("BIND_REFUSED", {
    message: `will not listen on \`${host}\`: others on the network could read every token`,
    hint: "bind to loopback, or name the TLS proxy in front in `gateway.trustedProxies`",
  });
}

function createTable(parts: RouteParts, page: PageFiles): { readonly routes: readonly Route[] } {
  const table = createRouteTable();
  const groups = [
    healthRoutes,
    loginRoutes,
    chatRoutes,
    actRoutes,
    operateRoutes,
    watchingRoutes,
    tokenRoutes,
    completionRoutes,
  ];
  for (const route of groups.flatMap((group) => group(parts))) table.add(route);
  for (const route of [socketRoute, ...pageRoutes(page)]) table.add(route);
  let document: object | undefined;
  table.add(
    publicRoute({
      method: "GET",
      path: "/openapi.json",
      says: "this document",
      because: "it is made from the source, which anybody has; it says nothing of the installation",
      run: async () => Response.json((document ??= openApi(table.routes, parts.version))),
    }),
  );
  return table;
}

/** Ids of requests: enough to find one in the log, of no other use. */
function createIds(random: Random): () => string {
  const run = Buffer.from(random.bytes(6)).toString("hex");
  let count = 0;
  return () => `req_${run}_${++count}`;
}

function createServer(app: App, limits: HttpLimits, sockets: Sockets): Server {
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    serverOptions: {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkMs,
      insecureHTTPParser: false,
      shouldUpgradeCallback: isOurUpgrade,
    },
  });
  if (!(server instanceof Server)) throw new Fault("INTERNAL", { message: "not an HTTP server", hint: "report this" });
  server.maxConnections = limits.connections;
  server.maxHeadersCount = limits.headers;
  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, rest: Buffer) => {
    void sockets.upgrade(incoming, socket, rest);
  });
  // Without a listener node says `100 Continue` by itself, before anybody was asked who he is.
  server.on("checkContinue", (incoming, outgoing) => server.emit("request", incoming, outgoing));
  server.on("clientError", (error: Error & { code?: string }, socket) => {
    if (!socket.writable) return void socket.destroy();
    const fault = new Fault("REQUEST_MALFORMED", { message: "this is not a request", hint: "speak HTTP/1.1" });
    socket.end(rawAnswer(CLIENT_ERRORS.get(error.code ?? "") ?? 400, errorAnswer(fault, "-")));
  });
  return server;
}

const CLIENT_ERRORS: ReadonlyMap<string, number> = new Map([
  ["HPE_HEADER_OVERFLOW", 431],
  ["ERR_HTTP_REQUEST_TIMEOUT", 408],
]);

/** Any other wish to upgrade (`h2c`, another path) is ignored, and the request answered as it is. */
function isOurUpgrade(incoming: IncomingMessage): boolean {
  return incoming.headers.upgrade?.toLowerCase() === "websocket" && incoming.url?.split("?", 1)[0] === SOCKET_PATH;
}

async function listen(server: Server, { host, port }: HttpOptions["listen"]): Promise<{ readonly url: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, host.replace(/^\[|\]$/g, ""), () => resolve());
  try {
    await promise;
  } catch (cause) {
    throw new Fault("BIND_REFUSED", {
      message: `cannot listen on port ${port} of \`${host}\``,
      hint: "another program has it, or it is not this machine's: `vambrace status`, or start with `--port`",
      cause,
    });
  }
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  return { url: `http://${host.includes(":") ? `[${host.replace(/^\[|\]$/g, "")}]` : host}:${bound}` };
}

async function close(server: Server, sockets: Sockets, grace: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  sockets.close();
  server.close(() => resolve());
  server.closeIdleConnections();
  const waiting = new AbortController();
  await Promise.race([closed, grace(waiting.signal)]);
  waiting.abort();
  sockets.terminate();
  server.closeAllConnections();
  await closed;
}
