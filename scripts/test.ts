/**
 * `npm test`: everything. `--full` runs slow campaigns whole; otherwise they
 * are a sample from a seed that is printed.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { watchLeftovers } from "./leftovers.ts";
import { bringServers } from "./servers.ts";
import { runSteps, STATIC_STEPS } from "./steps.ts";
import { warmUp } from "./warm.ts";
import { findTests, runTests } from "./testing.ts";

/** So many of the slowest files are named at the end: what to look at when the whole gets slow. */
const SLOWEST = 5;

const { values } = parseArgs({ options: { full: { type: "boolean", default: false } } });
const startedMs = performance.now();
// oxlint-disable-next-line no-process-env -- the test files are told how much to do
process.env["VAMBRACE_CAMPAIGN"] = values.full ? "full" : "sample";
await bringServers();
const results = await runSteps([
  ...STATIC_STEPS,
  { name: "requirements", argv: ["node", "scripts/requirements.ts", "--check"] },
]);
const files = findTests(["src/**/*.test.ts", "test/**/*.test.ts", "scripts/**/*.test.ts"]);
await warmUp();
const leftovers = watchLeftovers();
const counts = await runTests(files, { concurrency: 2, coverage: values.full });
for (const [why, times] of counts.skips) console.log(`skipped ${times}: ${why}`);
const broken = results.filter((result) => !result.ok).length;
const left = await leftovers.settled();
for (const { pid, command } of left) {
  console.log(`FAIL a test left this running: ${command}`);
  endProcess(pid);
}
const failed = counts.failed + broken + left.length;
const slowest = [...counts.took].sort(([, a], [, b]) => b - a).slice(0, SLOWEST);
for (const [file, ms] of slowest) console.log(`${(ms / 1000).toFixed(0).padStart(5)} s ${file}`);
console.log(`${files.length} test files in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
if (counts.passed === 0) console.log("FAIL no test ran");
console.log(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped`);
// Ends here, whatever still holds a pipe of this process.
process.exit(failed === 0 && counts.passed > 0 ? 0 : 1);

/** It may have ended by itself in this moment. */
function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
