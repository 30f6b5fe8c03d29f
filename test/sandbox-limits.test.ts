/** What a sandbox may use, and how it ends. @module */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../src/core/fault.ts";
import { newId } from "../src/core/ids.ts";
import { digestOf } from "../src/core/json.ts";
import { verdictOf } from "../src/core/proof.ts";
import { type Kit, missing, random, startBroker } from "./sandbox-kit.ts";

const skip = missing();
const MB = 1024 * 1024;
let kit: Kit;
before(async () => {
  if (skip === false) kit = await startBroker();
});
after(() => kit?.close());

/** An argument of `sleep` that nobody else on this machine uses: what another run left is not this one's. */
const seconds = (whole: number): string => `${whole}.${process.pid}${Math.floor(Math.random() * 1e6)}`;

/** Processes on this machine whose command line holds the mark. */
function alive(mark: string): number {
  const found = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name) && commandOf(name).includes(mark));
  return found.length;
}

function commandOf(pid: string): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
    return / [ZX] /.test(stat) ? "" : fs.readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

test("R-EXEC-4: a program that takes too long is ended with all that it started", { skip }, async () => {
  const mark = seconds(6101);
  const { result } = await kit.sh(`sleep ${mark} & setsid sleep ${mark} & sleep ${mark}`, { wallMs: 300 });
  assert.deepEqual(result.end, { how: "timeout" });
  assert.ok(result.wallMs < 5000);
  assert.equal(alive(mark), 0);
  assert.deepEqual((await kit.sh("sleep 0.1", { wallMs: 5000 })).result.end, { how: "exit", status: 0 });
});

test("R-EXEC-4: nothing that a program left in the background outlives it", { skip }, async () => {
  const mark = seconds(6102);
  const daemon = `(setsid nohup sleep ${mark} </dev/null >/dev/null 2>&1 &) ; exit 0`;
  assert.deepEqual((await kit.sh(daemon)).result.end, { how: "exit", status: 0 });
  assert.equal(alive(mark), 0);
});

test("R-EXEC-4: output is kept up to the cap, and the rest is counted", { skip }, async () => {
  const { result } = await kit.sh("head -c 5000000 /dev/zero; head -c 3000 /dev/zero >&2", { outputBytes: 1000 });
  assert.deepEqual([result.stdout.length, result.stdoutLost], [1000, 4_999_000]);
  assert.deepEqual([result.stderr.length, result.stderrLost], [1000, 2000]);
  const flood = await kit.sh("yes", { outputBytes: 5000, wallMs: 1500 });
  assert.equal(flood.result.end.how, "timeout");
  assert.equal(flood.result.stdout.length, 5000);
  const all = await kit.sh("head -c 3000000 /dev/zero", { outputBytes: 4 * MB });
  assert.deepEqual([all.result.stdout.length, all.result.stdoutLost], [3_000_000, 0]);
});

test("R-EXEC-4: a job that is too large is refused, and large output of several jobs arrives whole", {
  skip,
}, async () => {
  const { end } = await kit.run({ stdin: '"'.repeat(5 * MB) });
  assert.equal(end.how === "refused" && end.code, "JOB_TOO_LARGE");
  const large = await kit.sh("wc -c", { stdin: "x".repeat(5 * MB) });
  assert.equal(large.out, `${5 * MB}\n`);
  const many = await Promise.all([1, 2, 3].map(() => kit.sh("head -c 20000000 /dev/zero", { outputBytes: 32 * MB })));
  assert.deepEqual(
    many.map(({ result }) => result.stdout.length),
    [20_000_000, 20_000_000, 20_000_000],
  );
});

test("R-EXEC-4: output that the gateway takes late arrives whole", { skip }, async () => {
  // A gateway that is busy when a program ends: what it printed last is still in the pipe, whatever its size.
  for (let bytes = 50_000; bytes <= 950_000; bytes += 60_000) {
    let busy = false;
    const onOutput = (): void => {
      const until = busy ? 0 : performance.now() + 60;
      busy = true;
      while (performance.now() < until);
    };
    const job = { argv: ["head", "-c", String(bytes), "/dev/zero"] } as const;
    const { stdout, stdoutLost } = await kit.run(job, { onOutput });
    assert.deepEqual([stdout.length, stdoutLost], [bytes, 0]);
  }
});

test("R-EXEC-4: output arrives while the program runs", { skip }, async () => {
  const seen: number[] = [];
  const start = performance.now();
  const onOutput = (): void => void seen.push(performance.now() - start);
  const job = { argv: ["sh", "-c", "echo a; sleep 0.6; echo b"] } as const;
  const result = await kit.run(job, { onOutput });
  assert.equal(Buffer.from(result.stdout).toString(), "a\nb\n");
  assert.ok((seen.at(-1) ?? 0) - (seen[0] ?? 0) > 400, "not held back until the end");
});

test("R-BOX-3: a memory hog ends, and only its own sandbox", { skip }, async () => {
  const hog = "import sys; x=bytearray(300*1024*1024); sys.stdout.write('ate')";
  const neighbour = kit.sh("sleep 1; echo fine");
  const small = await kit.sh(`python3 -c "${hog}"`, { memoryBytes: 100 * MB });
  assert.equal(small.out, "");
  assert.notDeepEqual(small.result.end, { how: "exit", status: 0 });
  assert.equal((await neighbour).out, "fine\n");
  assert.equal((await kit.sh(`python3 -c "${hog}"`, { memoryBytes: 500 * MB })).out, "ate");
  const shm = await kit.sh("head -c 300000000 /dev/zero >/dev/shm/x; head -c 500000000 /dev/zero >/tmp/x", {
    fileBytes: 1024 * MB,
  });
  assert.match(shm.err, /No space left/);
});

test("R-BOX-3: node runs within an ordinary memory limit", { skip }, async () => {
  const node = await kit.sh("node -e 'let a=[];for(let i=0;i<1e6;i++)a.push(i);console.log(a.length)'", {
    memoryBytes: 256 * MB,
  });
  assert.equal(node.out, "1000000\n", node.err);
});

test("R-BOX-3: a fork bomb ends, and the machine goes on", { skip }, async () => {
  const bomb = await kit.run({ argv: ["bash", "-c", "b() { b | b & }; b; sleep 5"], processes: 30, wallMs: 1500 });
  assert.notDeepEqual(bomb.end, { how: "exit", status: 0 });
  assert.equal((await kit.sh("echo fine")).out, "fine\n");
});

test("R-BOX-3: a file grows no larger than the job says", { skip }, async () => {
  await kit.sh("head -c 3000000 /dev/zero >large", { fileBytes: MB });
  assert.ok(fs.statSync(join(kit.workspace, "large")).size <= MB);
  await kit.sh("head -c 3000000 /dev/zero >large", { fileBytes: 4 * MB });
  assert.equal(fs.statSync(join(kit.workspace, "large")).size, 3_000_000);
});

test("R-EXEC-4: a job can be cancelled, before it started and while it runs", { skip }, async () => {
  const mark = seconds(6103);
  const stop = new AbortController();
  const running = kit.run({ argv: ["sleep", mark] }, { signal: stop.signal });
  await sleep(200);
  stop.abort();
  assert.deepEqual((await running).end, { how: "stopped" });
  assert.equal(alive(mark), 0);
  assert.deepEqual((await kit.run({ argv: ["touch", "early"] }, { signal: AbortSignal.abort() })).end, {
    how: "stopped",
  });
});

test("R-EXEC-4: stop-all ends every job at once", { skip }, async () => {
  const mark = seconds(6104);
  const jobs = [1, 2, 3].map(() => kit.run({ argv: ["sleep", mark] }));
  while (alive(mark) < 3) await sleep(10);
  await kit.executor.stopAll();
  assert.equal(alive(mark), 0);
  for (const { end } of await Promise.all(jobs)) assert.deepEqual(end, { how: "stopped" });
  assert.equal((await kit.sh("echo again")).out, "again\n");
});

test("R-EXEC-4: stop-all ends every job at whatever stage it is", { skip }, async () => {
  const mark = seconds(6108);
  for (let waitMs = 0; waitMs < 60; waitMs += 4) {
    const jobs = [1, 2, 3].map(() => kit.run({ argv: ["sleep", mark] }));
    await sleep(waitMs);
    await kit.executor.stopAll();
    assert.equal(alive(mark), 0, `stopped after ${waitMs} ms`);
    for (const { end } of await Promise.all(jobs)) assert.deepEqual(end, { how: "stopped" });
    assert.equal(alive(`${kit.config.folder}/etc-`), 0, "nor is a sandbox left that was only half made");
  }
});

test("R-BOX-3: no terminal: nothing can be typed into the person's", { skip }, async () => {
  // Session 0 is one from outside the sandbox: the terminal's.
  assert.notEqual((await kit.sh("cut -d' ' -f6 /proc/self/stat")).out, "0\n");
  assert.notDeepEqual((await kit.sh(": >/dev/tty")).result.end, { how: "exit", status: 0 });
  const push = "import fcntl; fcntl.ioctl(0, 0x5412, b'x')";
  assert.match((await kit.sh(`python3 -c "${push}"`)).err, /PermissionError|Operation not permitted/);
});

test("R-EXEC-4: kill -9 of the broker kills what it started, and the caller learns that it knows nothing", {
  skip,
}, async () => {
  const mark = seconds(6105);
  const other = await startBroker();
  await other.run();
  const running = other.run({ argv: ["sh", "-c", `setsid sleep ${mark} & sleep ${mark}`] });
  while (alive(mark) === 0) await sleep(10);
  other.child.kill("SIGKILL");
  await assert.rejects(running, (error) => error instanceof Fault && error.code === "BROKER_UNAVAILABLE");
  for (let i = 0; i < 100 && alive(mark) > 0; i++) await sleep(10);
  assert.equal(alive(mark), 0);
  await assert.rejects(other.run(), (error) => error instanceof Fault && error.code === "BROKER_GONE");
  await other.executor.stopAll();
  await other.close();
});

test("R-EXEC-4: a broker killed while it makes sandboxes leaves none that runs, and the next one clears up", {
  skip,
}, async () => {
  const mark = seconds(6107);
  const root = fs.realpathSync(fs.mkdtempSync(join(kit.state, "..", "..", "vambrace-killed-")));
  for (let round = 0; round < 12; round++) {
    const other = await startBroker({ root });
    const jobs = [1, 2, 3].map((n) => other.run({ argv: ["sleep", mark], wallMs: 20_000 + n }));
    for (const job of jobs) job.catch(() => undefined);
    await sleep(round);
    other.child.kill("SIGKILL");
    await Promise.allSettled(jobs);
    for (let i = 0; i < 200 && alive(mark) > 0; i++) await sleep(10);
    assert.equal(alive(mark), 0, `killed after ${round} ms`);
  }
  const last = await startBroker({ root });
  await sleep(50);
  assert.equal(alive(`${root}/state/broker/etc-`), 0);
  await last.close();
  fs.rmSync(root, { recursive: true });
});

test("R-EXEC-4: when the gateway's end closes, the broker ends and takes everything with it", { skip }, async () => {
  const mark = seconds(6106);
  const other = await startBroker();
  const running = other.run({ argv: ["sleep", mark] });
  running.catch(() => undefined);
  while (alive(mark) === 0) await sleep(10);
  await other.close();
  await assert.rejects(running);
  for (let i = 0; i < 100 && alive(mark) > 0; i++) await sleep(10);
  assert.equal(alive(mark), 0);
});

test("R-TOOL-2: a token stays spent when the broker is started again", { skip }, async () => {
  const root = fs.realpathSync(fs.mkdtempSync(join(kit.state, "..", "..", "vambrace-again-")));
  const first = await startBroker({ root });
  const job = first.job({ argv: ["sh", "-c", "echo x >>count"] });
  const token = first.signer.sign(newId("pmt", random), digestOf(job));
  const never = { signal: new AbortController().signal };
  assert.equal((await first.executor.run(job, token, never)).end.how, "exit");
  first.child.kill("SIGKILL");
  const second = await startBroker({ root, config: { publicKey: first.config.publicKey } });
  const { end } = await second.executor.run(job, token, never);
  assert.equal(end.how === "refused" && end.code, "TOKEN_REFUSED");
  assert.equal(fs.readFileSync(join(second.workspace, "count"), "utf8"), "x\n");
  await second.close();
  fs.rmSync(root, { recursive: true });
});

test("R-BOX-4: bubblewrap missing or broken refuses, says why and how to mend it; nothing runs without it", {
  skip,
}, async () => {
  const none = await startBroker({ config: { bwrapPaths: ["/nowhere/bwrap"] } });
  const { end } = await none.run({ argv: ["touch", "ran"] });
  assert.ok(end.how === "refused" && end.code === "SANDBOX_MISSING");
  assert.match(end.hint, /apt-get install bubblewrap/);
  assert.ok(!fs.existsSync(join(none.workspace, "ran")));
  await none.close();
  for (const program of ["/bin/false", "/bin/true", "/bin/cat"]) {
    const broken = await startBroker({ config: { bwrapPaths: [program] } });
    const result = await broken.run({ argv: ["touch", "ran"] });
    assert.equal(result.end.how === "refused" && result.end.code, "SANDBOX_BROKEN", program);
    assert.ok(!fs.existsSync(join(broken.workspace, "ran")));
    await broken.close();
  }
});

test("R-BOX-4: a broker whose list of spent tokens is damaged does not work", { skip }, async () => {
  const root = fs.realpathSync(fs.mkdtempSync(join(kit.state, "..", "..", "vambrace-damaged-")));
  fs.mkdirSync(join(root, "state/broker"), { recursive: true });
  fs.writeFileSync(join(root, "state/broker/spent"), "nonsense\n");
  await assert.rejects(startBroker({ root }), (error) => error instanceof Fault && error.code === "BROKER_UNAVAILABLE");
  fs.rmSync(root, { recursive: true });
});

test("R-BOX-3: an ordinary user gets the same sandbox", {
  skip: skip || (process.getuid?.() !== 0 ? "needs root to become another user" : false),
}, async () => {
  const root = execFileSync("mktemp", ["-d"], { encoding: "utf8" }).trim();
  fs.chownSync(root, 65_534, 65_534);
  const other = await startBroker({ root, uid: 65_534 });
  const limits = await other.executor.ready();
  assert.deepEqual(limits, { memory: "rlimit", processes: "rlimit", fileBytes: "rlimit" });
  assert.equal((await other.sh("echo hi >x && cat x")).out, "hi\n");
  const proof = await other.executor.prove("short");
  assert.equal(verdictOf(proof).says, `held against ${proof.attempts.length} attempts`);
  const bomb = await other.run({ argv: ["bash", "-c", "b() { b | b & }; b; sleep 5"], processes: 30, wallMs: 1500 });
  assert.notDeepEqual(bomb.end, { how: "exit", status: 0 });
  const node = await other.sh("node -e 'console.log(1)'; python3 -c 'print(2)'", { memoryBytes: 512 * MB });
  assert.equal(node.out, "1\n2\n", node.err);
  await other.close();
  fs.rmSync(root, { recursive: true });
});
