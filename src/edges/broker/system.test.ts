import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { openSystemView, sweepSystemViews } from "./system.ts";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "system-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** As a broker begins: what is left is swept, then one is opened. */
function start(): string {
  sweepSystemViews(folder);
  return openSystemView(folder, []).etc();
}

test("R-BOX-1: the system's files that one broker copied serve the next, and no others are left", () => {
  const first = start();
  fs.mkdirSync(join(folder, "etc-halfwa"));
  assert.equal(start(), first);
  assert.deepEqual(
    fs
      .readdirSync(folder)
      .map((name) => join(folder, name))
      .sort(),
    [first, `${first}.stamp`],
  );
  assert.match(fs.readFileSync(join(first, "passwd"), "utf8"), /^agent:/);
});

test("R-BOX-1: a copy that is not finished, or was made of other files, is made again", () => {
  const first = start();
  fs.rmSync(`${first}.stamp`);
  const second = start();
  assert.notEqual(second, first);
  fs.writeFileSync(`${second}.stamp`, "of another day");
  const third = start();
  assert.notEqual(third, second);
  assert.ok(!fs.existsSync(first) && !fs.existsSync(second));
  assert.match(fs.readFileSync(join(third, "nsswitch.conf"), "utf8"), /^passwd: files$/m);
});
