/**
 * The gateway's own connections. Each `fetch` is bound to one scope, and each
 * scope has its own pool, so that a connection made for an operator's local
 * service never serves a request that may only reach the public internet.
 *
 * What never happens: a redirect is followed, a proxy is taken from the
 * environment, a name is resolved twice, an address is connected to that was
 * not checked.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { Agent, buildConnector } from "undici";
import { isAddress } from "../../core/address.ts";
import { parseDestination } from "../../core/destination.ts";
import { Fault } from "../../core/fault.ts";
import type { Net, NetScope } from "../../core/ports/net.ts";
import { checkedAddresses, dialFirst, realWorld, resolveInTime, type World } from "./address.ts";

const CONNECT_MS = 10_000;
/** To the first byte of an answer; models think long before they say anything. */
const HEADERS_MS = 300_000;
/** Between two pieces of an answer. */
const BODY_MS = 120_000;
const HEADER_BYTES = 64 * 1024;
const BODY_BYTES = 256 * 1024 * 1024;

type Fetch = typeof globalThis.fetch;
type Connect = buildConnector.connector;

/** @param world handed in by tests only. */
export function createNet(world: World = realWorld()): Net & { close(): Promise<void> } {
  const agents = new Map<string, Promise<Agent>>();
  const agentFor = (scope: NetScope): Promise<Agent> => {
    const key = scope.kind === "public" ? "public" : scope.origin;
    const made = agents.get(key) ?? makeAgent(scope, world);
    agents.set(key, made);
    return made;
  };
  return {
    fetchFor(given) {
      const scope = checkScope(given);
      return async (input, init) => {
        const request = requestOf(input, init);
        checkUrl(request.url, request.init.method ?? "GET", scope);
        return send(request, await agentFor(scope));
      };
    },
    async close() {
      const made = await Promise.all(agents.values());
      await Promise.all(made.map((agent) => agent.destroy()));
    },
  };
}

async function send(request: { readonly url: string; readonly init: RequestInit }, agent: Agent): Promise<Response> {
  const { fetch } = await import("undici");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one standard, typed twice: by the platform and by the package
  const standard = fetch as unknown as (url: string, init: object) => Promise<Response>;
  try {
    return await standard(request.url, { ...request.init, redirect: "manual", dispatcher: agent });
  } catch (error) {
    // A refusal at connection time comes wrapped; its reader should see the refusal.
    if (error instanceof Error && error.cause instanceof Fault) throw error.cause;
    throw error;
  }
}

/** The same request as address and options: another library's `Request` is not known by the package. */
function requestOf(input: Parameters<Fetch>[0], init: RequestInit = {}): { url: string; init: RequestInit } {
  checkBody(init.body);
  if (typeof input === "string") return { url: input, init };
  if (input instanceof URL) return { url: input.href, init };
  const { url, method, headers, signal, body } = input;
  return { url, init: { method, headers, signal, ...(body === null ? {} : { body, duplex: "half" }), ...init } };
}

/** Other kinds would be sent as `[object …]`. */
function checkBody(body: unknown): void {
  const known = [Uint8Array, ArrayBuffer, ReadableStream, URLSearchParams];
  if (body === undefined || body === null || typeof body === "string") return;
  if (known.some((kind) => body instanceof kind)) return;
  throw new TypeError("a request body is text, bytes, search parameters or a stream");
}

function checkScope(scope: NetScope): NetScope {
  if (scope.kind === "public" || URL.parse(scope.origin)?.origin === scope.origin) return scope;
  throw new Fault("DESTINATION_REFUSED", {
    message: `not an origin: \`${scope.origin.slice(0, 200)}\``,
    hint: "write scheme, host and port only, such as http://127.0.0.1:11434",
  });
}

function checkUrl(url: string, method: string, scope: NetScope): void {
  if (scope.kind === "public") {
    const parsed = parseDestination(url, method);
    if (parsed.kind === "refused") throw refused(url, parsed.why, parsed.hint);
    return;
  }
  const parsed = URL.parse(url);
  if (parsed === null || parsed.origin !== scope.origin || parsed.username !== "" || parsed.password !== "") {
    throw refused(url, `only ${scope.origin} may be reached here`, "change the configured address of this service");
  }
}

async function makeAgent(scope: NetScope, world: World): Promise<Agent> {
  const undici = await import("undici");
  const connectTo = undici.buildConnector({ timeout: CONNECT_MS, allowH2: false });
  return new undici.Agent({
    connect: (options, callback) => void answerTo(callback, pinned(options, { scope, world, connectTo })),
    headersTimeout: HEADERS_MS,
    bodyTimeout: BODY_MS,
    maxHeaderSize: HEADER_BYTES,
    maxResponseSize: BODY_BYTES,
  });
}

/** The package takes a callback; both ways end in one call of it. */
async function answerTo(callback: buildConnector.Callback, made: Promise<Socket>): Promise<void> {
  let socket: Socket;
  try {
    socket = await made;
  } catch (error) {
    callback(error instanceof Error ? error : new Error("no connection"), null);
    return;
  }
  callback(null, socket);
}

type Deps = { readonly scope: NetScope; readonly world: World; readonly connectTo: Connect };

/** A connection to an address that was checked; the name stays in TLS and in `Host`. */
async function pinned(options: buildConnector.Options, { scope, world, connectTo }: Deps): Promise<Socket> {
  const host = options.hostname;
  const literal = isAddress(host);
  const named = literal ? options : { ...options, servername: host };
  if (scope.kind === "origin") {
    return connectFirst(named, literal ? [host] : await resolved(host, world), connectTo);
  }
  const { socket } = await dialFirst(await publicAddresses(host, literal, world), portOf(options), world.dial);
  return options.protocol === "https:" ? connectOnce({ ...named, httpSocket: socket }, connectTo) : socket;
}

function portOf({ port, protocol }: buildConnector.Options): number {
  if (port !== "") return Number(port);
  return protocol === "https:" ? 443 : 80;
}

/** An operator's own service may be local, and `localhost` is two addresses of which often one listens. */
async function connectFirst(
  options: buildConnector.Options,
  addresses: readonly string[],
  connectTo: Connect,
): Promise<Socket> {
  let last: unknown = new Error("the name has no address");
  for (const hostname of addresses) {
    try {
      return await connectOnce({ ...options, hostname }, connectTo);
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

async function resolved(host: string, world: World): Promise<readonly string[]> {
  const found = await resolveInTime(host, world.resolve);
  if (typeof found === "string") throw unreachable(host, found);
  return found;
}

async function publicAddresses(host: string, literal: boolean, world: World): Promise<readonly string[]> {
  const checked = await checkedAddresses(host, literal, world);
  if (checked.kind === "public") return checked.addresses;
  if (checked.kind === "unresolved") throw unreachable(host, checked.why);
  throw refused(host, checked.why, "addresses of machines and networks around the gateway are never reached");
}

function connectOnce(options: buildConnector.Options, connectTo: Connect): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  connectTo(options, (...[error, socket]) => {
    if (error === null && socket !== null) resolve(socket);
    else reject(error ?? new Error("no connection"));
  });
  return promise;
}

function refused(what: string, why: string, hint: string): Fault {
  return new Fault("DESTINATION_REFUSED", { message: `\`${what.slice(0, 200)}\` was not reached: ${why}`, hint });
}

function unreachable(host: string, why: string): Fault {
  return new Fault("DESTINATION_UNREACHABLE", {
    message: `\`${host.slice(0, 200)}\` was not reached: ${why}`,
    hint: "check the name and this machine's connection",
  });
}
