/**
 * Access as the doors see it: a credential goes in, and who stands there comes
 * out. The doors never learn more than they may say; `why` is for the log.
 *
 * @module
 */
import type { Caller } from "./gateway.ts";

/** Where a request came from. */
export type From = {
  readonly address: string;
  /** What failures are counted by: the address, of IPv6 its /64. */
  readonly group: string;
};

export type RefusedBecause = "unknown" | "weak" | "expired" | "revoked" | "person-gone" | "locked" | "proof";

export type Refusal = {
  readonly verdict: "refused";
  /** For the log only: outside, all of them but `locked` read the same. */
  readonly why: RefusedBecause;
  /** How long a lock-out still lasts. */
  readonly retryAfterMs?: number;
};

export type AccessVerdict = { readonly verdict: "known"; readonly caller: Caller } | Refusal;

/** What a browser gets for a one-time code: the cookie's secret, and the proof that its page keeps. */
export type LoginVerdict =
  | {
      readonly verdict: "known";
      readonly caller: Caller;
      readonly secret: string;
      readonly proof: string;
      readonly maxAgeMs: number;
    }
  | Refusal;

export type Access = {
  /** A token from an `Authorization: Bearer` header. */
  bearer(token: string, from: From): Promise<AccessVerdict>;
  /**
   * A token that this very connection has proved before, asked again: neither
   * counted nor locked out, so that strangers cannot cut off who is connected.
   */
  again(token: string): Promise<AccessVerdict>;
  /**
   * A browser's session. The cookie alone is not enough: cookies are shared by
   * all ports of a host, so another program on this machine may be sent it.
   */
  session(secret: string, proof: string): Promise<AccessVerdict>;
  /**
   * A one-time code for the page, asked for by the terminal: the page then has no more than the terminal's token, and
   * no longer than that lives.
   *
   * @throws Fault DENIED for callers at any other door: the page's door may do what theirs may not.
   */
  invite(caller: Caller): Promise<{ readonly code: string; readonly lastsMs: number }>;
  /** Exchanges a one-time code for a session; the code is spent whatever comes of it. */
  login(code: string, from: From): Promise<LoginVerdict>;
  logout(secret: string): Promise<void>;
};
