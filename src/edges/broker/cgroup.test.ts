import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { findCgroups } from "./cgroup.ts";
import { planLimits, requireLimits } from "./limits.ts";
import { Refused } from "./refusal.ts";

const made: string[] = [];
after(() => {
  for (const folder of made) fs.rmSync(folder, { recursive: true });
});

function tree(): string {
  const root = fs.mkdtempSync(join(tmpdir(), "vambrace-cgroup-"));
  for (const path of ["v2/app", "pids/a", "memory/b"]) fs.mkdirSync(join(root, path), { recursive: true });
  made.push(root);
  return root;
}

function reader(files: Record<string, string>): (file: string) => string {
  return (file) => files[file] ?? "";
}

test("R-BOX-3: version 2 is used where both controllers are handed down", () => {
  const root = tree();
  const read = reader({
    "/proc/self/cgroup": "0::/app\n",
    "/proc/self/mounts": `cgroup2 ${root}/v2 cgroup2 rw 0 0\n`,
    [`${root}/v2/app/cgroup.subtree_control`]: "cpu memory pids\n",
  });
  assert.deepEqual(findCgroups(read), { version: 2, folders: [`${root}/v2/app`], cpu: `${root}/v2/app` });
});

test("R-BOX-3: version 1 needs both hierarchies", () => {
  const root = tree();
  const mounts = `cgroup ${root}/pids cgroup rw,pids 0 0\ncgroup ${root}/memory cgroup rw,memory 0 0\n`;
  const own = "8:pids:/a\n4:memory:/b\n0::/\n";
  const found = findCgroups(reader({ "/proc/self/cgroup": own, "/proc/self/mounts": mounts }));
  assert.deepEqual(found, { version: 1, folders: [`${root}/pids/a`, `${root}/memory/b`], cpu: null });
  const without = findCgroups(reader({ "/proc/self/cgroup": "8:pids:/a\n", "/proc/self/mounts": mounts }));
  assert.equal(without, null);
});

test("R-BOX-3: a group that cannot be made counts as none", () => {
  const root = tree();
  const read = reader({
    "/proc/self/cgroup": "0::/missing\n",
    "/proc/self/mounts": `cgroup2 ${root}/v2 cgroup2 rw 0 0\n`,
    [`${root}/v2/missing/cgroup.subtree_control`]: "memory pids\n",
  });
  assert.equal(findCgroups(read), null);
});

test("R-BOX-4: a required limit that nothing gives refuses the job", () => {
  const given = { memory: "cgroup", processes: "cgroup", fileBytes: "rlimit" } as const;
  requireLimits(given);
  for (const missing of ["memory", "processes", "fileBytes"]) {
    assert.throws(
      () => requireLimits({ ...given, [missing]: "none" }),
      (error) => error instanceof Refused && error.refusal.code === "SANDBOX_LIMIT",
    );
  }
});

test("R-BOX-4: real root without a control group has no process limit, so no job starts", {
  skip: process.getuid?.() !== 0 ? "not root" : false,
}, () => {
  assert.equal(planLimits(null).sources.processes, "none");
  assert.equal(planLimits(null).sources.memory, "rlimit");
});
