/** Randomness, handed in so that a test can choose it. @module */

export type Random = {
  /** Cryptographically strong bytes. */
  bytes(count: number): Uint8Array;
  /** Uniform in [0, 1); for jitter, never for secrets. */
  uniform(): number;
};
