/**
 * The guard: who is asking, and whether he may; before anything else of the
 * request is looked at.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import type { Access, AccessVerdict, Refusal } from "../../core/ports/access.ts";
import type { Permission } from "../../core/person.ts";
import type { Caller } from "../../core/ports/gateway.ts";
import { PROOF_HEADER } from "../../wire/answers.ts";
import { readCookie } from "./cookie.ts";
import type { Arrived } from "./front.ts";
import type { Head } from "./head.ts";
import type { Needs } from "./route.ts";

export type Credential =
  | { readonly kind: "bearer"; readonly token: string }
  | { readonly kind: "cookie"; readonly secret: string }
  | { readonly kind: "none" };

/** @throws Fault AUTH_REQUIRED for an `Authorization` of another kind. */
export function credentialOf(head: Head, arrived: Arrived): Credential {
  const authorization = head.header("authorization");
  if (authorization !== undefined) {
    const token = /^Bearer +([^\s]+)$/i.exec(authorization)?.[1];
    if (token === undefined) throw authRequired();
    return { kind: "bearer", token };
  }
  const secret = readCookie(head, arrived);
  return secret === undefined ? { kind: "none" } : { kind: "cookie", secret };
}

/**
 * The caller, where the need is met; undefined for a public route only.
 *
 * @throws Fault AUTH_REQUIRED, AUTH_REFUSED, AUTH_LOCKED, ORIGIN_REFUSED, PERMISSION_MISSING
 */
export async function admit(
  needs: Needs,
  at: { readonly head: Head; readonly arrived: Arrived },
  access: Access,
): Promise<Caller | undefined> {
  if (needs.kind === "public") return undefined;
  const caller = await identify(at, access);
  if (needs.kind === "permission") demand(caller, needs.permission);
  return caller;
}

async function identify(at: { readonly head: Head; readonly arrived: Arrived }, access: Access): Promise<Caller> {
  const credential = credentialOf(at.head, at.arrived);
  if (credential.kind === "none") throw authRequired();
  if (credential.kind === "bearer") return known(await access.bearer(credential.token, at.arrived.from));
  demandOwnOrigin(at.head, at.arrived);
  return known(await access.session(credential.secret, at.head.header(PROOF_HEADER) ?? ""));
}

/**
 * A cookie comes along by itself, so what it may change has to come from our own page: a browser says so with an
 * Origin on everything but plain reads, and those need the proof, which no other site can send.
 */
export function demandOwnOrigin(head: Head, arrived: Arrived): void {
  if (head.method === "GET" || head.method === "HEAD" || head.header("origin")?.toLowerCase() === arrived.origin)
    return;
  throw new Fault("ORIGIN_REFUSED", {
    message: "a change with a cookie has to come from the gateway's own page",
    hint: "programs use `Authorization: Bearer` with a token of their own",
  });
}

/** @throws Fault AUTH_REFUSED, AUTH_LOCKED */
export function known(verdict: AccessVerdict): Caller {
  if (verdict.verdict === "known") return verdict.caller;
  throw refusal(verdict);
}

/** One answer for unknown, expired, revoked and the rest: which of them it was is the log's. */
export function refusal(refused: Refusal): Fault {
  if (refused.why === "locked") {
    return new Fault("AUTH_LOCKED", {
      message: "too many failed logins",
      hint: "wait until the time in Retry-After is over",
      facts: { retryAfterSeconds: (refused.retryAfterMs ?? 0) / 1000 },
    });
  }
  return new Fault("AUTH_REFUSED", {
    message: "this login is not valid",
    hint: "programs need a token: `vambrace token create`; the page a new address: `vambrace login`",
    facts: { why: refused.why },
  });
}

/** @throws Fault PERMISSION_MISSING */
export function demand(caller: Caller, permission: Permission): void {
  if (caller.permissions.has(permission)) return;
  throw new Fault("PERMISSION_MISSING", {
    message: `your token does not have the permission \`${permission}\``,
    hint: "an operator makes one that has it: `vambrace token create`",
    facts: { token: caller.token, person: caller.person },
  });
}

function authRequired(): Fault {
  return new Fault("AUTH_REQUIRED", {
    message: "say who you are",
    hint: "send `Authorization: Bearer` with a token from `vambrace token create`",
  });
}
