/**
 * Runs test files in processes of their own and counts what they said.
 *
 * @module
 */
import { globSync } from "node:fs";
import { relative } from "node:path";
import { run } from "node:test";

/** The slowest file, a whole campaign, takes a quarter of it on two cores. */
const FILE_LIMIT_MS = process.env["VAMBRACE_CAMPAIGN"] === "full" ? 3_600_000 : 420_000;

export type Counts = {
  passed: number;
  failed: number;
  skipped: number;
  readonly skips: Map<string, number>;
  /** What each file took, in milliseconds. */
  readonly took: Map<string, number>;
};

export function findTests(patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => globSync(pattern)).sort();
}

export async function runTests(
  files: readonly string[],
  options: {
    readonly concurrency: number;
    readonly coverage: boolean;
    /** `none`: all files in this process, one after the other. Only for tests that start nothing and leave nothing. */
    readonly isolation?: "process" | "none";
  },
): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0, skips: new Map(), took: new Map() };
  const stream = run({
    files: [...files],
    ...(options.isolation === "none"
      ? ({ isolation: "none" } as const)
      : // A file that hangs fails, and the rest go on.
        { concurrency: options.concurrency, timeout: FILE_LIMIT_MS }),
    coverage: options.coverage,
    coverageIncludeGlobs: ["src/**/*.ts"],
    coverageExcludeGlobs: ["**/*.test.ts", "src/core/testing.ts"],
  });
  stream.on("test:pass", (event) => {
    if (event.details.type === "suite") return;
    if (event.skip === undefined) {
      counts.passed += 1;
      return;
    }
    counts.skipped += 1;
    const why = typeof event.skip === "string" ? event.skip : "no reason given";
    counts.skips.set(why, (counts.skips.get(why) ?? 0) + 1);
  });
  stream.on("test:fail", (event) => {
    if (event.details.type === "suite") return;
    counts.failed += 1;
    const error = event.details.error;
    console.log(`FAIL ${event.file ?? ""}: ${event.name}\n${indent(describe(error))}`);
  });
  stream.on("test:summary", ({ file, duration_ms }) => {
    if (file !== undefined) counts.took.set(relative(".", file), duration_ms);
  });
  stream.on("test:coverage", (event) => {
    const { coveredLinePercent, coveredBranchPercent } = event.summary.totals;
    console.log(
      `coverage: ${coveredLinePercent.toFixed(1)} % of lines, ${coveredBranchPercent.toFixed(1)} % of branches`,
    );
  });
  for await (const event of stream)
    if (event.type === "test:stderr" && process.env["VERBOSE"] !== undefined) console.log(event.data.message);
  return counts;
}

function describe(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "     ");
}
