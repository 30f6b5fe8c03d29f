import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sha256 } from "../src/core/json.ts";
import { filePort } from "../src/app/world.ts";

test("R-FS-2: the file port reads regular files only, and follows no link", async () => {
  const root = mkdtempSync(join(tmpdir(), "vambrace-world-"));
  try {
    writeFileSync(join(root, "file"), "hello");
    symlinkSync("file", join(root, "link"));
    mkdirSync(join(root, "folder"));
    execFileSync("mkfifo", [join(root, "pipe")]);
    const files = filePort();
    const kinds = await Promise.all(
      ["file", "link", "folder", "pipe", "none"].map((name) => files.lstat(join(root, name))),
    );
    assert.deepEqual(
      kinds.map((status) => status?.kind ?? null),
      ["file", "link", "folder", "other", null],
    );
    assert.equal(await files.digest(join(root, "file")), sha256("hello"));
    for (const name of ["link", "folder", "pipe", "none"])
      assert.equal(await files.digest(join(root, name)), null, name);
    assert.deepEqual(await files.readAt(join(root, "file"), 1, 3), new TextEncoder().encode("ell"));
    assert.equal(await files.readAt(join(root, "link"), 0, 3), null);
    assert.deepEqual([...((await files.readdir(root, 10)) ?? [])].sort(), ["file", "folder", "link", "pipe"]);
    assert.equal(await files.readdir(root, 2), null);
    assert.equal(await files.lstat("a\0b"), null);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test("R-FS-2: a changed file has another digest", async () => {
  const root = mkdtempSync(join(tmpdir(), "vambrace-world-"));
  try {
    const files = filePort();
    writeFileSync(join(root, "file"), "one");
    const before = await files.digest(join(root, "file"));
    writeFileSync(join(root, "file"), "two");
    assert.notEqual(await files.digest(join(root, "file")), before);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
