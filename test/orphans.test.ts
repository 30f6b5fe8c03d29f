import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { endOrphans } from "../src/edges/broker/orphans.ts";
import { startBroker, tempRoot } from "./sandbox-kit.ts";

const BWRAP = ["/usr/bin/bwrap", "/usr/local/bin/bwrap"].find((path) => fs.existsSync(path));

type Waiting = { readonly child: ChildProcess; readonly folder: string; readonly remove: () => void };

/** One that waits before anything runs in it, in two processes: bubblewrap, and the one that it made. */
async function waiting(folder: string): Promise<Waiting> {
  fs.mkdirSync(join(folder, "etc-1"), { recursive: true });
  // Nobody writes to it, and its end never comes.
  const pipe = join(folder, "pipe");
  execFileSync("/usr/bin/mkfifo", [pipe]);
  const never = fs.openSync(pipe, fs.constants.O_RDWR);
  const args = ["--unshare-all", "--die-with-parent", "--ro-bind", join(folder, "etc-1"), "/etc"];
  const child = spawn(BWRAP ?? "", [...args, "--ro-bind", "/usr", "/usr", "--block-fd", "3", "--", "/usr/bin/true"], {
    stdio: ["ignore", "ignore", "ignore", never],
  });
  await until(() => processesOf(folder) === 2);
  return {
    child,
    folder,
    remove() {
      endOrphans(folder);
      fs.closeSync(never);
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

function processesOf(folder: string): number {
  return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name) && commandOf(name).includes(`${folder}/etc-1`))
    .length;
}

/** Empty where it has ended and waits to be asked for. */
function commandOf(pid: string): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !holds(); i++) await sleep(10);
  assert.ok(holds());
}

test("R-EXEC-4: a sandbox of which half is left is ended by the next broker of its folder, and nobody else's", {
  skip: BWRAP === undefined ? "bubblewrap is not installed" : false,
}, async () => {
  const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "vambrace-left-")));
  const [left, theirs] = [await waiting(folder), await waiting(`${folder}-other`)];
  const sleeper = join(folder, "sleep");
  fs.copyFileSync("/bin/sleep", sleeper);
  const alike = spawn(sleeper, ["600"], { stdio: "ignore" });
  try {
    left.child.kill("SIGKILL");
    await until(() => processesOf(folder) === 1);
    assert.equal(endOrphans(folder), 1);
    await until(() => processesOf(folder) === 0);
    assert.equal(processesOf(theirs.folder), 2);
    assert.equal(alike.exitCode ?? alike.signalCode, null);
    assert.equal(endOrphans(folder), 0);
  } finally {
    alike.kill("SIGKILL");
    for (const each of [left, theirs]) each.remove();
  }
});

test("R-EXEC-4: a broker ends what the one before it left half made, before it starts anything", {
  skip: BWRAP === undefined ? "bubblewrap is not installed" : false,
}, async () => {
  const root = tempRoot("left-broker");
  const { child, folder, remove } = await waiting(join(root, "state", "broker"));
  child.kill("SIGKILL");
  await until(() => processesOf(folder) === 1);
  const broker = await startBroker({ root });
  try {
    assert.equal(processesOf(folder), 0);
    assert.match((await broker.sh("echo works")).out, /works/);
  } finally {
    await broker.close();
    remove();
    fs.rmSync(root, { recursive: true, force: true });
  }
});
