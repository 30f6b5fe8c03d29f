import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { filePort } from "../src/app/world.ts";
import { pathFinder } from "../src/steps/judge/facts/paths.ts";

test("R-FS-1: a copy in a pack is found, through deltas too, and a damaged pack has none", async () => {
  const root = mkdtempSync(join(tmpdir(), "vambrace-pack-"));
  try {
    const git = (...args: string[]): void => {
      execFileSync("git", ["-C", root, "-c", "user.name=a", "-c", "user.email=a@example.org", ...args], {
        stdio: "ignore",
      });
    };
    git("init", ".");
    const long = Array.from({ length: 400 }, (_, i) => `line ${i} ${(i * 7919) % 1000}\n`).join("");
    const versions = [long, `${long}more\n`, long.replace("line 7 ", "line seven ")];
    for (const [i, text] of versions.entries()) {
      writeFileSync(join(root, `v${i}`), text);
      writeFileSync(join(root, "one"), text);
      git("add", ".");
      git("commit", "-m", `v${i}`);
    }
    git("gc", "--aggressive", "--prune=now");
    writeFileSync(join(root, "new"), `${long}never committed`);
    const find = pathFinder(filePort(), {
      workspace: root,
      home: "/nowhere",
      workspaceOnly: true,
      allowedPaths: [],
      blockedPaths: [],
      forbiddenPaths: [],
    });
    const copies = async (): Promise<readonly boolean[]> =>
      Promise.all(["v0", "v1", "v2", "one", "new"].map(async (name) => (await find(name, "write", "", root)).hasCopy));
    assert.deepEqual(await copies(), [true, true, true, true, false]);
    // A store that is reached through a link may be anybody's.
    renameSync(join(root, ".git"), join(root, "store"));
    symlinkSync("store", join(root, ".git"));
    assert.deepEqual(await copies(), [false, false, false, false, false]);
    rmSync(join(root, ".git"));
    renameSync(join(root, "store"), join(root, ".git"));
    const folder = join(root, ".git/objects/pack");
    for (const name of readdirSync(folder).filter((one) => one.endsWith(".pack"))) {
      const bytes = readFileSync(join(folder, name));
      chmodSync(join(folder, name), 0o600);
      writeFileSync(join(folder, name), bytes.fill(7, 12));
    }
    assert.deepEqual(await copies(), [false, false, false, false, false]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
