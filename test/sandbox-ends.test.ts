/** What a sandbox may use, and how it ends, whatever makes it. @module */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../src/core/fault.ts";
import { newId } from "../src/core/ids.ts";
import { digestOf } from "../src/core/json.ts";
import { findCgroups } from "../src/edges/broker/cgroup.ts";
import { type Arm, closeArms, rule, ruleOfEither } from "./sandbox-arms.ts";
import { alive, aliveOnes, type Kit, random, seconds, tempRoot } from "./sandbox-kit.ts";

after(closeArms);

const MB = 1024 * 1024;
const exit = (status: number): object => ({ how: "exit", status });

ruleOfEither("R-EXEC-4: a program that takes too long is ended with all that it started", async (kit) => {
  const mark = seconds(6101);
  const { result } = await kit.sh(`sleep ${mark} & setsid sleep ${mark} & sleep ${mark}`, { wallMs: 300 });
  assert.deepEqual(result.end, { how: "timeout" });
  assert.equal(alive(mark), 0);
  assert.deepEqual((await kit.sh("sleep 0.1", { wallMs: 20_000 })).result.end, exit(0));
});

rule("R-EXEC-4: nothing that a program left in the background outlives it", async (kit) => {
  const mark = seconds(6102);
  const daemon = `(setsid nohup sleep ${mark} </dev/null >/dev/null 2>&1 &) ; exit 0`;
  assert.deepEqual((await kit.sh(daemon)).result.end, exit(0));
  assert.equal(alive(mark), 0);
});

ruleOfEither("R-EXEC-4: output is kept up to the cap, and the rest is counted", async (kit) => {
  const { result } = await kit.sh("head -c 5000000 /dev/zero; head -c 3000 /dev/zero >&2", { outputBytes: 1000 });
  assert.deepEqual([result.stdout.length, result.stdoutLost], [1000, 4_999_000]);
  assert.deepEqual([result.stderr.length, result.stderrLost], [1000, 2000]);
  const flood = await kit.sh("yes", { outputBytes: 5000, wallMs: 1500 });
  assert.equal(flood.result.end.how, "timeout");
  assert.equal(flood.result.stdout.length, 5000);
  const all = await kit.sh("head -c 3000000 /dev/zero", { outputBytes: 4 * MB });
  assert.deepEqual([all.result.stdout.length, all.result.stdoutLost], [3_000_000, 0]);
});

ruleOfEither("R-EXEC-4: a job that is too large is refused, and large input and output arrive whole", async (kit) => {
  const { end } = await kit.run({ stdin: '"'.repeat(5 * MB) });
  assert.equal(end.how === "refused" && end.code, "JOB_TOO_LARGE");
  const large = await kit.sh("wc -c", { stdin: "x".repeat(5 * MB) });
  assert.equal(large.out.trim(), String(5 * MB));
  const many = await Promise.all([1, 2, 3].map(() => kit.sh("head -c 9000000 /dev/zero", { outputBytes: 32 * MB })));
  assert.deepEqual(
    many.map(({ result }) => result.stdout.length),
    [9_000_000, 9_000_000, 9_000_000],
  );
});

ruleOfEither("R-EXEC-4: output arrives while the program runs", async (kit) => {
  const seen: number[] = [];
  const start = performance.now();
  const onOutput = (): void => void seen.push(performance.now() - start);
  const job = { argv: ["sh", "-c", "echo a; sleep 0.6; echo b"] } as const;
  const result = await kit.run(job, { onOutput });
  assert.equal(Buffer.from(result.stdout).toString(), "a\nb\n");
  assert.ok((seen.at(-1) ?? 0) - (seen[0] ?? 0) > 400, "not held back until the end");
});

ruleOfEither("R-BOX-3: a memory hog ends, and only its own sandbox", async (kit) => {
  const hog = "head -c 200000000 /dev/zero | tail -n 1 | wc -c";
  const neighbour = kit.sh("sleep 1; echo fine");
  const small = await kit.sh(`set -e; ${hog}`, { memoryBytes: 64 * MB });
  assert.notEqual(small.out.trim(), "200000000");
  assert.equal((await neighbour).out, "fine\n");
  assert.equal((await kit.sh(hog, { memoryBytes: 900 * MB })).out.trim(), "200000000");
});

rule("R-BOX-3: what is written to /tmp and /dev/shm has an end", async (kit, arm) => {
  const fill =
    "head -c 300000000 /dev/zero >/dev/shm/x; head -c 500000000 /dev/zero >/tmp/x; stat -c %s /dev/shm/x /tmp/x";
  const limits = { fileBytes: 1024 * MB, memoryBytes: 900 * MB };
  if (arm.scope === "call") {
    const { out } = await kit.sh(fill, limits);
    assert.deepEqual(out.split("\n"), [String(64 * MB), String(256 * MB), ""]);
    return;
  }
  const { result } = await kit.sh(`${fill}; sleep 20`, limits);
  assert.deepEqual(result.end, { how: "signal", signal: "SIGXFSZ" });
});

ruleOfEither("R-BOX-3: a fork bomb ends, and the machine goes on", async (kit) => {
  const bomb = await kit.run({ argv: ["sh", "-c", "b() { b | b & }; b; sleep 5"], processes: 30, wallMs: 1500 });
  assert.notDeepEqual(bomb.end, exit(0));
  assert.equal((await kit.sh("echo fine")).out, "fine\n");
});

ruleOfEither("R-BOX-3: a program starts no more processes than its job has", async (kit) => {
  const swarm = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 1 & done; exit 0";
  assert.notDeepEqual((await kit.sh(swarm, { processes: 6 })).result.end, exit(0));
  assert.deepEqual((await kit.sh(swarm, { processes: 40 })).result.end, exit(0));
});

ruleOfEither("R-BOX-3: processor time is limited where a job says so, or the job is refused", async (kit, arm) => {
  const mark = seconds(6109);
  const stop = new AbortController();
  const running = kit.run({ argv: ["sleep", mark], cpus: 0.5 }, { signal: stop.signal });
  const refusal = running.then(({ end }) => (end.how === "refused" ? end.code : end.how));
  if (arm.name === "container") assert.equal(await refusal, "JOB_MALFORMED");
  else if (!findCgroups()?.cpu) assert.equal(await refusal, "SANDBOX_LIMIT");
  else {
    while (alive(mark) === 0) await sleep(10);
    const given = share(mark);
    stop.abort();
    await running;
    assert.equal(given, 0.5);
    const free = seconds(6110);
    const other = kit.run({ argv: ["sleep", free] }, { signal: AbortSignal.timeout(3000) });
    while (alive(free) === 0) await sleep(10);
    const all = share(free);
    await other;
    assert.notEqual(all, 0.5, "the twin: a job that says nothing");
  }
});

/** What the kernel gives the sandbox of this process of processors, by its control group. */
function share(mark: string): number {
  const pid = fs.readdirSync("/proc").find((name) => /^\d+$/.test(name) && isRunning(name, mark)) ?? "";
  const groups = fs.readFileSync(`/proc/${pid}/cgroup`, "utf8");
  const [, path = "/"] = /^\d+:(?:\w+,)*cpu(?:,\w+)*:(.*)$/m.exec(groups) ?? /^0::(.*)$/m.exec(groups) ?? [];
  const [group] = ["cpu", "cpu,cpuacct", ""].map((name) => join("/sys/fs/cgroup", name, path)).filter(fs.existsSync);
  const read = (name: string): string => {
    const file = join(group ?? "", name);
    return fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim() : "";
  };
  const [quota = "", period = ""] = read("cpu.max").split(" ");
  return Number(read("cpu.cfs_quota_us") || quota) / Number(read("cpu.cfs_period_us") || period);
}

function isRunning(pid: string, mark: string): boolean {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0")[1] === mark;
  } catch {
    return false;
  }
}

const FILLS = "R-BOX-3: a command that fills the disk is ended, and none is started where it is full";
const mounts = (folder: string): boolean =>
  spawnSync("mount", ["-t", "tmpfs", "-o", "size=64m,mode=1777", "none", folder]).status === 0;
const unmount = (folder: string): void => void spawnSync("umount", ["-l", folder]);

async function fillDisk(_kit: Kit, arm: Arm): Promise<void> {
  const root = arm.root("disk");
  fs.mkdirSync(join(root, "workspace"));
  assert.ok(mounts(join(root, "workspace")));
  try {
    const other = await arm.start({ root });
    try {
      await fillIn(other);
    } finally {
      await other.close();
    }
  } finally {
    unmount(join(root, "workspace"));
    fs.rmSync(root, { recursive: true });
  }
}

async function fillIn(other: Kit): Promise<void> {
  const fits = await other.sh("head -c 20000000 /dev/zero >fits; sleep 1; echo done");
  assert.deepEqual([fits.out, fits.result.end], ["done\n", exit(0)], fits.err);
  const fills = await other.sh("head -c 44000000 /dev/zero >fills; sleep 20");
  assert.deepEqual(fills.result.end, { how: "signal", signal: "SIGXFSZ" });
  assert.match(fills.err, /nearly full/);
  const { end } = await other.run();
  assert.equal(end.how === "refused" && end.code, "SANDBOX_LIMIT");
  fs.rmSync(join(other.workspace, "fills"));
  assert.deepEqual((await other.run()).end, exit(0));
}

if (canMount()) rule(FILLS, fillDisk);
else test(FILLS, { skip: "this user may mount nothing" });

function canMount(): boolean {
  const folder = tempRoot("mount");
  const can = mounts(folder);
  if (can) unmount(folder);
  fs.rmSync(folder, { recursive: true });
  return can;
}

ruleOfEither("R-BOX-3: a file grows no larger than the job says", async (kit) => {
  await kit.sh("head -c 3000000 /dev/zero >large", { fileBytes: MB });
  assert.ok(fs.statSync(join(kit.workspace, "large")).size <= MB);
  await kit.sh("head -c 3000000 /dev/zero >large", { fileBytes: 4 * MB });
  assert.equal(fs.statSync(join(kit.workspace, "large")).size, 3_000_000);
});

ruleOfEither("R-EXEC-4: a job can be cancelled, before it started and while it runs", async (kit) => {
  const mark = seconds(6103);
  const stop = new AbortController();
  const running = kit.run({ argv: ["sleep", mark] }, { signal: stop.signal });
  while (alive(mark) === 0) await sleep(10);
  stop.abort();
  assert.deepEqual((await running).end, { how: "stopped" });
  assert.equal(alive(mark), 0);
  const early = await kit.run({ argv: ["touch", "early"] }, { signal: AbortSignal.abort() });
  assert.deepEqual(early.end, { how: "stopped" });
});

ruleOfEither("R-EXEC-4: stop-all ends every job at once", async (kit) => {
  const mark = seconds(6104);
  const jobs = [1, 2, 3].map(() => kit.run({ argv: ["sleep", mark] }));
  while (alive(mark) < 3) await sleep(10);
  await kit.executor.stopAll();
  assert.equal(alive(mark), 0);
  for (const { end } of await Promise.all(jobs)) assert.deepEqual(end, { how: "stopped" });
  assert.equal((await kit.sh("echo again")).out, "again\n");
});

/** What a session keeps changes little of how a sandbox begins and ends; so less often. */
const SPARSER = { call: 1, session: 2 } as const;

rule("R-EXEC-4: stop-all ends every job at whatever stage it is", async (kit, arm) => {
  const mark = seconds(6108);
  const [every, last] = arm.name === "bubblewrap" ? [4, 60] : [40, 200];
  const step = every * SPARSER[arm.scope];
  for (let waitMs = 0; waitMs < last; waitMs += step) {
    const jobs = [1, 2, 3].map(() => kit.run({ argv: ["sleep", mark] }));
    await sleep(waitMs);
    await kit.executor.stopAll();
    assert.equal(alive(mark), 0, `stopped after ${waitMs} ms`);
    for (const { end } of await Promise.all(jobs)) assert.deepEqual(end, { how: "stopped" });
    assert.equal(alive(`${kit.config.folder}/etc-`), 0, "nor is a sandbox left that was only half made");
  }
});

ruleOfEither("R-BOX-3: no terminal: nothing can be typed into the person's", async (kit) => {
  // Session 0 is one from outside the sandbox: the terminal's.
  assert.notEqual((await kit.sh("cut -d' ' -f6 /proc/self/stat")).out, "0\n");
  assert.notDeepEqual((await kit.sh(": >/dev/tty")).result.end, exit(0));
});

ruleOfEither(
  "R-EXEC-4: kill -9 of the broker kills what it started, and the caller learns that it knows nothing",
  async (_kit, arm) => {
    const mark = seconds(6105);
    const other = await arm.start();
    await other.run();
    const running = other.run({ argv: ["sh", "-c", `setsid sleep ${mark} & sleep ${mark}`] });
    while (alive(mark) === 0) await sleep(10);
    other.child.kill("SIGKILL");
    await assert.rejects(running, (error) => error instanceof Fault && error.code === "BROKER_UNAVAILABLE");
    for (let i = 0; i < 500 && alive(mark) > 0; i++) await sleep(10);
    assert.equal(alive(mark), 0);
    await assert.rejects(other.run(), (error) => error instanceof Fault && error.code === "BROKER_GONE");
    await other.executor.stopAll();
    await other.close();
  },
);

rule(
  "R-EXEC-4: a broker killed while it makes sandboxes leaves none that runs, and the next one clears up",
  async (_kit, arm) => {
    const mark = seconds(6107);
    const root = arm.root("killed");
    const [most, every] = arm.name === "bubblewrap" ? [12, 1] : [4, 80];
    const [rounds, step] = [most / SPARSER[arm.scope], every * SPARSER[arm.scope]];
    for (let round = 0; round < rounds; round++) {
      const other = await arm.start({ root });
      const jobs = [1, 2, 3].map((n) => other.run({ argv: ["sleep", mark], wallMs: 20_000 + n }));
      for (const job of jobs) job.catch(() => undefined);
      await sleep(round * step);
      other.child.kill("SIGKILL");
      await Promise.allSettled(jobs);
      for (let i = 0; i < 500 && alive(mark) > 0; i++) await sleep(10);
      assert.equal(alive(mark), 0, `killed after ${round * step} ms`);
    }
    const ours = `${root}/state/broker/etc-`;
    const left = aliveOnes(ours);
    const last = await arm.start({ root });
    await last.run();
    // A sandbox that waits for the next job is of this broker, and none of those.
    const now = aliveOnes(ours);
    assert.deepEqual(
      left.filter((pid) => now.includes(pid)),
      [],
    );
    await last.close();
    fs.rmSync(root, { recursive: true });
  },
);

ruleOfEither(
  "R-EXEC-4: when the gateway's end closes, the broker ends and takes everything with it",
  async (_kit, arm) => {
    const mark = seconds(6106);
    const other = await arm.start();
    const running = other.run({ argv: ["sleep", mark] });
    running.catch(() => undefined);
    while (alive(mark) === 0) await sleep(10);
    await other.close();
    await assert.rejects(running);
    for (let i = 0; i < 500 && alive(mark) > 0; i++) await sleep(10);
    assert.equal(alive(mark), 0);
  },
);

ruleOfEither("R-TOOL-2: a token stays spent when the broker is started again", async (_kit, arm) => {
  const root = arm.root("again");
  const first = await arm.start({ root });
  const job = first.job({ argv: ["sh", "-c", "echo x >>count"] });
  const token = first.signer.sign(newId("pmt", random), digestOf(job));
  const never = { signal: new AbortController().signal };
  assert.equal((await first.executor.run(job, token, never)).end.how, "exit");
  first.child.kill("SIGKILL");
  const second = await arm.start({ root, config: { publicKey: first.config.publicKey } });
  const { end } = await second.executor.run(job, token, never);
  assert.equal(end.how === "refused" && end.code, "TOKEN_REFUSED");
  assert.equal(fs.readFileSync(join(second.workspace, "count"), "utf8"), "x\n");
  await second.close();
  fs.rmSync(root, { recursive: true });
});
