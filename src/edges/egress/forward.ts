/**
 * Plain requests: checked, sent on a connection of their own, and the answer
 * passed back as it comes. Redirects are answers like any other.
 *
 * @module
 */
import { type ClientRequest, type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Attempt } from "./attempt.ts";
import type { Way } from "./lease.ts";
import { failed, reach } from "./reach.ts";
import { answerHeaders, checkForward, type Forward, type Refusal } from "./request.ts";

/** Never rejects: whatever goes wrong is answered, or ends the connection. */
export async function forward(way: Way, attempt: Attempt, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { method = "", url = "", httpVersion, rawHeaders } = req;
  const checked = checkForward({ method, url, httpVersion, rawHeaders }, way.hosts);
  if (checked.kind === "refused") return refuse(attempt, res, checked);
  attempt.aim(checked.destination.host, checked.destination.port);
  res.once("close", () => attempt.end(res.writableFinished ? `answered ${res.statusCode}` : "the answer broke off"));
  const reached = await reach(checked.destination, attempt, way.world);
  if (reached.kind === "refused") return refuse(attempt, res, reached);
  const upstream = httpRequest({
    createConnection: () => reached.socket,
    method: checked.destination.method,
    path: checked.destination.path,
    headers: checked.headers,
    setHost: false,
    maxHeaderSize: way.limits.headerBytes,
  });
  upstream.maxHeadersCount = 0;
  upstream.once("response", (answer) => void relayAnswer(attempt, answer, res, reached.address));
  // Without an answer by then there is none; with one, `relayAnswer` deals with it.
  upstream.once("error", () => breakOff(attempt, res, checked));
  upstream.once("close", () => breakOff(attempt, res, checked));
  await sendBody(attempt, req, upstream);
}

async function sendBody(attempt: Attempt, req: IncomingMessage, upstream: ClientRequest): Promise<void> {
  req.on("data", (chunk: Buffer) => attempt.spend(chunk.length));
  try {
    await pipeline(req, upstream, { end: true });
  } catch {
    attempt.end("the request broke off");
  }
}

async function relayAnswer(
  attempt: Attempt,
  answer: IncomingMessage,
  res: ServerResponse,
  address: string,
): Promise<void> {
  try {
    const hop = ["Proxy-Status", `vambrace; next-hop="${address}"`];
    res.writeHead(answer.statusCode ?? 502, [...answerHeaders(answer.rawHeaders), ...hop]);
    answer.on("data", (chunk: Buffer) => attempt.spend(chunk.length));
    await pipeline(answer, res);
  } catch {
    // The client must not take a part for the whole.
    res.destroy();
    attempt.end("the answer broke off");
  }
}

function breakOff(attempt: Attempt, res: ServerResponse, { destination }: Forward): void {
  if (res.headersSent) return;
  const refusal = failed(destination, "http_response_incomplete", "the server sent no answer that can be read");
  answerRefusal(res, refusal);
  attempt.end(refusal.why);
}

function refuse(attempt: Attempt, res: ServerResponse, refusal: Refusal): void {
  attempt.aim(refusal.host, refusal.port);
  answerRefusal(res, refusal);
  attempt.end(refusal.why);
}

/** The connection ends with it: what else the client sent on it is not read as another request. */
export function answerRefusal(res: ServerResponse, refusal: Refusal): void {
  if (res.headersSent || res.destroyed) return;
  const body = refusalText(refusal);
  res.writeHead(refusal.status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(body),
    "Proxy-Status": `vambrace; error=${refusal.error}`,
    Connection: "close",
  });
  res.end(body);
}

export function refusalText(refusal: Refusal): string {
  return `vambrace refused this: ${refusal.why}\nhint: ${refusal.hint}\n`;
}
