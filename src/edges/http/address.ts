/**
 * Addresses: whose request this is. Forwarded headers are anybody's word, so
 * they count only as far as trusted proxies wrote them.
 *
 * @module
 */
import ipaddr from "ipaddr.js";
import { Fault } from "../../core/fault.ts";
import type { From } from "../../core/ports/access.ts";

type Address = ReturnType<typeof ipaddr.process>;
type Range = ReturnType<typeof ipaddr.parseCIDR>;

export type TrustedProxies = (address: string) => boolean;

/**
 * @param entries addresses and ranges: `10.0.0.2`, `172.17.0.0/16`, `fd00::/8`.
 * @throws Fault BIND_REFUSED for an entry that is neither.
 */
export function trustedProxies(entries: readonly string[]): TrustedProxies {
  const ranges = entries.map(parseRange);
  return (text) => {
    const address = parse(text);
    return address !== undefined && ranges.some(([range, bits]) => matches(address, range, bits));
  };
}

function parseRange(entry: string): Range {
  try {
    return entry.includes("/") ? ipaddr.parseCIDR(entry) : exactly(ipaddr.process(entry));
  } catch (cause) {
    throw new Fault("BIND_REFUSED", {
      message: `not an address or range of a trusted proxy: \`${entry.slice(0, 60)}\``,
      hint: "write `10.0.0.2` or `172.17.0.0/16`",
      cause,
    });
  }
}

function exactly(address: Address): Range {
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

function matches(address: Address, range: Range[0], bits: number): boolean {
  return address.kind() === range.kind() && address.match(range, bits);
}

function parse(text: string): Address | undefined {
  const plain = text.trim().replace(/%.*$/, "");
  return ipaddr.isValid(plain) ? ipaddr.process(plain) : undefined;
}

/**
 * Who asked: the peer, or behind trusted proxies the last address that one of them saw.
 *
 * @param forwarded `X-Forwarded-For`; read from the right, because each proxy appends and the left is the client's own word.
 */
export function clientOf(peer: string | undefined, forwarded: string | undefined, isTrusted: TrustedProxies): From {
  let address = peer ?? "unknown";
  const hops = forwarded?.split(",") ?? [];
  while (isTrusted(address)) {
    const hop = hops.pop();
    if (hop === undefined || parse(hop) === undefined) break;
    address = hop.trim();
  }
  return fromOf(address);
}

/** One household has a whole /64 of IPv6, so failures are counted by that. */
export function fromOf(text: string): From {
  const address = parse(text);
  if (address === undefined) return { address: "unknown", group: "unknown" };
  const shown = address.toString();
  if (address.kind() === "ipv4") return { address: shown, group: shown };
  return { address: shown, group: `${address.toNormalizedString().split(":").slice(0, 4).join(":")}::/64` };
}

export function isLoopback(text: string): boolean {
  return text === "localhost" || parse(text.replace(/^\[|\]$/g, ""))?.range() === "loopback";
}
