/**
 * Destinations: where a request would go, as judge, fetcher and egress proxy
 * all read it. There is one parser (WHATWG, the platform's `URL`) and one table
 * of addresses, so that what was judged is what is connected to.
 *
 * Absent means no: an address that is not known to be public is special, a
 * name that could mean this machine or its network needs a rule that says it.
 *
 * @module
 */
import { isAddress } from "./address.ts";
import type { HostLimit } from "./decision.ts";
import { coversPath } from "./path-rule.ts";
import type { EgressRule } from "./posture.ts";

export { classifyAddress } from "./address.ts";

export type Destination = {
  /** Normalised, without fragment. */
  readonly url: string;
  readonly scheme: "http" | "https";
  /** ASCII, lower case; an IPv6 literal without brackets. */
  readonly host: string;
  readonly port: number;
  /** Upper case. */
  readonly method: string;
  /** The host is an address: it reaches no resolver, so whoever connects must classify it. */
  readonly literal: boolean;
  /** Path and query, as they are sent. */
  readonly path: string;
  /** What belongs in `Host`. */
  readonly authority: string;
};

export type ParsedDestination = { readonly kind: "destination"; readonly destination: Destination } | Refused;

type Refused = { readonly kind: "refused"; readonly why: string; readonly hint: string };

export type HostRule = EgressRule | HostLimit;

/** Longest address that is looked at, in UTF-16 units. */
export const URL_LIMIT = 8192;

const DEFAULT_PORTS = { http: 80, https: 443 } as const;
/** What a rule means that names no methods. */
const DEFAULT_METHODS: readonly string[] = ["GET", "HEAD"];
/** TRACE echoes credentials; CONNECT makes a tunnel and has a rule of its own in the egress proxy. */
const REFUSED_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);
const METHOD = /^[A-Za-z]{1,20}$/;
const LABEL = /^[a-z0-9_-]{1,63}$/;
/** Names that mean this machine, whatever a rule says. */
const MACHINE_NAMES: readonly string[] = ["localhost", "localdomain", "ip6-localhost", "ip6-loopback"];
/** Names that mean the network around it. */
const LOCAL_SUFFIXES: readonly string[] = ["local", "internal", "lan", "intranet", "home.arpa", "corp", "private"];

/**
 * Reads one address for one method.
 *
 * @param rules the entries that apply; a name of the local network passes only where one lists it.
 */
export function parseDestination(url: string, method: string, rules: readonly HostRule[] = []): ParsedDestination {
  const fault = methodFault(method);
  if (fault !== null) return fault;
  const parsed = url.length > URL_LIMIT ? null : URL.parse(url);
  if (parsed === null) {
    const hint = `use one such as https://example.org/, of at most ${URL_LIMIT} characters`;
    return refused("it is not an absolute address", hint);
  }
  const scheme = parsed.protocol.slice(0, -1);
  if (scheme !== "http" && scheme !== "https") {
    return refused(`the scheme \`${scheme.slice(0, 20)}\` is not supported`, "use http or https");
  }
  const destination = read(parsed, scheme, method.toUpperCase());
  return partsFault(parsed, destination, rules) ?? { kind: "destination", destination };
}

function read(parsed: URL, scheme: "http" | "https", method: string): Destination {
  const port = parsed.port === "" ? DEFAULT_PORTS[scheme] : Number(parsed.port);
  const host = parsed.hostname.replace(/^\[|\]$/g, "");
  const path = `${parsed.pathname}${parsed.search}`;
  const url = `${parsed.origin}${path}`;
  return { url, scheme, host, port, method, literal: isAddress(host), path, authority: parsed.host };
}

function partsFault(parsed: URL, { host, port, literal }: Destination, rules: readonly HostRule[]): Refused | null {
  if (parsed.username !== "" || parsed.password !== "") {
    return refused("it carries a name or password", "remove what stands before the @");
  }
  if (port < 1) return refused("the port is 0", "use a port from 1 to 65535");
  return literal ? null : nameFault(host, port, rules);
}

function methodFault(method: string): Refused | null {
  if (METHOD.test(method) && !REFUSED_METHODS.has(method.toUpperCase())) return null;
  return refused(`the method \`${method.slice(0, 20)}\` is not supported`, "use GET, HEAD, POST, PUT, PATCH or DELETE");
}

function nameFault(host: string, port: number, rules: readonly HostRule[]): Refused | null {
  if (host.endsWith(".")) return refused("the host name ends with a dot", "remove the dot");
  const labels = host.split(".");
  if (host.length > 253 || !labels.every((label) => LABEL.test(label))) {
    return refused("the host is not a host name", "use letters, digits, hyphens and dots");
  }
  // The platform skips the check of encoded labels where a name is ASCII throughout; another label makes it look.
  if (host.includes("xn--") && URL.parse(`http://\u00fc.${host}/`) === null) {
    return refused("the host name is encoded wrongly", "write it in its own letters");
  }
  if (MACHINE_NAMES.includes(labels.at(-1) ?? "")) {
    return refused("the name means this machine", "the gateway's own machine is never reached");
  }
  const local = labels.length === 1 || LOCAL_SUFFIXES.some((suffix) => host.endsWith(`.${suffix}`));
  if (!local || rules.some((rule) => listsHost(host, port, rule))) return null;
  return refused("the name belongs to the local network", `add an egress rule that lists ${host} and port ${port}`);
}

function refused(why: string, hint: string): Refused {
  return { kind: "refused", why, hint };
}

/** Whether a rule names this host and port, for some method. A literal address is matched whole, never by suffix. */
export function listsHost(host: string, port: number, rule: HostRule): boolean {
  const ports = "ports" in rule ? rule.ports : [rule.port];
  if (!ports.includes(port)) return false;
  const wanted = asciiHost(rule.host);
  if (!wanted.startsWith("*.")) return host === wanted;
  const suffix = wanted.slice(1);
  return suffix.length > 1 && !isAddress(host) && host.length > suffix.length && host.endsWith(suffix);
}

/** Whether a rule names this host, port and method. One without methods means GET and HEAD. */
export function matchesRule(host: string, port: number, method: string, rule: HostRule): boolean {
  const methods = rule.methods.length === 0 ? DEFAULT_METHODS : rule.methods;
  return methods.some((listed) => listed.toUpperCase() === method) && listsHost(host, port, rule);
}

/** Whether a rule covers a whole request: host, port, method and path. */
export function coversRequest({ host, port, method, path }: Destination, rule: HostRule): boolean {
  return matchesRule(host, port, method, rule) && (rule.paths === undefined || coversPath(rule.paths, path));
}

/** As `URL` spells it, so that `Bücher.example` in a rule means what it means in an address. */
function asciiHost(host: string): string {
  const star = host.startsWith("*.") ? "*." : "";
  const name = host.slice(star.length);
  if (/^[a-z0-9._-]+$/.test(name)) return star + name;
  const bare = name.includes(":") && !name.startsWith("[") ? `[${name}]` : name;
  const spelled = URL.parse(`http://${bare}/`)?.hostname ?? "";
  return star + spelled.replace(/^\[|\]$/g, "");
}
