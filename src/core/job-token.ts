/**
 * Job tokens: how a spent permit reaches the broker. Each names one permit and
 * the digest of one job, lives for half a minute and is signed with a key that
 * exists only in the memory of the gateway that made it.
 *
 * A token never says what runs: the broker hashes the job that it was sent and
 * compares. Whether a token was spent before is the broker's own memory.
 *
 * @module
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { Fault } from "./fault.ts";
import { newId } from "./ids.ts";
import { canonicalJson, type Digest, digestOf } from "./json.ts";
import type { Clock } from "./ports/clock.ts";
import type { Job, JobSigner, SignedToken } from "./ports/executor.ts";
import type { Random } from "./ports/random.ts";
import { type SelfTest, selfTestDigest } from "./self-test.ts";

/** How long a token may wait to be used, by the wall clock. */
export const JOB_TOKEN_LIFE_MS = 30_000;

/** A fresh Ed25519 pair; the private half never leaves this closure. `publicKey` is SPKI DER in base 64. */
export function createJobSigner(deps: { readonly clock: Clock }): {
  readonly signer: JobSigner;
  readonly publicKey: string;
} {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const signer: JobSigner = {
    sign(permit, job) {
      const notAfterMs = Math.trunc(deps.clock.wallMs()) + JOB_TOKEN_LIFE_MS;
      const signature = sign(null, signedBytes({ permit, job, notAfterMs }), privateKey).toString("base64");
      return Object.freeze({ permit, job, notAfterMs, signature });
    },
  };
  return { signer, publicKey: publicKey.export({ type: "spki", format: "der" }).toString("base64") };
}

export type TokenVerdict =
  | { readonly verdict: "good" }
  | { readonly verdict: "refused"; readonly why: "another-job" | "expired" | "too-far-ahead" | "bad-signature" };

/**
 * Whether a token was signed for exactly this job and may still be used.
 *
 * @param options.job what the broker itself computed from the job it was sent.
 * @param options.nowMs wall clock. A token from further ahead than any signer makes is refused: the clock
 *   jumped back, and what was spent may have been forgotten by then.
 */
export type JobVerifier = (
  token: SignedToken,
  options: { readonly job: Digest; readonly nowMs: number },
) => TokenVerdict;

/** @param publicKey as `createJobSigner` gives it, read once. One that cannot be read refuses every token. */
export function createJobVerifier(publicKey: string): JobVerifier {
  const key = readPublicKey(publicKey);
  return (token, { job, nowMs }) => {
    if (token.job !== job) return { verdict: "refused", why: "another-job" };
    if (!(token.notAfterMs >= nowMs)) return { verdict: "refused", why: "expired" };
    if (token.notAfterMs > nowMs + JOB_TOKEN_LIFE_MS) return { verdict: "refused", why: "too-far-ahead" };
    return signatureFits(token, key) ? { verdict: "good" } : { verdict: "refused", why: "bad-signature" };
  };
}

function readPublicKey(publicKey: string): KeyObject | null {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
    return key.asymmetricKeyType === "ed25519" ? key : null;
  } catch {
    return null; // what cannot be read as a key signed nothing
  }
}

function signatureFits(token: SignedToken, key: KeyObject | null): boolean {
  if (key === null) return false;
  try {
    return verify(null, signedBytes(token), key, Buffer.from(token.signature, "base64"));
  } catch {
    return false; // what cannot be read as a signature or canonical JSON is not a signature
  }
}

function signedBytes(claim: { readonly permit: string; readonly job: string; readonly notAfterMs: number }): Buffer {
  const { permit, job, notAfterMs } = claim;
  return Buffer.from(canonicalJson({ permit, job, notAfterMs }), "utf8");
}

/** What every self-test job carries in its environment, so that nobody takes it for a call's. */
export const SELF_TEST_MARK = "VAMBRACE_SELF_TEST";

/** Tokens that are made without a permit. */
export type SelfTestMint = {
  /** For a job in a sandbox that sees nothing of anybody's. @throws Fault PERMIT_REFUSED for every other */
  readonly job: (job: Job) => SignedToken;
  /** For attempts of the catalogue without walls: what it is signed for is no job's digest, and no job's is this one's. */
  readonly bare: (test: SelfTest) => SignedToken;
};

/**
 * The only tokens that are made without a permit. It takes the job and the test and not their digests, so that it can
 * look. Whoever holds it is the executor's own proof; no tool and no call is given it.
 */
export function createSelfTestMint(deps: { readonly signer: JobSigner; readonly random: Random }): SelfTestMint {
  const sign = (digest: Digest): SignedToken => deps.signer.sign(newId("pmt", deps.random), digest);
  return {
    job(job) {
      const sees =
        job.mounts.length > 0 || job.egressSocket !== null || job.runtime !== "command" || job.scratch !== undefined;
      if (sees || job.env[SELF_TEST_MARK] !== "1") {
        throw new Fault("PERMIT_REFUSED", {
          message: "a self-test may mount nothing, reach nobody, and must be marked as one",
          hint: "run this through the gate; only a permit opens files and hosts",
        });
      }
      return sign(digestOf(job));
    },
    bare: (test) => sign(selfTestDigest(test)),
  };
}
