/** `npm run check`: types, lint, imports and units, in under a minute. @module */
import { runSteps, STATIC_STEPS } from "./steps.ts";
import { findTests, runTests } from "./testing.ts";

const results = await runSteps(STATIC_STEPS);
const files = findTests(["src/**/*.test.ts"]);
const counts = await runTests(files, { concurrency: 2, coverage: false });
const broken = results.filter((result) => !result.ok).length;
if (counts.passed === 0) console.log("FAIL no test ran");
console.log(`${counts.passed} passed, ${counts.failed + broken} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed + broken === 0 && counts.passed > 0 ? 0 : 1;
