/**
 * Tokens: made once, shown once, kept as a hash; per person and per client,
 * scoped, listed and revoked one by one.
 *
 * A token is found by its SHA-256, so nothing of it is ever compared byte by
 * byte. No token does more than the one that made it.
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import { Fault } from "../../core/fault.ts";
import { newId, type PersonId, type TokenId } from "../../core/ids.ts";
import { type JsonObject, sha256 } from "../../core/json.ts";
import type { Trust } from "../../core/label.ts";
import type { Permission } from "../../core/person.ts";
import type { AccessVerdict, From, Refusal, RefusedBecause } from "../../core/ports/access.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { TokenInfo, TokenMade } from "../../core/ports/gateway.ts";
import type { Random } from "../../core/ports/random.ts";
import type { TokenRow, TokenStore } from "../../core/ports/store.ts";
import type { Attempts, RecordEntry } from "./attempts.ts";
import { callerOf, type Persons } from "./callers.ts";
import { newToken, tokenPrefix, tokenWeakness } from "./secrets.ts";

/** A write of "last used" a minute is enough to see that a token lives. */
const TOUCH_EVERY_MS = 60_000;

export type TokenParts = {
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly record: RecordEntry;
  readonly persons: Persons;
  readonly attempts: Attempts;
  /** The door that a token belongs to; `api` unless the gateway made it for another. Never the caller's word. */
  readonly channelOf?: (row: TokenRow) => string;
};

export type TokenRequest = {
  readonly name: string;
  readonly person: PersonId;
  readonly trust: Trust;
  readonly permissions: readonly Permission[];
  /** By the wall clock; absent: until it is revoked. */
  readonly expiresMs?: number;
};

export type Tokens = {
  /** @param by who makes it, for the record: a person's id, or `gateway`. */
  make(request: TokenRequest, by: string): Promise<TokenMade>;
  /**
   * Takes a token that an operator brings along, instead of making one; the same one twice is one.
   *
   * @throws Fault TOKEN_WEAK
   */
  adopt(token: string, request: TokenRequest, by: string): Promise<TokenMade>;
  authenticate(bearer: string, from: From): Promise<AccessVerdict>;
  /** The same for a token that its connection proved before: neither counted nor locked out. */
  confirm(bearer: string): Promise<AccessVerdict>;
  list(): Promise<readonly TokenInfo[]>;
  find(id: TokenId): Promise<TokenInfo | undefined>;
  /** Why a token no longer stands, or undefined while it does. */
  over(id: TokenId): Promise<Refusal | undefined>;
  /** @returns false where there is no such token that still works. */
  revoke(id: TokenId, by: string): Promise<boolean>;
};

export function createTokens(parts: TokenParts): Tokens {
  const { store, clock, random, record } = parts;

  async function add(token: string, request: TokenRequest, by: string): Promise<TokenMade> {
    const id = newId("tok", random);
    const data = { person: request.person, trust: request.trust, permissions: [...request.permissions] };
    await tell(record, by, { what: "token.make", id, result: "begun", data });
    await store.add({
      id,
      ...request,
      hash: sha256(token),
      createdMs: clock.wallMs(),
      expiresMs: request.expiresMs ?? null,
      lastUsedMs: null,
      revokedMs: null,
    });
    await tell(record, by, { what: "token.made", id, result: "ok", data });
    return { id, token };
  }

  async function adopt(token: string, request: TokenRequest, by: string): Promise<TokenMade> {
    refuseWeak(token);
    const known = await store.byHash(sha256(token));
    return known === undefined ? add(token, request, by) : { id: known.id, token };
  }

  async function revoke(id: TokenId, by: string): Promise<boolean> {
    await tell(record, by, { what: "token.revoke", id, result: "begun", data: {} });
    const done = await store.revoke(id, clock.wallMs());
    await tell(record, by, { what: "token.revoked", id, result: done ? "ok" : "failed", data: {} });
    return done;
  }

  return {
    make: async (request, by) => add(newToken(random), request, by),
    adopt,
    ...createAuthenticate(parts),
    list: async () => (await store.list()).map(infoOf),
    find: async (id) => (await store.list()).map(infoOf).find((token) => token.id === id),
    async over(id) {
      const row = (await store.list()).find((token) => token.id === id);
      const why = row === undefined ? "unknown" : overBecause(row, clock.wallMs());
      return why && { verdict: "refused", why };
    },
    revoke,
  };
}

function createAuthenticate(parts: TokenParts): Pick<Tokens, "authenticate" | "confirm"> {
  const { store, clock, attempts, persons } = parts;
  const channelOf = parts.channelOf ?? (() => "api");
  const touched = new Map<TokenId, number>();

  async function touch(row: TokenRow): Promise<void> {
    const last = touched.get(row.id);
    if (last !== undefined && clock.monotonicMs() - last < TOUCH_EVERY_MS) return;
    touched.set(row.id, clock.monotonicMs());
    await store.touch(row.id, clock.wallMs());
  }

  async function confirm(bearer: string): Promise<AccessVerdict> {
    const found = await findLive(store, bearer, clock.wallMs());
    if (found.row === undefined) return { verdict: "refused", why: found.why };
    const caller = callerOf({ ...found.row, channel: channelOf(found.row) }, persons);
    if (caller === undefined) return { verdict: "refused", why: "person-gone" };
    await touch(found.row);
    return { verdict: "known", caller };
  }

  async function authenticate(bearer: string, from: From): Promise<AccessVerdict> {
    const attempt = { from, subject: tokenPrefix(bearer), door: "token" } as const;
    const retryAfterMs = await attempts.lockedMs(attempt);
    if (retryAfterMs > 0) return { verdict: "refused", why: "locked", retryAfterMs };
    const verdict = await confirm(bearer);
    if (verdict.verdict === "refused") {
      const person = (await store.byHash(sha256(bearer)))?.person;
      await attempts.failed({ ...attempt, ...(person === undefined ? {} : { person }) }, verdict.why);
      return verdict;
    }
    const lockedMs = await attempts.personLockedMs(verdict.caller.person, attempt);
    return lockedMs > 0 ? { verdict: "refused", why: "locked", retryAfterMs: lockedMs } : verdict;
  }

  return { authenticate, confirm };
}

type Found = { readonly row: TokenRow; readonly why?: never } | { readonly row?: never; readonly why: RefusedBecause };

async function findLive(store: TokenStore, token: string, nowMs: number): Promise<Found> {
  if (tokenWeakness(token) !== undefined) return { why: "weak" };
  const hash = sha256(token);
  const row = await store.byHash(hash);
  if (row === undefined || !timingSafeEqual(Buffer.from(row.hash), Buffer.from(hash))) return { why: "unknown" };
  const why = overBecause(row, nowMs);
  return why === undefined ? { row } : { why };
}

function overBecause(row: TokenRow, nowMs: number): "revoked" | "expired" | undefined {
  if (row.revokedMs !== null) return "revoked";
  return row.expiresMs !== null && row.expiresMs <= nowMs ? "expired" : undefined;
}

function refuseWeak(token: string): void {
  const weakness = tokenWeakness(token);
  if (weakness === undefined) return;
  throw new Fault("TOKEN_WEAK", {
    message: `the token ${weakness}`,
    hint: "let vambrace make one: `vambrace token create`",
  });
}

type Told = { readonly what: string; readonly id: TokenId; readonly result: string; readonly data: JsonObject };

async function tell(record: RecordEntry, by: string, told: Told): Promise<void> {
  await record({ kind: "token", who: by, what: told.what, target: told.id, result: told.result, data: told.data });
}

function infoOf(row: TokenRow): TokenInfo {
  const { hash: _, revokedMs, ...shown } = row;
  return { ...shown, revoked: revokedMs !== null };
}
