import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../core/fault.ts";
import { findProgram } from "./launch.ts";

test("R-AGENT-8: where Chromium is missing there is a clear word, with the one command to type", () => {
  assert.throws(
    () => findProgram(["/usr/lib/nowhere/chromium"]),
    (error) =>
      error instanceof Fault && error.code === "BROWSER_MISSING" && error.hint.includes("apt-get install chromium"),
  );
  assert.equal(findProgram(["/usr/lib/nowhere/chromium", "/usr/bin/env"]), "/usr/bin/env");
});
