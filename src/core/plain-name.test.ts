import assert from "node:assert/strict";
import { test } from "node:test";
import { plainName } from "./plain-name.ts";

test("R-FS-2: a name in another case, width or spelling, with hidden characters, or with dots and spaces behind, is that name", () => {
  for (const guise of [".GIT", ".g\u200cit", ".\ufeffgit", ".\uff47it", ".git.", ".git . ", ".gi\u00adt"])
    assert.equal(plainName(guise), ".git", JSON.stringify(guise));
  assert.equal(plainName(".v\u017fcode"), ".vscode");
  assert.equal(plainName("hoo\u212as"), "hooks");
});

test("R-FS-2: another name stays another", () => {
  for (const name of ["git", ".gitignore", ".github", "a.git", ".vscode-test", "Größe.txt", "日本", ".."])
    assert.notEqual(plainName(name), ".git", name);
  assert.equal(plainName("README.md"), "readme.md");
});
