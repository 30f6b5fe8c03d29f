/**
 * Fakes at the ports that every test needs: time that a test moves, and
 * randomness that it can repeat. Nothing in the product imports this file.
 *
 * @module
 */
import type { Clock } from "./ports/clock.ts";
import type { Random } from "./ports/random.ts";

export type FakeClock = Clock & {
  /** Moves both clocks on, and wakes whoever slept until then. */
  advance(ms: number): void;
  /** Moves the wall clock alone, as a person or NTP does. */
  jumpWall(ms: number): void;
};

export function fakeClock(startWallMs = Date.UTC(2026, 0, 1)): FakeClock {
  let wall = startWallMs;
  let monotonic = 0;
  const sleepers = new Set<{ readonly untilMs: number; readonly wake: () => void }>();
  return {
    wallMs: () => wall,
    monotonicMs: () => monotonic,
    sleep(ms, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const sleeper = { untilMs: monotonic + ms, wake: resolve };
      sleepers.add(sleeper);
      signal?.addEventListener(
        "abort",
        () => {
          sleepers.delete(sleeper);
          reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
        },
        { once: true },
      );
      return promise;
    },
    advance(ms) {
      wall += ms;
      monotonic += ms;
      for (const sleeper of sleepers) {
        if (sleeper.untilMs > monotonic) continue;
        sleepers.delete(sleeper);
        sleeper.wake();
      }
    },
    jumpWall(ms) {
      wall += ms;
    },
  };
}

/** A repeatable stream (mulberry32); never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { uniform, bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(uniform() * 256)) };
}
