/**
 * The gateway's side of the egress proxy: opens and closes the way out of one
 * call, and has every connection recorded with it.
 *
 * A proxy that is lost takes every way out with it. What it did not tell by
 * then is not known, and `close` says so instead of answering a part.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import type { Credential } from "../../core/credential.ts";
import { Fault } from "../../core/fault.ts";
import { frameReader, jsonFrame } from "../../core/frame.ts";
import type { HostLimit } from "../../core/decision.ts";
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import type { Connection, EgressGate, EgressLease, LastingEgress, LastingLease } from "../../core/ports/executor.ts";

/** Whose connection it was. */
export type ConnectionOwner = { readonly call: string; readonly session: string };

/** A credential, and the variable in which commands find its handle. */
export type GivenCredential = { readonly credential: Credential; readonly variable: string };

export type EgressClient = EgressGate &
  LastingEgress & {
    /** What the proxy may put into requests, instead of what it was told before; also in calls that run, no more than that. */
    bind(credentials: readonly GivenCredential[]): void;
    /** Ends the proxy. */
    close(): Promise<void>;
  };

type Leading = { readonly call: string; readonly led: PromiseWithResolvers<readonly Connection[]> };

type Opened = Pick<EgressLease, "socket" | "ca"> & { readonly handles: ReadonlyMap<string, string> };

type Held = {
  owner: ConnectionOwner;
  readonly told: Connection[];
  /** What waits for the proxy's word that it leads elsewhere now, in order. */
  readonly leading: Leading[];
  /** How many of `told` were answered to a `lead`. */
  answered: number;
  readonly recorded: Promise<void>[];
  readonly opened: PromiseWithResolvers<Opened>;
  readonly closed: PromiseWithResolvers<number>;
  /** The proxy was asked to close it; it is asked once. */
  closing: boolean;
};

/**
 * @param deps.socket       the gateway's end of the socket pair.
 * @param deps.socketDir    absolute; where the proxy keeps its sockets, mode 700.
 * @param deps.onConnection records one connection. Where it rejects, the way out of that call is closed at once and
 *                          `lease.close` rejects with the same reason.
 */
export function openEgressClient(deps: {
  readonly socket: Duplex;
  readonly socketDir: string;
  readonly onConnection: (connection: Connection, owner: ConnectionOwner) => Promise<void> | void;
}): EgressClient {
  const { socket } = deps;
  const held = new Map<number, Held>();
  const gone = Promise.withResolvers<void>();
  let lost: Fault | null = null;
  let next = 0;
  let variables: ReadonlyMap<string, string> = new Map();
  const send = (value: JsonObject): void => {
    if (lost !== null) throw lost;
    socket.write(jsonFrame(value));
  };
  const fail = (why: string): void => {
    lost ??= unavailable(why);
    for (const each of held.values())
      for (const one of [each.opened, each.closed, ...each.leading.map(({ led }) => led)]) one.reject(lost);
    held.clear();
    socket.destroy();
    gone.resolve();
  };
  const askToClose = (id: number, entry: Held): void => {
    if (entry.closing || lost !== null) return;
    entry.closing = true;
    send({ op: "close", id });
  };
  listen(socket, hearing(held, recorder(deps.onConnection, askToClose)), fail);
  send({ op: "config", socketDir: deps.socketDir });
  const begin = (owner: ConnectionOwner, hosts: readonly HostLimit[], more: JsonObject) => {
    const id = ++next;
    const entry = newHeld(owner);
    held.set(id, entry);
    send({ op: "open", id, hosts: hostsOf(hosts), ...more });
    return { id, entry, close: (): void => askToClose(id, entry) };
  };
  return {
    bind(credentials) {
      variables = new Map(credentials.map(({ credential, variable }) => [credential.name, variable]));
      send({ op: "credentials", credentials: credentials.map(({ credential }) => ({ ...credential })) });
    },
    async open({ call, session, hosts, bytes }) {
      const { entry, close } = begin({ call, session }, hosts, bytes === undefined ? {} : { bytes });
      const { handles, ...opened } = await entry.opened.promise;
      const env = Object.fromEntries([...handles].map(([name, handle]) => [variables.get(name) ?? name, handle]));
      return { ...opened, env, close: closeOf(entry, close) };
    },
    async openLasting(owner) {
      const { id, entry, close } = begin(owner, [], { lasting: true });
      const { socket: path, ca } = trusting(await entry.opened.promise);
      const closed = closeOf(entry, close);
      return { socket: path, ca, close: async () => void (await closed()), lead: leader(id, entry, send) };
    },
    async close() {
      socket.end();
      await gone.promise;
    },
  };
}

function trusting({ socket, ca }: Opened): { readonly socket: string; readonly ca: string } {
  if (ca === undefined) throw unavailable("it opened a lasting way without an authority");
  return { socket, ca };
}

function recorder(
  onConnection: (connection: Connection, owner: ConnectionOwner) => Promise<void> | void,
  askToClose: (id: number, entry: Held) => void,
) {
  return async (id: number, entry: Held, connection: Connection): Promise<void> => {
    try {
      await onConnection(connection, entry.owner);
    } catch (error) {
      // A connection that cannot be recorded was the last one of its call.
      askToClose(id, entry);
      throw error;
    }
  };
}

function hostsOf(hosts: readonly HostLimit[]): JsonObject[] {
  return hosts.map((host) => ({ ...host }));
}

function leader(id: number, entry: Held, send: (value: JsonObject) => void): LastingLease["lead"] {
  return async (call, hosts) => {
    // The proxy knows nothing of it any more, and would take this for nonsense.
    if (entry.closing) throw unavailable("this way out is closed");
    const led = Promise.withResolvers<readonly Connection[]>();
    entry.leading.push({ call, led });
    send({ op: "lead", id, hosts: hostsOf(hosts) });
    const tried = await led.promise;
    await Promise.all(entry.recorded);
    return tried;
  };
}

/** What was told until now was the call's before. */
function led(entry: Held): void {
  const next = entry.leading.shift();
  if (next === undefined) throw unavailable("it leads elsewhere, and nobody asked for that");
  entry.owner = { ...entry.owner, call: next.call };
  next.led.resolve(entry.told.slice(entry.answered));
  entry.answered = entry.told.length;
}

function newHeld(owner: ConnectionOwner): Held {
  const [opened, closed] = [Promise.withResolvers<Opened>(), Promise.withResolvers<number>()];
  // Whoever waits is told; where nobody waits yet, a loss must not end the gateway.
  for (const one of [opened.promise, closed.promise]) one.catch(() => undefined);
  return { owner, told: [], recorded: [], leading: [], answered: 0, opened, closed, closing: false };
}

function closeOf(entry: Held, askToClose: () => void): EgressLease["close"] {
  let closing: Promise<readonly Connection[]> | null = null;
  const close = async (): Promise<readonly Connection[]> => {
    askToClose();
    const count = await entry.closed.promise;
    await Promise.all(entry.recorded);
    if (count !== entry.told.length) throw unavailable(`it made ${count} connections and told of ${entry.told.length}`);
    return entry.told;
  };
  return () => (closing ??= close());
}

function listen(socket: Duplex, hear: (message: JsonObject) => void, fail: (why: string) => void): void {
  const read = frameReader();
  socket.on("data", (chunk: Uint8Array) => {
    try {
      for (const frame of read(chunk)) {
        if (frame.kind !== "json" || !isObject(frame.value)) return fail("it sent something else than messages");
        hear(frame.value);
      }
    } catch (error) {
      fail(error instanceof Fault ? error.message : "it sent something that cannot be read");
    }
  });
  socket.once("error", () => fail("the connection to it broke"));
  socket.once("close", () => fail("it ended"));
}

function hearing(held: Map<number, Held>, record: (id: number, entry: Held, connection: Connection) => Promise<void>) {
  return (message: JsonObject): void => {
    if (message["op"] === "ready") return;
    const id = typeof message["id"] === "number" ? message["id"] : -1;
    const entry = held.get(id);
    if (entry === undefined) throw unavailable("it spoke of a call that is not open");
    const op = text(message["op"]);
    switch (op) {
      case "opened":
        return entry.opened.resolve(parseOpened(message));
      case "failed":
        held.delete(id);
        return entry.opened.reject(unavailable(text(message["why"])));
      case "connection": {
        const connection = parseConnection(message["connection"]);
        entry.told.push(connection);
        const recorded = record(id, entry, connection);
        recorded.catch(() => undefined);
        entry.recorded.push(recorded);
        return;
      }
      case "led":
        return led(entry);
      case "closed":
        held.delete(id);
        return entry.closed.resolve(number(message["connections"]));
      default:
        throw unavailable("it sent a message of no known kind");
    }
  };
}

function parseOpened({ socket, ca, handles }: JsonObject): Opened {
  if (!isObject(handles)) throw unavailable("it opened a way in another form");
  return {
    socket: text(socket),
    ...(ca === null ? {} : { ca: text(ca) }),
    handles: new Map(Object.entries(handles).map(([name, handle]) => [name, text(handle)])),
  };
}

function parseConnection(value: JsonValue | undefined): Connection {
  if (!isObject(value)) throw unavailable("it told of a connection in another form");
  const verdict = text(value["verdict"]);
  if (verdict !== "allowed" && verdict !== "refused") throw unavailable("it told of a connection without verdict");
  return {
    host: text(value["host"]),
    port: number(value["port"]),
    address: text(value["address"]),
    verdict,
    why: text(value["why"]),
    bytesOut: number(value["bytesOut"]),
    bytesIn: number(value["bytesIn"]),
    ...(value["request"] === undefined ? {} : { request: text(value["request"]) }),
    ...(isArray(value["credentials"]) ? { credentials: value["credentials"].map(text) } : {}),
  };
}

function text(value: JsonValue | undefined): string {
  if (typeof value === "string") return value;
  throw unavailable("it sent a message in another form");
}

function number(value: JsonValue | undefined): number {
  if (typeof value === "number") return value;
  throw unavailable("it sent a message in another form");
}

function unavailable(why: string): Fault {
  return new Fault("EGRESS_UNAVAILABLE", {
    message: `the egress proxy is not available: ${why}`,
    hint: "nothing reaches the network until it runs again: see `vambrace doctor`, then restart the gateway",
  });
}
