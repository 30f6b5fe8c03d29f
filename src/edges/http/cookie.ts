/**
 * The session cookie. Its name carries the port, because cookies do not tell
 * ports apart; over TLS it has the `__Host-` prefix, which no other host or
 * path can set.
 *
 * @module
 */
import type { Arrived } from "./front.ts";
import type { Head } from "./head.ts";

function nameFor(arrived: Arrived): string {
  if (arrived.secure) return "__Host-vambrace";
  return `vambrace-${new URL(arrived.origin).port || "80"}`;
}

/** Its value, or undefined; also where it came twice, because then somebody else set one of them. */
export function readCookie(head: Head, arrived: Arrived): string | undefined {
  const prefix = `${nameFor(arrived)}=`;
  const found = (head.header("cookie") ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(prefix));
  const value = found[0]?.slice(prefix.length);
  return found.length === 1 && value !== undefined && /^[0-9a-z]{32,64}$/.test(value) ? value : undefined;
}

export function setCookie(arrived: Arrived, secret: string, maxAgeMs: number): string {
  const flags = ["Path=/", "HttpOnly", "SameSite=Strict", `Max-Age=${Math.floor(maxAgeMs / 1000)}`];
  if (arrived.secure) flags.push("Secure");
  return [`${nameFor(arrived)}=${secret}`, ...flags].join("; ");
}

export function clearCookie(arrived: Arrived): string {
  return setCookie(arrived, "", 0);
}
