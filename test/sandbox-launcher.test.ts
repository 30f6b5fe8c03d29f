import assert from "node:assert/strict";
import * as fs from "node:fs";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { alive, type Kit, missing, seconds, startBroker } from "./sandbox-kit.ts";

const PERL = "/usr/bin/perl";
const skip = missing() || (fs.existsSync(PERL) ? false : "no perl here");
const kits: Kit[] = [];
after(async () => {
  for (const kit of kits) await kit.close();
});

async function broker(): Promise<Kit> {
  const kit = await startBroker();
  kits.push(kit);
  return kit;
}

/** Processes whose parent is this one, with their command line. */
function childrenOf(pid: number): { readonly pid: number; readonly line: string }[] {
  return fs.readdirSync("/proc").flatMap((name) => {
    try {
      const isChild = new RegExp(`^PPid:\t${pid}$`, "m").test(fs.readFileSync(`/proc/${name}/status`, "latin1"));
      return isChild ? [{ pid: Number(name), line: fs.readFileSync(`/proc/${name}/cmdline`, "latin1") }] : [];
    } catch {
      return []; // no process, or it ended while we looked
    }
  });
}

function launcherOf(kit: Kit): number {
  const found = childrenOf(kit.child.pid ?? 0).filter(({ line }) => line.includes("launcher.pl"));
  assert.equal(found.length, 1);
  return found[0]?.pid ?? 0;
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !holds(); i++) await sleep(10);
  assert.ok(holds());
}

test("R-EXEC-4: where what starts sandboxes is killed, jobs end, nothing is left, and the next job runs", {
  skip,
}, async () => {
  const kit = await broker();
  for (let i = 0; i < 3; i++) {
    const mark = seconds(600);
    const running = kit.run({ argv: ["/bin/sleep", mark] });
    await until(() => alive(mark) > 0);
    process.kill(launcherOf(kit), "SIGKILL");
    assert.deepEqual((await running).end, { how: "signal", signal: "SIGKILL" });
    await until(() => alive(mark) === 0);
    assert.equal((await kit.sh("echo works")).out, "works\n");
  }
});

test("R-EXEC-4: a sandbox that waited for what started it is never given to a job", { skip }, async () => {
  const kit = await broker();
  for (let i = 0; i < 6; i++) {
    assert.equal((await kit.sh("echo works")).out, "works\n");
    await sleep(20 * i); // while a spare is made, and when it waits
    process.kill(launcherOf(kit), "SIGKILL");
    const { end } = (await kit.sh("echo works")).result;
    assert.ok(end.how === "refused" || end.how === "exit", JSON.stringify(end));
    if (end.how === "exit") assert.equal(end.status, 0);
  }
});

test("R-EXEC-4: sandboxes end with a broker that is killed, though another process started them", {
  skip,
}, async () => {
  const kit = await broker();
  const launcher = launcherOf(kit);
  const mark = seconds(600);
  const running = kit.run({ argv: ["/bin/sleep", mark] }).catch(() => undefined);
  await until(() => alive(mark) > 0);
  kit.child.kill("SIGKILL");
  await running;
  await until(() => alive(mark) === 0 && !fs.existsSync(`/proc/${launcher}/exe`));
});

test("R-IR-1: after a stop nothing that started sandboxes is left, and a later job runs", { skip }, async () => {
  const kit = await broker();
  const launcher = launcherOf(kit);
  await kit.run();
  await kit.executor.stopAll();
  await until(() => !fs.existsSync(`/proc/${launcher}/exe`));
  assert.equal((await kit.sh("echo works")).out, "works\n");
});
