/** Host names and addresses, as the configuration may write them. @module */
import { BlockList, isIP } from "node:net";
import { domainToASCII } from "node:url";

const NAME = /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** One host in the spelling that a URL parser gives it; `*.` only before a name of two parts or more. */
export function isEgressHost(text: string): boolean {
  if (text.startsWith("*.")) return isHostName(text.slice(2)) && text.slice(2).includes(".");
  return isHostName(text) || isIP(text) !== 0;
}

/** Lower case and without a trailing dot; a name in another script only as `xn--…`, which is what is looked up. */
function isHostName(text: string): boolean {
  return NAME.test(text) && domainToASCII(text) === text && !/^[0-9.]+$/.test(text);
}

/** For `Host` headers: a name or address, with a port or without. */
export function isNameOrAddress(text: string): boolean {
  const [, bare, port] = /^(\[[0-9a-f:.]+\]|[^:]+)(?::([0-9]{1,5}))?$/i.exec(text) ?? [];
  if (bare === undefined || Number(port ?? 1) > 65_535 || Number(port ?? 1) < 1) return false;
  if (bare.startsWith("[")) return isIP(bare.slice(1, -1)) === 6;
  return isHostName(bare.toLowerCase()) || isIP(bare) === 4;
}

/** An address, or a range that is a network and not the whole internet. */
export function isProxyRange(text: string): boolean {
  const [address = "", bits, ...more] = text.split("/");
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  if (bits === undefined) return true;
  const smallest = family === 4 ? 8 : 16;
  return /^[0-9]{1,3}$/.test(bits) && Number(bits) >= smallest && Number(bits) <= (family === 4 ? 32 : 128);
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

export function isLoopback(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && LOOPBACK.check(address, family === 4 ? "ipv4" : "ipv6");
}
