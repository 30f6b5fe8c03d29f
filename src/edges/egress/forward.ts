/**
 * Requests, plain or out of a tunnel that the proxy looks into: checked, sent
 * on a connection of their own, and the answer passed back as it comes.
 * Redirects are answers like any other.
 *
 * @module
 */
import { type ClientRequest, type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import type { Attempt } from "./attempt.ts";
import { FoundHandle, refusing, wholeBody } from "./body.ts";
import { relay } from "./answer.ts";
import { answerRefusal } from "./refusal.ts";
import type { Way } from "./lease.ts";
import { crowded, failed, reach, tlsFailed } from "./reach.ts";
import {
  checkForward,
  checkInside,
  denied,
  type Forward,
  type Framing,
  type Inside,
  type Refusal,
  shown,
} from "./request.ts";
import { secureUpstream } from "./upstream.ts";
import type { Sent } from "./wallet.ts";

/** What is answered and to whom, and what the attempt is told. */
export type Exchange = {
  readonly way: Way;
  readonly attempt: Attempt;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
};

/**
 * Never rejects: whatever goes wrong is answered, or ends the connection.
 *
 * @param inside the tunnel that it came in; null: a plain request to the proxy.
 */
export async function forward(exchange: Exchange, inside: Inside | null): Promise<void> {
  const { way, attempt, req, res } = exchange;
  const { method = "", url = "", httpVersion, rawHeaders } = req;
  const head = { method, url, httpVersion, rawHeaders };
  const checked = inside === null ? checkForward(head, way.hosts) : checkInside(head, inside, way.hosts);
  if (checked.kind === "refused") return refuse(exchange, checked);
  const { destination, rule } = checked;
  attempt.aim(destination.host, destination.port);
  attempt.note({ request: `${destination.method} ${shown(checked.path.replace(/\?.*$/s, ""))}` });
  const sent: Sent = { destination, headers: checked.headers, path: checked.path, isSecure: inside !== null };
  const order = await orderOf(exchange, checked, sent);
  if (order.kind === "refused") return refuse(exchange, order);
  const full = attempt.under(rule);
  if (full !== null) return refuse(exchange, crowded(full, destination));
  attempt.spend(
    "up",
    url.length + rawHeaders.reduce((sum, text) => sum + text.length + 2, 0) + (order.body?.length ?? 0),
  );
  if (attempt.ended) return;
  res.once("close", () => attempt.end(res.writableFinished ? `answered ${res.statusCode}` : "the answer broke off"));
  await send(exchange, sent, order);
}

/** What goes to the server. */
type Order = {
  readonly kind: "order";
  readonly headers: readonly string[];
  readonly path: string;
  /** Where it had to be read whole; null: it goes on as it comes. */
  readonly body: Buffer | null;
};

async function orderOf({ way, attempt, req }: Exchange, checked: Forward, sent: Sent): Promise<Order | Refusal> {
  const { wallet, limits } = way;
  const filled = wallet.fill(sent);
  if (filled.kind === "refused") return filled;
  let used = filled.used;
  let body: Buffer | null = null;
  let framing: Framing = checked.framing;
  if (wallet.takesBody(sent) && framing.length > 0) {
    const whole = await wholeBody(req, limits.heldBytes);
    if (whole === null) return tooLong(limits.heldBytes, sent);
    const exchanged = wallet.fillBody(whole, sent);
    if (exchanged.kind === "refused") return exchanged;
    body = exchanged.body;
    framing = ["Content-Length", String(body.length)];
    used = [...new Set([...used, ...exchanged.used])];
  }
  if (used.length > 0) attempt.note({ credentials: used });
  const own = wallet.isEmpty ? filled.headers : readable(filled.headers);
  const headers = ["Host", checked.destination.authority, ...own, ...framing, "Connection", "close"];
  return { kind: "order", headers, path: filled.path, body };
}

/** What would make an answer one that cannot be looked through for values. */
const UNREADABLE = new Set(["accept-encoding", "if-range", "range"]);

function readable(headers: readonly string[]): string[] {
  const kept = headers.filter((_, i) => !UNREADABLE.has((headers[i - (i % 2)] ?? "").toLowerCase()));
  return [...kept, "Accept-Encoding", "identity"];
}

async function send(exchange: Exchange, sent: Sent, order: Order): Promise<void> {
  const { way, attempt, req } = exchange;
  const { destination } = sent;
  const reached = await reach(destination, attempt, way.world);
  if (reached.kind === "refused") return refuse(exchange, reached);
  const channel = sent.isSecure ? await secured(exchange, sent, reached.socket) : reached.socket;
  if (channel === null) return;
  const upstream = httpRequest({
    createConnection: () => channel,
    method: destination.method,
    path: order.path,
    headers: order.headers,
    setHost: false,
    maxHeaderSize: way.limits.headerBytes,
  });
  upstream.maxHeadersCount = 0;
  upstream.once("response", (answer) => void relay(exchange, { answer, address: reached.address, sent }));
  // Without an answer by then there is none; with one, `relay` deals with it.
  upstream.once("error", () => breakOff(exchange, sent));
  upstream.once("close", () => breakOff(exchange, sent));
  if (order.body === null) await sendBody(exchange, upstream, sent);
  else upstream.end(order.body);
  req.resume();
}

async function secured(exchange: Exchange, { destination }: Sent, socket: Socket): Promise<Socket | null> {
  const { attempt, way } = exchange;
  try {
    return await secureUpstream(socket, destination, { ...way.world, patienceMs: way.limits.headMs, attempt });
  } catch (error) {
    refuse(exchange, tlsFailed(destination, error), "refused");
    return null;
  }
}

async function sendBody(exchange: Exchange, upstream: ClientRequest, sent: Sent): Promise<void> {
  const { way, attempt, req } = exchange;
  req.on("data", (chunk: Buffer) => attempt.spend("up", chunk.length));
  try {
    if (way.wallet.isEmpty) await pipeline(req, upstream, { end: true });
    else await pipeline(req, refusing(way.wallet.handleBytes), upstream, { end: true });
  } catch (error) {
    if (!(error instanceof FoundHandle)) return attempt.end("the request broke off");
    const hint = "a handle stands in a body only where `egress.credentials` says so";
    refuse(exchange, denied("its body carries a handle", hint, sent.destination), "refused");
  }
}

function breakOff(exchange: Exchange, { destination }: Sent): void {
  if (exchange.res.headersSent || exchange.attempt.ended) return;
  refuse(exchange, failed(destination, "http_response_incomplete", "the server sent no answer that can be read"), null);
}

/** @param verdict null: as it turned out, where a connection was made already. */
function refuse(exchange: Exchange, refusal: Refusal, verdict: "refused" | null = null): void {
  const { attempt, res } = exchange;
  attempt.aim(refusal.host, refusal.port);
  answerRefusal(res, refusal);
  attempt.end(refusal.why, verdict ?? undefined);
}

function tooLong(bytes: number, { destination }: Sent): Refusal {
  const hint = "send less at once, or put the credential into a header";
  const why = `a body into which a credential may go has ${bytes} bytes at most`;
  return { ...denied(why, hint, destination), status: 413, error: "http_request_body_size" };
}
