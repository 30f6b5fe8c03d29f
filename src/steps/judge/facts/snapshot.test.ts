import assert from "node:assert/strict";
import { test } from "node:test";
import { resolvePath } from "./resolve.ts";
import { snapshotOf } from "./snapshot.ts";
import { fakeFiles } from "./testing.ts";

test("R-FS-2: a call sees its files as they were at one moment, and the next call sees them anew", async () => {
  const tree: Record<string, string> = { "/w/a": "->/w/one", "/w/one": "1", "/etc/two": "2" };
  const files = { ...fakeFiles(tree) };
  const lstat = files.lstat.bind(files);
  let looks = 0;
  files.lstat = async (path) => {
    looks += 1;
    return lstat(path);
  };
  const first = snapshotOf(files);
  assert.equal((await resolvePath("/w/a", first)).path, "/w/one");
  const before = looks;
  tree["/w/a"] = "->/etc/two";
  assert.equal((await resolvePath("/w/a", first)).path, "/w/one");
  assert.equal((await resolvePath("/w/a", snapshotOf(files))).path, "/etc/two");
  assert.equal((await resolvePath("/w/a", files)).path, "/etc/two");
  assert.ok(looks > before);
});

test("R-FS-2: outside a snapshot nothing is remembered", async () => {
  const tree: Record<string, string> = { "/w/a": "->/w/one", "/w/one": "1", "/etc/two": "2" };
  const files = fakeFiles(tree);
  assert.equal((await resolvePath("/w/a", files)).path, "/w/one");
  tree["/w/a"] = "->/etc/two";
  assert.equal((await resolvePath("/w/a", files)).path, "/etc/two");
});
