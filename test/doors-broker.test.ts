/** The door behind all doors: a broker that is spoken to directly. @module */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { BWRAP_PATHS } from "../src/app/helpers.ts";
import { ownProgram } from "../src/app/home.ts";
import { startHelper } from "../src/app/lifecycle.ts";
import { systemClock, systemRandom } from "../src/app/system.ts";
import { frameReader, jsonFrame } from "../src/core/frame.ts";
import { newId } from "../src/core/ids.ts";
import { createJobSigner } from "../src/core/job-token.ts";
import { isObject, type JsonObject } from "../src/core/json.ts";

const skip = BWRAP_PATHS.some((path) => existsSync(path)) ? false : "bubblewrap is not installed";

test("R-TOOL-2: a broker that is spoken to directly starts nothing without a token, whatever stands in its place", {
  skip,
}, async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "vambrace-doors-")));
  const { signer, publicKey } = createJobSigner({ clock: systemClock });
  const config = {
    publicKey,
    folder: join(folder, "broker"),
    forbiddenPaths: [],
    nodePath: process.execPath,
    bwrapPaths: BWRAP_PATHS,
    perlPath: "/usr/bin/perl",
    systemPaths: [],
    container: null,
  };
  const job = {
    argv: ["/usr/bin/touch", "ran"],
    cwd: folder,
    mounts: [{ path: folder, access: "write" }],
    env: {},
    stdin: "",
    wallMs: 5000,
    outputBytes: 1000,
    memoryBytes: 2 ** 29,
    processes: 64,
    fileBytes: 1e6,
    egressSocket: null,
    runtime: "command",
  };
  const permit = newId("pmt", systemRandom);
  const another = signer.sign(permit, "0".repeat(64) as Parameters<typeof signer.sign>[1]);
  const tokens: readonly JsonObject[] = [
    {},
    { token: null },
    { token: {} },
    { token: "yes" },
    { token: { ...another } },
    { token: { permit, job: "0".repeat(64), notAfterMs: Date.now() + 1000, signature: "" } },
  ];
  try {
    for (const token of tokens) {
      const helper = await startHelper({
        name: "broker",
        program: ownProgram("edges/broker/main.ts"),
        args: [],
        heapMiB: 32,
        log: () => undefined,
      });
      const heard: JsonObject[] = [];
      const read = frameReader();
      helper.socket.on("data", (chunk: Buffer) => {
        for (const frame of read(chunk)) if (frame.kind === "json" && isObject(frame.value)) heard.push(frame.value);
      });
      helper.socket.write(jsonFrame({ type: "configure", config }));
      helper.socket.write(jsonFrame({ type: "run", channel: 1, job, ...token }));
      await Promise.race([helper.gone, until(async () => heard.some((one) => one["type"] === "ended"))]);
      await helper.stop();
      const ended = heard.find((one) => one["type"] === "ended");
      if (ended !== undefined) assert.match(JSON.stringify(ended["end"]), /"how":"refused"/);
      assert.ok(!existsSync(join(folder, "ran")), JSON.stringify(token));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 50) {
    if (await holds()) return;
    await wait(50);
  }
  assert.fail("it did not come to pass");
}
