/**
 * What runs without walls runs for the proof of the sandbox alone: the
 * broker's own socket, spoken to by hand.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { after, test, type TestContext } from "node:test";
import fc from "fast-check";
import { newId } from "../src/core/ids.ts";
import { createJobSigner, createSelfTestMint, SELF_TEST_MARK } from "../src/core/job-token.ts";
import { digestOf, isObject, type JsonObject, type JsonValue } from "../src/core/json.ts";
import type { Job, SignedToken } from "../src/core/ports/executor.ts";
import { frameReader, jsonFrame } from "../src/core/frame.ts";
import { type SelfTest, selfTestDigest } from "../src/core/self-test.ts";
import { parseJob } from "../src/edges/broker/job-parse.ts";
import { parseSelfTest } from "../src/edges/broker/self-test-parse.ts";
import { clock, MAIN, missing, random } from "./sandbox-kit.ts";

const skip = missing();
const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "vambrace-bare-")));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const { signer, publicKey } = createJobSigner({ clock });
const mint = createSelfTestMint({ signer, random });
const STAGE: SelfTest = { do: "stage", decoys: false };
const TRY: SelfTest = { do: "try", stage: "stage-1", attempts: ["file-secret"], part: "script", mark: "m1" };

const JOB: Job = {
  argv: ["/bin/sh", "-c", "true"],
  cwd: "/tmp",
  mounts: [],
  env: { [SELF_TEST_MARK]: "1" },
  stdin: "",
  wallMs: 5000,
  outputBytes: 1000,
  memoryBytes: 100_000_000,
  processes: 10,
  fileBytes: 1_000_000,
  egressSocket: null,
  runtime: "command",
};

/** A broker that answers each message with how it ended; `stages` are what it set up. */
async function openByHand(t: TestContext): Promise<{
  ask(message: JsonObject): Promise<JsonObject>;
  begin(message: JsonObject): Promise<string>;
}> {
  const child = spawn(process.execPath, [MAIN], { env: {}, stdio: ["ignore", "ignore", "inherit", "pipe"] });
  const socket = child.stdio[3];
  if (!(socket instanceof Duplex)) throw new Error("no socket");
  const read = frameReader();
  const ended = new Map<number, (end: JsonObject) => void>();
  const spoke = new Map<number, (text: string) => void>();
  socket.on("data", (chunk: Buffer) => {
    for (const frame of read(chunk)) {
      if (frame.kind === "bytes") spoke.get(Math.floor(frame.channel / 2))?.(Buffer.from(frame.bytes).toString());
      else if (isObject(frame.value) && frame.value["type"] === "ended" && isObject(frame.value["end"]))
        ended.get(Number(frame.value["channel"]))?.(frame.value["end"]);
    }
  });
  const config = {
    publicKey,
    folder: fs.mkdtempSync(join(folder, "broker-")),
    forbiddenPaths: [folder],
    nodePath: process.execPath,
    bwrapPaths: ["/usr/bin/bwrap"],
    perlPath: "/usr/bin/perl",
    systemPaths: [],
    container: null,
  };
  const gone = new Promise<never>((_, reject) => child.once("exit", () => reject(new Error("the broker ended"))));
  gone.catch(() => undefined); // whoever waits for an answer is told
  socket.write(jsonFrame({ type: "configure", config }));
  t.after(async () => {
    socket.end();
    await gone.catch(() => undefined);
  });
  let last = 0;
  return {
    ask(message) {
      const { promise, resolve } = Promise.withResolvers<JsonObject>();
      ended.set(++last, resolve);
      socket.write(jsonFrame({ ...message, channel: last }));
      return Promise.race([promise, gone]);
    },
    begin(message) {
      const { promise, resolve } = Promise.withResolvers<string>();
      spoke.set(++last, resolve);
      socket.write(jsonFrame({ ...message, channel: last }));
      return Promise.race([promise, gone]);
    },
  };
}

const jobToken = (job: Job): SignedToken => signer.sign(newId("pmt", random), digestOf(job));
const json = (value: object): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;

test("R-BOX-5: INVARIANT(walls-stay): the token of a job starts nothing without walls, and the other way round", {
  skip,
}, async (t) => {
  const broker = await openByHand(t);
  const own = await broker.ask(json({ type: "run", job: JOB, token: jobToken(JOB) }));
  assert.deepEqual(own, { how: "exit", status: 0 }, "the job itself runs with its own token");
  assert.match(
    await broker.begin(json({ type: "self-test", test: STAGE, token: mint.bare(STAGE) })),
    /"name":"stage-1"/,
  );
  const allowed = await broker.ask(json({ type: "self-test", test: TRY, token: mint.bare(TRY) }));
  assert.deepEqual(allowed, { how: "exit", status: 0 }, "the proof itself gets out");
  const permits: [string, SignedToken][] = [
    ["a permit's", jobToken(JOB)],
    ["a self-test's in the sandbox", mint.job(JOB)],
    ["another test's", mint.bare({ ...TRY, mark: "m2" })],
    ["one that was spent", mint.bare(TRY)],
  ];
  const spent = permits[3]?.[1];
  await broker.ask(json({ type: "self-test", test: TRY, token: spent ?? {} }));
  for (const [whose, token] of permits) {
    const end = await broker.ask(json({ type: "self-test", test: TRY, token }));
    assert.equal(end["code"], "TOKEN_REFUSED", whose);
  }
  const back = await broker.ask(json({ type: "run", job: JOB, token: mint.bare(TRY) }));
  assert.equal(back["code"], "TOKEN_REFUSED");
});

test("R-BOX-5: INVARIANT(walls-stay): no job has a word that takes walls away, and no self-test a program", {
  skip,
}, async (t) => {
  const broker = await openByHand(t);
  for (const more of [{ unconfined: true }, { walls: false }, { selfTest: TRY }, { shape: "bare" }]) {
    const job = { ...JOB, ...more };
    const end = await broker.ask(json({ type: "run", job, token: jobToken(job) }));
    assert.equal(end["code"], "JOB_MALFORMED", JSON.stringify(more));
  }
  for (const runtime of ["bare", "self-test", "unconfined"]) {
    const job = { ...JOB, runtime } as unknown as Job;
    assert.equal(
      (await broker.ask(json({ type: "run", job, token: jobToken(job) })))["code"],
      "JOB_MALFORMED",
      runtime,
    );
  }
  const tests: object[] = [
    { ...TRY, argv: ["/bin/true"] },
    { ...TRY, script: "true" },
    { ...TRY, attempts: ["true"] },
    { ...TRY, attempts: [] },
    { ...TRY, attempts: ["file-secret", 1] },
    { ...TRY, attempts: ["file-secret", "; true"] },
    { ...TRY, mark: "$(true)" },
    { ...TRY, mark: "A" },
    { ...TRY, stage: "../stage-1" },
    { ...TRY, part: "all" },
    { ...STAGE, folder: "/" },
    { do: "run", argv: ["/bin/true"] },
    JOB,
  ];
  for (const value of tests) {
    const token = signer.sign(newId("pmt", random), selfTestDigest(value as SelfTest));
    const end = await broker.ask(json({ type: "self-test", test: value, token }));
    assert.equal(end["message"], "this is no self-test", JSON.stringify(value));
  }
  const noStage = await broker.ask(json({ type: "self-test", test: TRY, token: mint.bare(TRY) }));
  assert.equal(noStage["message"], "the self-test has no stage", "without a stage nothing runs");
});

test("R-BOX-5: INVARIANT(walls-stay): nothing is a job and a self-test at once, and no two have one digest", () => {
  const text = fc.string({ maxLength: 20 });
  const job = fc.record({
    argv: fc.tuple(text, text),
    cwd: fc.constant("/tmp"),
    mounts: fc.constant([]),
    env: fc.dictionary(fc.constantFrom("A", "do", "attempts", SELF_TEST_MARK), text),
    stdin: text,
    wallMs: fc.integer({ min: 1, max: 1000 }),
    outputBytes: fc.nat(),
    memoryBytes: fc.nat(),
    processes: fc.nat(),
    fileBytes: fc.nat(),
    egressSocket: fc.constant(null),
    runtime: fc.constantFrom("command", "files"),
  });
  const word = fc.constantFrom<JsonValue>(
    "try",
    "stage",
    "file-secret",
    ["file-secret"],
    "stage-1",
    "script",
    "m",
    true,
  );
  const loose = fc.dictionary(
    fc.constantFrom("do", "decoys", "stage", "attempts", "part", "mark", "argv", "job"),
    word,
  );
  fc.assert(
    fc.property(fc.oneof(job, loose), (value) => {
      const parsed = parseSelfTest(json(value));
      if (parsed === null) return;
      assert.throws(() => parseJob(json(value)));
      assert.notEqual(selfTestDigest(parsed), digestOf(json(value)));
    }),
    { numRuns: 500 },
  );
  fc.assert(fc.property(job, (value) => parseSelfTest(json(value)) === null));
  const test = fc.oneof(
    fc.record({ do: fc.constant("stage"), decoys: fc.boolean() }),
    fc.record({
      do: fc.constant("try"),
      stage: fc.constantFrom("stage-1", "stage-22"),
      attempts: fc.constantFrom(["file-secret"], ["file-secret", "rights-new"]),
      part: fc.constantFrom("script", "after"),
      mark: fc.stringMatching(/^[a-z0-9]{1,24}$/),
    }),
  );
  fc.assert(
    fc.property(test, (value) => {
      const parsed = parseSelfTest(json(value));
      assert.deepEqual(json(parsed ?? {}), json(value));
      assert.throws(() => parseJob(json(value)));
      // Signed as what it is, and not as the bare object, which somebody might have signed for another reason.
      assert.notEqual(selfTestDigest(parsed ?? STAGE), digestOf(json(value)));
    }),
    { numRuns: 100 },
  );
  assert.deepEqual(parseSelfTest(json(TRY)), TRY);
  assert.deepEqual(parseSelfTest(json(STAGE)), STAGE);
});
