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

/** What a fetched document says, for a model to read. */
export type PageText = {
  /** Of an HTML page that has one. */
  readonly title: string | null;
  /** Markdown of an HTML page; other text as it came. */
  readonly text: string;
  /** Only its beginning was kept. */
  readonly truncated: boolean;
};

export type PageReader = {
  /**
   * @param page.contentType as the server said; absent or another kind than text is refused.
   * @throws Fault WEB_UNREADABLE where it cannot be read, or not in time.
   */
  read(
    page: { readonly body: Uint8Array; readonly contentType: string; readonly url: string },
    signal: AbortSignal,
  ): Promise<PageText>;
};

export type SearchHit = { readonly title: string; readonly url: string; readonly snippet: string };

export type WebSearch = {
  /** @throws Fault WEB_SEARCH_OFF without a key, WEB_SEARCH_FAILED where the service does not answer as it should. */
  search(query: string, count: number, signal: AbortSignal): Promise<readonly SearchHit[]>;
};
