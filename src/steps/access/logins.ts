/**
 * One-time logins: a code that opens one browser session, within ten minutes.
 *
 * The code stands behind the `#` of an address, which browsers send to nobody,
 * and is posted by the page: so it is in no log and in no Referer. It is spent
 * by the first who presents it, before anything else happens.
 *
 * @module
 */
import { newId, type PersonId, type TokenId } from "../../core/ids.ts";
import { type Digest, sha256 } from "../../core/json.ts";
import type { Trust } from "../../core/label.ts";
import type { Permission } from "../../core/person.ts";
import type { From, LoginVerdict, Refusal } from "../../core/ports/access.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { LedgerEntry } from "../../core/ports/ledger.ts";
import type { Random } from "../../core/ports/random.ts";
import type { Attempts, RecordEntry } from "./attempts.ts";
import { callerOf, type Grant, type Persons } from "./callers.ts";
import { newSecret } from "./secrets.ts";
import type { BrowserSessions } from "./sessions.ts";

const CODE_BYTES = 20;
const CODES_AT_ONCE = 16;
export const CODE_LASTS_MS = 10 * 60_000;

export type LoginRequest = {
  readonly person: PersonId;
  readonly trust: Trust;
  readonly permissions: readonly Permission[];
  /** `webchat` for a page. */
  readonly channel: string;
  /** The token that asks for it, and with which the session ends. */
  readonly via?: TokenId;
};

export type Logins = {
  /** @returns the code, and how many milliseconds it lasts. */
  issue(request: LoginRequest): Promise<{ readonly code: string; readonly lastsMs: number }>;
  exchange(code: string, from: From): Promise<LoginVerdict>;
  logout(secret: string): Promise<void>;
  /** Forgets every code and ends every session. */
  endAll(): Promise<void>;
};

type Issued = { readonly grant: Grant; readonly untilMs: number };

export type LoginParts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly record: RecordEntry;
  readonly persons: Persons;
  readonly attempts: Attempts;
  readonly sessions: BrowserSessions;
};

export function createLogins(parts: LoginParts): Logins {
  const { clock, random, record, sessions } = parts;
  const codes = new Map<Digest, Issued>();
  return {
    async issue(request) {
      const grant = { id: newId("tok", random), ...request };
      await record(loginEntry(grant, "login.code-issued", "ok", "-"));
      for (const [key, issued] of codes) if (issued.untilMs <= clock.monotonicMs()) codes.delete(key);
      for (const key of [...codes.keys()].slice(0, Math.max(0, codes.size - CODES_AT_ONCE + 1))) codes.delete(key);
      const code = newSecret(random, CODE_BYTES);
      codes.set(sha256(code), { grant, untilMs: clock.monotonicMs() + CODE_LASTS_MS });
      return { code, lastsMs: CODE_LASTS_MS };
    },
    exchange: async (code, from) => exchange(parts, codes, code, from),
    async logout(secret) {
      const grant = sessions.close(secret);
      if (grant !== undefined) await record(loginEntry(grant, "login.ended", "ok", "-"));
    },
    async endAll() {
      codes.clear();
      sessions.closeAll();
      await record({ kind: "login", who: "gateway", what: "login.all-ended", target: "-", result: "ok" });
    },
  };
}

async function exchange(
  parts: LoginParts,
  codes: Map<Digest, Issued>,
  code: string,
  from: From,
): Promise<LoginVerdict> {
  const attempt = { from, door: "code" } as const;
  const retryAfterMs = await parts.attempts.lockedMs(attempt);
  if (retryAfterMs > 0) return { verdict: "refused", why: "locked", retryAfterMs };
  const taken = take(codes, code, parts.clock.monotonicMs());
  if (taken.verdict === "refused") {
    const { person, ...refusal } = taken;
    await parts.attempts.failed({ ...attempt, ...(person === undefined ? {} : { person }) }, refusal.why);
    return refusal;
  }
  const caller = callerOf(taken.grant, parts.persons);
  if (caller === undefined) return { verdict: "refused", why: "person-gone" };
  const lockedMs = await parts.attempts.personLockedMs(caller.person, attempt);
  if (lockedMs > 0) return { verdict: "refused", why: "locked", retryAfterMs: lockedMs };
  await parts.record(loginEntry(taken.grant, "login.ok", "ok", from.address));
  return { verdict: "known", caller, ...parts.sessions.open(taken.grant) };
}

/** No `await` in here: two requests with one code cannot both have it. */
function take(
  codes: Map<Digest, Issued>,
  code: string,
  nowMs: number,
): (Refusal & { readonly person?: string }) | { readonly verdict: "taken"; readonly grant: Grant } {
  const key = sha256(code);
  const issued = codes.get(key);
  codes.delete(key);
  if (issued === undefined) return { verdict: "refused", why: "unknown" };
  const { person } = issued.grant;
  return issued.untilMs <= nowMs
    ? { verdict: "refused", why: "expired", person }
    : { verdict: "taken", grant: issued.grant };
}

function loginEntry(grant: Grant, what: string, result: string, target: string): LedgerEntry {
  return {
    kind: "login",
    who: grant.person,
    what,
    target,
    result,
    data: { token: grant.id, trust: grant.trust, channel: grant.channel },
  };
}
