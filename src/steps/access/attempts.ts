/**
 * Failed logins: counted, slowed and locked out, per address, per token and
 * per person, where it is known whose token it was.
 *
 * A lock-out refuses before anything is compared, the right token too: what
 * the answer would tell is what a guesser wants. Sessions that are open
 * already are not touched, so an owner's page can still say stop.
 *
 * A person's lock-out is for addresses from which he has not come before, and
 * never for this machine itself: somebody who holds an old token of his cannot
 * lock him out of where he works.
 *
 * @module
 */
import RateLimiterMemory from "rate-limiter-flexible/lib/RateLimiterMemory.js";
import type { From } from "../../core/ports/access.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { LedgerEntry } from "../../core/ports/ledger.ts";

/** Makes an entry durable before the answer goes out. */
export type RecordEntry = (entry: LedgerEntry) => Promise<unknown>;

export type AttemptLimits = {
  /** Failures within the window after which it locks; 1 or more. */
  readonly failures: number;
  readonly windowSeconds: number;
  readonly lockSeconds: number;
  /** Delay of the answer to the first failure; it doubles with each. */
  readonly slowMs: number;
  readonly slowestMs: number;
};

export const ATTEMPT_LIMITS: AttemptLimits = {
  failures: 10,
  windowSeconds: 15 * 60,
  lockSeconds: 15 * 60,
  slowMs: 100,
  slowestMs: 3000,
};

/** One attempt: from where, against what. `subject` is a token's prefix, or absent where there is none. */
export type Attempt = {
  readonly from: From;
  readonly subject?: string;
  readonly door: "token" | "code";
  /** Whose token it was; absent where nobody knows. */
  readonly person?: string;
};

export type Attempts = {
  /** Milliseconds that a lock-out of this address or token still lasts; 0: none. */
  lockedMs(attempt: Attempt): Promise<number>;
  /** The same for a person whose credential is right, at this address; a login that is let through makes it known. */
  personLockedMs(person: string, attempt: Attempt): Promise<number>;
  /** Counts, records and slows one failure. Resolves when the answer may go out. */
  failed(attempt: Attempt, why: string): Promise<void>;
};

export function createAttempts(parts: {
  readonly record: RecordEntry;
  readonly clock: Clock;
  readonly limits?: AttemptLimits;
}): Attempts {
  const limits = parts.limits ?? ATTEMPT_LIMITS;
  const failures = new RateLimiterMemory({ points: limits.failures, duration: limits.windowSeconds });
  const known = new Set<string>();
  const refusals = new RateLimiterMemory({ points: 1, duration: limits.lockSeconds });

  async function lockedMs(attempt: Attempt): Promise<number> {
    let longest = 0;
    for (const key of keysOf(attempt)) {
      const counted = await failures.get(key);
      if (counted !== null && (counted.consumedPoints ?? 0) >= limits.failures) {
        longest = Math.max(longest, counted.msBeforeNext ?? 0, 1);
      }
    }
    if (longest > 0) await tellRefused(attempt, longest);
    return longest;
  }

  async function personLockedMs(person: string, attempt: Attempt): Promise<number> {
    const place = `${attempt.from.group} ${person}`;
    const counted = await failures.get(personKey(person));
    const isLocked = counted !== null && (counted.consumedPoints ?? 0) >= limits.failures;
    if (!isLocked || known.has(place) || LOOPBACK.has(attempt.from.group)) {
      const [oldest] = known;
      if (known.size >= KNOWN_PLACES && oldest !== undefined) known.delete(oldest);
      known.add(place);
      return 0;
    }
    const leftMs = Math.max(counted.msBeforeNext ?? 0, 1);
    await tellRefused({ ...attempt, person }, leftMs);
    return leftMs;
  }

  /** Recorded at 1, 2, 4, 8, … so that a flood of attempts is no flood of records. */
  async function tellRefused(attempt: Attempt, forMs: number): Promise<void> {
    const { consumedPoints } = await refusals.penalty(attempt.from.group);
    if ((consumedPoints & (consumedPoints - 1)) !== 0) return;
    await parts.record(entry(attempt, "login.locked-out", { refused: consumedPoints, forMs }));
  }

  async function failed(attempt: Attempt, why: string): Promise<void> {
    let most = 0;
    for (const key of [...keysOf(attempt), ...(attempt.person === undefined ? [] : [personKey(attempt.person)])]) {
      const { consumedPoints } = await failures.penalty(key);
      most = Math.max(most, consumedPoints);
      if (consumedPoints === limits.failures) await failures.set(key, limits.failures, limits.lockSeconds);
    }
    await parts.record(entry(attempt, "login.failed", { why, failures: most }));
    if (most === limits.failures)
      await parts.record(entry(attempt, "login.locked", { forSeconds: limits.lockSeconds }));
    await parts.clock.sleep(Math.min(limits.slowMs * 2 ** (most - 1), limits.slowestMs));
  }

  return { lockedMs, personLockedMs, failed };
}

/** Places from which somebody came that are remembered. */
const KNOWN_PLACES = 10_000;
const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "0:0:0:0::/64", "::/64"]);

function personKey(person: string): string {
  return `person ${person}`;
}

function keysOf(attempt: Attempt): readonly string[] {
  const address = `from ${attempt.from.group}`;
  return attempt.subject === undefined ? [address] : [address, `${attempt.door} ${attempt.subject}`];
}

function entry(attempt: Attempt, what: string, data: LedgerEntry["data"]): LedgerEntry {
  return {
    kind: "login",
    who: "-",
    what,
    target: attempt.from.address,
    result: "denied",
    data: { door: attempt.door, ...(attempt.person === undefined ? {} : { person: attempt.person }), ...data },
  };
}
