import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Job } from "../../core/ports/executor.ts";
import { firstProcess } from "./first-process.ts";
import { openLauncher } from "./launch.ts";
import { openPipeRack, type Pipes } from "./pipes.ts";
import { Refused } from "./refusal.ts";
import { makeSandbox, type Sandbox } from "./sandbox.ts";
import { openSystemView } from "./system.ts";

const folder = fs.mkdtempSync(join(tmpdir(), "vambrace-box-"));
after(() => fs.rmSync(folder, { recursive: true }));
fs.writeFileSync(join(folder, "seccomp"), "");
const system = openSystemView(folder, []);
fs.mkdirSync(join(folder, "pipes"));

const launchers = { perl: openLauncher("/usr/bin/perl"), node: openLauncher("/nowhere/perl") };
after(() => launchers.perl.close());
const pipes = openPipeRack(join(folder, "pipes"), 2, launchers.perl);
const WAYS = ["perl", "node"] as const;

/** A sandbox whose bubblewrap is a few lines of shell. */
function fake(way: (typeof WAYS)[number], script: string): Sandbox {
  const bwrap = join(folder, `bwrap-${Math.random()}`);
  fs.writeFileSync(bwrap, `#!/bin/sh\n${script}\n`, { mode: 0o700 });
  const nothing = {
    mounts: [],
    gitFolders: [],
    readOnly: [],
    egress: null,
    scratch: null,
    node: null,
    limits: null,
    cpus: null,
  };
  const shape = { ...nothing, live: false, beginning: "true" };
  return makeSandbox(
    {
      bwrap,
      launcher: launchers[way],
      system,
      seccompFile: join(folder, "seccomp"),
      groups: null,
      hatches: folder,
      pipes,
      script: () => "",
    },
    shape,
  );
}

const JOB: Job = {
  argv: ["true"],
  cwd: "/tmp",
  mounts: [],
  env: {},
  stdin: "",
  wallMs: 1000,
  outputBytes: 1,
  memoryBytes: 1,
  processes: 1,
  fileBytes: 1,
  egressSocket: null,
  runtime: "command",
};

/** What bubblewrap's first process is until it asked the kernel to end it together with bubblewrap. */
const UNBOUND = `{ echo here >&4; read -r go <&6 && touch ${folder}/started; exec sleep 61; } 5>&- &
echo "{\\"child-pid\\": $!}" >&5; echo $! >${folder}/pid; exec 5>&-`;

function isThere(): boolean {
  const pid = fs.readFileSync(join(folder, "pid"), "utf8").trim();
  return fs.existsSync(`/proc/${pid}`) && !/ [ZX] /.test(fs.readFileSync(`/proc/${pid}/stat`, "latin1"));
}

for (const way of WAYS) {
  test(`R-EXEC-4: a sandbox whose first process would outlive bubblewrap is ended all the same (${way})`, async () => {
    fs.rmSync(join(folder, "pid"), { force: true });
    const sandbox = fake(way, `${UNBOUND}; exec sleep 61`);
    while (!fs.existsSync(join(folder, "pid")) || !isThere()) await sleep(1);
    assert.ok(isThere());
    await sandbox.gone();
    assert.ok(!isThere());
  });

  test(`R-EXEC-4: a program does not start before its sandbox is sure to end with bubblewrap (${way})`, async () => {
    const waiting = fake(way, `${UNBOUND}; exec sleep 61`);
    const never = waiting.feed(JOB);
    never.catch(() => undefined); // looked at below
    await sleep(300);
    await waiting.gone();
    await assert.rejects(never, Refused);
    // Here bubblewrap ends at once, by itself.
    const orphaned = fake(way, UNBOUND);
    await assert.rejects(orphaned.feed(JOB), Refused);
    await orphaned.gone();
    assert.ok(!isThere());
    assert.ok(!fs.existsSync(join(folder, "started")));
  });
}

test("R-EXEC-4: a first process that ended already holds nothing up", async () => {
  const child = spawn("sleep", ["61"]);
  const first = firstProcess(child.pid ?? 0);
  const ended = once(child, "exit");
  await first.end();
  assert.deepEqual(await ended, [null, "SIGKILL"]);
  await first.end();
  assert.equal(await first.bound({ own: process.pid, parent: process.ppid }), false);
});

function readAll(pipes: Pipes): { text(): string } {
  let text = "";
  pipes.stdout.flow((bytes) => (text += bytes.toString("latin1")));
  return { text: () => text };
}

const STDOUT = 1;
const fdOf = ({ given }: Pipes, number: number): number => given[number]?.fd ?? -1;

function closeGiven({ given }: Pipes): void {
  for (const fd of new Set(given.map((one) => one.fd))) fs.closeSync(fd);
}

test("R-EXEC-4: what is in a pipe when its sandbox is gone is not lost, read late or not at all until then", async () => {
  for (const pause of [true, false]) {
    const taken = pipes.take(false);
    const out = readAll(taken);
    const stdout = fdOf(taken, STDOUT);
    fs.writeSync(stdout, "one ");
    await sleep(20);
    if (pause) taken.stdout.pause();
    fs.writeSync(stdout, "x".repeat(60_000));
    closeGiven(taken);
    if (pause) await sleep(20);
    taken.fill("", "");
    taken.release();
    taken.release();
    assert.equal(out.text(), `one ${"x".repeat(60_000)}`);
  }
});

test("R-BOX-3: who keeps an end of a pipe reaches no later sandbox, and holds nothing up", () => {
  const first = pipes.take(true);
  const out = readAll(first);
  const files = ({ given }: Pipes): string[] => given.map(({ fd }) => String(fs.fstatSync(fd).ino));
  fs.writeSync(fdOf(first, STDOUT), "first");
  first.fill("", "");
  first.release();
  assert.equal(out.text(), "first");
  for (let i = 0; i < 5; i++) {
    const next = pipes.take(i % 2 === 0);
    assert.deepEqual(new Set(files(next)).intersection(new Set(files(first))), new Set());
    closeGiven(next);
    next.fill("", "");
    next.release();
  }
  closeGiven(first);
});
