/** What a command starts with, under git itself: settings of a folder that a tool wrote start nothing. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { COMMAND_ENVIRONMENT } from "../src/core/command-environment.ts";

function git(cwd: string, env: Readonly<Record<string, string>>, ...args: readonly string[]): number | null {
  return spawnSync("git", args, { cwd, env: { ...env, HOME: cwd }, timeout: 60_000 }).status;
}

const hasGit = spawnSync("git", ["--version"]).status === 0;

test("R-EXEC-2: a folder that only looks like a repository names no program for git", { skip: !hasGit }, (t) => {
  const root = fs.mkdtempSync(join(tmpdir(), "vambrace-git-"));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  const folder = join(root, "looks-like-one");
  for (const name of ["objects", "refs"]) fs.mkdirSync(join(folder, name), { recursive: true });
  fs.writeFileSync(join(folder, "HEAD"), "ref: refs/heads/main\n");
  fs.writeFileSync(
    join(folder, "config"),
    "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n\tfsmonitor = ./x.sh\n",
  );
  fs.writeFileSync(join(folder, "x.sh"), "#!/bin/sh\n: > ran\n", { mode: 0o755 });
  assert.notEqual(git(folder, COMMAND_ENVIRONMENT, "status"), 0);
  assert.equal(fs.existsSync(join(folder, "ran")), false);
  const { PATH = "" } = COMMAND_ENVIRONMENT;
  git(folder, { PATH }, "status");
  assert.equal(fs.existsSync(join(folder, "ran")), true, "without it the program runs: the test can fail");
  const own = join(root, "own");
  fs.mkdirSync(own);
  assert.equal(git(own, COMMAND_ENVIRONMENT, "init"), 0);
  assert.equal(git(own, COMMAND_ENVIRONMENT, "status"), 0, "a repository of one's own is one as before");
});
