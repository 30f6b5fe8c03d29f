import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { folderDepot } from "./depot.ts";

test("R-OPS-2: a piece of a file stays what it is until the next is asked for, although that one is read already", async (t) => {
  const dir = fs.mkdtempSync(join(tmpdir(), "vambrace-depot-"));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const bytes = randomBytes(1_500_000);
  fs.writeFileSync(join(dir, "file"), bytes);
  const openFiles = (): number => fs.readdirSync("/proc/self/fd").length;
  const before = openFiles();
  let at = 0;
  for await (const piece of folderDepot(dir).stream("file")) {
    await wait(5);
    assert.ok(piece.equals(bytes.subarray(at, at + piece.length)), `${at}`);
    at += piece.length;
  }
  assert.equal(at, bytes.length);
  for await (const piece of folderDepot(dir).stream("file")) if (piece.length > 0) break;
  assert.equal(openFiles(), before, "also where it is not read to its end");
});
