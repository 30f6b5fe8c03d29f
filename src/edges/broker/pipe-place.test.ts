import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pipePlace } from "./pipe-place.ts";

const folder = fs.mkdtempSync(join(tmpdir(), "vambrace-place-"));
after(() => fs.rmSync(folder, { recursive: true }));
const SPACE = /\d+/.exec(fs.readlinkSync("/proc/self/ns/pid"))?.[0] ?? "";

function isRoomy(): boolean {
  const { type, bavail, bsize } = fs.statfsSync("/dev/shm");
  return type === 0x01021994 && bavail * bsize > 2 ** 30;
}

test("R-BOX-3: pipes are named where only this user can enter", () => {
  for (const shared of ["/dev/shm", folder, join(folder, "nothing")]) {
    const place = pipePlace(folder, shared);
    const { mode, uid } = fs.lstatSync(place);
    assert.equal(mode & 0o777, 0o700);
    assert.equal(uid, process.getuid?.());
    assert.deepEqual(fs.readdirSync(place), []);
    if (shared !== "/dev/shm") assert.equal(place, join(folder, "pipes"));
    fs.writeFileSync(join(place, "left"), "");
  }
});

test("R-BOX-3: what a killed broker left is removed, what a living one has stays", {
  skip: isRoomy() ? false : "no memory to name pipes in",
}, () => {
  const gone = spawnSync("/bin/true").pid;
  const left = fs.mkdtempSync(`/dev/shm/vambrace-pipes-${SPACE}-${gone}-`);
  const living = fs.mkdtempSync(`/dev/shm/vambrace-pipes-${SPACE}-${process.pid}-`);
  const elsewhere = fs.mkdtempSync(`/dev/shm/vambrace-pipes-1-${gone}-`);
  try {
    assert.ok(pipePlace(folder).startsWith("/dev/shm/"));
    assert.ok(!fs.existsSync(left));
    assert.ok(fs.existsSync(living));
    assert.ok(fs.existsSync(elsewhere), "another namespace has other numbers");
  } finally {
    for (const path of [left, living, elsewhere]) fs.rmSync(path, { recursive: true, force: true });
  }
});
