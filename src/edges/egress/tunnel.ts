/**
 * Tunnels: opened for one host, and carrying TLS that asks for that host. Where
 * the rules say nothing about what is inside, it goes on unseen; else the proxy
 * ends the TLS here and reads the requests.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Destination } from "../../core/destination.ts";
import type { Attempt } from "./attempt.ts";
import { readClientHello } from "./client-hello.ts";
import { endTls, LEAVE_ALONE } from "./inspect.ts";
import type { Way } from "./lease.ts";
import { crowded, literalFault, reach } from "./reach.ts";
import { refusalText } from "./refusal.ts";
import { checkTunnel, type Inside, type Refusal, type Tunnel } from "./request.ts";

/** TLS alert, fatal: unrecognized_name (RFC 6066, 3). */
const UNRECOGNIZED_NAME = Buffer.from([21, 3, 1, 0, 2, 2, 112]);

const REASONS = new Map([
  [400, "Bad Request"],
  [403, "Forbidden"],
  [408, "Request Timeout"],
  [431, "Request Header Fields Too Large"],
  [502, "Bad Gateway"],
  [503, "Service Unavailable"],
  [504, "Gateway Timeout"],
]);

/** What the proxy does with the plain side of a tunnel that it looks into. */
export type Enter = (client: TLSSocket, inside: Inside, tunnel: Attempt) => void;

/** Never rejects: whatever goes wrong is answered, or ends the connection. */
export async function tunnel(way: Way, attempt: Attempt, req: IncomingMessage, from: Client): Promise<void> {
  const { client, head } = from;
  client.setTimeout(way.limits.idleMs, () => client.destroy());
  client.on("error", () => undefined); // its close follows, and says it
  const { method = "", url = "", httpVersion, rawHeaders } = req;
  const checked = checkTunnel({ method, url, httpVersion, rawHeaders }, way.hosts);
  if (checked.kind === "refused") return refuse(attempt, client, checked);
  const { destination, rule } = checked;
  attempt.aim(destination.host, destination.port);
  const full = attempt.full ?? attempt.under(rule);
  if (full !== null) return refuse(attempt, client, crowded(full, destination));
  const fault = await literalFault(destination, way.world);
  if (fault !== null) return refuse(attempt, client, fault);
  if (isSeen(way, checked)) return look(way, attempt, checked, from);
  client.once("close", () => attempt.end("closed"));
  const reached = await reach(destination, attempt, way.world);
  if (reached.kind === "refused") return refuse(attempt, client, reached);
  const { socket, address } = reached;
  socket.once("close", () => attempt.end("closed"));
  client.write(`HTTP/1.1 200 Connection established\r\nProxy-Status: vambrace; next-hop="${address}"\r\n\r\n`);
  const first = await rightHello(attempt, { client, head, headMs: way.limits.headMs }, destination);
  if (first !== null) join(attempt, { client, socket, first });
}

/** A call with handles has all its TLS looked into but what is to be left alone: they must not leave by another host. */
function isSeen({ wallet }: Way, { isPlain, rule }: Tunnel): boolean {
  return !isPlain || (rule.tls !== "passthrough" && !wallet.isEmpty);
}

async function look(way: Way, attempt: Attempt, { destination }: Tunnel, from: Client): Promise<void> {
  const { client, head, cover, enter } = from;
  client.write("HTTP/1.1 200 Connection established\r\nProxy-Status: vambrace\r\n\r\n");
  const first = await rightHello(attempt, { client, head, headMs: way.limits.headMs }, destination);
  if (first === null) return;
  client.unshift(first);
  const context = way.authority().contextFor(destination.host);
  const ended = await endTls(client, context, { patienceMs: way.limits.headMs, cover });
  if ("why" in ended) return attempt.end(ended.why, "refused");
  const left = "the client left without asking for anything; perhaps it does not take the proxy's certificate";
  ended.client.once("close", () => attempt.end(`${left}: ${LEAVE_ALONE}`, "refused"));
  if (attempt.ended) return void ended.client.destroy();
  enter(ended.client, destination, attempt);
}

/** The first message where it asks for this host; null where it does not: then the client was told, and nothing was sent. */
async function rightHello(
  attempt: Attempt,
  { client, head, headMs }: { readonly client: Socket; readonly head: Buffer; readonly headMs: number },
  destination: Destination,
): Promise<Buffer | null> {
  const hello = await readHello(client, head, headMs);
  const fault = hello.kind === "hello" ? nameFault(hello.serverName, destination) : hello.why;
  if (fault === null) return hello.bytes;
  if (client.writable) client.end(UNRECOGNIZED_NAME);
  attempt.end(`${fault}; nothing was sent`, "refused");
  return null;
}

/** What the proxy holds of a client that asked for a tunnel: its connection, and what came after the request. */
export type Client = {
  readonly client: Socket;
  readonly head: Buffer;
  /** Told of the TLS that stands on it from then on. */
  readonly cover: (secure: TLSSocket) => void;
  readonly enter: Enter;
};

type ReadHello = { readonly bytes: Buffer } & (
  | { readonly kind: "hello"; readonly serverName: string | null }
  | { readonly kind: "refused"; readonly why: string }
);

/** The first message, with every byte that came until it was whole. */
function readHello(client: Socket, head: Buffer, headMs: number): Promise<ReadHello> {
  const { promise, resolve } = Promise.withResolvers<ReadHello>();
  let bytes = head;
  const done = (answer: ReadHello): void => {
    clearTimeout(timer);
    client.pause();
    client.off("data", more);
    client.off("end", cut);
    client.off("close", cut);
    resolve(answer);
  };
  const more = (chunk: Buffer): void => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    const hello = readClientHello(bytes);
    if (hello.kind !== "more") done({ ...hello, bytes });
  };
  const cut = (): void => done({ kind: "refused", why: "the client sent no whole TLS hello", bytes });
  const timer = setTimeout(cut, headMs);
  client.on("data", more);
  client.once("end", cut);
  client.once("close", cut);
  if (head.length > 0) more(Buffer.alloc(0));
  return promise;
}

/** A name must be asked for by that name; an address may be asked for without one. */
function nameFault(asked: string | null, { host, literal }: Destination): string | null {
  if (asked === host || (asked === null && literal)) return null;
  return `the TLS hello asks for ${asked ?? "no name"} in a tunnel to ${host}`;
}

function join(
  attempt: Attempt,
  { client, socket, first }: { readonly client: Socket; readonly socket: Socket; readonly first: Buffer },
): void {
  attempt.spend("up", first.length);
  if (attempt.ended) return;
  socket.write(first);
  client.on("data", (chunk: Buffer) => attempt.spend("up", chunk.length));
  socket.on("data", (chunk: Buffer) => attempt.spend("down", chunk.length));
  client.pipe(socket);
  socket.pipe(client);
}

function refuse(attempt: Attempt, client: Socket, refusal: Refusal): void {
  attempt.aim(refusal.host, refusal.port);
  endWithAnswer(client, refusal);
  attempt.end(refusal.why);
}

export function endWithAnswer(client: Socket, refusal: Refusal): void {
  if (!client.writable) return;
  const body = refusalText(refusal);
  const head = [
    `HTTP/1.1 ${refusal.status} ${REASONS.get(refusal.status) ?? "Error"}`,
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Proxy-Status: vambrace; error=${refusal.error}`,
    "Connection: close",
  ];
  client.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
