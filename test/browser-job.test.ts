import assert from "node:assert/strict";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { BROWSER_ARGV } from "../src/core/broker-wire.ts";
import { newId } from "../src/core/ids.ts";
import { digestOf } from "../src/core/json.ts";
import type { Job } from "../src/core/ports/executor.ts";
import { missing, random, startBroker } from "./sandbox-kit.ts";

const skip = missing();
/** A program that the browser's helper starts as if it were one, and that ends at once. */
const browser: Partial<Job> = {
  argv: [...BROWSER_ARGV, "/usr/bin/true"],
  mounts: [],
  cwd: "/tmp",
  runtime: "browser",
  egressSocket: "/run/none.sock",
};

test("R-BOX-1: a browser's job has no file of anybody's, no input of its own, and no other form", {
  skip,
}, async (t) => {
  const kit = await startBroker();
  t.after(() => kit.close());
  const bad: readonly Partial<Job>[] = [
    { mounts: [{ path: kit.workspace, access: "read" }] },
    { stdin: "x" },
    { egressSocket: null },
    { argv: ["/usr/bin/true"] },
    { argv: [...BROWSER_ARGV] as never },
    { argv: [...BROWSER_ARGV, "/tmp/own-browser"] },
    { argv: [...BROWSER_ARGV, "/usr/bin/true", "--remote-debugging-port=9222"] },
  ];
  for (const change of bad) {
    const { end } = await kit.run({ ...browser, ...change });
    assert.equal(end.how === "refused" ? end.code : end.how, "JOB_MALFORMED", JSON.stringify(change));
  }
  const { end } = await kit.run(browser);
  assert.notEqual(end.how === "refused" ? end.code : end.how, "JOB_MALFORMED", "the twin: one of the right form");
});

test("R-TOOL-2: bytes for a job that takes none end it, and a live job needs a fresh token like any other", {
  skip,
}, async (t) => {
  const kit = await startBroker();
  t.after(() => kit.close());
  const job = kit.job({ argv: ["/bin/sleep", "30"] });
  const token = kit.signer.sign(newId("pmt", random), digestOf(job));
  const live = await kit.executor.start(job, token, () => undefined);
  live.write(Buffer.from("hello"));
  assert.deepEqual(await live.ended, { how: "stopped" });
  const again = await (await kit.executor.start(job, token, () => undefined)).ended;
  assert.equal(again.how === "refused" ? again.code : again.how, "TOKEN_REFUSED");
  const other = kit.job({ argv: ["/bin/true"] });
  const fresh = kit.signer.sign(newId("pmt", random), digestOf(other));
  assert.deepEqual(await (await kit.executor.start(other, fresh, () => undefined)).ended, { how: "exit", status: 0 });
});

test("R-NET-1: what leads to the proxy inside a sandbox outlives a connection that breaks off", { skip }, async (t) => {
  const kit = await startBroker();
  t.after(() => kit.close());
  const egressSocket = join(kit.state, "proxy.sock");
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on("error", () => undefined);
    // Closed with bytes in it that nobody read: the other side sees a reset, not an end.
    if (served++ === 0) setTimeout(() => socket.destroy(), 200);
    else socket.once("data", (bytes: Buffer) => socket.end(bytes)).resume();
  });
  let served = 0;
  await new Promise<void>((resolve) => server.listen(egressSocket, resolve));
  t.after(() => server.close());
  const ask = (word: string): string => `(exec 3<>/dev/tcp/127.0.0.1/3128; echo ${word} >&3; cat <&3)`;
  const script = `${ask("first")}; sleep 0.2; ${ask("second")}`;
  const { end, stdout } = await kit.run({ argv: ["/bin/bash", "-c", script], egressSocket });
  assert.equal(Buffer.from(stdout).toString(), "second\n");
  assert.deepEqual(end, { how: "exit", status: 0 });
});
