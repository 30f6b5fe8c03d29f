/** What one call may take of the proxy. @module */

export type ProxyLimits = {
  /** Request and answer heads, each. */
  readonly headerBytes: number;
  /** For a whole request head, and for the first message of a tunnel. */
  readonly headMs: number;
  /** A connection on which nothing moves. */
  readonly idleMs: number;
  /** A connection, whatever moves. */
  readonly totalMs: number;
  /** At once, in one call. */
  readonly connections: number;
  /** In the life of one call; then its way out is closed. */
  readonly attempts: number;
  /** Sent in the life of one call, and got. */
  readonly upBytes: number;
  readonly downBytes: number;
  /** A body in which a credential is exchanged is held whole until then. */
  readonly heldBytes: number;
};

export const PROXY_LIMITS: ProxyLimits = {
  headerBytes: 32 * 1024,
  headMs: 10_000,
  idleMs: 120_000,
  totalMs: 3_600_000,
  connections: 64,
  attempts: 2_000,
  upBytes: 64 * 1024 * 1024,
  downBytes: 2 * 1024 * 1024 * 1024,
  heldBytes: 1024 * 1024,
};
