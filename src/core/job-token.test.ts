import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Fault } from "./fault.ts";
import { parseId } from "./ids.ts";
import {
  createJobSigner,
  createJobVerifier,
  createSelfTestMint,
  JOB_TOKEN_LIFE_MS,
  SELF_TEST_MARK,
} from "./job-token.ts";
import { digestOf, sha256 } from "./json.ts";
import type { Clock } from "./ports/clock.ts";
import type { Job } from "./ports/executor.ts";

const NOW = 1_700_000_000_000;
const clock: Clock = { wallMs: () => NOW, monotonicMs: () => 0, sleep: () => Promise.resolve() };
const permit = parseId("pmt", `pmt_${"0".repeat(26)}`);
const job = sha256("job");
const { signer, publicKey } = createJobSigner({ clock });

test("R-TOOL-2: a token runs the job that it was signed for", () => {
  assert.deepEqual(createJobVerifier(publicKey)(signer.sign(permit, job), { job, nowMs: NOW }), { verdict: "good" });
});

test("R-TOOL-2: a token for one job does not run another", () => {
  const token = signer.sign(permit, job);
  assert.equal(createJobVerifier(publicKey)(token, { job: sha256("other"), nowMs: NOW }).verdict, "refused");
  const renamed = { ...token, job: sha256("other") };
  assert.deepEqual(createJobVerifier(publicKey)(renamed, { job: sha256("other"), nowMs: NOW }), {
    verdict: "refused",
    why: "bad-signature",
  });
});

test("R-TOOL-2: a token of another gateway is refused", () => {
  const foreign = createJobSigner({ clock }).signer.sign(permit, job);
  assert.equal(createJobVerifier(publicKey)(foreign, { job, nowMs: NOW }).verdict, "refused");
});

test("R-TOOL-2: a token lives half a minute, and one from the future is refused", () => {
  const token = signer.sign(permit, job);
  const at = (nowMs: number): string => {
    const answer = createJobVerifier(publicKey)(token, { job, nowMs });
    return answer.verdict === "good" ? "good" : answer.why;
  };
  assert.equal(at(NOW + JOB_TOKEN_LIFE_MS), "good");
  assert.equal(at(NOW + JOB_TOKEN_LIFE_MS + 1), "expired");
  assert.equal(at(NOW - 1), "too-far-ahead");
  assert.equal(at(Number.NaN), "expired");
});

test("R-TOOL-2: INVARIANT(one-gate): no altered token verifies", () => {
  const token = signer.sign(permit, job);
  fc.assert(
    fc.property(fc.nat(63), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bytes = Buffer.from(token.signature, "base64");
      bytes[at] = (bytes[at] ?? 0) ^ flip;
      const altered = { ...token, signature: bytes.toString("base64") };
      assert.equal(createJobVerifier(publicKey)(altered, { job, nowMs: NOW }).verdict, "refused");
    }),
    { numRuns: 100 },
  );
  for (const signature of ["", "x", "AAAA"]) {
    assert.equal(createJobVerifier(publicKey)({ ...token, signature }, { job, nowMs: NOW }).verdict, "refused");
  }
  const later = { ...token, notAfterMs: token.notAfterMs - 1 };
  assert.equal(createJobVerifier(publicKey)(later, { job, nowMs: NOW }).verdict, "refused");
  assert.equal(createJobVerifier("AAAA")(token, { job, nowMs: NOW }).verdict, "refused");
});

const selfTest: Job = {
  argv: ["/bin/true"],
  cwd: "/tmp",
  mounts: [],
  env: { [SELF_TEST_MARK]: "1" },
  stdin: "",
  wallMs: 1,
  outputBytes: 1,
  memoryBytes: 1,
  processes: 1,
  fileBytes: 1,
  egressSocket: null,
  runtime: "command",
};

test("R-BOX-5: a self-test gets a token without a permit, and only where it sees nothing of anybody's", () => {
  const mint = createSelfTestMint({ signer, random: { bytes: (n) => new Uint8Array(n), uniform: () => 0 } });
  const token = mint.job(selfTest);
  assert.equal(createJobVerifier(publicKey)(token, { job: digestOf(selfTest), nowMs: NOW }).verdict, "good");
  const others: Partial<Job>[] = [
    { mounts: [{ path: "/home/ana", access: "read" }] },
    { egressSocket: "/run/egress.sock" },
    { runtime: "files" },
    { env: {} },
  ];
  for (const change of others) assert.throws(() => mint.job({ ...selfTest, ...change }), Fault);
});
