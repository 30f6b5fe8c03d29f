/** The real clock and the real randomness. @module */
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "../core/ports/clock.ts";
import type { Random } from "../core/ports/random.ts";

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => wait(ms, undefined, { ...(signal === undefined ? {} : { signal }), ref: false }),
};

export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  uniform: () => randomBytes(4).readUInt32BE() / 4_294_967_296,
};
