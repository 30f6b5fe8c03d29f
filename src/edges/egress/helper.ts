/**
 * The proxy's side of what the gateway says to it.
 *
 * | gateway | proxy |
 * |---|---|
 * | `{op:"config", socketDir}`, first and once | `{op:"ready"}` |
 * | `{op:"credentials", credentials}`, instead of those before, also in calls that run | |
 * | `{op:"open", id, hosts, bytes?, lasting?}` | `{op:"opened", id, socket, ca, handles}`, or `{op:"failed", id, why}` |
 * | | `{op:"connection", id, connection}` for each attempt as it ends |
 * | `{op:"lead", id, hosts}` | `{op:"led", id}`: what was open has ended and was told |
 * | `{op:"close", id}` | `{op:"closed", id, connections}`: how many were told |
 *
 * Which call and session an id stands for is the gateway's knowledge and stays
 * there. A frame of another form, or with a key that is not known, ends the
 * process: after that nothing in the stream has a meaning. The values of
 * credentials come this way and no other, and are in nothing that is said back.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import { toFault } from "../../core/fault.ts";
import { frameReader, jsonFrame } from "../../core/frame.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Connection } from "../../core/ports/executor.ts";
import { errorCode } from "../net/address.ts";
import type { HostLimit } from "../../core/decision.ts";
import type { Lease } from "./lease.ts";
import { type Order, parseOrder, unreadable } from "./order.ts";
import type { EgressCall, EgressProxy } from "./proxy.ts";

type Held = { readonly lease: Promise<Lease>; told: number };

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
  const open = async (id: number, call: EgressCall, from: EgressProxy): Promise<void> => {
    const tell = (connection: Connection): void => {
      entry.told++;
      say({ op: "connection", id, connection });
    };
    const lease = from.open(call, tell);
    const entry: Held = { lease, told: 0 };
    held.set(id, entry);
    try {
      const { socket, ca, handles } = await lease;
      say({ op: "opened", id, socket, ca, handles });
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
  const lead = async (id: number, hosts: readonly HostLimit[], entry: Held): Promise<void> => {
    (await entry.lease).lead(hosts);
    say({ op: "led", id });
  };
  return (order: Order): void => {
    if (order.op === "config") {
      if (proxy !== null) throw unreadable("a second configuration");
      proxy = start(order.socketDir);
      return say({ op: "ready" });
    }
    if (proxy === null) throw unreadable("an order before the configuration");
    if (order.op === "credentials") return proxy.bind(order.credentials);
    const entry = held.get(order.id);
    if (order.op === "open" && entry === undefined) void open(order.id, order, proxy);
    else if (order.op === "lead" && entry !== undefined) void lead(order.id, order.hosts, entry);
    else if (order.op === "close" && entry !== undefined) void close(order.id, entry);
    else throw unreadable(`${order.op} of ${order.id}`);
  };
}

function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw unreadable("text");
}
