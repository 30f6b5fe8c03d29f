/**
 * `npm test`: everything. `--full` runs slow campaigns whole; otherwise they
 * are a sample from a seed that is printed.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { bringServers } from "./servers.ts";
import { runSteps, STATIC_STEPS } from "./steps.ts";
import { findTests, runTests } from "./testing.ts";

const { values } = parseArgs({ options: { full: { type: "boolean", default: false } } });
const startedMs = performance.now();
// oxlint-disable-next-line no-process-env -- the test files are told how much to do
process.env["VAMBRACE_CAMPAIGN"] = values.full ? "full" : "sample";
await bringServers();
const results = await runSteps([
  ...STATIC_STEPS,
  { name: "requirements", argv: ["node", "scripts/requirements.ts", "--check"] },
]);
const files = findTests(["src/**/*.test.ts", "test/**/*.test.ts"]);
const counts = await runTests(files, { concurrency: 2, coverage: values.full });
for (const [why, times] of counts.skips) console.log(`skipped ${times}: ${why}`);
const broken = results.filter((result) => !result.ok).length;
console.log(`${files.length} test files in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
if (counts.passed === 0) console.log("FAIL no test ran");
console.log(`${counts.passed} passed, ${counts.failed + broken} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed + broken === 0 && counts.passed > 0 ? 0 : 1;
