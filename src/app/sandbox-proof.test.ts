import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../core/fault.ts";
import { createJobSigner, createSelfTestMint, SELF_TEST_MARK } from "../core/job-token.ts";
import type { Executor, Job, JobResult, LiveExecutor, Proof } from "../core/ports/executor.ts";
import { fakeClock } from "../core/testing.ts";
import { createSandboxProof, type SandboxProof } from "./sandbox-proof.ts";

const JOB: Job = {
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
const random = { bytes: (n: number) => new Uint8Array(n), uniform: () => 0 };
const token = createSelfTestMint({ signer: createJobSigner({ clock: fakeClock() }).signer, random }).job(JOB);
const DONE: JobResult = {
  end: { how: "exit", status: 0 },
  stdout: new Uint8Array(),
  stderr: new Uint8Array(),
  stdoutLost: 0,
  stderrLost: 0,
  wallMs: 0,
};

type Fake = {
  readonly sandbox: SandboxProof;
  readonly clock: ReturnType<typeof fakeClock>;
  /** How the next proofs end. */
  held: boolean | Fault;
  proofs: number;
  runs: number;
  broker: object;
};

function fake(): Fake {
  const clock = fakeClock();
  const state = { held: true as boolean | Fault, proofs: 0, runs: 0, broker: {}, clock };
  const executor: Executor & LiveExecutor = {
    run: async () => {
      state.runs += 1;
      return DONE;
    },
    start: async () => {
      state.runs += 1;
      return { write: () => undefined, end: () => undefined, ended: Promise.resolve(DONE.end) };
    },
    prove: async (form): Promise<Proof> => {
      state.proofs += 1;
      assert.equal(form, "short");
      if (state.held instanceof Fault) throw state.held;
      const line = { id: "a", family: "f", says: "a program cannot x", held: state.held, evidence: "e" };
      return { form, attempts: [line], skipped: [], floor: 1 };
    },
    stopAll: async () => undefined,
  };
  return Object.assign(state, { sandbox: createSandboxProof({ executor, broker: () => state.broker, clock }) });
}

const run = (one: Fake): Promise<JobResult> =>
  one.sandbox.executor.run(JOB, token, { signal: new AbortController().signal });
const refused = (error: unknown): boolean =>
  error instanceof Fault && error.code === "SANDBOX_UNPROVED" && /a program cannot x|gone/.test(error.message);

test("R-BOX-5: what needs the sandbox waits for its proof, and runs when that held", async () => {
  const one = fake();
  assert.equal(await run(one), DONE);
  assert.equal(await run(one), DONE);
  await Promise.all([run(one), run(one), one.sandbox.now()]);
  assert.deepEqual([one.proofs, one.runs], [1, 4]);
  assert.deepEqual(await one.sandbox.now(), { control: "sandbox", ready: true, says: "held against 1 attempt" });
});

test("R-BOX-5: while the sandbox does not hold nothing runs, and when it holds again it does", async () => {
  const one = fake();
  one.held = false;
  await assert.rejects(run(one), refused);
  assert.equal((await one.sandbox.now()).ready, false);
  assert.deepEqual([one.proofs, one.runs], [1, 0], "who asks often does not start programs often");
  one.held = true;
  await assert.rejects(run(one), refused, "not before it was tried again");
  one.clock.advance(1001);
  assert.equal(await run(one), DONE);
  assert.equal((await one.sandbox.now()).ready, true);
});

test("R-BOX-5: a proof that cannot be made is none", async () => {
  const one = fake();
  one.held = new Fault("BROKER_UNAVAILABLE", { message: "it is gone", hint: "wait" });
  await assert.rejects(run(one), refused);
  assert.equal(one.runs, 0);
  assert.match((await one.sandbox.now()).says, /it is gone/);
});

test("R-BOX-5: a broker that was started again has proved nothing", async () => {
  const one = fake();
  await run(one);
  one.broker = {};
  one.held = false;
  await assert.rejects(run(one), refused);
  assert.deepEqual([one.proofs, one.runs], [2, 1]);
  one.clock.advance(1001);
  one.held = true;
  await run(one);
  assert.deepEqual([one.proofs, one.runs], [3, 2]);
});

test("R-BOX-5: a proof grows old, and one that no longer holds ends what was allowed", async () => {
  const one = fake();
  await run(one);
  one.held = false;
  one.clock.advance(10 * 60_000);
  await run(one);
  one.clock.advance(1);
  await assert.rejects(run(one), refused);
  assert.equal(one.proofs, 2);
});

test("R-BOX-5: a browser waits for the proof like everything else", async () => {
  const one = fake();
  one.held = false;
  await assert.rejects(
    one.sandbox.executor.start(JOB, token, () => undefined),
    refused,
  );
  assert.equal(one.runs, 0);
  const twin = fake();
  await twin.sandbox.executor.start(JOB, token, () => undefined);
  assert.equal(twin.runs, 1);
});
