/** Request rates: so many of one key within a window. @module */
import RateLimiterMemory from "rate-limiter-flexible/lib/RateLimiterMemory.js";

/** Takes one; answers how many milliseconds to wait, 0 for none. */
export type Rates = (key: string) => Promise<number>;

export function createRates(most: number, windowSeconds: number): Rates {
  const limiter = new RateLimiterMemory({ points: most, duration: windowSeconds });
  return async (key) => {
    const counted = await limiter.penalty(key);
    return counted.consumedPoints <= most ? 0 : Math.max(counted.msBeforeNext, 1);
  };
}
