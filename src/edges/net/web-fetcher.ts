/**
 * What `web_fetch` fetches with. It reaches nothing by itself: every request
 * goes through the egress proxy's socket of its call, which holds it to the
 * hosts of that call. Redirects are returned as they are.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import { parseDestination } from "../../core/destination.ts";
import { Fault } from "../../core/fault.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { NetAnswer, NetRequest, WebFetcher } from "../../core/ports/net.ts";
import { errorCode } from "./address.ts";
import { ACCEPTED_CODINGS, readBody } from "./decode.ts";
import { sendThroughProxy } from "./through-proxy.ts";

/** Set here, or meant for one hop only. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** Not true of the answer any more, or nobody's business behind this point. */
const DROPPED_HEADERS: ReadonlySet<string> = new Set([
  "content-encoding",
  "content-length",
  "proxy-status",
  "set-cookie",
]);
const NO_BODY: ReadonlySet<number> = new Set([204, 304]);

/** @param deps.ca certificates to trust instead of the platform's, as PEM. */
export function createWebFetcher(deps: { readonly clock: Clock; readonly ca?: string }): WebFetcher {
  return {
    async get(request, egressSocket, signal) {
      const late = new AbortController();
      const done = new AbortController();
      const both = AbortSignal.any([signal, late.signal]);
      const timer = deps.clock.sleep(request.timeoutMs, done.signal).then(() => late.abort(), ignoreAbort);
      try {
        return await fetchOnce(request, { egressSocket, signal: both, ca: deps.ca });
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw faultOf(error, request, late.signal.aborted);
      } finally {
        done.abort();
        await timer;
      }
    },
  };
}

/** The request ended before its time was up. */
function ignoreAbort(): void {}

async function fetchOnce(
  request: NetRequest,
  way: { readonly egressSocket: string; readonly signal: AbortSignal; readonly ca: string | undefined },
): Promise<NetAnswer> {
  const parsed = parseDestination(request.url, request.method);
  if (parsed.kind === "refused") {
    throw new Fault("DESTINATION_REFUSED", {
      message: `\`${request.url.slice(0, 200)}\` was not fetched: ${parsed.why}`,
      hint: parsed.hint,
    });
  }
  const { destination } = parsed;
  const headers = headersOf(request);
  const { answer, address } = await sendThroughProxy({ ...way, destination, headers, body: request.body });
  const status = answer.statusCode ?? 0;
  const empty = destination.method === "HEAD" || NO_BODY.has(status);
  const coding = empty ? "" : (answer.headers["content-encoding"] ?? "");
  const { bytes, truncated } = await readBody(answer, coding, request.maxBytes);
  return { status, headers: answerHeaders(answer), body: bytes, truncated, address };
}

function headersOf({ headers, body }: NetRequest): Record<string, string> {
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const kept = given.filter(([name]) => !OWN_HEADERS.has(name));
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  return {
    accept: "*/*",
    "user-agent": "vambrace",
    ...Object.fromEntries(kept),
    ...length,
    "accept-encoding": ACCEPTED_CODINGS,
  };
}

function answerHeaders(answer: IncomingMessage): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headersDistinct)) {
    if (value !== undefined && !DROPPED_HEADERS.has(name) && name !== "__proto__") found[name] = value.join(", ");
  }
  return found;
}

function faultOf(error: unknown, request: NetRequest, late: boolean): Fault {
  if (error instanceof Fault && !late) return error;
  const why = late
    ? `it took longer than ${request.timeoutMs / 1000} s`
    : `the connection failed (${errorCode(error)})`;
  return new Fault("DESTINATION_UNREACHABLE", {
    message: `\`${request.url.slice(0, 200)}\` was not fetched: ${why}`,
    hint: "try again later, or check the address",
    cause: error,
  });
}
