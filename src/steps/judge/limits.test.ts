import assert from "node:assert/strict";
import { test } from "node:test";
import type { Facts, PathFact } from "../../core/call.ts";
import { SYSTEM_LABEL } from "../../core/label.ts";
import { postureWith, WORKSPACE } from "./fixtures.ts";
import { limitsFor } from "./limits.ts";

const posture = postureWith({
  fs: { ...postureWith().fs, blockedPaths: ["/home/ana/.ssh", "/etc"], forbiddenPaths: ["/home/ana/.vambrace"] },
});

function mounts(resolved: string, change: Partial<PathFact> = {}): readonly string[] {
  const path: PathFact = {
    pointer: "/path",
    written: resolved,
    resolved,
    access: "read",
    zone: "outside",
    kind: "folder",
    hasCopy: false,
    ...change,
  };
  const facts: Facts = {
    effect: "read",
    influence: SYSTEM_LABEL,
    arguments: [],
    designated: true,
    paths: [path],
    hosts: [],
    carries: [],
  };
  return limitsFor(facts, posture).mounts.map((mount) => mount.path);
}

test("R-FS-1: a folder above credentials or state is never mounted, whoever approved the call", () => {
  for (const folder of ["/", "/home", "/home/ana", "/home/ana/.vambrace"]) assert.deepEqual(mounts(folder), [], folder);
  assert.deepEqual(mounts("/home/ana/new.txt", { kind: "absent", access: "write" }), []);
});

test("R-FS-1: an approved folder without any is mounted, and the workspace as a whole", () => {
  assert.deepEqual(mounts("/srv/data"), ["/srv/data"]);
  assert.deepEqual(mounts(`${WORKSPACE}/notes`), [WORKSPACE]);
});
