/**
 * Permits: the only thing that a run acts on.
 *
 * A permit names one exact call and works once. Types vanish at run time, so
 * the office remembers which objects it made and refuses every other: a copy,
 * a lookalike, one that was spent, one for another call, one that expired.
 * Towards the broker, a spent permit signs exactly one job.
 *
 * @module
 */
import type { ApprovalRecord } from "./approval.ts";
import type { Decision } from "./decision.ts";
import { Fault } from "./fault.ts";
import { newId, type CallId, type PermitId } from "./ids.ts";
import type { Digest } from "./json.ts";
import type { Clock } from "./ports/clock.ts";
import type { JobSigner, SignedToken } from "./ports/executor.ts";
import type { Receipt } from "./ports/ledger.ts";
import type { Random } from "./ports/random.ts";

export type Permit = { readonly id: PermitId; readonly call: CallId; readonly digest: Digest };

/** What a permit is made from. All of it is required. */
export type Grant = {
  readonly call: CallId;
  /** What `callDigest` answered for the judged call. */
  readonly digest: Digest;
  readonly decision: Decision;
  /** Required where the decision was to ask. */
  readonly approval?: ApprovalRecord;
  /** The durable prepared record of this very call. */
  readonly prepared: Receipt;
};

/** The right to run one job, left by a spent permit. */
export type Spent = {
  readonly permit: PermitId;
  /** Signs one job for the broker. A second call throws PERMIT_REFUSED. */
  sign(job: Digest): SignedToken;
};

export type PermitOffice = {
  /** @throws Fault PERMIT_REFUSED where the grant does not add up. */
  issue(grant: Grant): Permit;
  /** @throws Fault PERMIT_REFUSED unless this very object was issued, unspent, for this very digest. */
  spend(permit: Permit, digest: Digest): Spent;
};

/** How long an issued permit may wait to be spent. */
export const PERMIT_LIFE_MS = 30_000;

type Held = { readonly digest: Digest; readonly expiresMs: number };

/** INVARIANT(one-gate): no effect without a permit from here, and none twice from one. */
export function openPermitOffice(deps: {
  readonly clock: Clock;
  readonly random: Random;
  readonly signer: JobSigner;
  /** Whether this object is a receipt that the ledger really gave, for a prepared record of this call and digest. */
  readonly confirms: (receipt: Receipt, call: CallId, digest: Digest) => boolean;
}): PermitOffice {
  const held = new WeakMap<Permit, Held>();
  return {
    issue(grant) {
      checkGrant(grant, deps.confirms);
      const permit: Permit = Object.freeze({
        id: newId("pmt", deps.random),
        call: grant.call,
        digest: grant.digest,
      });
      held.set(permit, { digest: grant.digest, expiresMs: deps.clock.monotonicMs() + PERMIT_LIFE_MS });
      return permit;
    },
    spend(permit, digest) {
      const entry = held.get(permit);
      if (entry === undefined) throw refused("it was not issued here or was spent already");
      held.delete(permit);
      if (entry.digest !== digest) throw refused("it was issued for another call");
      if (deps.clock.monotonicMs() > entry.expiresMs) throw refused("it expired before it was used");
      return spentRight(permit.id, deps.signer);
    },
  };
}

function checkGrant(grant: Grant, confirms: (receipt: Receipt, call: CallId, digest: Digest) => boolean): void {
  const { decision, approval } = grant;
  switch (decision.verdict) {
    case "allow":
      break;
    case "ask":
      if (approval === undefined) throw refused("the decision asks and nobody approved");
      if (approval.answer !== "yes" || approval.digest !== grant.digest)
        throw refused("the approval is not for this call");
      break;
    case "deny":
      throw refused("the decision denies");
    default:
      throw refused("the decision says neither allow nor ask");
  }
  if (!confirms(grant.prepared, grant.call, grant.digest))
    throw refused("no durable prepared record of this call exists");
}

function spentRight(permit: PermitId, signer: JobSigner): Spent {
  let used = false;
  return {
    permit,
    sign(job) {
      if (used) throw refused("it signed a job already");
      used = true;
      return signer.sign(permit, job);
    },
  };
}

function refused(why: string): Fault {
  return new Fault("PERMIT_REFUSED", {
    message: `the permit was refused: ${why}`,
    hint: "propose the call again; each run needs a permit of its own",
  });
}
