/**
 * The network: the only way in which code of the gateway reaches another
 * machine. Destinations are checked after resolution and the connection is
 * made to the very address that was checked.
 *
 * @module
 */

export type NetRequest = {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Longest answer in bytes; more is cut and said so. */
  readonly maxBytes: number;
  readonly timeoutMs: number;
};

export type NetAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly truncated: boolean;
  /** The address that was really connected to. */
  readonly address: string;
};

/** What `fetch` may reach. `public`: any unicast address outside this machine and its networks. */
export type NetScope =
  | { readonly kind: "public" }
  /** A model provider or service that an operator configured, which may be local: exactly this origin. */
  | { readonly kind: "origin"; readonly origin: string };

export type Net = {
  /** A `fetch` bound to one scope, for libraries that take one. Redirects are never followed. */
  fetchFor(scope: NetScope): typeof globalThis.fetch;
};

/** One request of `web_fetch`, through the egress proxy's socket of its call. */
export type WebFetcher = {
  /** Does not follow redirects: the answer of one is returned as it is, for the judge to see as a new call. */
  get(request: NetRequest, egressSocket: string, signal: AbortSignal): Promise<NetAnswer>;
};
