import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { environmentOf } from "../src/app/config/environment.ts";
import { loadConfig } from "../src/app/config/load.ts";
import { configHistory, configVersion } from "../src/app/config/versions.ts";

const EDITS = 12;

/** Adds its own persons, one edit each. */
const EDITOR = `
  import { editConfig } from ${JSON.stringify(join(import.meta.dirname, "../src/app/config/edit.ts"))};
  import { environmentOf } from ${JSON.stringify(join(import.meta.dirname, "../src/app/config/environment.ts"))};
  const [userHome, name] = process.argv.slice(1);
  const clock = { wallMs: () => 1, monotonicMs: () => 1, sleep: async () => {} };
  const options = { env: environmentOf({ HOME: userHome }), installation: "/opt/vambrace", clock, who: name, why: "" };
  for (let i = 0; i < ${EDITS}; i++) {
    const change = { op: "set", path: \`people.\${name}\${i}.trust\`, value: "limited" };
    await editConfig(userHome + "/.vambrace", [change], options);
    process.stdout.write(".");
  }`;

function editor(userHome: string, name: string) {
  return spawn(process.execPath, ["--input-type=module", "-e", EDITOR, userHome, name], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

function place(t: { after(body: () => void): void }) {
  const userHome = mkdtempSync(join(tmpdir(), "vambrace-edits-"));
  t.after(() => rmSync(userHome, { recursive: true, force: true }));
  return {
    userHome,
    where: { home: join(userHome, ".vambrace"), env: environmentOf({ HOME: userHome }), installation: "/opt/vambrace" },
  };
}

test("R-OPS-1: two processes that edit at once lose nothing of each other's", async (t) => {
  const { userHome, where } = place(t);
  const children = ["ana", "bo"].map((name) => editor(userHome, name));
  for (const child of children) {
    child.stdout.resume();
    const [status] = await (child.exitCode === null ? once(child, "exit") : [child.exitCode]);
    assert.equal(status, 0);
  }
  const people = Object.keys(loadConfig(where).config.people);
  assert.equal(people.length, 2 * EDITS);
  const versions = configHistory(where.home);
  assert.equal(versions.length, 2 * EDITS);
  assert.equal(new Set(versions.map((each) => each.version)).size, 2 * EDITS);
});

test("R-OPS-1: an editor that is killed leaves a whole configuration and no lock", async (t) => {
  const { userHome, where } = place(t);
  for (let round = 1; round <= 6; round++) {
    const child = editor(userHome, `r${round}x`);
    let acknowledged = 0;
    child.stdout.on("data", (dots: Buffer) => {
      acknowledged += dots.length;
      if (acknowledged >= round) child.kill("SIGKILL");
    });
    await once(child, "close");
    const { config } = loadConfig(where);
    const mine = Object.keys(config.people).filter((id) => id.startsWith(`r${round}x`));
    assert.ok(mine.length >= acknowledged, `${acknowledged} edits were acknowledged, ${mine.length} are there`);
    for (const { version } of configHistory(where.home))
      assert.equal(typeof configVersion(where.home, version), "string");
  }
  assert.match(readFileSync(join(where.home, "config.yaml"), "utf8"), /people:/);
});
