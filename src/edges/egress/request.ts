/**
 * What a client of the proxy asks for: read strictly, held against the hosts
 * of its call, and rebuilt. Nothing that the client wrote about framing or
 * about this hop is passed on.
 *
 * Two forms are known. An absolute-form request (`GET http://host/`) is held to
 * host, port and method. `CONNECT host:port` is held to host and port: the
 * method is invisible inside TLS, so a tunnel passes wherever the pair is
 * listed for any method, and then carries TLS for that host only.
 *
 * @see RFC 9110, 7.6.1; RFC 9112, 3.2 and 6.3
 * @module
 */
import type { HostLimit } from "../../core/decision.ts";
import { type Destination, listsHost, matchesRule, parseDestination } from "../../core/destination.ts";

export type RequestHead = {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
};

/** @see RFC 9209, 2.3 for `error` */
export type Refusal = {
  readonly kind: "refused";
  readonly status: 400 | 403 | 408 | 431 | 502 | 503 | 504;
  readonly error: string;
  readonly why: string;
  readonly hint: string;
  /** Where it would have gone, as far as that is known. */
  readonly host: string;
  readonly port: number;
};

export type Forward = {
  readonly kind: "forward";
  readonly destination: Destination;
  readonly headers: readonly string[];
};
export type Tunnel = { readonly kind: "tunnel"; readonly destination: Destination };

/** Meant for this hop only, or rebuilt by the proxy. */
const HOP_HEADERS: readonly string[] = [
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "proxy-status",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

const BODILESS: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "OPTIONS"]);
const AUTHORITY = /^(\[[0-9a-fA-F:.]+\]|[^\s/?#@:[\]\\]+):(\d{1,5})$/;
/** The host is not known yet. */
const NOWHERE = { host: "-", port: 0 } as const;

export function checkForward(head: RequestHead, hosts: readonly HostLimit[]): Forward | Refusal {
  const parsed = parseDestination(head.url, head.method, hosts);
  if (parsed.kind === "refused") return denied(`\`${shown(head.url)}\`: ${parsed.why}`, parsed.hint, NOWHERE);
  const { destination } = parsed;
  if (destination.scheme !== "http") return malformed("https goes through CONNECT", destination);
  const headers = headersOf(head.rawHeaders);
  const hostFault = checkHost(headers.get("host"), destination, head.httpVersion);
  if (hostFault !== null) return hostFault;
  const framing = framingOf(headers, destination);
  if (typeof framing === "string") return malformed(framing, destination);
  if (!hosts.some((rule) => matchesRule(destination.host, destination.port, destination.method, rule))) {
    return unlisted(destination, `${destination.method} to ${destination.host}:${destination.port}`);
  }
  const kept = withoutHop(head.rawHeaders, headers);
  return {
    kind: "forward",
    destination,
    headers: ["Host", destination.authority, ...kept, ...framing, "Connection", "close"],
  };
}

export function checkTunnel(head: RequestHead, hosts: readonly HostLimit[]): Tunnel | Refusal {
  if (!AUTHORITY.test(head.url)) return malformed(`\`${shown(head.url)}\` is not a host and port`, NOWHERE);
  const parsed = parseDestination(`https://${head.url}/`, "GET", hosts);
  if (parsed.kind === "refused") return denied(`\`${shown(head.url)}\`: ${parsed.why}`, parsed.hint, NOWHERE);
  const { destination } = parsed;
  const host = headersOf(head.rawHeaders).get("host") ?? [];
  if (host.length > 1 || (host[0] !== undefined && !names(host[0], destination, "https"))) {
    return malformed("the Host header names another host than the request", destination);
  }
  if (!hosts.some((rule) => listsHost(destination.host, destination.port, rule))) {
    return unlisted(destination, `a tunnel to ${destination.host}:${destination.port}`);
  }
  return { kind: "tunnel", destination };
}

/** An answer's headers without those of its hop; its length is kept, which the parser found to be one number. */
export function answerHeaders(raw: readonly string[]): string[] {
  const headers = headersOf(raw);
  const length = headers.get("content-length")?.[0];
  return [...withoutHop(raw, headers), ...(length === undefined ? [] : ["Content-Length", length])];
}

/** Without the headers of the last hop, and what its `Connection` names. */
function withoutHop(raw: readonly string[], headers: ReadonlyMap<string, readonly string[]>): string[] {
  const named = (headers.get("connection") ?? []).flatMap((value) => value.toLowerCase().split(","));
  const dropped = new Set([...HOP_HEADERS, ...named.map((name) => name.trim())]);
  const kept: string[] = [];
  for (const [name, value] of pairs(raw)) if (!dropped.has(name.toLowerCase())) kept.push(name, value);
  return kept;
}

function checkHost(hosts: readonly string[] | undefined, destination: Destination, version: string): Refusal | null {
  if (hosts === undefined && version === "1.0") return null;
  if (hosts?.length !== 1) return malformed("there must be one Host header", destination);
  if (names(hosts[0] ?? "", destination, "http")) return null;
  return malformed("the Host header names another host than the request", destination);
}

/** Whether a Host value names the destination; a tunnel's may leave the port out. */
function names(value: string, destination: Destination, scheme: "http" | "https"): boolean {
  if (!/^[^\s/?#@\\]+$/.test(value)) return false;
  const parsed = URL.parse(`${scheme}://${value}/`);
  if (parsed === null || parsed.hostname.replace(/^\[|\]$/g, "") !== destination.host) return false;
  const portless = scheme === "https" && parsed.port === "" && !value.endsWith(`:${destination.port}`);
  return portless || parsed.host === destination.authority;
}

/**
 * How the body is framed towards the server, from what the client said; a text where that could be read in two ways.
 *
 * The parser refuses most of it already. It is said again here because a request that two programs cut
 * differently hides another one inside.
 */
function framingOf(headers: ReadonlyMap<string, readonly string[]>, destination: Destination): string[] | string {
  const lengths = headers.get("content-length") ?? [];
  const codings = headers.get("transfer-encoding") ?? [];
  if (lengths.length + codings.length > 1) return "the length of the body is said twice";
  if (codings[0] !== undefined) {
    return codings[0].trim().toLowerCase() === "chunked"
      ? ["Transfer-Encoding", "chunked"]
      : "the transfer coding is not supported";
  }
  if (lengths[0] !== undefined) {
    return /^\d{1,15}$/.test(lengths[0]) ? ["Content-Length", lengths[0]] : "the length of the body is not a number";
  }
  return BODILESS.has(destination.method) ? [] : ["Content-Length", "0"];
}

function headersOf(raw: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const [name, value] of pairs(raw)) {
    const values = found.get(name.toLowerCase());
    if (values === undefined) found.set(name.toLowerCase(), [value]);
    else values.push(value);
  }
  return found;
}

function* pairs(raw: readonly string[]): Generator<readonly [string, string]> {
  for (let i = 0; i + 1 < raw.length; i += 2) yield [raw[i] ?? "", raw[i + 1] ?? ""];
}

type Where = { readonly host: string; readonly port: number };

function unlisted({ host, port, method }: Destination, what: string): Refusal {
  const hint = `add an egress rule that lists host ${host}, port ${port} and method ${method}`;
  return denied(`${what} is not listed for this call`, hint, { host, port });
}

/** No rule allows it. */
export function denied(why: string, hint: string, { host, port }: Where): Refusal {
  return { kind: "refused", status: 403, error: "http_request_denied", why, hint, host, port };
}

/** It could be read in two ways, or in none. */
export function malformed(why: string, { host, port }: Where): Refusal {
  const hint = "use an HTTP client that speaks to a proxy as RFC 9112 says";
  return { kind: "refused", status: 400, error: "http_request_error", why, hint, host, port };
}

/** Outside text for a record or an answer: short, printable. */
function shown(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, "?").slice(0, 200);
}
