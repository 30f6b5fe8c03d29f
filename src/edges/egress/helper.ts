/**
 * The proxy's side of what the gateway says to it.
 *
 * | gateway | proxy |
 * |---|---|
 * | `{op:"config", socketDir}`, first and once | `{op:"ready"}` |
 * | `{op:"open", id, hosts}` | `{op:"opened", id, socket}`, or `{op:"failed", id, why}` |
 * | | `{op:"connection", id, connection}` for each attempt as it ends |
 * | `{op:"close", id}` | `{op:"closed", id, connections}`: how many were told |
 *
 * Which call and session an id stands for is the gateway's knowledge and stays
 * there. A frame of another form, or with a key that is not known, ends the
 * process: after that nothing in the stream has a meaning.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import type { HostLimit } from "../../core/decision.ts";
import { Fault, toFault } from "../../core/fault.ts";
import { frameReader, jsonFrame } from "../../core/frame.ts";
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import type { Connection } from "../../core/ports/executor.ts";
import { errorCode } from "../net/address.ts";
import type { EgressProxy } from "./proxy.ts";

type Order =
  | { readonly op: "config"; readonly socketDir: string }
  | { readonly op: "open"; readonly id: number; readonly hosts: readonly HostLimit[] }
  | { readonly op: "close"; readonly id: number };

type Held = { readonly lease: Promise<{ close(): Promise<void> }>; told: number };

const HOSTS_LIMIT = 1000;
/** How a gateway goes that did not say good-bye. */
const LOSSES: ReadonlySet<string> = new Set(["ERR_STREAM_PREMATURE_CLOSE", "ECONNRESET", "EPIPE"]);

/** Serves until the stream ends or breaks; what was open is closed by then. */
export async function serveGateway(stream: Duplex, start: (socketDir: string) => EgressProxy): Promise<void> {
  const held = new Map<number, Held>();
  const say = (value: JsonObject): void => {
    if (stream.writable) stream.write(jsonFrame(value));
  };
  const obey = orders(start, held, say);
  const read = frameReader();
  try {
    for await (const chunk of stream) {
      for (const frame of read(bytesOf(chunk))) {
        if (frame.kind !== "json") throw unreadable("bytes");
        obey(parseOrder(frame.value));
      }
    }
  } catch (error) {
    if (!LOSSES.has(errorCode(error))) throw error;
  } finally {
    await Promise.allSettled([...held.values()].map(async ({ lease }) => (await lease).close()));
  }
}

function orders(start: (socketDir: string) => EgressProxy, held: Map<number, Held>, say: (value: JsonObject) => void) {
  let proxy: EgressProxy | null = null;
  const open = async (id: number, hosts: readonly HostLimit[], from: EgressProxy): Promise<void> => {
    const tell = (connection: Connection): void => {
      entry.told++;
      say({ op: "connection", id, connection });
    };
    const lease = from.open(hosts, tell);
    const entry: Held = { lease, told: 0 };
    held.set(id, entry);
    try {
      say({ op: "opened", id, socket: (await lease).socket });
    } catch (error) {
      held.delete(id);
      say({ op: "failed", id, why: toFault(error).message });
    }
  };
  const close = async (id: number, entry: Held): Promise<void> => {
    held.delete(id);
    await (await entry.lease).close();
    say({ op: "closed", id, connections: entry.told });
  };
  return (order: Order): void => {
    if (order.op === "config") {
      if (proxy !== null) throw unreadable("a second configuration");
      proxy = start(order.socketDir);
      return say({ op: "ready" });
    }
    if (proxy === null) throw unreadable("an order before the configuration");
    const entry = held.get(order.id);
    if (order.op === "open" && entry === undefined) void open(order.id, order.hosts, proxy);
    else if (order.op === "close" && entry !== undefined) void close(order.id, entry);
    else throw unreadable(`${order.op} of ${order.id}`);
  };
}

/** @throws Fault FRAME_MALFORMED */
export function parseOrder(value: JsonValue): Order {
  if (!isObject(value)) throw unreadable("no object");
  const { op } = value;
  if (op === "config") return parseConfig(value);
  const { id, hosts } = value;
  if (typeof id !== "number" || !Number.isSafeInteger(id)) throw unreadable("an order without id");
  if (op === "close" && hasOnly(value, ["op", "id"])) return { op, id };
  if (op === "open" && hasOnly(value, ["op", "id", "hosts"]) && isArray(hosts) && hosts.length <= HOSTS_LIMIT) {
    return { op, id, hosts: hosts.map(parseHost) };
  }
  throw unreadable("an order of no known form");
}

function parseConfig(value: JsonObject): Order {
  const { socketDir } = value;
  if (!hasOnly(value, ["op", "socketDir"])) throw unreadable("a configuration with other keys");
  if (typeof socketDir !== "string" || !socketDir.startsWith("/")) throw unreadable("a folder that is not absolute");
  return { op: "config", socketDir };
}

function parseHost(value: JsonValue): HostLimit {
  if (!isObject(value) || !hasOnly(value, ["host", "port", "methods"]))
    throw unreadable("a host limit of another form");
  const { host, port, methods } = value;
  if (typeof host !== "string" || host.length > 300 || !isArray(methods))
    throw unreadable("a host limit of another form");
  if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw unreadable("a port that is none");
  return { host, port, methods: methods.map(parseMethod) };
}

function parseMethod(value: JsonValue): string {
  if (typeof value !== "string" || !/^[A-Za-z]{1,20}$/.test(value)) throw unreadable("a method that is none");
  return value;
}

function hasOnly(value: JsonObject, keys: readonly string[]): boolean {
  return Object.keys(value).every((key) => keys.includes(key));
}

function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw unreadable("text");
}

function unreadable(what: string): Fault {
  return new Fault("FRAME_MALFORMED", {
    message: `the gateway sent the egress proxy something that it does not know: ${what}`,
    hint: "restart the gateway, so that both are of one version",
  });
}
