import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Fault } from "../core/fault.ts";
import { makeFolder } from "./config/durable.ts";
import { homeAt, makeHome } from "./home.ts";

const isUnavailable = (thrown: unknown): boolean => thrown instanceof Fault && thrown.code === "STATE_UNAVAILABLE";

test("R-GATE-1: a state folder that cannot be made is a fault with a hint, also where the system says odd things", () => {
  // Node's recursive mkdir never returns from this one.
  for (const root of ["/proc/no-such-process/state", "/proc/1/task/none/state", "/dev/null/state"]) {
    assert.throws(() => makeHome(homeAt(root)), isUnavailable, root);
    assert.throws(() => makeFolder(root), isUnavailable, root);
  }
});

test("R-FS-3: one that can be made is, with all above it, for the owner alone; and one that is there stays", (t) => {
  const root = mkdtempSync(join(tmpdir(), "vambrace-home-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const home = homeAt(join(root, "a", "b", "state"));
  makeHome(home);
  makeHome(home);
  for (const folder of [join(root, "a"), home.root, home.ledger]) assert.equal(statSync(folder).mode & 0o777, 0o700);
  writeFileSync(join(root, "file"), "");
  assert.throws(() => makeHome(homeAt(join(root, "file"))), isUnavailable, "a file is no folder");
});
