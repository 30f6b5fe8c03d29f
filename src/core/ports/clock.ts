/** Time, handed in so that a test can choose it and a jump of the wall clock harms nothing. @module */

export type Clock = {
  /** Milliseconds since 1970 by the wall clock: for people and records. It may jump either way. */
  wallMs(): number;
  /** Milliseconds from an arbitrary point, never going back: for time-outs and expiry within one run. */
  monotonicMs(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};
