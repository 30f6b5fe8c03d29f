/**
 * Browser sessions: what a one-time code was exchanged for. In memory only, so
 * a restart ends them all; they end by themselves when idle, and when old.
 *
 * Two secrets make one: the cookie, which scripts cannot read, and the proof,
 * which the page sends as a header. Cookies are shared by all ports of a host
 * and ride along on requests that other sites make; the proof does neither.
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import type { TokenId } from "../../core/ids.ts";
import { type Digest, sha256 } from "../../core/json.ts";
import type { AccessVerdict } from "../../core/ports/access.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Random } from "../../core/ports/random.ts";
import { callerOf, type Grant, type Persons } from "./callers.ts";
import { newSecret } from "./secrets.ts";

export type SessionLimits = {
  /** Milliseconds without a request after which a session is over. */
  readonly idleMs: number;
  /** Milliseconds after login, used or not. */
  readonly absoluteMs: number;
  /** Open at once, of all persons; the one that was idle longest goes first. */
  readonly most: number;
};

export const SESSION_LIMITS: SessionLimits = { idleMs: 2 * 3_600_000, absoluteMs: 12 * 3_600_000, most: 64 };

type Open = { readonly grant: Grant; readonly proof: Digest; readonly startedMs: number; usedMs: number };

export type BrowserSessions = {
  open(grant: Grant): { readonly secret: string; readonly proof: string; readonly maxAgeMs: number };
  /** @returns with the token that the session stands on, where there is one. */
  authenticate(secret: string, proof: string): AccessVerdict & { readonly via?: TokenId };
  /** @returns whose it was, where there was one. */
  close(secret: string): Grant | undefined;
  closeAll(): void;
};

export function createSessions(parts: {
  readonly clock: Clock;
  readonly random: Random;
  readonly persons: Persons;
  readonly limits?: SessionLimits;
}): BrowserSessions {
  const { clock, random } = parts;
  const limits = parts.limits ?? SESSION_LIMITS;
  const sessions = new Map<Digest, Open>();

  const isOver = (session: Open): boolean => {
    const now = clock.monotonicMs();
    return now - session.usedMs >= limits.idleMs || now - session.startedMs >= limits.absoluteMs;
  };

  function sweep(): void {
    for (const [key, session] of sessions) if (isOver(session)) sessions.delete(key);
    const byIdle = [...sessions].sort(([, a], [, b]) => a.usedMs - b.usedMs);
    for (const [key] of byIdle.slice(0, Math.max(0, sessions.size - limits.most + 1))) sessions.delete(key);
  }

  return {
    open(grant) {
      sweep();
      const secret = newSecret(random, 32);
      const proof = newSecret(random, 32);
      const now = clock.monotonicMs();
      sessions.set(sha256(secret), { grant, proof: sha256(proof), startedMs: now, usedMs: now });
      return { secret, proof, maxAgeMs: limits.absoluteMs };
    },
    authenticate(secret, proof) {
      const key = sha256(secret);
      const session = sessions.get(key);
      if (session === undefined) return { verdict: "refused", why: "unknown" };
      if (isOver(session)) {
        sessions.delete(key);
        return { verdict: "refused", why: "expired" };
      }
      if (!same(session.proof, sha256(proof))) return { verdict: "refused", why: "proof" };
      const caller = callerOf(session.grant, parts.persons);
      if (caller === undefined) return { verdict: "refused", why: "person-gone" };
      session.usedMs = clock.monotonicMs();
      return { verdict: "known", caller, ...(session.grant.via && { via: session.grant.via }) };
    },
    close(secret) {
      const key = sha256(secret);
      const grant = sessions.get(key)?.grant;
      sessions.delete(key);
      return grant;
    },
    closeAll: () => sessions.clear(),
  };
}

function same(a: Digest, b: Digest): boolean {
  return timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
