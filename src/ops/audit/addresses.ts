/** Addresses and ranges, as checks ask about them. @module */
import { classifyAddress } from "../../core/address.ts";

const LOOPBACK = /^127(?:\.\d{1,3}){3}$|^::1$|^::ffff:127(?:\.\d{1,3}){3}$/i;

export function isLoopbackAddress(address: string): boolean {
  return LOOPBACK.test(address);
}

/** How many bits of a range are free: 0 for one address. */
export function rangeBits(range: string): number {
  const [address = "", bits] = range.split("/");
  const whole = address.includes(":") ? 128 : 32;
  return bits === undefined ? 0 : whole - Number(bits);
}

/** Whether it lies in a private, local or otherwise special network. */
export function isPrivateRange(range: string): boolean {
  return classifyAddress(range.split("/")[0] ?? "").reach === "special";
}

/** Whether everybody on the network can reach what listens there. */
export function isWide(address: string): boolean {
  return !isLoopbackAddress(address);
}
