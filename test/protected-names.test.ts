/** The judge's list of names that start by themselves, and the broker's: two files that must say the same. @module */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isProtectedName, isProtectedPath, plainName } from "../src/edges/broker/inside/protected-names.mjs";
import { plainName as plainNameInCore } from "../src/core/plain-name.ts";
import { isProtected } from "../src/steps/judge/facts/paths.ts";

const LISTS = ["steps/judge/facts/paths.ts", "edges/broker/inside/protected-names.mjs"];
const GUISES = [
  (name: string) => name,
  (name: string) => name.toUpperCase(),
  (name: string) => `${name[0]}\u200b${name.slice(1)}`,
  (name: string) => `${name}. `,
];

test("R-FS-2: judge and broker protect the same names, in every guise", () => {
  const names = new Set(
    LISTS.flatMap(
      (file) =>
        readFileSync(new URL(`../src/${file}`, import.meta.url), "utf8").match(/(?<=[\s"])\.[a-z][\w.-]*(?=[\s"])/g) ??
        [],
    ),
  );
  for (const other of [".git", ".code-workspace", ".sublime-project"]) names.delete(other);
  assert.ok(names.size > 60, String(names.size));
  for (const name of [...names, "x.code-workspace", "x.sublime-project"]) {
    for (const guise of GUISES.map((dress) => dress(name))) {
      assert.equal(isProtectedName(guise), true, JSON.stringify(guise));
      assert.equal(isProtected(`/deep/${guise}/x`, "write"), true, JSON.stringify(guise));
    }
  }
});

test("R-FS-2: judge and broker agree on what of a git folder is protected, and on what is ordinary", () => {
  for (const below of [
    ".git/hooks/x",
    ".GIT/Config",
    "a/.g\u200cit/hooks",
    "git~1/config",
    ".git/config.worktree",
    ".git",
  ]) {
    assert.equal(isProtected(`/${below}`, "write"), true, below);
    assert.equal(isProtectedPath(`/w/${below}`), true, below);
  }
  for (const below of [".gitignore", "src/config", "notes.md", ".github/x.yml", "hooks/x", "package.json"]) {
    assert.equal(isProtected(`/${below}`, "write"), false, below);
    assert.equal(isProtectedPath(`/w/${below}`), false, below);
  }
});

test("R-FS-2: the two copies of what a plain name is do the same", () => {
  const letters = ["a", "G", ".", " ", "\u200c", "\u017f", "\u212a", "\uff47", "é", "日", "\n", "~", "\u{e0041}"];
  let seen = 0;
  for (const a of letters)
    for (const b of letters)
      for (const c of letters) {
        assert.equal(plainName(a + b + c), plainNameInCore(a + b + c));
        seen += 1;
      }
  assert.equal(seen, letters.length ** 3);
});
