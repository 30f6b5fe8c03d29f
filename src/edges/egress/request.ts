/**
 * What a client of the proxy asks for: read strictly, held against the hosts
 * of its call, and rebuilt. Nothing that the client wrote about framing or
 * about this hop is passed on.
 *
 * Three forms are known. An absolute-form request (`GET http://host/`) is held to
 * host, port, method and path. `CONNECT host:port` is held to host and port, and
 * then carries TLS for that host only. Where every rule for the pair says more
 * than that, or a credential may go there, the proxy ends that TLS itself, and
 * holds what comes inside (`GET /`) to the rules like the first form.
 *
 * @see RFC 9110, 7.6.1; RFC 9112, 3.2 and 6.3
 * @module
 */
import type { HostLimit } from "../../core/decision.ts";
import { coversRequest, type Destination, listsHost, matchesRule, parseDestination } from "../../core/destination.ts";
import { spelled } from "../../core/path-rule.ts";

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
  readonly status: 400 | 403 | 408 | 413 | 431 | 502 | 503 | 504;
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
  /** As it is sent: path and query. */
  readonly path: string;
  /** Without those of framing and hop. */
  readonly headers: readonly string[];
  readonly framing: Framing;
  /** The rule that covers it. */
  readonly rule: HostLimit;
};

/** How the body goes to the server. */
export type Framing = readonly [] | readonly [name: "Content-Length" | "Transfer-Encoding", value: string];

export type Tunnel = {
  readonly kind: "tunnel";
  readonly destination: Destination;
  readonly rule: HostLimit;
  /** Whether a rule leaves it unseen. */
  readonly isPlain: boolean;
};

/** A tunnel that the proxy looks into: where it leads. */
export type Inside = Pick<Destination, "host" | "port" | "authority">;

const ALL_METHODS: readonly string[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

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
  return checkRequest(head, destination, hosts);
}

/** @param inside the tunnel that it came in, which leads to one host and no other. */
export function checkInside(head: RequestHead, inside: Inside, hosts: readonly HostLimit[]): Forward | Refusal {
  if (!head.url.startsWith("/")) return malformed("a request inside a tunnel begins with its path", inside);
  const parsed = parseDestination(`https://${inside.authority}${head.url}`, head.method, hosts);
  if (parsed.kind === "refused") return denied(`\`${shown(head.url)}\`: ${parsed.why}`, parsed.hint, inside);
  return checkRequest(head, parsed.destination, hosts);
}

function checkRequest(head: RequestHead, destination: Destination, hosts: readonly HostLimit[]): Forward | Refusal {
  const headers = headersOf(head.rawHeaders);
  const hostFault = checkHost(headers.get("host"), destination, head.httpVersion);
  if (hostFault !== null) return hostFault;
  const framing = framingOf(headers, destination);
  if (typeof framing === "string") return malformed(framing, destination);
  const rule = hosts.find((one) => coversRequest(destination, one));
  if (rule === undefined) return unlistedRequest(destination, hosts);
  const kept = withoutHop(head.rawHeaders, headers);
  return { kind: "forward", destination, path: pathSent(destination, rule), headers: kept, framing, rule };
}

/** Judged in one spelling and sent in it, where a rule speaks of paths; else as it came. */
function pathSent({ path }: Destination, { paths }: HostLimit): string {
  if (paths === undefined) return path;
  const at = path.indexOf("?");
  const [name, query] = at < 0 ? [path, ""] : [path.slice(0, at), path.slice(at)];
  const own = spelled(name);
  return "path" in own ? own.path + query : path;
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
  const listing = hosts.filter((one) => listsHost(destination.host, destination.port, one));
  const plain = listing.find(isWhole);
  const rule = plain ?? listing[0];
  if (rule === undefined) return unlisted(destination, `a tunnel to ${destination.host}:${destination.port}`);
  return { kind: "tunnel", destination, rule, isPlain: plain !== undefined };
}

/** Whether a rule says nothing about what is inside a tunnel, or is not to be held to it. */
export function isWhole({ tls, paths, methods }: HostLimit): boolean {
  if (tls === "passthrough") return true;
  const said = new Set(methods.map((method) => method.toUpperCase()));
  return paths === undefined && ALL_METHODS.every((method) => said.has(method));
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
  if (names(hosts[0] ?? "", destination, destination.scheme)) return null;
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
function framingOf(headers: ReadonlyMap<string, readonly string[]>, destination: Destination): Framing | string {
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

function unlistedRequest(destination: Destination, hosts: readonly HostLimit[]): Refusal {
  const { host, port, method, path } = destination;
  const isPath = hosts.some((rule) => matchesRule(host, port, method, rule));
  if (!isPath) return unlisted(destination, `${method} to ${host}:${port}`);
  const own = spelled(path.replace(/[?#].*$/s, ""));
  if ("why" in own)
    return denied(
      `\`${shown(path)}\`: ${own.why}, and the rule for ${host} speaks of paths`,
      "write the path plainly",
      destination,
    );
  const hint = `add the path to \`paths\` of the egress rule for ${host}`;
  return denied(`${method} of ${shown(own.path)} at ${host}:${port} is not listed for this call`, hint, destination);
}

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
export function shown(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, "?").slice(0, 200);
}
