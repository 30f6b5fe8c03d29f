import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { watchLeftovers } from "./leftovers.ts";

test("what a test left running is found by its command, and what has ended is not", async () => {
  const leftovers = watchLeftovers();
  const child = spawn("/bin/sleep", ["611.5"], { stdio: "ignore" });
  try {
    await once(child, "spawn");
    assert.deepEqual(
      leftovers.find().map((one) => [one.pid, one.command]),
      [[child.pid, "/bin/sleep 611.5"]],
    );
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  assert.deepEqual(await leftovers.settled(), []);
});
