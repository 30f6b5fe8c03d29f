/**
 * A whole gateway whose sandbox has a hole: what needs the sandbox is refused,
 * and runs again when the hole is closed.
 *
 * The gateway sees another program in the place of bubblewrap, which adds one
 * mount while a file is there.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { JsonObject } from "../src/core/json.ts";
import { call, makePlace, MARKING_GATEWAY, type Place, tokenOf } from "./campaign.ts";
import { missing } from "./sandbox-kit.ts";

const BWRAP = "/usr/bin/bwrap";
const skip = missing() || (fs.existsSync(BWRAP) ? false : "bubblewrap is elsewhere");

/** As bubblewrap, and with the state in sight while `hole` is there. */
function plantHole(place: Place): { readonly program: string; readonly hole: string } {
  const [program, hole, real] = ["bwrap", "hole", "bwrap-real"].map((name) => join(place.root, name));
  if (program === undefined || hole === undefined || real === undefined) throw new Error("no names");
  fs.copyFileSync(BWRAP, real);
  fs.chmodSync(real, 0o755);
  const text = `#!/bin/bash
out=()
while [ $# -gt 0 ]; do
  if [ "$1" = --chdir ] && [ -e ${hole} ]; then out+=(--bind ${place.state} ${place.state}); fi
  out+=("$1"); shift
  if [ "\${out[-1]}" = -- ]; then out+=("$@"); break; fi
done
exec ${real} "\${out[@]}"
`;
  fs.writeFileSync(program, text, { mode: 0o755 });
  fs.writeFileSync(hole, "");
  return { program, hole };
}

async function startUnder(
  place: Place,
  program: string,
): Promise<{ readonly child: ChildProcess; readonly pid: number; readonly url: string }> {
  const gateway = [process.execPath, "--disable-warning=ExperimentalWarning", MARKING_GATEWAY];
  const child = spawn(BWRAP, ["--dev-bind", "/", "/", "--bind", program, fs.realpathSync(BWRAP), "--", ...gateway], {
    env: place.env,
    stdio: ["ignore", "ignore", "inherit"],
  });
  for (let i = 0; i < 3000 && child.exitCode === null; i++) {
    const running = join(place.state, "running.json");
    if (fs.existsSync(running)) {
      const { url, pid } = JSON.parse(fs.readFileSync(running, "utf8") || "{}") as { url?: string; pid?: number };
      if (url !== undefined && pid !== undefined) return { child, pid, url };
    }
    await wait(10);
  }
  child.kill("SIGKILL");
  throw new Error("the gateway did not start");
}

test("R-BOX-5: while the sandbox lets something out, what needs it is refused; when it holds again, it runs", {
  skip,
}, async () => {
  const place = makePlace();
  const { program, hole } = plantHole(place);
  const { child, pid, url } = await startUnder(place, program);
  try {
    const token = tokenOf(place);
    const execute = (tool: string, args: JsonObject) => call(url, token, "/api/execute", { tool, arguments: args });
    const ready = async (): Promise<number> => (await fetch(`${url}/readyz`)).status;
    fs.writeFileSync(join(place.workspace, "there.txt"), "there\n");
    assert.equal(await ready(), 503);
    for (const [tool, args] of [
      ["exec", { command: "ls" }],
      ["read", { path: "there.txt" }],
      ["write", { path: "new.txt", content: "x" }],
      ["list", { path: "." }],
    ] as const) {
      const { body } = await execute(tool, args);
      assert.match(JSON.stringify(body), /the sandbox has not proved itself/, tool);
      assert.match(JSON.stringify(body), /security prove/, tool);
    }
    assert.ok(!fs.existsSync(join(place.workspace, "new.txt")));
    fs.rmSync(hole);
    // The first attempt afterwards may meet a spare sandbox that was made while the hole was there.
    for (let i = 0; i < 100 && (await ready()) !== 200; i++) await wait(300);
    assert.equal(await ready(), 200);
    assert.match(JSON.stringify((await execute("exec", { command: "ls" })).body), /there\.txt/);
    await execute("write", { path: "new.txt", content: "x" });
    assert.ok(fs.existsSync(join(place.workspace, "new.txt")));
  } finally {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    // The gateway itself: the sandbox around it would end and leave it.
    process.kill(pid, "SIGTERM");
    await gone;
    place.remove();
  }
});
