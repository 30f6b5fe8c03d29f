/**
 * Hosts: where a URL leads, by the same parser that the fetcher uses.
 *
 * No name is resolved: a name is `unresolved` until whoever connects has
 * looked it up and checked the address. What the parser refuses is `special`,
 * which no rule lists.
 *
 * @module
 */
import type { HostFact } from "../../../core/call.ts";
import { classifyAddress, coversRequest, parseDestination } from "../../../core/destination.ts";
import type { EgressRule } from "../../../core/posture.ts";
import { rulesFor } from "../egress-rules.ts";
import type { HostFinder } from "./types.ts";

export function hostFinder(rules: readonly EgressRule[]): HostFinder {
  return (url, method, pointer, command) => {
    const counting = rulesFor(rules, command);
    const parsed = parseDestination(url, method, counting);
    if (parsed.kind === "refused") return refused(url, method, pointer);
    const { destination } = parsed;
    return {
      pointer,
      url: destination.url,
      scheme: destination.scheme,
      host: destination.host,
      port: destination.port,
      method: destination.method,
      addresses: destination.literal ? [destination.host] : [],
      reach: destination.literal ? classifyAddress(destination.host).reach : "unresolved",
      listed: counting.some((rule) => coversRequest(destination, rule)),
    };
  };
}

function refused(url: string, method: string, pointer: string): HostFact {
  const parsed = URL.parse(url);
  return {
    pointer,
    url: url.slice(0, 8192),
    scheme: parsed?.protocol.slice(0, -1) ?? "",
    host: parsed?.hostname ?? "",
    port: Number(parsed?.port ?? 0),
    method: method.toUpperCase().slice(0, 20),
    addresses: [],
    reach: "special",
    listed: false,
  };
}
