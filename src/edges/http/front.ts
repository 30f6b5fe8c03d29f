/**
 * The front: what every request has to pass before anybody looks who it is
 * from. Limits, then Host, then Origin, each a refusal of its own.
 *
 * A name that an attacker points at 127.0.0.1 (DNS rebinding) arrives with his
 * Host; a page of his arrives with his Origin. Neither gets as far as a login
 * that could be guessed at or locked out.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import type { From } from "../../core/ports/access.ts";
import { clientOf, isLoopback, trustedProxies, type TrustedProxies } from "./address.ts";
import { rateLimited } from "./errors.ts";
import type { Head } from "./head.ts";
import type { HttpLimits } from "./limits.ts";
import { createRates } from "./rates.ts";

export type Arrived = {
  readonly from: From;
  /** The origin that it reached us by: `http://127.0.0.1:18888`. */
  readonly origin: string;
  readonly secure: boolean;
};

export type FrontRules = {
  readonly limits: HttpLimits;
  /** `localhost`, `[::1]`, `agent.example.org`, or with a port, which then has to be that one. */
  readonly allowedHosts: readonly string[];
  readonly trustedProxies: readonly string[];
  /** Where it listens. */
  readonly host: string;
};

export type Front = (head: Head) => Promise<Arrived>;

export function createFront(rules: FrontRules): Front {
  const isTrusted = trustedProxies(rules.trustedProxies);
  const hosts = new Set(rules.allowedHosts.map((host) => host.toLowerCase()));
  const proxiesOnly = !isLoopback(rules.host);
  const rates = createRates(rules.limits.requests, rules.limits.windowSeconds);
  return async (head) => {
    checkForm(head, rules.limits);
    if (proxiesOnly) checkPeer(head, isTrusted);
    const from = clientOf(head.peer, head.header("x-forwarded-for"), isTrusted);
    const waitMs = await rates(from.group);
    if (waitMs > 0) throw rateLimited("too many requests from this address", waitMs / 1000);
    const arrived = arrive(head, from, isTrusted);
    checkHost(head, hosts);
    checkOrigin(head, arrived.origin);
    return arrived;
  };
}

function checkForm(head: Head, limits: HttpLimits): void {
  if (head.count >= limits.headers) throw malformed(`${head.count} header lines`, "send fewer headers");
  if (head.repeated.length > 0) throw malformed(`two headers \`${head.repeated[0]}\``, "send it once");
  if (!head.isPath) throw malformed("a target that is not a path", "ask for a path on this host: `GET /healthz`");
}

/** Bound wider than this machine and without TLS, only the named proxy may bring requests. */
function checkPeer(head: Head, isTrusted: TrustedProxies): void {
  if (head.peer !== undefined && (isTrusted(head.peer) || isLoopback(head.peer))) return;
  throw new Fault("HOST_REFUSED", {
    message: "this port is for the configured proxy only",
    hint: "come through the proxy; an operator names it in `gateway.trustedProxies`",
    facts: { peer: head.peer },
  });
}

function arrive(head: Head, from: From, isTrusted: TrustedProxies): Arrived {
  const proto = head.peer !== undefined && isTrusted(head.peer) ? head.header("x-forwarded-proto") : undefined;
  const secure = head.tls || proto?.trim().toLowerCase() === "https";
  return { from, secure, origin: `${secure ? "https" : "http"}://${(head.header("host") ?? "").toLowerCase()}` };
}

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?$/;

function checkHost(head: Head, hosts: ReadonlySet<string>): void {
  const host = (head.header("host") ?? "").toLowerCase();
  const name = HOST.exec(host)?.[1];
  if (name !== undefined && (hosts.has(name) || hosts.has(host))) return;
  throw new Fault("HOST_REFUSED", {
    message: "this host name is not one of the gateway's",
    hint: "use an address from `vambrace status`; an operator adds names in `gateway.allowedHosts`",
    facts: { host },
  });
}

function checkOrigin(head: Head, own: string): void {
  const origin = head.header("origin");
  const foreign = origin !== undefined && origin.toLowerCase() !== own;
  if (!foreign && !isForeignFetch(head)) return;
  throw new Fault("ORIGIN_REFUSED", {
    message: "requests from other sites are not answered",
    hint: "use the gateway's own page, or a program that sends no Origin",
    facts: { origin, site: head.header("sec-fetch-site"), own },
  });
}

/** A link to the page may be followed from anywhere; whatever else a browser fetches has to be our own page's. */
function isForeignFetch(head: Head): boolean {
  const site = head.header("sec-fetch-site");
  if (site === undefined || site === "same-origin" || site === "none") return false;
  const isLink = head.method === "GET" && head.header("sec-fetch-mode") === "navigate";
  return !(isLink && head.header("sec-fetch-dest") === "document");
}

function malformed(what: string, hint: string): Fault {
  return new Fault("REQUEST_MALFORMED", { message: `the request has ${what}`, hint });
}
