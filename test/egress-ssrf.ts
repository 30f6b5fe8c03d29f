/**
 * Addresses that lie, put to the real proxy: what it would connect to is
 * counted, by a dialer that connects to nothing.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { classifyAddress } from "../src/core/destination.ts";
import type { HostLimit } from "../src/core/decision.ts";
import { listsHost } from "../src/core/destination.ts";
import type { EgressWorld } from "../src/edges/egress/lease.ts";

export type SsrfCase = { readonly id: string; readonly url: string };

/** Undefined where the data is absent. */
export function ssrfCases(folder: string): readonly SsrfCase[] | undefined {
  const file = join(folder, "ssrf-urls/ssrf.jsonl");
  if (!existsSync(file)) return undefined;
  const own = readFileSync(file, "utf8").trim().split("\n");
  const whatwg = join(folder, "ssrf-urls/whatwg-urltestdata.json");
  const cases: readonly ({ readonly input: string } | string)[] = existsSync(whatwg)
    ? JSON.parse(readFileSync(whatwg, "utf8"))
    : [];
  return [
    ...own.map((line): SsrfCase => JSON.parse(line)),
    ...cases.flatMap((one, i) => (typeof one === "string" ? [] : [{ id: `whatwg-${i}`, url: one.input }])),
  ];
}

/** What a name stands for, question by question; the last answer stays. */
export const RESOLVERS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "every name is public": [["93.184.216.34"]],
  "every name is this machine": [["127.0.0.1"]],
  "public first, then the metadata service": [["93.184.216.34"], ["169.254.169.254"]],
  "public and private at once": [["93.184.216.34", "10.0.0.5"]],
  "private in IPv6 dress": [["::ffff:192.168.1.1"], ["64:ff9b::a00:5"], ["fd00::1"]],
};

export type Watched = EgressWorld & { readonly dialed: string[] };

export function watchedWorld(answers: readonly (readonly string[])[]): Watched {
  const asked = new Map<string, number>();
  const dialed: string[] = [];
  return {
    dialed,
    ownNetworks: () => [],
    resolve: async (host) => {
      const times = asked.get(host) ?? 0;
      asked.set(host, times + 1);
      return answers[Math.min(times, answers.length - 1)] ?? [];
    },
    dial: async (address) => {
      dialed.push(address);
      throw Object.assign(new Error("nothing is connected here"), { code: "ECONNREFUSED" });
    },
  };
}

/** Rules as wide as an attacker could wish: the very host and port that he writes, for every method. */
export function rulesFor(url: string): HostLimit[] {
  const hosts = new Set<string>();
  for (const text of [url, `http://${url}`, url.replace(/^[^:]*:/, "http:")]) {
    const parsed = URL.parse(text);
    if (parsed !== null) hosts.add(parsed.hostname.replace(/^\[|\]$/g, ""));
  }
  const ports = [80, 443, 22, 8080, Number(URL.parse(url)?.port ?? 0)].filter((port) => port > 0);
  const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
  const all = [...hosts]
    .filter((host) => host !== "")
    .flatMap((host) => ports.map((port) => ({ host, port, methods })));
  return all.filter((rule) => listsHost(rule.host, rule.port, rule));
}

/** The address in every form that a client may send it. Bytes: what cannot stand in a request is for the parser to refuse. */
export function requestsFor(url: string): readonly string[] {
  const authority = URL.parse(url)?.host ?? url.replace(/^[a-z]+:\/*/i, "").replace(/[/?#].*$/s, "");
  const withPort = /:\d+$/.test(authority) ? authority : `${authority}:443`;
  return [
    `GET ${url} HTTP/1.1\r\nHost: ${authority}\r\nConnection: close\r\n\r\n`,
    `CONNECT ${withPort} HTTP/1.1\r\nHost: ${withPort}\r\n\r\n`,
  ];
}

export function isPublic(address: string): boolean {
  return classifyAddress(address).reach === "public";
}
