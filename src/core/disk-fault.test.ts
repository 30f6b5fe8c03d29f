import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { test } from "node:test";
import { operatorFault } from "./disk-fault.ts";

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (thrown) {
    return thrown;
  }
  return assert.fail("it did not throw");
}

test("R-OPS-1: what a disk says is said with its path and what to do; where others read it too, without the path", () => {
  const absent = thrownBy(() => readFileSync("/nowhere/at-all"));
  const fault = operatorFault(absent);
  assert.equal(fault.code, "STATE_UNAVAILABLE");
  assert.equal(fault.exitCode, 1);
  assert.match(fault.message, /^`\/nowhere\/at-all` cannot be used \(open\): it is missing$/);
  assert.match(fault.hint, /backup/);
  assert.equal(operatorFault(absent, "the ledger").message, "the ledger cannot be used (open): it is missing");
  assert.match(operatorFault(thrownBy(() => readdirSync("/dev/null"))).message, /another kind/);
});

test("R-OPS-1: what no disk said stays what it is", async () => {
  assert.equal(operatorFault(new Error("a bug")).code, "INTERNAL");
  assert.equal(operatorFault(Object.assign(new Error("x"), { code: "EACCES" })).code, "INTERNAL");
  const refused = await new Promise<unknown>((resolve) => {
    createConnection("/dev/null").on("error", resolve);
  });
  assert.equal(operatorFault(refused).code, "INTERNAL");
});
