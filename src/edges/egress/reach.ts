/**
 * The step from a listed destination to an open connection: resolved once,
 * every address checked, connected to one that was checked.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { Destination } from "../../core/destination.ts";
import { checkedAddresses, dialFirst, errorCode, type World } from "../net/address.ts";
import type { Attempt } from "./attempt.ts";
import { denied, type Refusal } from "./request.ts";

export type Reached = { readonly kind: "reached"; readonly socket: Socket; readonly address: string };

/** Where it answers `reached`, the attempt knows of the connection and ends with it. */
export async function reach(destination: Destination, attempt: Attempt, world: World): Promise<Reached | Refusal> {
  const { host, port, literal } = destination;
  if (attempt.full !== null) return crowded(attempt.full, destination);
  const checked = await checkedAddresses(host, literal, world);
  if (checked.kind === "special") return special(checked.why, destination);
  if (checked.kind === "unresolved") return failed(destination, "dns_error", checked.why);
  if (attempt.ended) return failed(destination, "connection_terminated", "the call ended");
  try {
    const { socket, address } = await dialFirst(checked.addresses, port, world.dial);
    if (attempt.ended) {
      socket.destroy();
      return failed(destination, "connection_terminated", "the call ended");
    }
    attempt.reached(address, socket);
    return { kind: "reached", socket, address };
  } catch (error) {
    return failed(destination, "destination_unavailable", `no connection was made (${errorCode(error)})`);
  }
}

/** Refused where the host is written as an address that is never reached. A name is looked up when something goes there. */
export async function literalFault(destination: Destination, world: World): Promise<Refusal | null> {
  if (!destination.literal) return null;
  const checked = await checkedAddresses(destination.host, true, world);
  return checked.kind === "special" ? special(checked.why, destination) : null;
}

function special(why: string, destination: Destination): Refusal {
  const hint = "addresses of machines and networks around the gateway are never reached; no rule changes that";
  const refusal = denied(`${destination.host}:${destination.port}: ${why}`, hint, destination);
  return { ...refusal, error: "destination_ip_prohibited" };
}

export function failed({ host, port }: Destination, error: string, why: string): Refusal {
  const status = error === "dns_error" || error === "destination_unavailable" ? 504 : 502;
  const hint = "check the name and whether the server is up";
  return { kind: "refused", status, error, why: `${host}:${port}: ${why}`, hint, host, port };
}

/** The call has had what it may take. */
export function crowded(why: string, { host, port }: { readonly host: string; readonly port: number }): Refusal {
  const hint = "do less in one call; `egress.perCall` and the rule for the host say how much";
  return { kind: "refused", status: 503, error: "connection_limit_reached", why, hint, host, port };
}

/** The server's certificate is not good for the host, or it speaks no TLS that is good enough. */
export function tlsFailed({ host, port }: Destination, error: unknown): Refusal {
  const why = `${host}:${port}: its TLS is not good (${errorCode(error)}); nothing was sent`;
  const hint = "the server needs a certificate for this name from a public authority";
  return { kind: "refused", status: 502, error: "tls_certificate_error", why, hint, host, port };
}
