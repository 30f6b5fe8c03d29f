/**
 * `npm run check`: types, lint, imports and units, in under a minute.
 *
 * What is read and what is run go side by side. The unit tests share this
 * process: starting one for each file costs more than the tests. `npm test`
 * runs each in a process of its own.
 *
 * @module
 */
import { runSteps, STATIC_STEPS } from "./steps.ts";
import { findTests, runTests } from "./testing.ts";

const files = findTests(["src/**/*.test.ts"]);
const [results, counts] = await Promise.all([
  runSteps(STATIC_STEPS),
  runTests(files, { concurrency: 1, coverage: false, isolation: "none" }),
]);
const broken = results.filter((result) => !result.ok).length;
if (counts.passed === 0) console.log("FAIL no test ran");
console.log(`${counts.passed} passed, ${counts.failed + broken} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed + broken === 0 && counts.passed > 0 ? 0 : 1;
