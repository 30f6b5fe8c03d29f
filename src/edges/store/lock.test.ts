import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { folder } from "./fixture.ts";
import { holdLock } from "./lock.ts";

const TIMES = 40;
const LOCK = JSON.stringify(join(import.meta.dirname, "lock.ts"));

/** Takes and gives back the lock again and again, and says how often it was told `busy`. */
const TURNS = `
  import { holdLock } from ${LOCK};
  let busy = 0;
  for (let turn = 0; turn < ${TIMES}; turn++) {
    const lock = holdLock(process.argv[1], 10_000);
    if (lock === "busy") busy++;
    else lock.release();
  }
  console.log(busy);`;

const ONCE = `
  import { holdLock } from ${LOCK};
  const lock = holdLock(process.argv[1], 0);
  console.log(lock === "busy" ? lock : lock.marked("seen"));`;

async function otherProcess(script: string, path: string): Promise<string> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return (await text(child.stdout)).trim();
}

test("R-KEY-1 R-OPS-1: who waits for the lock gets it when its holder lets go, however many wait", async (t) => {
  const path = join(folder(t), "lock");
  const busy = await Promise.all(Array.from({ length: 4 }, () => otherProcess(TURNS, path)));
  assert.deepEqual(busy, ["0", "0", "0", "0"]);
});

test("R-OPS-1: the lock has one holder, also after it left a mark, until it lets go; the mark stays", async (t) => {
  const path = join(folder(t), "lock");
  const lock = holdLock(path, 0);
  assert.ok(lock !== "busy");
  assert.equal(await otherProcess(ONCE, path), "busy");
  assert.equal(lock.marked("seen"), false);
  lock.mark("seen");
  assert.equal(await otherProcess(ONCE, path), "busy");
  lock.release();
  assert.equal(await otherProcess(ONCE, path), "true");
});
