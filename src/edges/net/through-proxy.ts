/**
 * One request through the egress proxy's socket of its call: an absolute-form
 * request for http, a tunnel with TLS inside for https.
 *
 * The proxy says in `Proxy-Status` (RFC 9209) which address it connected to,
 * or why it did not; it removes that header from what servers send.
 *
 * @module
 */
import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import type { Duplex } from "node:stream";
import { connect as tlsConnect, type TLSSocket } from "node:tls";
import type { Destination } from "../../core/destination.ts";
import { Fault } from "../../core/fault.ts";

export type Sending = {
  readonly destination: Destination;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  readonly egressSocket: string;
  readonly signal: AbortSignal;
  /** Certificates to trust beside the platform's. */
  readonly ca: string | undefined;
};

export type Answered = { readonly answer: IncomingMessage; readonly address: string };

const HEADER_BYTES = 32 * 1024;
const REFUSAL_BYTES = 4096;
const DENIALS = ["http_request_denied", "destination_ip_prohibited", "http_request_error", "connection_limit_reached"];

/** @throws Fault EGRESS_REFUSED or DESTINATION_UNREACHABLE with the proxy's own words. */
export function sendThroughProxy(sending: Sending): Promise<Answered> {
  return sending.destination.scheme === "http" ? sendPlain(sending) : sendSecret(sending);
}

async function sendPlain(sending: Sending): Promise<Answered> {
  const { egressSocket, destination } = sending;
  const request = httpRequest({ ...optionsOf(sending), socketPath: egressSocket, path: destination.url });
  const answer = await answerOf(request, sending.body);
  const status = statusOf(answer);
  if (status.error !== null) throw refusal(status.error, await textOf(answer));
  return { answer, address: status.address };
}

async function sendSecret(sending: Sending): Promise<Answered> {
  const { tunnel, address } = await openTunnel(sending);
  const socket = await secure(tunnel, sending);
  const request = httpRequest({
    ...optionsOf(sending),
    createConnection: () => socket,
    path: sending.destination.path,
  });
  return { answer: await answerOf(request, sending.body), address };
}

function optionsOf({ destination, headers, signal }: Sending) {
  const all = { ...headers, host: destination.authority, connection: "close" };
  return { method: destination.method, headers: all, setHost: false, maxHeaderSize: HEADER_BYTES, signal };
}

function answerOf(request: ClientRequest, body: string | Uint8Array | undefined): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request.once("response", resolve);
  // Also after the answer began: reading it shows the error then.
  request.on("error", reject);
  request.end(body);
  return promise;
}

async function openTunnel(sending: Sending): Promise<{ readonly tunnel: Duplex; readonly address: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly [IncomingMessage, Duplex, Buffer]>();
  const { host, port } = sending.destination;
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const request = httpRequest({
    socketPath: sending.egressSocket,
    method: "CONNECT",
    path: authority,
    headers: { host: authority },
    setHost: false,
    signal: sending.signal,
  });
  request.once("connect", (answer, socket, head) => resolve([answer, socket, head]));
  request.on("error", reject);
  request.end();
  const [answer, tunnel, head] = await promise;
  const status = statusOf(answer);
  if (answer.statusCode === 200 && status.error === null) return { tunnel, address: status.address };
  tunnel.unshift(head);
  throw refusal(status.error ?? "proxy_internal_error", await textOf(tunnel));
}

/** The server's certificate is checked for the host, by the platform's authorities. */
async function secure(tunnel: Duplex, { destination, ca, signal }: Sending): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const { host, literal } = destination;
  const socket = tlsConnect({
    socket: tunnel,
    host,
    ...(literal ? {} : { servername: host }),
    ...(ca === undefined ? {} : { ca }),
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: true,
  });
  const abort = (): void => {
    socket.destroy();
    reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
  };
  signal.addEventListener("abort", abort, { once: true });
  socket.on("error", reject);
  socket.once("secureConnect", () => resolve(socket));
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function statusOf(answer: IncomingMessage): { readonly error: string | null; readonly address: string } {
  const said = answer.headers["proxy-status"];
  const text = typeof said === "string" ? said : "";
  const address = /^vambrace; next-hop="([0-9a-f.:]+)"$/.exec(text)?.[1];
  if (address !== undefined) return { error: null, address };
  return { error: /^vambrace; error=([a-z_]+)$/.exec(text)?.[1] ?? "proxy_internal_error", address: "" };
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) continue;
    chunks.push(chunk);
    size += chunk.length;
    if (size > REFUSAL_BYTES) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}

function refusal(error: string, text: string): Fault {
  const [why = "", hint = ""] = text.split("\n");
  return new Fault(DENIALS.includes(error) ? "EGRESS_REFUSED" : "DESTINATION_UNREACHABLE", {
    message: why.replace(/^vambrace refused this: /, "") || "the egress proxy refused without a reason",
    hint: hint.replace(/^hint: /, "") || "see the connections of this call in the log",
    facts: { error },
  });
}
