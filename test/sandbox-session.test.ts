/** Sandboxes per session: what lasts from one call to the next, and all that must not. @module */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { newId } from "../src/core/ids.ts";
import { digestOf } from "../src/core/json.ts";
import type { Job } from "../src/core/ports/executor.ts";
import { type Arm, type ArmOptions, closeArms, rule as ruleOfAll } from "./sandbox-arms.ts";
import { alive, type Kit, ownScratch, random, seconds } from "./sandbox-kit.ts";

after(closeArms);

const MB = 1024 * 1024;
const exit = (status: number): object => ({ how: "exit", status });
const scratches = (kit: Kit): string[] =>
  fs.readdirSync(kit.config.folder).filter((name) => name.startsWith("scratch-"));

/** The commands of one session. */
const inSession =
  (kit: Kit, change: Partial<Job> = {}, scratch = ownScratch()) =>
  (script: string, more: Partial<Job> = {}) =>
    kit.sh(script, { scratch, ...change, ...more });

function rule(title: string, run: (kit: Kit, arm: Arm) => Promise<void>): void {
  ruleOfAll(title, run, "session");
}

ruleOfAll(
  "R-BOX-1: per call, the next one finds nothing of what the last one left in /tmp",
  async (kit) => {
    await kit.sh("mkdir /tmp/a && echo kept >/tmp/a/b");
    assert.equal((await kit.sh("cat /tmp/a/b")).out, "");
  },
  "call",
);

rule("R-BOX-1: per session, the next call finds what the last one left in /tmp", async (kit) => {
  const sh = inSession(kit);
  await sh("mkdir /tmp/a && echo kept >/tmp/a/b");
  assert.equal((await sh("cat /tmp/a/b")).out, "kept\n");
});

rule("R-BOX-1: nothing crosses sessions", async (kit) => {
  const [mine, other] = [inSession(kit), inSession(kit)];
  await mine("echo mine >/tmp/mine");
  assert.equal((await other("ls -A /tmp; cat /tmp/mine")).out, "");
  await other("echo other >/tmp/mine");
  assert.equal((await mine("cat /tmp/mine")).out, "mine\n");
});

rule("R-EXEC-4: per session too, what a call started ends with the call", async (kit) => {
  const sh = inSession(kit);
  const mark = seconds(6201);
  await sh(`(setsid nohup sleep ${mark} </dev/null >/dev/null 2>&1 &); mkfifo /tmp/pipe; exit 0`);
  assert.equal(alive(mark), 0);
  assert.ok(!(await sh("cat /proc/[0-9]*/cmdline")).out.includes(mark));
});

rule("R-BOX-1: per session, HOME's own files do not last, and memory that is shared does not", async (kit) => {
  const sh = inSession(kit, { env: { PATH: "/usr/bin:/bin", HOME: "/dev/shm" } });
  await sh("echo evil >$HOME/.gitconfig");
  assert.equal((await sh("ls -A $HOME")).out, "");
});

rule("R-TOOL-2: a job for another session's folder needs a token of its own", async (kit) => {
  const job = kit.job({ argv: ["touch", "/tmp/x"] });
  const token = kit.signer.sign(newId("pmt", random), digestOf(job));
  const never = { signal: new AbortController().signal };
  const { end } = await kit.executor.run({ ...job, scratch: ownScratch() }, token, never);
  assert.equal(end.how === "refused" && end.code, "TOKEN_REFUSED");
  assert.deepEqual((await kit.executor.run(job, token, never)).end, exit(0));
});

rule("R-BOX-1: what a session keeps never meets a way out", async (kit) => {
  const { end } = await kit.run({ egressSocket: join(kit.state, "any.sock"), scratch: ownScratch() });
  assert.equal(end.how === "refused" && end.code, "JOB_MALFORMED");
  for (const scratch of [{ session: "../x", idleMs: 1 }, { session: ownScratch().session, idleMs: 0 }, "x"])
    assert.equal((await kit.run({ scratch: scratch as never })).end.how, "refused");
});

rule("R-BOX-1: calls of one session run one after the other, those of two beside each other", async (kit) => {
  const sh = inSession(kit);
  const one = "test ! -e /tmp/in || echo met; touch /tmp/in; sleep 0.3; rm /tmp/in";
  const both = await Promise.all([sh(one), sh(one), sh(one)]);
  assert.deepEqual(
    both.map(({ out }) => out),
    ["", "", ""],
  );
  const mark = seconds(6202);
  const stop = new AbortController();
  const two = [1, 2].map(() => kit.run({ argv: ["sleep", mark] }, { signal: stop.signal }));
  while (alive(mark) < 2) await sleep(10);
  stop.abort();
  await Promise.all(two);
});

rule("R-BOX-3: a session's folder that holds too much is thrown away, and the call says so", async (kit) => {
  const sh = inSession(kit);
  const many = await sh(
    "echo before >/tmp/kept; mkdir /tmp/many && cd /tmp/many && i=0; while [ $i -lt 20001 ]; do : >$i; i=$((i+1)); done",
  );
  assert.match(many.err, /vambrace: the session's \/tmp holds more than it may/);
  assert.equal((await sh("ls -A /tmp")).out, "");
  const large = await sh("head -c 300000000 /dev/zero >/tmp/large; sleep 20", { fileBytes: 512 * MB });
  assert.deepEqual(large.result.end, { how: "signal", signal: "SIGXFSZ" });
  const fits = await sh("head -c 3000000 /dev/zero >/tmp/fits");
  assert.equal(fits.err, "");
  assert.equal((await sh("wc -c </tmp/fits")).out.trim(), "3000000");
});

rule(
  "R-FS-2: links that a call leaves in the session's folder lead the next one nowhere, nor the broker",
  async (kit) => {
    const sh = inSession(kit);
    const outside = join(kit.state, "secret");
    await sh(
      `ln -s ${outside} /tmp/secret; ln -s / /tmp/root; ln -s ${kit.state} /tmp/state; mkdir -p /tmp/closed/in; chmod 0 /tmp/closed`,
    );
    assert.equal((await sh("cat /tmp/secret /tmp/root/../state/secret /tmp/state/secret")).out, "");
    await kit.executor.stopAll();
    assert.equal(fs.readFileSync(outside, "utf8"), "canary\n");
    assert.deepEqual(scratches(kit), []);
  },
);

/** A broker of its own, which ends also where the rule does not hold. */
async function withBroker<T>(arm: Arm, options: ArmOptions, use: (kit: Kit) => Promise<T>): Promise<T> {
  const kit = await arm.start(options);
  try {
    return await use(kit);
  } finally {
    await kit.close();
  }
}

rule("R-BOX-4: a workspace in /tmp is refused where /tmp is the session's", async (_kit, arm) => {
  await withBroker(arm, { within: "/tmp" }, async (other) => {
    const { end } = await other.run();
    assert.ok(end.how === "refused" && end.code === "SANDBOX_MOUNT");
    assert.match(end.message, /belongs to the session/);
  });
});

rule("R-IR-1: stop, an idle time and the broker's end remove what was kept", async (_kit, arm) => {
  const root = arm.root("session");
  try {
    await withBroker(arm, { root }, async (other) => {
      const sh = inSession(other);
      await sh("mkdir -p /tmp/a/b; echo x >/tmp/a/b/c");
      assert.equal(scratches(other).length, 1);
      await other.executor.stopAll();
      assert.deepEqual(scratches(other), []);
      assert.equal((await sh("ls -A /tmp")).out, "");
      const short = { ...ownScratch(), idleMs: 200 };
      await sh("echo x >/tmp/x", { scratch: short });
      for (let i = 0; i < 500 && scratches(other).length > 1; i++) await sleep(20);
      assert.equal(scratches(other).length, 1);
      assert.equal((await sh("ls -A /tmp", { scratch: short })).out, "");
      other.child.kill("SIGKILL");
    });
    const left = fs.readdirSync(join(root, "state/broker")).filter((name) => name.startsWith("scratch-"));
    assert.notDeepEqual(left, [], "it was killed, and could remove nothing");
    await withBroker(arm, { root }, async (next) => {
      assert.equal((await inSession(next)("ls -A /tmp")).out, "");
      await next.executor.stopAll();
      assert.deepEqual(scratches(next), []);
    });
  } finally {
    fs.rmSync(root, { recursive: true });
  }
});
