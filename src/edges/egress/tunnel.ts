/**
 * Tunnels: opened for one host, and carrying TLS that asks for that host.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Destination } from "../../core/destination.ts";
import type { Attempt } from "./attempt.ts";
import { readClientHello } from "./client-hello.ts";
import { refusalText } from "./forward.ts";
import type { Way } from "./lease.ts";
import { reach } from "./reach.ts";
import { checkTunnel, type Refusal } from "./request.ts";

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

/** Never rejects: whatever goes wrong is answered, or ends the connection. */
export async function tunnel(way: Way, attempt: Attempt, req: IncomingMessage, from: Client): Promise<void> {
  const { client, head } = from;
  client.setTimeout(way.limits.idleMs, () => client.destroy());
  client.on("error", () => attempt.end("the client broke off"));
  client.once("close", () => attempt.end("closed"));
  const { method = "", url = "", httpVersion, rawHeaders } = req;
  const checked = checkTunnel({ method, url, httpVersion, rawHeaders }, way.hosts);
  if (checked.kind === "refused") return refuse(attempt, client, checked);
  attempt.aim(checked.destination.host, checked.destination.port);
  const reached = await reach(checked.destination, attempt, way.world);
  if (reached.kind === "refused") return refuse(attempt, client, reached);
  const { socket, address } = reached;
  socket.once("close", () => attempt.end("closed"));
  client.write(`HTTP/1.1 200 Connection established\r\nProxy-Status: vambrace; next-hop="${address}"\r\n\r\n`);
  const hello = await readHello(client, head, way.limits.headMs);
  const fault = hello.kind === "hello" ? nameFault(hello.serverName, checked.destination) : hello.why;
  if (fault === null) return join(attempt, { client, socket, first: hello.bytes });
  if (client.writable) client.end(UNRECOGNIZED_NAME);
  attempt.end(`${fault}; nothing was sent`, "refused");
}

/** What the proxy holds of a client that asked for a tunnel: its connection, and what came after the request. */
export type Client = { readonly client: Socket; readonly head: Buffer };

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
  attempt.spend(first.length);
  if (attempt.ended) return;
  socket.write(first);
  client.on("data", (chunk: Buffer) => attempt.spend(chunk.length));
  socket.on("data", (chunk: Buffer) => attempt.spend(chunk.length));
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
